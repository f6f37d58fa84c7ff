import { DecodeStream } from '@touchstone/engine';

/** A token with the text that it made certain, which is empty within a character. */
export interface TextToken {
  readonly token: number;
  readonly logProb: number;
  readonly text: string;
}

/** The text of one answer as its tokens come: whole characters, cut before the first stop string. */
export class ChoiceText {
  private readonly stream: DecodeStream;
  /** Tokens whose text may be the beginning of a stop string. */
  private held: TextToken[] = [];
  private ended = false;

  constructor(
    decode: (tokens: Int32Array) => string,
    private readonly stops: readonly string[],
  ) {
    this.stream = new DecodeStream((ids) => decode(Int32Array.from(ids)));
  }

  /** Tokens whose text is certain now. */
  push(token: number, logProb: number): TextToken[] {
    if (this.ended) return [];
    this.held.push({ token, logProb, text: this.stream.push(token) });
    return this.release(false);
  }

  /** What is left at the end. */
  finish(): TextToken[] {
    if (this.ended) return [];
    const rest = this.stream.flush();
    const last = this.held.pop();
    // A character that was never completed belongs to the last token; the tokens before it may be out already.
    if (last !== undefined) this.held.push({ ...last, text: last.text + rest });
    return this.release(true);
  }

  private release(all: boolean): TextToken[] {
    const text = this.held.map((each) => each.text).join('');
    const cut = firstOf(text, this.stops);
    this.ended ||= all || cut !== undefined;
    // A token without text may be part of a character that is still to come.
    const certain = all ? this.held.length : this.held.findLastIndex((each) => each.text !== '') + 1;
    const safe = cut ?? (all ? text.length : text.length - undecided(text, this.stops));
    const out: TextToken[] = [];
    let at = 0;
    for (const next of this.held.slice(0, certain)) {
      const end = at + next.text.length;
      // A token that only partly stands before the stop string is kept with that part.
      if (end > safe && (cut === undefined || at >= safe)) break;
      out.push({ ...next, text: next.text.slice(0, safe - at) });
      this.held.shift();
      at = end;
    }
    return out;
  }
}

/** Where the first of `stops` begins in `text`. */
function firstOf(text: string, stops: readonly string[]): number | undefined {
  const found = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
  return found.length === 0 ? undefined : Math.min(...found);
}

/** Length of the longest end of `text` with which a stop string begins. */
function undecided(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}
