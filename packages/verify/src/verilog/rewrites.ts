import type { Variant } from './mutants.js';
import { tokenize, type Token } from './tokens.js';

/** Words of the language that appear in modules, and names that a rewrite must leave alone. */
const keywords = new Set(
  (
    'always and assign automatic begin bit byte buf case casex casez const default defparam do else end endcase endfunction ' +
    'endgenerate endmodule endtask enum for forever function generate genvar if import initial inout input int integer ' +
    'interface localparam logic longint module nand negedge nor not or output package packed parameter posedge real reg ' +
    'repeat return shortint signed static string struct supply0 supply1 task time tri type typedef union unique unsigned ' +
    'unique0 priority var void wait wand while wire wor xnor xor always_comb always_ff always_latch inside break continue'
  ).split(' '),
);

/**
 * Copies of a source that behave as it does: every inner name renamed, `a & b` written as `~(~a | ~b)` and the like,
 * the items of a case reordered, choices turned round. None may be told apart from the source.
 */
export function rewrites(source: string): Variant[] {
  const found: Variant[] = [{ source: renamed(source), change: 'inner names' }];
  const tokens = tokenize(source);
  for (const [name, rewrite] of [
    ['De Morgan', deMorgan],
    ['reordered cases', reorderCase],
    ['turned choice', turnChoice],
    ['swapped operands', swapOperands],
  ] as const) {
    for (let at = 0; at < tokens.length; at++) {
      const text = rewrite(tokens, at);
      if (text !== null) found.push({ source: text, change: `${name}, token ${at}` });
    }
  }
  return found;
}

