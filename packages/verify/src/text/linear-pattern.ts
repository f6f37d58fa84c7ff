/**
 * @file Regular expressions that cannot run away: JavaScript's own syntax without what has no linear bound (lookaround,
 * back references), matched by stepping through all readings at once (Thompson 1968) instead of backtracking. For
 * patterns that come with a task and run over what a model wrote. Only whether a text matches, not where.
 */

/** Most steps of one match; a text that is too long for its pattern within them does not match. */
const MOST_STEPS = 500_000;

/** Most instructions of a pattern, once its counted repetitions are written out. */
const MOST_INSTRUCTIONS = 2000;

type Assertion = '^' | '$' | '\\b' | '\\B';

type Node =
  | { readonly kind: 'character'; readonly atom: string }
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  | { readonly kind: 'sequence' | 'choice'; readonly items: readonly Node[] }
  | { readonly kind: 'repeat'; readonly item: Node; readonly least: number; readonly most: number };

type Instruction =
  | { readonly kind: 'character'; readonly accepts: (code: number) => boolean }
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  | { readonly kind: 'split'; readonly targets: readonly number[] }
  | { readonly kind: 'match' };

/** A pattern that this file does not run; the message says why. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/** Reads the syntax of a pattern that JavaScript accepts. */
class PatternReader {
  private at = 0;

  constructor(private readonly source: string) {}

  read(): Node {
    const items = [this.readSequence()];
    while (this.source.charAt(this.at) === '|') {
      this.at++;
      items.push(this.readSequence());
    }
    return { kind: 'choice', items };
  }

  private readSequence(): Node {
    const items: Node[] = [];
    while (this.at < this.source.length && !'|)'.includes(this.source.charAt(this.at))) {
      items.push(this.readQuantified(this.readTerm()));
    }
    return { kind: 'sequence', items };
  }

  private take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }

  private readTerm(): Node {
    if (this.take(/\(\?<?[=!]/y) !== null) throw new PatternError('lookaround has no linear bound');
    if (this.take(/\\(?:[1-9]|k<)/y) !== null) throw new PatternError('a back reference has no linear bound');
    if (this.take(/\((?:\?(?::|<\w+>))?/y) !== null) {
      const inner = this.read();
      this.at++;
      return inner;
    }
    const assertion = this.take(/[\^$]|\\[bB]/y)?.[0];
    if (assertion !== undefined) return { kind: 'assertion', assertion: assertion as Assertion };
    const atom = this.take(/\[(?:\\[^]|[^\]\\])*\]|\\(?:x[\da-f]{2}|u[\da-f]{4}|c[a-z]|[^])|[^]/iy)?.[0] ?? '';
    return { kind: 'character', atom };
  }

  private readQuantified(item: Node): Node {
    const found = this.take(/(?:([*+?])|\{(\d+)(,(\d*))?\})\??/y);
    if (found === null) return item;
    const [, sign, least = '', comma, most = ''] = found;
    if (sign !== undefined)
      return { kind: 'repeat', item, least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Infinity };
    const upper = comma === undefined ? Number(least) : most === '' ? Infinity : Number(most);
    return { kind: 'repeat', item, least: Number(least), most: upper };
  }
}

class Compiler {
  readonly program: Instruction[] = [];

  constructor(private readonly ignoreCase: boolean) {}

  add(node: Node): void {
    switch (node.kind) {
      case 'character':
        this.push({ kind: 'character', accepts: acceptor(node.atom, this.ignoreCase) });
        return;
      case 'assertion':
        this.push(node);
        return;
      case 'sequence':
        for (const item of node.items) this.add(item);
        return;
      case 'choice':
        this.addChoice(node.items);
        return;
      case 'repeat':
        this.addRepeat(node);
    }
  }

  private push(instruction: Instruction): number {
    if (this.program.length >= MOST_INSTRUCTIONS) {
      throw new PatternError(`at most ${MOST_INSTRUCTIONS} characters, with repetitions written out`);
    }
    return this.program.push(instruction) - 1;
  }

