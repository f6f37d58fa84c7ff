/** @file Multi-domain study (arXiv 2507.17512): puzzle and countdown rewards, reward schemes, the refresh schedule. */
import { evaluateArithmetic } from './arithmetic.js';
import { lastBraceObject, lastTagContent } from './tagged.js';

const headers = ['Assistant:', '<|im_start|>assistant'] as const;

/** The text after the first assistant header, or null: a response that is scored alone has none. */
function assistantTurn(text: string): string | null {
  for (const header of headers) {
    const at = text.indexOf(header);
    if (at >= 0) return text.slice(at + header.length);
  }
  return null;
}

const MAX_ANSWER = 20_000;

/** Names and roles of a solution: per line its first alphabetic word and the first role after it. */
function readRoles(solution: string): ReadonlyMap<string, string> {
  const roles = new Map<string, string>();
  for (const line of solution.split('\n')) {
    const name = /[A-Za-z]+/.exec(line)?.[0];
    const role = /\b(knight|knave)\b/i.exec(line)?.[1];
    if (name !== undefined && role !== undefined) roles.set(name, role.toLowerCase());
  }
  return roles;
}

function escaped(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/**
 * Knights and knaves: 1 if the last answer tag after the assistant header names every person's role and holds as many
 * role words as there are persons, otherwise 0.
 */
export function knightsReward(text: string, solution: string): 0 | 1 {
  const answer = lastTagContent(assistantTurn(text) ?? '', 'answer');
  if (answer === null || answer.length > MAX_ANSWER) return 0;
  const roles = readRoles(solution);
  const written = answer.match(/knight|knave/gi)?.length ?? 0;
  if (roles.size === 0 || written !== roles.size) return 0;
  for (const [name, role] of roles) {
    const found = new RegExp(`\\b${escaped(name)}\\s+is\\s+a\\s+\\b(knight|knave)\\b`, 'i').exec(answer);
    if (found?.[1]?.toLowerCase() !== role) return 0;
  }
  return 1;
}

/** Attributes by house. */
export type Houses = Readonly<Record<string, Readonly<Record<string, string>>>>;

function isHouse(value: unknown): value is Readonly<Record<string, string>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Share of right cells of a house puzzle. A predicted house is matched with the gold house that has the same first
 * attribute, so houses may be permuted; a house whose first attribute is unknown loses all its cells.
 */
export function cellReward(text: string, gold: Houses): number {
  const object = lastBraceObject(text.replaceAll('\n', ''));
  const solution = isHouse(object) ? (object as Readonly<Record<string, unknown>>)['solution'] : null;
  const houses = Object.values(gold);
  const cells = houses.reduce((total, house) => total + Object.keys(house).length, 0);
  if (!isHouse(solution) || cells === 0) return 0;
  let right = 0;
  for (const [name, predicted] of Object.entries(solution as Readonly<Record<string, unknown>>)) {
    if (!Object.hasOwn(gold, name) || !isHouse(predicted)) continue;
    const [first] = Object.values(predicted);
    const match = houses.find((house) => Object.values(house)[0] === first);
    if (match === undefined) continue;
    right += Object.entries(predicted).filter(
      ([key, value]) => Object.hasOwn(match, key) && match[key] === value,
    ).length;
  }
  return right / cells;
}

function sortedNumbers(values: readonly number[]): string {
  return [...values].sort((a, b) => a - b).join(' ');
}

/**
 * Countdown: 1 if the expression in the last answer tag of the last line uses exactly the given numbers and has the
 * target's value, `formatScore` if it is another well-formed answer, 0 without an answer.
 */
export function countdownReward(text: string, target: number, numbers: readonly number[], formatScore = 0): number {
  const lastLine = assistantTurn(text)?.split('\n').at(-1) ?? '';
  const expression = lastTagContent(lastLine, 'answer')?.trim();
  if (expression === undefined) return 0;
  const used = (expression.match(/\d+/g) ?? []).map(Number);
  if (sortedNumbers(used) !== sortedNumbers(numbers)) return formatScore;
  const value = evaluateArithmetic(expression);
  return value !== null && Math.abs(value - target) < 1e-5 ? 1 : formatScore;
}

export interface PuzzleRewards {
  readonly binary: number;
  readonly partial: number;
  readonly format: number;
  readonly rescaled: number;
}

/** The four reward schemes of the study for a puzzle with `correct` of `total` blanks right. */
export function puzzleRewardSchemes(
  correct: number,
  total: number,
  isFormatted: boolean,
  { dataset, formatReward }: { readonly dataset: 'kk' | 'lpb'; readonly formatReward: number },
): PuzzleRewards {
  const partial = correct / total;
  const binary = Math.floor(partial);
  const bonus = isFormatted ? formatReward : 0;
  return {
    binary,
    partial,
    format: (dataset === 'kk' ? binary : partial) + bonus,
    rescaled: dataset === 'kk' ? (binary === 1 ? 1 : -1) : 2 * (partial - 0.5),
  };
}

export interface RefreshEvent<Level> {
  readonly step: number;
  readonly level: Level;
  /** Copy the policy to the reference and reset the optimiser before this step. */
  readonly refresh: boolean;
}

/** The level of each step of a curriculum; a refresh falls on every change of level. `levels` must not be empty. */
export function policyRefreshSchedule<Level>(
  steps: readonly number[],
  stageLength: number,
  levels: readonly [Level, ...Level[]],
): RefreshEvent<Level>[] {
  return steps.map((step) => {
    const stage = Math.floor(step / stageLength);
    const level = levels[Math.min(stage, levels.length - 1)] ?? levels[0];
    return { step, level, refresh: step > 0 && step % stageLength === 0 && stage < levels.length };
  });
}

/** 1 only for a right answer in the required language. */
export function languageGatedReward(isCorrect: boolean, language: string, required: string): 0 | 1 {
  return isCorrect && language === required ? 1 : 0;
}
