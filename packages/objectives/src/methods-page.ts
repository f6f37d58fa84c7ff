import { runsOnTinker } from './column-sources.js';
import type { Method } from './define.js';
import type { MethodName } from './names.js';
import { recipeUse } from './recipe-use.js';
import { createObjective, isObjectiveName, methods } from './registry.js';

const HEAD = [
  'name',
  'method',
  'kind',
  'what it does',
  'in a recipe',
  'columns',
  'gradient by',
  'Tinker',
  'vectors',
  'source',
] as const;
const VECTORS_CELL = HEAD.indexOf('vectors');

/** Passed and all cases of a card; undefined when its vectors were not at hand. */
export type VectorCounts = Readonly<Record<string, { readonly passed: number; readonly cases: number }>>;

/**
 * docs/methods.md: every method of the registry, under default settings. Cells about vectors come from `counts`, or
 * where those are missing from the page as it was.
 */
export function methodsPage(counts: VectorCounts, previous: string): string {
  const kept = vectorCells(previous);
  const rows = (Object.keys(methods) as MethodName[]).map((name) => row(name, methods[name], counts, kept));
  const objectives = rows.filter(([, , , , , , gradient]) => gradient !== '').length;
  return [
    '# Methods',
    '',
    '<!-- Made by `node scripts/methods-table.mjs` from the registry of packages/objectives; changes by hand are lost. -->',
    '',
    `${rows.length} methods, ${objectives} of them objectives that \`--set objective=<name>\` takes; the others are filters,`,
    'schedules, rewards and metrics that recipes call. Columns and gradients are those of the default settings. Tinker: runs',
    'on any server of that training API, which knows the log-probs of chosen tokens only. Vectors: cases of the published',
    'test vectors of the card that pass (`npm run vectors`); a dash where none are published. In a recipe: what',
    '`--set` takes; a stage (reward, strategy, curriculum) is a function that a recipe written as a module puts in place.',
    '',
    line(HEAD),
    line(HEAD.map(() => '---')),
    ...rows.map(line),
    '',
  ].join('\n');
}

function row(
  name: MethodName,
  method: Method,
  counts: VectorCounts,
  kept: ReadonlyMap<string, string>,
): readonly string[] {
  const objective = isObjectiveName(name) ? createObjective(name) : undefined;
  const needs = objective?.needs ?? (method.role === 'part' ? method.needs : []);
  const count = method.vectors === null ? undefined : counts[method.vectors];
  const vectors =
    method.vectors === null
      ? '-'
      : count === undefined
        ? (kept.get(name) ?? method.vectors)
        : `${method.vectors} ${count.passed}/${count.cases}`;
  return [
    `\`${name}\``,
    method.title,
    method.kinds.join(', '),
    method.summary,
    recipeUse(name),
    needs.join(', '),
    objective?.differentiates.join(', ') ?? '',
    objective === undefined ? '' : runsOnTinker(objective) ? 'yes' : 'no',
    vectors,
    method.source,
  ];
}

/** Method name -> its cell about vectors. */
function vectorCells(page: string): Map<string, string> {
  const rows = page
    .split('\n')
    .filter((text) => text.startsWith('| `'))
    .map((text) => text.split('|').map((cell) => cell.trim()));
  return new Map(rows.map((cells) => [cells[1]!.replaceAll('`', ''), cells[VECTORS_CELL + 1] ?? '']));
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