  private addChoice(items: readonly Node[]): void {
    const [first, ...rest] = items;
    if (first === undefined) return;
    if (rest.length === 0) {
      this.add(first);
      return;
    }
    const split = this.push({ kind: 'split', targets: [] });
    this.add(first);
    const jump = this.push({ kind: 'split', targets: [] });
    const other = this.program.length;
    this.addChoice(rest);
    this.program[split] = { kind: 'split', targets: [split + 1, other] };
    this.program[jump] = { kind: 'split', targets: [this.program.length] };
  }

  private addRepeat({ item, least, most }: Extract<Node, { kind: 'repeat' }>): void {
    for (let i = 0; i < least; i++) this.add(item);
    if (most === Infinity) {
      const split = this.push({ kind: 'split', targets: [] });
      this.add(item);
      this.push({ kind: 'split', targets: [split] });
      this.program[split] = { kind: 'split', targets: [split + 1, this.program.length] };
      return;
    }
    const splits: number[] = [];
    for (let i = least; i < most; i++) {
      splits.push(this.push({ kind: 'split', targets: [] }));
      this.add(item);
    }
    for (const split of splits) this.program[split] = { kind: 'split', targets: [split + 1, this.program.length] };
  }
}

/** Whether one UTF-16 unit is what an atom stands for: JavaScript's own answer, asked once for each unit. */
function acceptor(atom: string, ignoreCase: boolean): (code: number) => boolean {
  const alone = new RegExp(`^${atom}$`, ignoreCase ? 'i' : '');
  const known = new Map<number, boolean>();
  return (code) => {
    const before = known.get(code);
    if (before !== undefined) return before;
    const accepted = alone.test(String.fromCharCode(code));
    known.set(code, accepted);
    return accepted;
  };
}

const lineEnds = '\n\r\u2028\u2029';

function isWord(text: string, at: number): boolean {
  return /^\w$/.test(text.charAt(at));
}

interface Reached {
  readonly waiting: readonly number[];
  readonly steps: number;
}

/** A pattern whose matching takes time in proportion to the text. */
export class LinearPattern {
  private readonly program: readonly Instruction[];
  private readonly multiline: boolean;

  /** Throws a `SyntaxError` where JavaScript does, and a `PatternError` for what has no linear bound. Flags: i, m. */
  constructor(source: string, flags: '' | 'i' | 'm' | 'im' = '') {
    void new RegExp(source, flags);
    const compiler = new Compiler(flags.includes('i'));
    compiler.add(new PatternReader(source).read());
    this.program = [...compiler.program, { kind: 'match' }];
    this.multiline = flags.includes('m');
  }

  /** Whether the pattern matches anywhere in the text. */
  test(text: string): boolean {
    const seen = new Int32Array(this.program.length).fill(-1);
    let current: number[] = [];
    let steps = 0;
    for (let at = 0; at <= text.length; at++) {
      // Every place may be where a match begins.
      current.push(0);
      const reached = this.follow(current, text, at, seen);
      if (reached === null) return true;
      steps += reached.steps;
      if (steps > MOST_STEPS) return false;
      const code = text.charCodeAt(at);
      current = [];
      for (const index of reached.waiting) {
        const instruction = this.program[index];
        if (instruction?.kind === 'character' && at < text.length && instruction.accepts(code)) current.push(index + 1);
      }
    }
    return false;
  }

  /** The instructions that wait for a character, from these on without taking one; null when a match is among them. */
  private follow(stack: number[], text: string, at: number, seen: Int32Array): Reached | null {
    const waiting: number[] = [];
    let steps = 0;
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      steps++;
      if (seen[index] === at) continue;
      seen[index] = at;
      const instruction = this.program[index];
      if (instruction === undefined || instruction.kind === 'match') return null;
      if (instruction.kind === 'character') waiting.push(index);
      else if (instruction.kind === 'split') stack.push(...instruction.targets);
      else if (this.holds(instruction.assertion, text, at)) stack.push(index + 1);
    }
    return { waiting, steps };
  }

  private holds(assertion: Assertion, text: string, at: number): boolean {
    switch (assertion) {
      case '^':
        return at === 0 || (this.multiline && lineEnds.includes(text.charAt(at - 1)));
      case '$':
        return at === text.length || (this.multiline && lineEnds.includes(text.charAt(at)));
      case '\\b':
        return isWord(text, at - 1) !== isWord(text, at);
      case '\\B':
        return isWord(text, at - 1) === isWord(text, at);
    }
  }
}
