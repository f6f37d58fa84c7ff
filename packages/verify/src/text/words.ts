/**
 * @file English word tokens after the Penn Treebank conventions: punctuation apart, contractions split (`do` `n't`,
 * `she` `'s`), opening and closing double quotes written as ` `` ` and `''`. Linear in the text's length.
 */
import { splitWhitespace } from './characters.js';
import { splitSentences } from './sentences.js';

/** Marks that stand alone wherever they occur. */
const alone = new Set(';@#$%&?!*[](){}<>«“‘„»”’‒–—―');
/** Everything that can make a chunk more than one token, its final period aside. */
const special = /[;@#$%&?!*[\](){}<>«“‘„»”’‒–—―`"',:]|--|\.\./;
const clitic = /(?:'[smd]|'|'ll|'re|'ve|n't)$/i;
const opened = /^'(?!(?:re|ve|ll|m|t|s|d|n)(?![\p{L}\p{N}_]))[\p{L}\p{N}_]/iu;
/** Words written as one that are two, by the length of their first part. */
const fused: ReadonlyMap<string, number> = new Map(
  Object.entries({
    cannot: 3,
    gimme: 3,
    gonna: 3,
    gotta: 3,
    lemme: 3,
    wanna: 3,
    "d'ye": 1,
    "more'n": 4,
    "'tis": 2,
    "'twas": 2,
  }),
);

/** Adds one piece without marks of its own: a word and its clitics. */
function addWord(word: string, found: string[]): void {
  if (word === '') return;
  const cut = word.length <= 6 ? fused.get(word.toLowerCase()) : undefined;
  if (cut !== undefined) {
    found.push(word.slice(0, cut), word.slice(cut));
    return;
  }
  if (!word.includes("'")) {
    found.push(word);
    return;
  }
  const ending = clitic.exec(word);
  if (ending !== null && ending.index > 0 && word.charAt(ending.index - 1) !== "'") {
    addWord(word.slice(0, ending.index), found);
    found.push(ending[0]);
  } else if (opened.test(word)) {
    found.push("'");
    addWord(word.slice(1), found);
  } else {
    found.push(word);
  }
}

/** Closing marks that may stand between the last period of a sentence and its end. */
const afterLastPeriod = ']})>"\'»”’ ';

/** Index of the period that ends the sentence (before closing marks), or -1; a second period before it keeps it whole. */
function finalPeriod(chunk: string): number {
  let at = chunk.length - 1;
  while (at >= 0 && afterLastPeriod.includes(chunk.charAt(at))) at--;
  return at > 0 && chunk.charAt(at) === '.' && chunk.charAt(at - 1) !== '.' ? at : -1;
}

function repeatLength(chunk: string, at: number): number {
  let end = at + 1;
  while (chunk.charAt(end) === chunk.charAt(at)) end++;
  return end - at;
}

/** Length of the stand-alone mark at `at`, 0 when the character belongs to a word. */
function markLength(chunk: string, at: number): number {
  const character = chunk.charAt(at);
  if (alone.has(character) || character === '"') return 1;
  const next = chunk.charAt(at + 1);
  if (character === '`') return repeatLength(chunk, at);
  if (character === '.') return next === '.' ? repeatLength(chunk, at) : 0;
  if (character === '-' || character === "'") return next === character ? 2 : 0;
  if (character === ':' || character === ',') return next >= '0' && next <= '9' ? 0 : 1;
  return 0;
}

/** Adds the tokens of one piece between whitespace; `isLast` says that the sentence ends with it. */
function addChunk(chunk: string, isLast: boolean, found: string[]): void {
  const period = isLast ? finalPeriod(chunk) : -1;
  if (period < 0 && !special.test(chunk)) {
    addWord(chunk, found);
    return;
  }
  let start = 0;
  for (let at = 0; at < chunk.length;) {
    const length = at === period ? 1 : markLength(chunk, at);
    if (length === 0) {
      at++;
      continue;
    }
    addWord(chunk.slice(start, at), found);
    const mark = chunk.slice(at, at + length);
    const opens = at === 0 || '([{<'.includes(chunk.charAt(at - 1));
    found.push(mark === '"' || mark === "''" ? (opens ? '``' : "''") : mark);
    at += length;
    start = at;
  }
  addWord(chunk.slice(start), found);
}

function closesOnly(chunk: string): boolean {
  for (let at = 0; at < chunk.length; at++) if (!afterLastPeriod.includes(chunk.charAt(at))) return false;
  return true;
}

function addSentence(sentence: string, found: string[]): void {
  const chunks = splitWhitespace(sentence);
  let last = chunks.length - 1;
  // A sentence may end with marks set apart (`Yes. "`): its final period is then in an earlier piece.
  while (last > 0 && closesOnly(chunks[last]!)) last--;
  for (let index = 0; index < chunks.length; index++) addChunk(chunks[index]!, index === last, found);
}

/** Tokens of one sentence. */
export function tokenizeSentence(sentence: string): string[] {
  const found: string[] = [];
  addSentence(sentence, found);
  return found;
}

/** Tokens of a text, sentence by sentence. */
export function tokenizeWords(text: string): string[] {
  const found: string[] = [];
  for (const sentence of splitSentences(text)) addSentence(sentence, found);
  return found;
}

/** The first token of a text, without tokenising the rest; null for a text without words. */
export function firstToken(text: string): string | null {
  const chunk = /\S{1,200}/u.exec(text)?.[0];
  if (chunk === undefined) return null;
  const found: string[] = [];
  addChunk(chunk, false, found);
  return found[0] ?? null;
}
