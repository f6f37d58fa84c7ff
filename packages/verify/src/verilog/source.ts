import { moduleGraph, significant, tokenize, type Token } from './tokens.js';

/** A text that may be given to yosys, or why it may not. */
export type CleanSource =
  | { readonly ok: true; readonly text: string; readonly modules: readonly string[] }
  | { readonly ok: false; readonly reason: 'refused' | 'too-large' | 'no-module'; readonly feedback: string };

/** System functions that are constants or conversions of their arguments, and messages, which are ignored. */
const systemNames = new Set(
  'signed unsigned clog2 bits size high low left right increment dimensions isunknown onehot onehot0 countones rtoi itor display displayb displayh write strobe monitor info warning error'
    .split(' ')
    .map((name) => `$${name}`),
);

const refusedDirectives = new Set(['`include', '`pragma', '`protect', '`line', '`uselib', '`begin_keywords', '``']);

/** UTF-16 units of source text that are read. */
export const MAX_SOURCE = 1 << 17;

/** Characters that a text may grow to when its macros are expanded. */
const MAX_EXPANDED = 1 << 20;

/** Macros within macros. */
const MAX_MACRO_DEPTH = 64;

/**
 * Takes what could make the synthesised circuit differ from the simulated one (comments that are pragmas, attributes)
 * out of a text, and refuses what has no place in a circuit: files, includes, system tasks, foreign functions.
 */
export function cleanSource(source: string): CleanSource {
  if (source.length > MAX_SOURCE) return refuse('too-large', `the source is longer than ${MAX_SOURCE} characters`);
  const all = tokenize(source);
  const tokens = significant(all);
  const word = forbidden(tokens) ?? macroTrouble(all);
  if (word !== null) return refuse('refused', word);
  const text = all.map(neutral).join('');
  const modules = [...moduleGraph(text).keys()];
  if (modules.length === 0) return refuse('no-module', 'the code defines no module');
  return { ok: true, text, modules };
}

function refuse(reason: 'refused' | 'too-large' | 'no-module', feedback: string): CleanSource {
  return { ok: false, reason, feedback };
}

/** An `always_comb` that holds a value in some case is a latch to a simulator and an error to yosys. */
const plainAlways: Readonly<Record<string, string>> = {
  always_comb: 'always @*',
  always_latch: 'always @*',
  always_ff: 'always',
};

/** Comments and attributes become white space of the same lines. */
function neutral({ kind, text }: Token): string {
  if (kind === 'comment' || kind === 'attribute') return ` ${text.replaceAll(/[^\n]+/g, '')}`;
  return kind === 'identifier' && Object.hasOwn(plainAlways, text) ? plainAlways[text]! : text;
}

function forbidden(tokens: readonly Token[]): string | null {
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind === 'directive' && refusedDirectives.has(text)) return `the directive ${text} is not allowed`;
    if (kind === 'system' && !systemNames.has(text)) return `the system task ${text} is not allowed in a circuit`;
    if (kind === 'escaped' && text.startsWith('\\$')) return `the name ${text} belongs to the tools`;
    if (kind !== 'identifier') continue;
    if (text === 'bind' || (text === 'import' && tokens[at + 1]?.kind === 'string')) return `${text} is not allowed`;
    if (text === 'initial' && delayed(tokens, at + 1)) return 'a delay in an initial block is not allowed';
  }
  return null;
}

/** Whether the statement at `from` holds a `#`; a block is followed to its end. */
function delayed(tokens: readonly Token[], from: number): boolean {
  let depth = 0;
  for (let at = from; at < tokens.length; at++) {
    const { text, kind } = tokens[at]!;
    if (text === '#' && kind === 'operator') return true;
    if (kind === 'identifier' && /^(?:initial|always|endmodule|module)$/.test(text)) return false;
    if (kind === 'identifier' && /^(?:begin|case[xz]?|fork)$/.test(text)) depth++;
    if (kind === 'identifier' && /^(?:end|endcase|join)$/.test(text)) depth--;
    const closes = text === ';' || text === 'end' || text === 'endcase' || text === 'join';
    if (depth <= 0 && closes && tokens[at + 1]?.text !== 'else') return false;
  }
  return false;
}

/** Macros that hide brackets or comments, or that expand to too much. */
function macroTrouble(tokens: readonly Token[]): string | null {
  const bodies = new Map<string, Token[]>();
  for (let at = 0; at < tokens.length; at++) {
    if (tokens[at]!.text !== '`define') continue;
    const end = lineEnd(tokens, at);
    const [name, ...body] = significant(tokens.slice(at + 1, end));
    if (name === undefined) continue;
    if (body.some(({ kind, text }) => kind === 'other' && text !== '\\'))
      return `the macro ${name.text} holds characters that are not Verilog`;
    const written = body.map(({ text }) => text).join(' ');
    if (/[(*/]$|^[*/)]/.test(written)) return `the macro ${name.text} must be a whole expression`;
    // One that is defined twice counts with both bodies.
    bodies.set(`\`${name.text}`, [...(bodies.get(`\`${name.text}`) ?? []), ...body]);
    at = end;
  }
  const sizes = new Map<string, number>();
  let total = 0;
  for (const token of tokens) total += expandedSize(token, bodies, sizes, new Set());
  return total > MAX_EXPANDED ? `its macros expand to more than ${MAX_EXPANDED} characters` : null;
}

function lineEnd(tokens: readonly Token[], from: number): number {
  for (let at = from; at < tokens.length; at++) {
    const { kind, text } = tokens[at]!;
    if (kind === 'space' && text.includes('\n') && tokens[at - 1]?.text !== '\\') return at;
  }
  return tokens.length;
}

function expandedSize(
  { text }: Token,
  bodies: ReadonlyMap<string, readonly Token[]>,
  sizes: Map<string, number>,
  open: Set<string>,
): number {
  const body = bodies.get(text);
  if (body === undefined) return text.length;
  const known = sizes.get(text);
  if (known !== undefined) return known;
  if (open.has(text) || open.size > MAX_MACRO_DEPTH) return Infinity;
  open.add(text);
  const size = body.reduce((sum, token) => sum + expandedSize(token, bodies, sizes, open), 0);
  open.delete(text);
  sizes.set(text, size);
  return size;
}