/** The source with every name but those of modules and ports replaced; members after a dot are left alone. */
export function renamed(source: string): string {
  const tokens = tokenize(source);
  const kept = portNames(tokens);
  let before = '';
  let directive = '';
  return tokens
    .map((token) => {
      const { kind, text } = token;
      // Units of time, kinds of nets and the names of macros are no names of the module.
      if (kind === 'directive') directive = text;
      else if (text.includes('\n')) directive = '';
      const isFirst = /^`(?:define|undef|ifn?def|elsif)$/.test(before);
      const ofDirective = isFirst || directive === '`timescale' || directive === '`default_nettype';
      const inner = kind === 'identifier' && !keywords.has(text) && !kept.has(text) && before !== '.' && !ofDirective;
      if (isSolid(token)) before = text;
      return inner ? `renamed_${text}` : text;
    })
    .join('');
}

/** Names in the headers of modules and in declarations of ports. */
function portNames(tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind !== 'identifier') continue;
    if (text === 'module' || /^(?:input|output|inout)$/.test(text)) {
      const stop = text === 'module' ? /^[;]$/ : /^[;)]$/;
      for (let index = at + 1; index < tokens.length && !stop.test(tokens[index]!.text); index++) {
        if (tokens[index]!.kind === 'identifier') names.add(tokens[index]!.text);
      }
    }
  }
  return names;
}

const isSolid = ({ kind }: Token): boolean => kind !== 'space' && kind !== 'comment' && kind !== 'attribute';

/** Positions of tokens that are not white space. */
function solid(tokens: readonly Token[], from: number, step: 1 | -1): number {
  let at = from + step;
  while (at >= 0 && at < tokens.length && !isSolid(tokens[at]!)) at += step;
  return at;
}

function splice(tokens: readonly Token[], from: number, to: number, text: string): string {
  return [...tokens.slice(0, from), { text }, ...tokens.slice(to)].map((token) => token.text).join('');
}

/** `(x op y)` whose operands are names, where the brackets belong to an expression, or the whole right side of an assign. */
function simplePair(
  tokens: readonly Token[],
  at: number,
): { from: number; to: number; left: string; right: string } | null {
  const [left, right] = [solid(tokens, at, -1), solid(tokens, at, 1)];
  const [open, close] = [solid(tokens, left, -1), solid(tokens, right, 1)];
  const isName = (index: number): boolean => tokens[index]?.kind === 'identifier' && !keywords.has(tokens[index].text);
  const [opening, closing] = [tokens[open]?.text, tokens[close]?.text];
  if (!isName(left) || !isName(right)) return null;
  const bracketed = opening === '(' && closing === ')' && !isCondition(tokens, open);
  if (!bracketed && !(opening === '=' && closing === ';')) return null;
  return { from: left, to: right + 1, left: tokens[left]!.text, right: tokens[right]!.text };
}

/** Whether a bracket opens the list of a sensitivity or of an instance. */
function isCondition(tokens: readonly Token[], open: number): boolean {
  const previous = tokens[solid(tokens, open, -1)];
  return previous === undefined || previous.text === '@' || previous.text === '#' || previous.kind === 'escaped';
}

function deMorgan(tokens: readonly Token[], at: number): string | null {
  const { kind, text } = tokens[at]!;
  const dual = { '&': '|', '|': '&' }[text as '&' | '|'];
  if (kind !== 'operator' || dual === undefined) return null;
  const pair = simplePair(tokens, at);
  return pair && splice(tokens, pair.from, pair.to, `~(~${pair.left} ${dual} ~${pair.right})`);
}

function swapOperands(tokens: readonly Token[], at: number): string | null {
  const { kind, text } = tokens[at]!;
  if (kind !== 'operator' || !/^(?:[&|^+]|==|!=|&&|\|\|)$/.test(text)) return null;
  const pair = simplePair(tokens, at);
  return pair && splice(tokens, pair.from, pair.to, `${pair.right} ${text} ${pair.left}`);
}

/** `c ? x : y` of plain operands becomes `!c ? y : x`. */
function turnChoice(tokens: readonly Token[], at: number): string | null {
  if (tokens[at]!.text !== '?' || tokens[at]!.kind !== 'operator') return null;
  const condition = solid(tokens, at, -1);
  const chosen = solid(tokens, at, 1);
  const colon = solid(tokens, chosen, 1);
  const other = solid(tokens, colon, 1);
  const [start, end] = [tokens[solid(tokens, condition, -1)]?.text, tokens[solid(tokens, other, 1)]?.text];
  if (start === '<=' && !isAssignment(tokens, solid(tokens, condition, -1))) return null;
  const plain = [condition, chosen, other].every((index) => /^(?:identifier|number)$/.test(tokens[index]?.kind ?? ''));
  if (!plain || tokens[colon]?.text !== ':' || !/^(?:<?=|\()$/.test(start ?? '') || !/^[;)]$/.test(end ?? ''))
    return null;
  const [c, x, y] = [condition, chosen, other].map((index) => tokens[index]!.text);
  return splice(tokens, condition, other + 1, `!${c} ? ${y} : ${x}`);
}

/** Whether a `<=` assigns rather than compares: what stands before it in its statement is no expression. */
function isAssignment(tokens: readonly Token[], at: number): boolean {
  let depth = 0;
  for (let index = at - 1; index >= 0; index--) {
    const { kind, text } = tokens[index]!;
    if (/^[)\]}]$/.test(text)) depth++;
    else if (/^[([{]$/.test(text) && --depth < 0) return false;
    if (depth > 0) continue;
    if (text === ';' || (kind === 'identifier' && /^(?:begin|end|else|endcase)$/.test(text))) return true;
    if (/^(?:=|<=|\?|assign|return)$/.test(text)) return false;
  }
  return false;
}

/** The first two items of a plain case, exchanged where both are constants and plain statements. */
function reorderCase(tokens: readonly Token[], at: number): string | null {
  if (tokens[at]!.text !== 'case' || tokens[at]!.kind !== 'identifier') return null;
  const end = tokens.findIndex((token, index) => index > at && token.text === 'endcase');
  const body = closingBracket(tokens, solid(tokens, at, 1)) + 1;
  if (end < 0 || body === 0) return null;
  // Where the labels may all be met, as those of `case (1'b1)`, the first one wins: only constants may change places.
  const constants = parameterNames(tokens);
  const isConstant = (label: string): boolean => /^[\d']/.test(label) || constants.has(label);
  const items = caseItems(tokens, body, end);
  const [first, second] = items;
  if (
    first === undefined ||
    second === undefined ||
    (items.some(({ label }) => label === 'default') && items.length < 3)
  )
    return null;
  if (!isConstant(first.label) || !isConstant(second.label) || sameConstant(first.label, second.label)) return null;
  const text = (from: number, to: number): string =>
    tokens
      .slice(from, to)
      .map((token) => token.text)
      .join('');
  return splice(tokens, first.from, second.to, `${text(second.from, second.to)} ${text(first.from, first.to)}`);
}

/** Names that parameters declare. */
function parameterNames(tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>();
  let declares = false;
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind === 'identifier' && /^(?:parameter|localparam)$/.test(text)) declares = true;
    else if (text === ';' || (kind === 'identifier' && /^(?:input|output|inout)$/.test(text))) declares = false;
    else if (declares && kind === 'identifier' && tokens[solid(tokens, at, 1)]?.text === '=') names.add(text);
  }
  return names;
}

/** Whether two labels may be one value: a name may be any, and `2'd1` is `2'b01`. */
function sameConstant(a: string, b: string): boolean {
  const value = (label: string): bigint | null => {
    const [, base = 'd', digits = ''] = /^(?:[\d_]*\s*'[sS]?([bBoOdDhH])\s*)?([\da-fA-F_]+)$/.exec(label) ?? [];
    const prefix = { b: '0b', o: '0o', d: '', h: '0x' }[base.toLowerCase() as 'b' | 'o' | 'd' | 'h'];
    const plain = digits.replaceAll('_', '');
    return plain === '' || (prefix === '' && /[a-f]/i.test(plain)) ? null : BigInt(prefix + plain);
  };
  if (/^[A-Za-z_]/.test(a) && /^[A-Za-z_]/.test(b)) return a === b;
  const [left, right] = [value(a), value(b)];
  return left === null || right === null || left === right;
}

function closingBracket(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at]!.text === '(') depth++;
    if (tokens[at]!.text === ')' && --depth === 0) return at;
  }
  return -1;
}

/** The items `label: statement;` at the start of a case; stops at the first of another form. */
function caseItems(tokens: readonly Token[], from: number, end: number): { label: string; from: number; to: number }[] {
  const items: { label: string; from: number; to: number }[] = [];
  for (let at = solid(tokens, from - 1, 1); at < end;) {
    const colon = solid(tokens, at, 1);
    const stop = tokens.findIndex((token, index) => index > colon && token.text === ';');
    const inner = tokens.slice(at, stop).map(({ text }) => text);
    if (
      tokens[colon]?.text !== ':' ||
      stop < 0 ||
      stop > end ||
      inner.some((text) => /^(?:if|begin|case|for|else)$/.test(text))
    )
      break;
    if (!/^(?:identifier|number)$/.test(tokens[at]!.kind)) break;
    items.push({ label: tokens[at]!.text, from: at, to: stop + 1 });
    at = solid(tokens, stop, 1);
  }
  return items;
}
