/** @file Plain arithmetic in model text, by Python's precedence. Read by scanning; nothing is evaluated as code. */

const MAX_LENGTH = 2_000;
const MAX_DEPTH = 50;
const MAX_EXPONENT = 1_000;

/** Ends the reading of text that is no arithmetic; never leaves this file. */
class NotArithmetic extends Error {}

class Reader {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  whole(): number {
    const value = this.sum();
    if (this.at < this.text.length) throw new NotArithmetic();
    return value;
  }

  private take(sign: string): boolean {
    if (!this.text.startsWith(sign, this.at)) return false;
    this.at += sign.length;
    return true;
  }

  private sum(): number {
    let value = this.term();
    for (;;) {
      if (this.take('+')) value += this.term();
      else if (this.take('-')) value -= this.term();
      else return value;
    }
  }

  private term(): number {
    let value = this.factor();
    for (;;) {
      if (this.take('//')) value = Math.floor(value / this.divisor());
      else if (this.take('/')) value /= this.divisor();
      else if (!this.text.startsWith('**', this.at) && this.take('*')) value *= this.factor();
      else return value;
    }
  }

  private divisor(): number {
    const value = this.factor();
    if (value === 0) throw new NotArithmetic();
    return value;
  }

  private factor(): number {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw new NotArithmetic();
    const value = this.take('-') ? -this.factor() : this.take('+') ? this.factor() : this.power();
    this.depth -= 1;
    return value;
  }

  private power(): number {
    const base = this.primary();
    if (!this.take('**')) return base;
    const exponent = this.factor();
    if (Math.abs(exponent) > MAX_EXPONENT) throw new NotArithmetic();
    return base ** exponent;
  }

  private primary(): number {
    if (this.take('(')) {
      this.depth += 1;
      if (this.depth > MAX_DEPTH) throw new NotArithmetic();
      const value = this.sum();
      if (!this.take(')')) throw new NotArithmetic();
      this.depth -= 1;
      return value;
    }
    const digits = /^(?:\d+\.?\d*|\.\d+)/.exec(this.text.slice(this.at, this.at + 40))?.[0];
    if (digits === undefined) throw new NotArithmetic();
    this.at += digits.length;
    return Number(digits);
  }
}

/** The value of digits, + - * / // ** and brackets; null for anything else and for a division by zero. */
export function evaluateArithmetic(expression: string): number | null {
  if (expression.length > MAX_LENGTH || !/^[\d+\-*/(). ]+$/.test(expression)) return null;
  // A blank between digits would join two numbers.
  if (/\d\s+\d/.test(expression)) return null;
  try {
    const value = new Reader(expression.replaceAll(' ', '')).whole();
    return Number.isFinite(value) ? value : null;
  } catch (thrown) {
    if (thrown instanceof NotArithmetic) return null;
    throw thrown;
  }
}
