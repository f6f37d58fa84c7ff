/**
 * @file FTRL (arXiv 2508.08791): rewards of one tool-using turn from what the tools returned.
 *
 *   p calls, q open answers newly met: f1 = 2q / (p + 1), precision x recall = q^2 / p, recall = q, precision = q / p
 *   no call: -0.5 empty, -0.3 malformed call, 1 / (1 + u) the final answer while u answers are open, 0.5 all solved, else 0
 *
 * A call is credited with at most one answer of its own tool; f1 exceeds 1 for parallel useful calls, on purpose.
 * Answers are found as substrings, so a tool that prints everything is credited with everything: keep outputs minimal.
 */
import { parseToolCalls } from '../structure/tool-calls.js';

/** True when every part of the golden answer (parts between `, `) occurs in the text; case and commas do not matter. */
export function answerVerify(text: string, golden: string): boolean {
  const clean = (source: string): string => source.toLowerCase().replaceAll(',', '');
  const haystack = clean(text);
  return golden.split(', ').every((part) => haystack.includes(clean(part)));
}

export interface ToolStep {
  readonly response: string;
  /** What call i returned, in the order of the calls. */
  readonly toolOutputs: readonly string[];
  /** Open answers by tool before this turn; not changed. */
  readonly unsolved: Readonly<Record<string, readonly string[]>>;
  /** Share of answers solved before this turn, in [0, 1]. */
  readonly solveRate: number;
  /** The task's final answer. */
  readonly answer: string;
}

/** The four published shapes of the same reward; `f1` is the method's. */
export interface ToolStepScores {
  readonly f1: number;
  readonly precisionTimesRecall: number;
  readonly recall: number;
  readonly precision: number;
}

export interface ToolStepReward {
  readonly score: ToolStepScores;
  /** Answers still open after this turn. */
  readonly remaining: Readonly<Record<string, readonly string[]>>;
}

const endMarkers = ['<|endoftext|>', '<|im_end|>'];

function withoutEndMarkers(response: string): string {
  let body = response.trim();
  for (let found = true; found;) {
    found = false;
    for (const marker of endMarkers) {
      if (!body.endsWith(marker)) continue;
      body = body.slice(0, -marker.length).trimEnd();
      found = true;
    }
  }
  return body;
}

function flat(value: number): ToolStepScores {
  return { f1: value, precisionTimesRecall: value, recall: value, precision: value };
}

/** What a turn without a valid call earns. */
function finalTurnReward(content: string, step: ToolStep, open: number): number {
  if (content === '') return -0.5;
  if (content.includes('<tool_call>') || content.includes('</tool_call>')) return -0.3;
  const clean = (source: string): string => source.toLowerCase().replaceAll(',', '');
  if (clean(content).includes(clean(step.answer))) return 1 / (1 + open);
  return step.solveRate === 1 ? 0.5 : 0;
}

/** The reward of one turn and the answers that stay open. */
export function toolStepReward(step: ToolStep): ToolStepReward {
  const { content, toolCalls } = parseToolCalls(withoutEndMarkers(step.response));
  const open = Object.values(step.unsolved).reduce((sum, answers) => sum + answers.length, 0);
  if (toolCalls === null) return { score: flat(finalTurnReward(content, step, open)), remaining: step.unsolved };
  const remaining = new Map(Object.entries(step.unsolved).map(([tool, answers]) => [tool, [...answers]]));
  let met = 0;
  for (const [index, call] of toolCalls.entries()) {
    const answers = remaining.get(call.name) ?? [];
    const hit = answers.findIndex((answer) => answerVerify(step.toolOutputs[index] ?? '', answer));
    if (hit < 0) continue;
    answers.splice(hit, 1);
    met++;
  }
  const calls = toolCalls.length;
  const score = {
    f1: (2 * met) / (calls + 1),
    precisionTimesRecall: met ** 2 / calls,
    recall: met,
    precision: met / calls,
  };
  return { score, remaining: Object.fromEntries(remaining) };
}

/** Per-episode metrics, averaged over environments when reported; precision is 1 without calls. */
export function episodeMetrics(
  solved: number,
  calls: number,
  total: number,
): { readonly solvePrecision: number; readonly solveRate: number; readonly solveF1: number } {
  return {
    solvePrecision: calls === 0 ? 1 : solved / calls,
    solveRate: solved / total,
    solveF1: (2 * solved) / (calls + total),
  };
}
