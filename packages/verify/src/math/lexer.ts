import type { RelationOperator } from './ast.js';
import { LimitReached, limits } from './limits.js';
import { readNumber, type CommaMeaning, type NumberLiteral } from './number-literal.js';
import { isUnitWord } from './units.js';
import * as words from './vocabulary.js';

export type Token =
  | { readonly type: 'number'; readonly literal: NumberLiteral; readonly spaced: boolean }
  | { readonly type: 'name'; readonly name: string; readonly spaced: boolean }
  | { readonly type: 'function'; readonly name: string; readonly spaced: boolean }
  | { readonly type: 'constant'; readonly name: 'pi' | 'infinity'; readonly spaced: boolean }
  | { readonly type: 'relation'; readonly operator: RelationOperator; readonly spaced: boolean }
  | { readonly type: 'text'; readonly text: string; readonly spaced: boolean }
  | { readonly type: 'sign'; readonly sign: string; readonly spaced: boolean }
  /** A command with structure of its own: `frac`, `sqrt`, `binom`, `sum`, an environment's `begin` and `end`. */
  | { readonly type: 'command'; readonly name: string; readonly spaced: boolean }
  | { readonly type: 'end'; readonly spaced: boolean };

const structural: ReadonlySet<string> = new Set(
  'frac dfrac tfrac cfrac sqrt binom dbinom tbinom choose over pmod bmod mod mathbb Bbb not begin end operatorname substack'.split(
    ' ',
  ),
);

const argumentsDropped: ReadonlySet<string> = new Set(['hspace', 'vspace', 'phantom', 'color', 'hphantom', 'vphantom']);

/** Environments whose `&` only lines formulas up. */
const aligned: ReadonlySet<string> = new Set(['align', 'aligned', 'split', 'gathered', 'gather', 'eqnarray']);

const plainRelations: readonly (readonly [string, RelationOperator])[] = [
  ['<=', '<='],
  ['=<', '<='],
  ['>=', '>='],
  ['!=', '!='],
  ['==', '='],
  ['~=', '~'],
  ['=', '='],
  ['<', '<'],
  ['>', '>'],
];

