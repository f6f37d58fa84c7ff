import { LimitReached, limits } from './limits.js';
import type { Token } from './lexer.js';

/** Ends the reading of text that is no formula; it is then compared as words. Always caught in this folder. */
export class Unreadable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Unreadable';
  }
}

/** Tokens in braces that are searched for `choose` and `over`. */
const MAX_STACKED = 40;

/** A place in the tokens of one answer, with what the grammar must remember on the way down. */
export class Cursor {
  private at = 0;
  private depth = 0;
  private readonly tokens: Token[];
  /** Open `|`: inside them a bar closes, outside it opens. */
  bars = 0;
  /** Inside `{x : ...}` a colon ends the left side; elsewhere it is a ratio. */
  builders = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = [...tokens];
  }

  get token(): Token {
    return this.tokens[this.at] ?? { type: 'end', spaced: false };
  }

  peek(distance = 1): Token {
    return this.tokens[this.at + distance] ?? { type: 'end', spaced: false };
  }

  advance(): Token {
    const { token } = this;
    this.at += 1;
    return token;
  }

  /** Puts a token in the place of the current one; for `\frac12`, whose two digits are two arguments. */
  replace(token: Token): void {
    this.tokens[this.at] = token;
  }

  isSign(sign: string): boolean {
    const { token } = this;
    return token.type === 'sign' && token.sign === sign;
  }

  isCommand(name: string): boolean {
    const { token } = this;
    return token.type === 'command' && token.name === name;
  }

  take(sign: string): boolean {
    if (!this.isSign(sign)) return false;
    this.at += 1;
    return true;
  }

  expect(sign: string): void {
    if (!this.take(sign)) throw new Unreadable(`${sign} expected`);
  }

  /** The `choose` or `over` that stands in the braces which have just been opened, or null. */
  stackedCommand(): 'choose' | 'over' | null {
    let depth = 0;
    for (let at = this.at; at < this.tokens.length && at < this.at + MAX_STACKED; at += 1) {
      const token = this.tokens[at];
      if (token?.type === 'sign' && token.sign === '{') depth += 1;
      if (token?.type === 'sign' && token.sign === '}' && (depth -= 1) < 0) return null;
      if (depth === 0 && token?.type === 'command' && (token.name === 'choose' || token.name === 'over')) {
        return token.name;
      }
    }
    return null;
  }

  /** Runs a nested reading; throws `LimitReached` where it is nested too deeply. */
  nested<Value>(read: () => Value): Value {
    this.depth += 1;
    if (this.depth > limits.depth) throw new LimitReached('too-deep');
    const value = read();
    this.depth -= 1;
    return value;
  }

  /** Runs a reading with bars and builders as at the top level; for the inside of brackets. */
  fresh<Value>(builders: number, read: () => Value): Value {
    const { bars } = this;
    const outer = this.builders;
    this.bars = 0;
    this.builders = builders;
    const value = this.nested(read);
    this.bars = bars;
    this.builders = outer;
    return value;
  }
}
