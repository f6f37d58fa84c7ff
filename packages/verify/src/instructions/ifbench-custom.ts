/** @file IFBench (arXiv 2507.02833): tasks with one fixed question each (lists, CSV tables, quizzes, reversed answers). */
import {
  removePunctuation,
  splitWhitespace,
  strip,
  stripPunctuation,
  stripWhile,
  toAscii,
} from '../text/characters.js';
import { splitSentences } from '../text/sentences.js';
import { parseDelimited } from './csv.js';
import { plainInstruction } from './instruction.js';
import { northernCapitals } from './lexicon.js';

function sameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((entry, index) => entry === right[index]);
}

const questionLabel = /Question \d+[.|):;]?\s*/u;
const optionLine = /^[A-Ea-e][.|)]\s*[\p{L}\p{N}_]/u;

/** Length of the text before the first option, or null unless the question has exactly five options. */
function questionLength(question: string): number | null {
  const lines = question.split('\n').map(strip);
  const firstOption = lines.findIndex((line) => optionLine.test(line));
  if (lines.filter((line) => optionLine.test(line)).length !== 5) return null;
  return [...lines.slice(0, firstOption).join(' ').trim()].length;
}

/** Four questions labelled `Question n`, five options each, every question longer than the one before. */
function isQuiz(response: string): boolean {
  if (!response.startsWith('Question')) return false;
  const questions = response
    .split(questionLabel)
    .map(strip)
    .filter((part) => part !== '');
  const lengths = questions.map(questionLength);
  return (
    lengths.length === 4 &&
    lengths.every((length, index) => length !== null && (index === 0 || length > (lengths[index - 1] ?? Infinity)))
  );
}

/** From the line with Zimbabwe on, at least 52 lines in reverse alphabetical order. */
function isReversedList(response: string): boolean {
  const lines = response
    .split('\n')
    .map((line) => stripPunctuation(line))
    .filter((line) => line !== '');
  const start = lines.findIndex((line) => line.includes('Zimbabwe'));
  if (start < 0 || lines.length - start < 52) return false;
  const names = lines.slice(start).map(toAscii);
  return names.every((name, index) => index === 0 || name <= names[index - 1]!);
}

function startsThroughAlphabet(response: string): boolean {
  const sentences = splitSentences(response);
  return (
    sentences.length === 26 &&
    sentences.every((sentence, index) => sentence.charAt(0).toLowerCase() === String.fromCharCode(97 + index))
  );
}

/** A header line of the given names, each quoted or not, with optional blanks after the delimiter. */
function hasHeader(response: string, delimiter: string, names: readonly string[]): boolean {
  const fields = strip(response.split('\n', 1)[0]!).split(delimiter);
  return sameList(
    fields.map((field, index) =>
      (index === 0 ? field : stripWhile(field, (c) => c === ' ' || c === '\t', 'start')).replace(/^"(.*)"$/u, '$1'),
    ),
    names,
  );
}

/** A quoted field with something other than letters, digits and blanks between its first and last quote. */
function isQuotedWithSpecial(field: string): boolean {
  const line = field.split('\n', 1)[0]!;
  return line.startsWith('"') && /[^\p{L}\p{N}_\s]/u.test(line.slice(1, Math.max(1, line.lastIndexOf('"'))));
}

/** Doubling every quote makes the reader keep them, so that quoted fields can be told apart. */
function parseKeepingQuotes(response: string, delimiter: string): string[][] {
  return parseDelimited(response.replaceAll('"', '"""'), delimiter);
}

const products = ['ProductID', 'Category', 'Brand', 'Price', 'Stock'];
const students = ['StudentID', 'Subject', 'Grade', 'Semester', 'Score'];

function isProductTable(response: string): boolean {
  if (!hasHeader(response, ',', products)) return false;
  const rows = parseKeepingQuotes(response, ',');
  if (rows.length !== 15) return false;
  // Rows after the first with a special field are not looked at, as in the original.
  const special = rows.findIndex((row, index) => index > 0 && row.some(isQuotedWithSpecial));
  return special > 0 && rows.slice(1, special + 1).every((row) => row.length === 5);
}

function isQuotedTable(response: string): boolean {
  if (!hasHeader(response, '\t', students)) return false;
  const rows = parseKeepingQuotes(response, '\t');
  const isQuoted = (field: string): boolean => strip(field).startsWith('"') && strip(field).endsWith('"');
  return rows.length === 4 && rows.every((row) => row.length === 5 && row.every(isQuoted));
}

const longestMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A date as `YYYY-MM-DD` in Napoleon's lifetime (1769 to 1821). */
function isNapoleonicDate(source: string): boolean {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(strip(source));
  if (found === null) return false;
  const [year, month, day] = found.slice(1).map(Number) as [number, number, number];
  return year >= 1769 && year <= 1821 && month <= 12 && day <= (longestMonth[month - 1] ?? Infinity);
}

export const ifbenchCustom = {
  'custom:multiples': plainInstruction((response) =>
    sameList(response.match(/\p{Nd}+/gu) ?? [], ['14', '21', '28', '35', '42', '49']),
  ),
  'custom:mcq_count_length': plainInstruction(isQuiz),
  'custom:reverse_newline': plainInstruction(isReversedList),
  'custom:word_reverse': plainInstruction((response) =>
    splitWhitespace(removePunctuation(response.toLowerCase())).reverse().join(' ').includes('bald eagle'),
  ),
  'custom:character_reverse': plainInstruction((response) => response.toLowerCase().includes('elgae dlab')),
  'custom:sentence_alphabet': plainInstruction(startsThroughAlphabet),
  'custom:european_capitals_sort': plainInstruction((response) =>
    sameList(
      toAscii(response)
        .split(',')
        .map(strip)
        .filter((name) => name !== ''),
      northernCapitals,
    ),
  ),
  'custom:csv_city': plainInstruction((response) => {
    const [header, ...rows] = parseDelimited(response, ',');
    return (
      sameList(header ?? [], ['ID', 'Country', 'City', 'Year', 'Count']) &&
      rows.length === 7 &&
      rows.every((row) => row.length === 5)
    );
  }),
  'custom:csv_special_character': plainInstruction(isProductTable),
  'custom:csv_quotes': plainInstruction(isQuotedTable),
  'custom:date_format_list': plainInstruction((response) => strip(response).split(',').every(isNapoleonicDate)),
};
