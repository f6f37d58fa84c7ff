import { fault, isFault } from './family.js';
import type { Fault } from './family.js';

/** An exact fraction; the denominator is positive. Not reduced: expressions here are short. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export interface Evaluated {
  readonly value: Fraction;
  /** Every number literal in the order of the text. */
  readonly literals: readonly string[];
}

export function fraction(numerator: bigint, denominator: bigint): Fraction {
  return denominator < 0n ? { numerator: -numerator, denominator: -denominator } : { numerator, denominator };
}

function add(a: Fraction, b: Fraction): Fraction {
  return fraction(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}

function negate(a: Fraction): Fraction {
  return fraction(-a.numerator, a.denominator);
}

function multiply(a: Fraction, b: Fraction): Fraction {
  return fraction(a.numerator * b.numerator, a.denominator * b.denominator);
}

const MAX_TOKENS = 200;

/**
 * Evaluates `+ - * / ( )` over non-negative integers with the usual precedence and unary minus, exactly. Bounded: at
 * most 200 tokens, so depth and size of the numbers are bounded, too. Anything else is a fault, never an exception.
 */
export function evaluateExpression(text: string): Evaluated | Fault {
  const tokens = text.match(/\d+|[-+*/()]|\S/g) ?? [];
  if (tokens.length > MAX_TOKENS) return fault('too-long', `an expression may have ${MAX_TOKENS} numbers and signs`);
  const reader = new Reader(tokens);
  const value = reader.sum();
  if (isFault(value)) return value;
  if (reader.peek() !== undefined) return fault('malformed', 'the answer is not an expression');
  return { value, literals: tokens.filter((token) => /^\d+$/.test(token)) };
}

/** Recursive descent; its depth is bounded by the number of tokens. */
class Reader {
  private position = 0;

  constructor(private readonly tokens: readonly string[]) {}

  peek(): string | undefined {
    return this.tokens[this.position];
  }

  sum(): Fraction | Fault {
    let left = this.product();
    while (!isFault(left) && (this.peek() === '+' || this.peek() === '-')) {
      const minus = this.tokens[this.position++] === '-';
      const right = this.product();
      if (isFault(right)) return right;
      left = add(left, minus ? negate(right) : right);
    }
    return left;
  }

  private product(): Fraction | Fault {
    let left = this.signed();
    while (!isFault(left) && (this.peek() === '*' || this.peek() === '/')) {
      const divides = this.tokens[this.position++] === '/';
      const right = this.signed();
      if (isFault(right)) return right;
      if (divides && right.numerator === 0n) return fault('division-by-zero', 'the answer divides by zero');
      left = multiply(left, divides ? fraction(right.denominator, right.numerator) : right);
    }
    return left;
  }

  private signed(): Fraction | Fault {
    const token = this.tokens[this.position++];
    if (token === '-') {
      const value = this.signed();
      return isFault(value) ? value : negate(value);
    }
    if (token === '(') {
      const value = this.sum();
      if (isFault(value)) return value;
      return this.tokens[this.position++] === ')' ? value : fault('malformed', 'a bracket is not closed');
    }
    if (token === undefined || !/^\d{1,30}$/.test(token)) return fault('malformed', 'the answer is not an expression');
    return { numerator: BigInt(token), denominator: 1n };
  }
}
