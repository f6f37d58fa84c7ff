/**
 * @file Sentence boundaries after Kiss & Strunk (2006), "Unsupervised Multilingual Sentence Boundary Detection" (Punkt),
 * with fixed English data instead of trained tables: abbreviations, sentence starters, and the common words that tell a
 * sentence start from a name. One pass over the text; only the last {@link lookBehind} characters before a mark count.
 *
 * As in Punkt, a mark ends a sentence only before whitespace or a closing mark, `1.` before a capital is a sentence of
 * its own, and abbreviations the original has never met (`e.g.`, `etc.`) do end one: benchmarks count so.
 */
import { splitWhitespace } from './characters.js';

const lookBehind = 80;

const abbreviations = new Set(
  splitWhitespace(`
    dr mr mrs ms messrs prof sen rep reps gen col lt maj adm sr jr st ave
    jan feb sep sept oct nov dec aug tues wed fri
    ala ariz calif colo conn fla ga ill kan ky mich minn nev okla ore pa tenn va vt wash wis w.va
    n.c n.d n.h n.j n.m n.v n.y s.c r.i l.a d.c u.k u.n u.s u.s.a u.s.s.r
    co corp inc ltd bros cie mg chg vs yr ft ok ct cos sw ph.d m.b.a m.d.c a.d a.m p.m w.w
    s.p.a c.o.m.b i.m.s s.a a.a a.c a.g a.h a.m.e a.s a.t b.f b.v c.i.t c.v d.h d.w e.f e.h e.l e.m f.g f.j g.d g.f g.k
    h.c h.f h.m j.b j.c j.j j.k j.p j.r l.f l.p m.j p.a.m r.a r.h r.j r.k r.t s.a.y s.g s.s t.j w.c w.r
    c d e f g h k l m n p r s t v w`),
);

const sentenceStarters = new Set(
  splitWhitespace(`
    according although among and but despite even he however i if in indeed instead it many meanwhile moreover most
    nevertheless nonetheless nor sales separately similarly since so some the there these they this though thus under
    when while yet both`),
);

/** Words met in lower case and never as part of a name: their capital starts a sentence even after an abbreviation. */
const startingWords = new Set(
  splitWhitespace(`
    here her your which though unless so nor yet into between through without within were does therefore thus
    still such ten finally instead indeed please remember note using try consider begin think need ask yes
    overall furthermore moreover sometimes yesterday tomorrow anyone someone nothing things`),
);

/** Ordinary words: after a single letter and a period (`II. Background`, `set U. It`) they start a sentence; a name does not. */
const ordinaryWords = new Set([
  ...startingWords,
  ...splitWhitespace(`
    a an the this that these those there it its he she they we you his their our my who what when where why how
    whose if although because since while until after before once as but and or for of in on at by with from to
    over under about among during against is are was be been do did has have had can could will would should may
    might must not no also however then now even just only some any all each every both many most several few
    other another one two three four five six seven eight nine first second third last next meanwhile let make
    use take give get find keep add start see say tell want perhaps often usually today people children women
    men students everyone finish write read look listen brief overview background summary outline main key
    common basic general important minimal simple different possible new old good best history type list table
    figure part section chapter example purpose result method step way work life time day year world name
    problem question answer point case group number place company system program government money water food
    house school story book music film team`),
]);

const nonWord = ')";}]*:@\'({[?!‘’“”«»';
const sentenceEnd = '.?!';
const cannotStartWord = '("`{[:;&#*@)}]-,';
const closing = '"\')]}‘’“”«»';

/** The end of the token that starts at `start`, in the tokenisation that the boundary rules are defined on. */
function tokenEnd(word: string, start: number): number {
  const repeated = /(?:-{2,}|\.{2,})/y;
  repeated.lastIndex = start;
  if (repeated.test(word)) return repeated.lastIndex;
  if (cannotStartWord.includes(word.charAt(start))) return start + 1;
  for (let end = start + 1; end < word.length; end++) {
    const character = word.charAt(end);
    const next = word.charAt(end + 1);
    if (nonWord.includes(character)) return end;
    if ((character === '-' && next === '-') || (character === '.' && next === '.')) return end;
    if (character === ',' && (next === '' || nonWord.includes(next))) return end;
  }
  return word.length;
}

function tokens(word: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < word.length;) {
    const end = tokenEnd(word, at);
    found.push(word.slice(at, end));
    at = end;
  }
  return found;
}

type StartsSentence = 'yes' | 'no' | 'unknown';

/** Whether the spelling of the next token says that a sentence starts there. */
function startsSentence(next: string): StartsSentence {
  const first = next.charAt(0);
  if (';:,.!?'.includes(first) && next.length === 1) return 'no';
  if (/\p{Lu}/u.test(first)) return startingWords.has(next.replace(/\.$/, '').toLowerCase()) ? 'yes' : 'unknown';
  return /\p{Ll}/u.test(first) ? 'no' : 'unknown';
}

const initial = /^[\p{L}_]\.$/u;
const ellipsis = /\.\.+$/;
/** Endings of ordinary words rather than of names: tells a numbered heading (`I. Introduction`) from `J. Smith`. */
const ordinaryEnding =
  /(?:ing|tions?|sions?|ments?|ness|ity|ies|ed|ly|ive|ous|able|ible|al|ics?|ance|ence|ology|ves|ures?)$/u;
