/** What announces an answer, from the most to the least explicit. All in lower case. */
const finalPhrases = ['final answer is', 'final answer:', 'final answer**', 'final answer'] as const;

const englishPhrases = [
  'answer is',
  'answers are',
  'answer:',
  'answer**:',
  'answer =',
  'answer should be',
  'answer would be',
  'answer must be',
] as const;

const otherPhrases = [
  'respuesta es',
  'respuesta:',
  'resposta:',
  'antwort ist',
  'antwort:',
  'antwort lautet',
  'jawabannya adalah',
  'cevap:',
  '答案是',
  '答案为',
  '答案：',
  '答案:',
  'réponse est',
  'réponse :',
  'resposta é',
  'risposta è',
  'ответ:',
  'ответ —',
  '정답은',
  '答えは',
  'उत्तर है',
  'उत्तर:',
  'respuesta correcta es',
  'opción correcta es',
  'resposta correta é',
  'risposta corretta è',
  'risposta:',
  'réponse correcte est',
  'réponse:',
  'antwoord is',
  'antwoord:',
  'svaret är',
  'odpowiedź:',
  'odpowiedź to',
  'ответ -',
  'cevap',
  'jawaban yang benar adalah',
  'jawaban:',
  'đáp án là',
  'đáp án:',
  'الجواب هو',
  'الإجابة هي',
  'الإجابة:',
  'คำตอบคือ',
  '正解は',
  '正確答案是',
  '答案應該是',
  '答案应该是',
  '정답:',
] as const;

/** How far back from the end an announcement is looked for. */
const REACH = 50_000;

export interface Announcement {
  /** Where the announcement itself starts. */
  readonly at: number;
  /** Where the announced text starts and ends: to the end of its sentence or line. */
  readonly start: number;
  readonly end: number;
}

function lastOf(lower: string, candidates: readonly string[], from: number): { at: number; length: number } | null {
  let found: { at: number; length: number } | null = null;
  for (const candidate of candidates) {
    const at = lower.lastIndexOf(candidate);
    if (at < from) continue;
    if (found === null || at > found.at || (at === found.at && candidate.length > found.length)) {
      found = { at, length: candidate.length };
    }
  }
  return found;
}

function isSentenceEnd(text: string, at: number): boolean {
  const char = text[at];
  if (char === '。' || char === '！') return true;
  if (char !== '.' && char !== '!' && char !== '?') return false;
  const next = text[at + 1];
  if (next === undefined || next === '\n') return true;
  if (next !== ' ') return false;
  const after = text[at + 2];
  return after === undefined || /[A-Z<*\n]/.test(after);
}

/** Passes over `:`, emphasis, blanks and one "is" or "therefore" after the announcement. */
function contentStart(text: string, from: number): number {
  let at = from;
  for (;;) {
    while (at < text.length && ': *_\t\n=-—"\''.includes(text[at] ?? '') && !isSign(text, at)) at += 1;
    const word = /^(?:is|are|that|therefore|simply|indeed|thus|just)\s/i.exec(text.slice(at, at + 12));
    if (word === null) return at;
    at += word[0].length;
  }
}

function isSign(text: string, at: number): boolean {
  return text[at] === '-' && /[\d.\\$({a-zA-Z]/.test(text[at + 1] ?? ' ');
}

function contentEnd(text: string, start: number): number {
  let at = start;
  // A formula over several lines is one content; a sentence ends only outside it.
  let depth = 0;
  for (; at < text.length && at - start < 2_000; at += 1) {
    const char = text[at];
    if (char === '\\') {
      if (text.startsWith('\\[', at) || text.startsWith('\\begin', at)) depth += 1;
      if (text.startsWith('\\]', at) || text.startsWith('\\end', at)) depth -= 1;
      at += 1;
    } else if (char === '{') depth += 1;
    else if (char === '}') depth -= 1;
    else if (depth <= 0 && (char === '\n' || isSentenceEnd(text, at))) break;
  }
  return at;
}

/** The end of a text in lower case; a few letters change their length there, and offsets would then be wrong. */
function lowered(text: string, base: number): string {
  const tail = text.slice(base);
  const lower = tail.toLowerCase();
  return lower.length === tail.length ? lower : tail;
}

function announcement(
  text: string,
  base: number,
  found: { readonly at: number; readonly length: number } | null,
): Announcement | null {
  if (found === null) return null;
  const at = base + found.at;
  const start = contentStart(text, at + found.length);
  return { at, start, end: contentEnd(text, start) };
}

/** The last "final answer is", or null. */
export function finalAnnouncement(text: string, from: number): Announcement | null {
  const base = Math.max(from, text.length - REACH);
  const lower = lowered(text, base);
  return lower.includes('final answer') ? announcement(text, base, lastOf(lower, finalPhrases, 0)) : null;
}

/** The last "the answer is" in one of several languages, or null. */
export function answerAnnouncement(text: string, from: number): Announcement | null {
  const base = Math.max(from, text.length - REACH);
  const lower = lowered(text, base);
  const english = lower.includes('answer') ? lastOf(lower, englishPhrases, 0) : null;
  return announcement(text, base, english ?? lastOf(lower, otherPhrases, 0));
}
