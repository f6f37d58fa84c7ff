import { UserError } from '../../errors.js';
import type { ChatMessage, Json, Split } from '../task.js';
import { splitOf } from '../split.js';
import type { Row } from './rows.js';
import { readRows } from './rows.js';

/** Which fields of a row make a task. */
export interface FieldNames {
  /** The question: one field, or several whose texts are joined by a space. A single one may hold chat messages. */
  readonly prompt: readonly string[];
  /** The answer. Null: tasks without one. */
  readonly reference: string | null;
  /** `text`: the answer must be text, a number or a truth value. `json`: it may be a list or an object, too. */
  readonly form: 'text' | 'json';
  /** The answer is what follows the last of these in the reference field. Absent: the whole field. */
  readonly referenceAfter?: string | undefined;
}

/** A question read from a file. */
export interface Question {
  readonly where: string;
  readonly prompt: string | readonly ChatMessage[];
  /** Text; a list or an object only where `form` is `json`. */
  readonly reference: Json;
  /** The whole reference field where it holds more than the answer. */
  readonly solution?: string;
}

/**
 * The questions of both splits. With a file for each, rows of `train` whose question also stands in `test` are left
 * out; with one file, one question in eight is held out, by its text alone (see `splitOf`).
 */
export async function readSplits(
  files: { readonly train?: string | undefined; readonly test?: string | undefined },
  names: FieldNames,
): Promise<Readonly<Record<Split, readonly Question[]>>> {
  if (files.train !== undefined && files.test !== undefined) {
    const test = await readQuestions(files.test, names);
    const heldOut = new Set(test.map(({ prompt }) => textOf(prompt)));
    const train = (await readQuestions(files.train, names)).filter(({ prompt }) => !heldOut.has(textOf(prompt)));
    if (train.length === 0)
      throw new UserError(`${files.train}: must hold a question that ${files.test} does not, got none`);
    return { train, test };
  }
  const file = files.train ?? files.test;
  if (file === undefined) throw new UserError('readSplits: must be given a file for train or test, got neither');
  const questions = await readQuestions(file, names);
  if (files.train === undefined) return { train: [], test: questions };
  const of = (split: Split): Question[] =>
    questions.filter(({ prompt }) => splitOf(`file ${textOf(prompt)}`) === split);
  return { train: of('train'), test: of('test') };
}

/** Every question of a file. Throws a UserError naming file and line when a row lacks a field, or when there is none. */
export async function readQuestions(file: string, names: FieldNames): Promise<Question[]> {
  const questions: Question[] = [];
  for await (const row of readRows(file)) questions.push(readQuestion(row, names));
  if (questions.length === 0) throw new UserError(`${file}: must hold at least one row, got an empty file; fill it`);
  return questions;
}

function readQuestion(row: Row, { prompt, reference, form, referenceAfter }: FieldNames): Question {
  const question = readPrompt(row, prompt);
  if (reference === null) return { where: row.where, prompt: question, reference: '' };
  const value = row.fields[reference];
  if (form === 'json' && typeof value === 'object' && value !== null) {
    return { where: row.where, prompt: question, reference: plainJson(value) };
  }
  const whole = readText(row, reference).trim();
  if (referenceAfter === undefined) return { where: row.where, prompt: question, reference: whole };
  const place = whole.lastIndexOf(referenceAfter);
  const answer = place < 0 ? '' : whole.slice(place + referenceAfter.length).trim();
  if (answer === '') {
    throw new UserError(
      `${row.where}: field ${reference} must have an answer after ${referenceAfter}, got none; mend the row or leave referenceAfter out`,
    );
  }
  return { where: row.where, prompt: question, reference: answer, solution: whole };
}

function readPrompt(row: Row, names: readonly string[]): Question['prompt'] {
  const [only, ...others] = names;
  const value = only === undefined || others.length > 0 ? undefined : row.fields[only];
  if (Array.isArray(value)) return readMessages(row, value);
  const text = names
    .map((name) => readText(row, name).trim())
    .join(' ')
    .trim();
  if (text === '') throw new UserError(`${row.where}: field ${names.join(' + ')} must not be empty; mend the row`);
  return text;
}

function readMessages(row: Row, values: readonly unknown[]): ChatMessage[] {
  return values.map((value) => {
    const { role, content } = (value ?? {}) as Partial<Record<'role' | 'content', unknown>>;
    const known = role === 'system' || role === 'user' || role === 'assistant';
    if (!known || typeof content !== 'string') {
      const rule = 'chat messages must have a role (system, user, assistant) and a content';
      throw new UserError(`${row.where}: ${rule}, got ${shown(value)}; mend the row`);
    }
    return { role, content };
  });
}

function readText(row: Row, name: string): string {
  const value = row.fields[name];
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value === undefined) {
    const known = Object.keys(row.fields).join(', ') || 'no fields';
    throw new UserError(
      `${row.where}: must have a field "${name}", got ${known}; set the name of the field or mend the row`,
    );
  }
  throw new UserError(`${row.where}: field ${name} must be text or a number, got ${shown(value)}; mend the row`);
}

/** What Parquet gives beyond JSON becomes JSON: whole numbers of 64 bits, dates. */
function plainJson(value: object): Json {
  return JSON.parse(stringify(value)) as Json;
}

function stringify(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner)) ?? 'nothing';
}

function shown(value: unknown): string {
  const text = stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** A prompt as one text, for comparing. */
export function textOf(prompt: Question['prompt']): string {
  return typeof prompt === 'string' ? prompt : prompt.map(({ role, content }) => `${role}: ${content}`).join('\n');
}