const numeral = /^-?[.,]?\d[\d,.-]*\.?$/;

/** Whether a token that ends with a period, or is a mark itself, closes a sentence before `next`. */
function isBreak(token: string, next: string): boolean {
  if (token === '?' || token === '!' || token === '.') return true;
  if (!token.endsWith('.')) return false;
  const isEllipsis = ellipsis.test(token);
  const type = token.slice(0, -1).toLowerCase();
  const isAbbreviation =
    !isEllipsis && (abbreviations.has(type) || abbreviations.has(type.slice(type.lastIndexOf('-') + 1)));
  const isInitial = initial.test(token);
  const start = startsSentence(next);
  if ((isAbbreviation || isEllipsis) && !isInitial) {
    return start === 'yes' || (/^\p{Lu}/u.test(next) && sentenceStarters.has(next.toLowerCase()));
  }
  if (isInitial) {
    if (start === 'no') return false;
    if (/^\p{Lu}/u.test(next) && !ordinaryWords.has(next.toLowerCase()) && !ordinaryEnding.test(next)) return false;
    return !isAbbreviation;
  }
  return !(numeral.test(token) && start === 'no');
}

/** Whether the mark at `at` may end a sentence: whitespace and more text, or a closing mark, must follow it. */
function isCandidate(run: string, at: number, nextRun: string | undefined): boolean {
  if (!sentenceEnd.includes(run.charAt(at))) return false;
  return at + 1 < run.length ? nonWord.includes(run.charAt(at + 1)) : nextRun !== undefined;
}

/** Whether a sentence ends after the candidate mark at `at`, judged by the tokens around it. */
function endsSentence(run: string, at: number, nextRun: string | undefined): boolean {
  // A question or exclamation mark, or a period on its own, is a token, and something follows it.
  if (run.charAt(at) !== '.' || at === 0) return true;
  const from = run.slice(Math.max(0, at + 1 - lookBehind), at + 1);
  const before = /^\w+\.$/.test(from) ? [from] : tokens(from);
  const after = at + 1 < run.length ? [run.charAt(at + 1)] : tokens((nextRun ?? '').slice(0, lookBehind));
  const sequence = [...before, ...after];
  return sequence.some((token, index) => index + 1 < sequence.length && isBreak(token, sequence[index + 1]!));
}

/** Indices just after the marks of `run` that end a sentence: its last candidate, and a mark that opens the run. */
function breaksIn(run: string, nextRun: string | undefined): number[] {
  let last = run.length - 1;
  while (last >= 0 && !isCandidate(run, last, nextRun)) last--;
  const candidates = last > 0 && isCandidate(run, 0, nextRun) ? [0, last] : last >= 0 ? [last] : [];
  return candidates.filter((at) => endsSentence(run, at, nextRun)).map((at) => at + 1);
}

/** Length of the closing marks at the start of a run that belong to the sentence before: `" He` gives 1. */
function closingLength(run: string): number {
  let length = 0;
  while (length < run.length && closing.includes(run.charAt(length))) length++;
  return length === run.length || run.startsWith('--', length) ? length : 0;
}

const wideBlank = /\s/u;
const anyMark = /[.?!]/g;

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 128) return code === 32 || (code >= 9 && code <= 13);
  return wideBlank.test(text.charAt(at));
}

/** The runs without whitespace that hold a mark, with the first characters of the run after each. */
function* markedRuns(
  text: string,
): Generator<{ start: number; run: string; nextStart: number; next: string | undefined }> {
  anyMark.lastIndex = 0;
  let mark = anyMark.exec(text)?.index ?? -1;
  let from = 0;
  while (mark >= 0) {
    let start = mark;
    while (start > from && !isBlank(text, start - 1)) start--;
    let end = mark + 1;
    while (end < text.length && !isBlank(text, end)) end++;
    let nextStart = end;
    while (nextStart < text.length && isBlank(text, nextStart)) nextStart++;
    let nextEnd = nextStart;
    while (nextEnd < text.length && nextEnd - nextStart < lookBehind && !isBlank(text, nextEnd)) nextEnd++;
    const next = nextStart < text.length ? text.slice(nextStart, nextEnd) : undefined;
    yield { start, run: text.slice(start, end), nextStart, next };
    from = end;
    anyMark.lastIndex = end;
    mark = anyMark.exec(text)?.index ?? -1;
  }
}

/**
 * The sentences of a text, in order, each without surrounding whitespace; line breaks inside a sentence are kept.
 * Empty for a text without any. Linear in the text's length.
 */
export function splitSentences(text: string): string[] {
  const sentences: string[] = [];
  let start = 0;
  const close = (end: number): void => {
    const sentence = text.slice(start, end).trim();
    if (sentence !== '') sentences.push(sentence);
    start = end;
  };
  for (const { start: runStart, run, nextStart, next } of markedRuns(text)) {
    for (const cut of breaksIn(run, next)) {
      // Closing marks that follow the sentence, set apart or not, belong to it.
      const inside = cut < run.length;
      const kept = closingLength(inside ? run.slice(cut) : (next ?? ''));
      const end = (inside || kept === 0 ? runStart + cut : nextStart) + kept;
      if (end > start) close(end);
    }
  }
  close(text.length);
  return sentences;
}