function isLetter(char: string | undefined): boolean {
  return char !== undefined && ((char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z'));
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

function isKnownCommand(name: string): boolean {
  return (
    structural.has(name) ||
    words.textCommands.has(name) ||
    words.accentCommands.has(name) ||
    words.greek.has(name) ||
    words.ignoredCommands.has(name) ||
    words.boundOperators.has(name) ||
    Object.hasOwn(words.functions, name) ||
    Object.hasOwn(words.constants, name) ||
    Object.hasOwn(words.relationCommands, name) ||
    Object.hasOwn(words.signCommands, name)
  );
}

/** Styles within styles, each of which is read again. */
const MAX_STYLES = 8;

/** Turns one answer into tokens in a single pass. Unknown characters become names, so nothing is refused here. */
class Lexer {
  private at = 0;
  private spaced = false;
  private environments = 0;
  private alignments = 0;
  readonly tokens: Token[] = [];

  constructor(
    private readonly text: string,
    private readonly commas: CommaMeaning,
    private readonly nesting = 0,
  ) {
    if (nesting > MAX_STYLES) throw new LimitReached('too-deep');
  }

  run(): readonly Token[] {
    while (this.at < this.text.length) {
      if (this.tokens.length > limits.tokens) throw new LimitReached('too-long');
      this.step();
    }
    this.push({ type: 'end', spaced: this.spaced });
    return this.tokens;
  }

  private push(token: Token): void {
    this.tokens.push(token);
    this.spaced = false;
  }

  private sign(sign: string, length: number): void {
    this.at += length;
    this.push({ type: 'sign', sign, spaced: this.spaced });
  }

  private step(): void {
    const char = this.text[this.at];
    if (char === '&' && this.alignments > 0) {
      this.at += 1;
      return;
    }
    if (char === ' ' || char === '\n' || char === '\t' || char === '\r' || char === '~' || char === '$') {
      if (char === '~' && this.text[this.at + 1] === '=') return void this.relation();
      this.at += 1;
      this.spaced = true;
      return;
    }
    if (char === '\\') return this.command();
    if (isDigit(char) || (char === '.' && isDigit(this.text[this.at + 1]))) return this.number();
    if (isLetter(char)) return this.letters();
    if (this.relation()) return;
    this.other();
  }

  private number(): void {
    const literal = readNumber(this.text, this.at, this.commas);
    this.at = literal.end;
    this.push({ type: 'number', literal, spaced: this.spaced });
  }

  private relation(): boolean {
    for (const [spelling, operator] of plainRelations) {
      if (!this.text.startsWith(spelling, this.at)) continue;
      this.at += spelling.length;
      this.push({ type: 'relation', operator, spaced: this.spaced });
      return true;
    }
    return false;
  }

  private other(): void {
    if (this.text.startsWith('...', this.at)) return this.sign('...', 3);
    if (this.text.startsWith('**', this.at)) return this.sign('^', 2);
    if (this.text.startsWith('{,}', this.at)) return this.sign(',', 3);
    const char = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
    if ('+-*/^_()[]{},;:!\'|%&"?`@#'.includes(char) || char === '.') return this.sign(char, 1);
    this.at += char.length;
    this.push({ type: 'name', name: char, spaced: this.spaced });
  }

  private letterRun(from: number): string {
    let end = from;
    while (isLetter(this.text[end])) end += 1;
    return this.text.slice(from, end);
  }

  private letters(): void {
    const run = this.letterRun(this.at);
    this.at += run.length;
    const { spaced } = this;
    if (run.length === 1) return this.push({ type: 'name', name: run, spaced });
    if (run === 'and' || run === 'or') return this.push({ type: 'sign', sign: 'and', spaced });
    if (Object.hasOwn(words.functions, run)) {
      return this.push({ type: 'function', name: words.functions[run] ?? run, spaced });
    }
    const constant = Object.hasOwn(words.constants, run.toLowerCase()) ? words.constants[run.toLowerCase()] : undefined;
    if (constant === 'pi' || constant === 'infinity') return this.push({ type: 'constant', name: constant, spaced });
    if (run.length > 3 && words.greek.has(run)) return this.push({ type: 'name', name: run, spaced });
    if (run === 'in' && this.tokens.at(-1)?.type !== 'number') {
      return this.push({ type: 'relation', operator: 'in', spaced });
    }
    if (isUnitWord(run) || (run.length > 3 && run !== run.toUpperCase())) {
      return this.push({ type: 'text', text: run, spaced });
    }
    const head = run.slice(0, -1);
    if (Object.hasOwn(words.functions, head)) {
      this.push({ type: 'function', name: words.functions[head] ?? head, spaced });
      return this.push({ type: 'name', name: run.slice(-1), spaced: false });
    }
    for (const letter of run) this.push({ type: 'name', name: letter, spaced: this.spaced });
  }

  /** A command after one backslash, or after two where the text was escaped once too often. */
  private command(): void {
    if (this.text[this.at + 1] === '\\') {
      const name = this.letterRun(this.at + 2);
      const brace = this.environments === 0 && '{}%'.includes(this.text[this.at + 2] ?? ' ');
      if (!brace && (name === '' || !isKnownCommand(name))) return this.sign('row', 2);
      this.at += 1;
    }
    const name = this.letterRun(this.at + 1);
    if (name === '') return this.symbolCommand();
    this.at += 1 + name.length;
    this.namedCommand(name);
  }

  private symbolCommand(): void {
    const char = this.text[this.at + 1];
    if (char === undefined || char === '\n' || words.ignoredCommands.has(char) || char === ' ') {
      this.at += 2;
      this.spaced = true;
      return;
    }
    const sign = words.signCommands[char];
    if (sign !== undefined) return this.sign(sign, 2);
    if (char === '$') {
      this.at += 2;
      return this.push({ type: 'text', text: '$', spaced: this.spaced });
    }
    // `\(` and the like inside an answer: the delimiter of a formula, not a bracket of it.
    this.at += '()[]'.includes(char) ? 2 : 1;
    this.spaced = true;
  }

  private namedCommand(name: string): void {
    const { spaced } = this;
    if (words.ignoredCommands.has(name)) {
      if (argumentsDropped.has(name)) this.group();
      // `\left.` is an invisible bracket.
      if ((name === 'left' || name === 'right') && this.text[this.at] === '.') this.at += 1;
      this.spaced ||= !['left', 'right'].includes(name);
      return;
    }
    if (name === 'begin' || name === 'end') return this.environment(name);
    if (words.textCommands.has(name)) return this.words(name);
    if (name === 'prod' || words.boundOperators.has(name)) return this.push({ type: 'command', name, spaced });
    const relation = Object.hasOwn(words.relationCommands, name) ? words.relationCommands[name] : undefined;
    if (relation !== undefined) return this.push({ type: 'relation', operator: relation, spaced });
    if (structural.has(name) || words.accentCommands.has(name)) return this.push({ type: 'command', name, spaced });
    if (Object.hasOwn(words.functions, name)) {
      return this.push({ type: 'function', name: words.functions[name] ?? name, spaced });
    }
    if (name === 'pi') return this.push({ type: 'constant', name: 'pi', spaced });
    if (name === 'infty') return this.push({ type: 'constant', name: 'infinity', spaced });
    const sign = Object.hasOwn(words.signCommands, name) ? words.signCommands[name] : undefined;
    if (sign !== undefined) return this.push({ type: 'sign', sign, spaced });
    this.push({ type: 'name', name, spaced });
  }

  /** The text of the braces that follow, without them; an unbraced argument is empty. */
  private group(): string {
    let start = this.at;
    while (this.text[start] === ' ') start += 1;
    if (this.text[start] !== '{') return '';
    let depth = 0;
    for (let end = start; end < this.text.length; end += 1) {
      if (this.text[end] === '\\') end += 1;
      else if (this.text[end] === '{') depth += 1;
      else if (this.text[end] === '}' && (depth -= 1) === 0) {
        this.at = end + 1;
        return this.text.slice(start + 1, end);
      }
    }
    this.at = this.text.length;
    return this.text.slice(start + 1);
  }

  private environment(name: 'begin' | 'end'): void {
    const environment = this.group().replace('*', '');
    this.environments += name === 'begin' ? 1 : -1;
    if (aligned.has(environment)) this.alignments += name === 'begin' ? 1 : -1;
    if (environment === 'array' || environment === 'tabular') this.group();
    this.push({ type: 'command', name: `${name}:${environment}`, spaced: this.spaced });
  }

  private words(command: string): void {
    const { spaced } = this;
    const inner = this.group();
    const word = inner.trim();
    if (word === 'and' || word === 'or') return this.push({ type: 'sign', sign: 'and', spaced });
    if (Object.hasOwn(words.functions, word)) {
      return this.push({ type: 'function', name: words.functions[word] ?? word, spaced });
    }
    if (word.length === 1 && isLetter(word)) {
      return this.push(
        command.startsWith('math') || word === 'e' || word === 'i'
          ? { type: 'name', name: word, spaced }
          : { type: 'text', text: word, spaced },
      );
    }
    if (word === '') {
      this.spaced = true;
      return;
    }
    // Styled formulas (`\mathbf{0}`, `\bm{\frac{1}{2}}`) are read as formulas; words stay words.
    const styled = command.startsWith('math') || command === 'bm' || command === 'boldsymbol' || command === 'textbf';
    if (styled && (isDigit(word[0]) || word.startsWith('\\'))) {
      const inside = new Lexer(word, this.commas, this.nesting + 1).run();
      for (const token of inside) if (token.type !== 'end') this.push(token);
      return;
    }
    this.push({ type: 'text', text: word, spaced });
  }
}

/** The tokens of an answer. Throws `LimitReached` past `limits.tokens`. */
export function tokenize(text: string, commas: CommaMeaning): readonly Token[] {
  return new Lexer(text, commas).run();
}
