import { z } from 'zod';
import type { Random } from '../../random.js';
import { fault } from './family.js';
import type { Fault, Family, Line } from './family.js';
import { squeeze } from './text.js';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

const knobs = z.strictObject({
  nodes: z.int().min(3).max(26).default(6).describe('number of nodes'),
  extraEdges: z.int().min(0).max(40).default(1).describe('edges beyond those that keep the graph in one piece'),
});

type GraphKnobs = z.infer<typeof knobs>;

/** An undirected graph whose nodes are capital letters; an edge is two of them. */
type GraphProblem = { readonly edges: readonly string[]; readonly from: string; readonly to: string };

/** Breadth-first search: `queue` is still to be expanded, `parents` says from where each seen node was reached. */
interface SearchState {
  readonly queue: readonly string[];
  readonly parents: Readonly<Record<string, string>>;
}

function neighbours(edges: readonly string[], node: string): string[] {
  const others = edges.filter((edge) => edge.includes(node)).map((edge) => edge.replace(node, ''));
  return [...new Set(others)].sort();
}

function fresh(problem: GraphProblem, state: SearchState, node: string): string[] {
  return neighbours(problem.edges, node).filter((other) => !(other in state.parents));
}

function expand(state: SearchState, node: string, found: readonly string[]): Line<SearchState> {
  const parents = { ...Object.fromEntries(found.map((other) => [other, node])), ...state.parents };
  return { text: `${node}:${found.join('')}`, state: { queue: [...state.queue.slice(1), ...found], parents } };
}

/** The path by which `to` was reached; just both ends where it was not. */
function trace(problem: GraphProblem, { parents }: SearchState): string {
  let path = problem.to;
  for (let node = parents[problem.to]; node !== undefined && node !== ''; node = parents[node]) path = node + path;
  return path.startsWith(problem.from) ? path : problem.from + problem.to;
}

function shortest(problem: GraphProblem): string {
  let state = graph.begin(problem);
  for (let line = graph.next(problem, state); line !== null; line = graph.next(problem, state)) state = line.state;
  return trace(problem, state);
}

function judgePath(problem: GraphProblem, path: string): Fault | null {
  if (!/^[A-Z]+$/.test(path)) return fault('malformed', 'the answer is not a row of node names');
  if (!path.startsWith(problem.from) || !path.endsWith(problem.to)) {
    return fault('wrong-ends', `the path does not lead from ${problem.from} to ${problem.to}`);
  }
  for (let i = 1; i < path.length; i++) {
    const [a = '', b = ''] = [path[i - 1], path[i]];
    if (!neighbours(problem.edges, a).includes(b)) return fault('not-an-edge', `there is no edge ${a}${b}`);
  }
  return path.length === shortest(problem).length ? null : fault('not-shortest', 'there is a shorter path');
}

function drawGraph(random: Random, { nodes, extraEdges }: GraphKnobs): GraphProblem {
  const names = random.shuffle([...LETTERS.slice(0, nodes)]);
  const tree = names.slice(1).map((name, i) => [random.pick(names.slice(0, i + 1)), name] as const);
  const taken = new Set(tree.map((pair) => [...pair].sort().join('')));
  const free = names
    .flatMap((a, i) => names.slice(i + 1).map((b) => [a, b] as const))
    .filter((pair) => !taken.has([...pair].sort().join('')));
  const extra = random.shuffle(free).slice(0, extraEdges);
  const edges = random.shuffle([...tree, ...extra]).map((pair) => random.shuffle(pair).join(''));
  const pairs = names.flatMap((from) => names.filter((to) => to !== from).map((to) => ({ edges, from, to })));
  const apart = pairs.filter(({ from, to }) => !neighbours(edges, from).includes(to));
  return random.pick(apart.length > 0 ? apart : pairs);
}

/** `path A F: AB BD AC CE EF` is searched breadth first, each line a node and what it newly reaches: `A:BC`, `B:D`, `C:E`, ... */
export const graph: Family<GraphKnobs, GraphProblem, SearchState> = {
  name: 'graph',
  about: 'Finds a shortest path by breadth-first search, each line a node and the nodes newly reached from it.',
  knobs,
  levels: {
    easy: { nodes: 4, extraEdges: 0 },
    middling: { nodes: 6, extraEdges: 1 },
    hard: { nodes: 9, extraEdges: 3 },
  },
  generate: drawGraph,
  prompt: ({ edges, from, to }) => `path ${from} ${to}: ${edges.join(' ')}`,
  key: ({ edges, from, to }) => {
    const sorted = edges.map((edge) => [...edge].sort().join('')).sort();
    return `graph ${[from, to].sort().join('')}: ${sorted.join(' ')}`;
  },
  begin: ({ from }) => ({ queue: [from], parents: { [from]: '' } }),
  next: (problem, state) => {
    const [node] = state.queue;
    if (node === undefined || problem.to in state.parents) return null;
    return expand(state, node, fresh(problem, state, node));
  },
  conclude: trace,
  slip: (problem, state, random) => {
    const [node = ''] = state.queue;
    const found = fresh(problem, state, node);
    const others = [...new Set(problem.edges.join(''))].filter((other) => other !== node && !found.includes(other));
    const omits = found.length > 0 && (others.length === 0 || random.chance(0.5));
    const lost = omits ? random.pick(found) : '';
    const wrong = omits ? found.filter((other) => other !== lost) : [...found, random.pick(others)];
    return expand(state, node, wrong);
  },
  guess: (problem, random) => {
    const path = shortest(problem);
    const nodes = [...new Set(problem.edges.join(''))].filter((node) => node !== problem.from && node !== problem.to);
    const place = random.integer(1, Math.max(1, path.length - 2));
    return path.slice(0, place) + random.pick(nodes) + path.slice(place + 1 < path.length ? place + 1 : place);
  },
  accept: (problem, state, line) => {
    const right = graph.next(problem, state);
    if (right === null) return fault('extra-step', 'the goal is already reached');
    const match = /^([A-Z]):([A-Z]*)$/.exec(squeeze(line).replace(/,/g, ''));
    if (match === null) return fault('malformed', 'a step is a node, a colon and the nodes newly reached');
    const [, node = '', found = ''] = match;
    if (node !== state.queue[0]) return fault('wrong-node', `${node} is not the next node of the queue`);
    const expected = fresh(problem, state, node);
    if ([...found].sort().join('') !== expected.join('')) {
      return fault('wrong-neighbours', `these are not the nodes newly reached from ${node}`);
    }
    return expand(state, node, [...found]).state;
  },
  judgeAnswer: (problem, answer) => judgePath(problem, squeeze(answer).replace(/[,>-]/g, '')),
};
