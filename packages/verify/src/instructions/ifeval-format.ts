/** @file IFEval (arXiv 2311.07911): formats that can be seen in the text (lists, highlights, sections, JSON, titles). */
import { hasWhitespace, strip, stripWhile } from '../text/characters.js';
import { instruction, number, plainInstruction, text } from './instruction.js';

/**
 * Lines that start with a Markdown bullet: `*` (not `**`) or `-`. A `-` may be followed by anything, so a rule `---`
 * counts; a `*` that stands alone takes the next line as its item.
 */
function countBullets(response: string): number {
  const lines = response.split('\n').map((line) => stripWhile(line, hasWhitespace, 'start'));
  let count = lines.filter((line) => line.startsWith('-')).length;
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    if (!line.startsWith('*') || line.charAt(1) === '*') continue;
    if (line.length > 1) count++;
    else if (++index < lines.length) count++;
  }
  return count;
}

/** Non-empty `*spans*` and `**spans**` that open and close on one line. */
function countHighlights(response: string): number {
  const single = (response.match(/\*[^\n*]*\*/gu) ?? []).map((span) => span.slice(1, -1));
  const double = (response.match(/\*\*[^\n*]*\*\*/gu) ?? []).map((span) => span.slice(2, -2));
  return [...single, ...double].filter((body) => strip(body) !== '').length;
}

/** Number of `<splitter> <digits>` headings; one space character may stand before the digits, or none. */
function countSections(response: string, splitter: string): number {
  let count = 0;
  for (let at = response.indexOf(splitter); at >= 0; at = response.indexOf(splitter, at + splitter.length)) {
    if (/^\s?\d/u.test(response.slice(at + splitter.length, at + splitter.length + 3))) count++;
  }
  return count;
}

/** The text inside an optional Markdown fence. */
function unfence(response: string): string {
  let body = strip(response);
  for (const fence of ['```json', '```Json', '```JSON', '```'])
    if (body.startsWith(fence)) body = body.slice(fence.length);
  if (body.endsWith('```')) body = body.slice(0, -3);
  return strip(body);
}

function isJson(source: string): boolean {
  try {
    JSON.parse(source);
    return true;
  } catch {
    return false;
  }
}

/** A line with `<<title>>` whose title has something other than angle brackets and spaces. */
function hasTitle(response: string): boolean {
  return response.split('\n').some((line) => {
    const open = line.indexOf('<<');
    const close = line.lastIndexOf('>>');
    if (open < 0 || close < open + 3) return false;
    const inner = stripWhile(
      stripWhile(line.slice(open, close + 2), (c) => c === '<', 'start'),
      (c) => c === '>',
      'end',
    );
    return strip(inner) !== '';
  });
}

/** What stands outside the first to last asterisk of each line; null when no line has a starred span. */
function withoutChanges(source: string): string | null {
  let changed = false;
  const lines = source.split('\n').map((line) => {
    const open = line.indexOf('*');
    const close = line.lastIndexOf('*');
    if (open === close) return line;
    changed = true;
    return line.slice(0, open) + line.slice(close + 1);
  });
  return changed ? lines.join('\n') : null;
}

const allowedAnswers = ['My answer is yes.', 'My answer is no.', 'My answer is maybe.'];

export const ifevalFormat = {
  'detectable_format:number_bullet_lists': instruction(
    { num_bullets: number },
    (response, args) => countBullets(response) === args.num_bullets,
  ),
  'detectable_format:constrained_response': plainInstruction((response) =>
    allowedAnswers.some((answer) => response.includes(answer)),
  ),
  'detectable_format:number_highlighted_sections': instruction(
    { num_highlights: number },
    (response, args) => countHighlights(response) >= args.num_highlights,
  ),
  'detectable_format:multiple_sections': instruction(
    { section_spliter: text, num_sections: number },
    (response, args) => countSections(response, strip(args.section_spliter)) >= args.num_sections,
  ),
  'detectable_format:json_format': plainInstruction((response) => isJson(unfence(response))),
  'detectable_format:title': plainInstruction(hasTitle),
  /** Only what stands between asterisks may differ from the original message. */
  'detectable_format:rephrasing': instruction({ original_message: text }, (response, args) => {
    const kept = withoutChanges(response);
    return kept !== null && kept === withoutChanges(args.original_message);
  }),
};
