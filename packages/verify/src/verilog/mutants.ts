import { tokenize, type Token } from './tokens.js';

/** A changed source, and what was changed. */
export interface Variant {
  readonly source: string;
  /** Such as `& to |, token 17`. */
  readonly change: string;
}

/** What one operator may be exchanged for; each keeps the text well-formed. */
const exchanges: Readonly<Record<string, readonly string[]>> = {
  '&': ['|', '^'],
  '|': ['&', '^'],
  '^': ['&', '|'],
  '~^': ['^'],
  '^~': ['^'],
  '&&': ['||'],
  '||': ['&&'],
  '==': ['!='],
  '!=': ['=='],
  '<': ['>', '>='],
  '>': ['<', '<='],
  '>=': ['<'],
  '+': ['-'],
  '-': ['+'],
  '<<': ['>>'],
  '>>': ['<<'],
  '>>>': ['<<'],
  '^=': ['&=', '|='],
};

/** Operators that follow an operand, so that they are binary. */
const prefixes = new Set(['&', '|', '^', '~^', '^~', '+', '-']);

const edges: Readonly<Record<string, string>> = { posedge: 'negedge', negedge: 'posedge' };

/**
 * Copies of a source in each of which one operator is another one, a negation is dropped, a clock edge or a constant
 * is changed. Nothing says that a copy behaves differently.
 */
export function mutants(source: string): Variant[] {
  const tokens = tokenize(source);
  return tokens.flatMap((token, at) =>
    mutations(tokens, at).map((text) => ({
      source: replaced(tokens, at, text),
      change: `${token.text} to ${text || 'nothing'}, token ${at}`,
    })),
  );
}

function replaced(tokens: readonly Token[], at: number, text: string): string {
  return tokens.map((token, index) => (index === at ? text : token.text)).join('');
}

function mutations(tokens: readonly Token[], at: number): readonly string[] {
  const { kind, text } = tokens[at]!;
  if (kind === 'identifier') return Object.hasOwn(edges, text) && !inRange(tokens, at) ? [edges[text]!] : [];
  if (inRange(tokens, at) || inLoopHead(tokens, at)) return [];
  if (kind === 'number') return isCaseOrValue(tokens, at) ? constantMutations(text) : [];
  if (kind !== 'operator') return [];
  if (text === '~' || text === '!') return isReduction(tokens, at) ? [] : [''];
  if (text === '=' || text === '<=') return [];
  const choices = Object.hasOwn(exchanges, text) ? exchanges[text]! : [];
  return prefixes.has(text) && !followsOperand(tokens, at) ? unaryMutations(text) : choices;
}

function unaryMutations(text: string): readonly string[] {
  if (text === '&') return ['|'];
  if (text === '|') return ['&'];
  return text === '^' ? ['~^'] : [];
}

function near(tokens: readonly Token[], at: number, step: 1 | -1): Token | undefined {
  for (let index = at + step; index >= 0 && index < tokens.length; index += step) {
    const token = tokens[index]!;
    if (token.kind !== 'space' && token.kind !== 'comment' && token.kind !== 'attribute') return token;
  }
  return undefined;
}

function followsOperand(tokens: readonly Token[], at: number): boolean {
  const before = near(tokens, at, -1);
  if (before === undefined) return false;
  if (before.kind === 'identifier') return !/^(?:return|case[xz]?|if|else|begin|assign)$/.test(before.text);
  return before.kind === 'number' || before.kind === 'escaped' || /^[)\]}]$/.test(before.text);
}

/** `~&x` may be written with a space. */
function isReduction(tokens: readonly Token[], at: number): boolean {
  return /^[&|^]$/.test(near(tokens, at, 1)?.text ?? '');
}

/** Whether a token stands in brackets: changing an index can make it point outside. */
function inRange(tokens: readonly Token[], at: number): boolean {
  let depth = 0;
  for (let index = at - 1; index >= 0; index--) {
    const { kind, text } = tokens[index]!;
    if (kind !== 'operator') continue;
    if (text === ']') depth--;
    if (text === '[' && ++depth > 0) return true;
    if (text === ';') return false;
  }
  return false;
}

/** Whether a token stands between `for (` and its closing bracket, or in a declaration of parameters. */
function inLoopHead(tokens: readonly Token[], at: number): boolean {
  let depth = 0;
  for (let index = at - 1; index >= 0; index--) {
    const { kind, text } = tokens[index]!;
    if (kind === 'identifier' && /^(?:parameter|localparam|genvar)$/.test(text)) return true;
    if (text === ')') depth--;
    if (text === '(' && ++depth > 0 && near(tokens, index, -1)?.text === 'for') return true;
    if (text === ';' && depth <= 0 && !/\bfor\b/.test(lastWords(tokens, index))) return false;
  }
  return false;
}

/** The words before a semicolon that may be the first one of a loop's head. */
function lastWords(tokens: readonly Token[], at: number): string {
  return tokens
    .slice(Math.max(0, at - 12), at)
    .map(({ text }) => text)
    .join('');
}

/** A constant that is a value: neither a width nor the factor of a repetition. */
function isCaseOrValue(tokens: readonly Token[], at: number): boolean {
  const after = near(tokens, at, 1)?.text;
  return after !== '{' && after !== "'" && !/[xzXZ?]/.test(tokens[at]!.text);
}

/** The constant with its lowest bit turned. */
function constantMutations(text: string): readonly string[] {
  const based = /^([\d_]*\s*'[sS]?)([bBoOdDhH])\s*([\da-fA-F_]+)$/.exec(text);
  if (based !== null) {
    const [, head = '', base = '', digits = ''] = based;
    const radix = { b: 2, o: 8, d: 10, h: 16 }[base.toLowerCase() as 'b' | 'o' | 'd' | 'h'];
    const last = Number.parseInt(digits.at(-1)!, radix);
    return [`${head}${base}${digits.slice(0, -1)}${(last ^ 1).toString(radix)}`];
  }
  if (/^'[01]$/.test(text)) return [text === "'0" ? "'1" : "'0"];
  if (!/^\d+$/.test(text) || text.length > 15) return [];
  return [String(Number(text) % 2 === 0 ? Number(text) + 1 : Number(text) - 1)];
}
