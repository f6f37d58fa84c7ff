import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { containsWord, isUpperCase, splitWhitespace, stripPunctuation, toAscii, wordRuns } from './characters.js';
import { detectLanguage } from './language.js';
import { splitSentences } from './sentences.js';
import { countSyllables } from './syllables.js';
import { tokenizeWords } from './words.js';

describe('splitSentences', () => {
  test.each([
    ['I ran. You sat! Why? Yes', ['I ran.', 'You sat!', 'Why?', 'Yes']],
    [
      'Dr. Lee met Mr. A. Smith on Jan. 5 at 3.15 p.m. today.',
      ['Dr. Lee met Mr. A. Smith on Jan. 5 at 3.15 p.m. today.'],
    ],
    ['He said "go." Then he left.', ['He said "go."', 'Then he left.']],
    ['See v1.2.3 of app.js. It runs.', ['See v1.2.3 of app.js.', 'It runs.']],
    ['II. Background\nThe set U. It is big.', ['II.', 'Background\nThe set U.', 'It is big.']],
    ['1. First point\n2. Second point', ['1.', 'First point\n2.', 'Second point']],
    ['Wait... what? (Yes.) No.', ['Wait... what?', '(Yes.)', 'No.']],
    [' \n ', []],
  ])('%j', (text, expected) => {
    expect(splitSentences(text)).toEqual(expected);
  });

  test('loses nothing but whitespace', () => {
    const text = fc.array(fc.constantFrom('a', 'B', '.', '?', '!', ' ', '\n', '"', ')', 'Dr.', '1.', '...', '-'), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, (pieces) => {
        const source = pieces.join('');
        expect(splitSentences(source).join('').replace(/\s/g, '')).toBe(source.replace(/\s/g, ''));
      }),
    );
  });
});

describe('tokenizeWords', () => {
  test.each([
    ["She doesn't know, does she?", ['She', 'does', "n't", 'know', ',', 'does', 'she', '?']],
    ['It cost $3.50 (or 1,000 yen).', ['It', 'cost', '$', '3.50', '(', 'or', '1,000', 'yen', ')', '.']],
    ["'Tis Bob's; I cannot--really", ["'T", 'is', 'Bob', "'s", ';', 'I', 'can', 'not', '--', 'really']],
    ['"Hi," she said.', ['``', 'Hi', ',', "''", 'she', 'said', '.']],
  ])('%j', (text, expected) => {
    expect(tokenizeWords(text)).toEqual(expected);
  });
});

describe('detectLanguage', () => {
  test.each([
    ['en', 'THE WEATHER IS FINE AND WE ARE HERE.'],
    ['es', 'Desayunamos en casa y luego vamos al mercado.'],
    ['pt', 'O cachorro correu atrás do gato e não voltou.'],
    ['fr', 'Bonjour tout le monde, je suis dans la rue.'],
    ['de', 'Der Hund läuft schnell durch den Garten.'],
    ['it', 'Mi piace molto la pizza che fa mia madre.'],
    ['fi', 'Minä pidän kahvista, mutta hän ei.'],
    ['sw', 'Habari ya asubuhi, watu wote wa hapa.'],
    ['vi', 'Tôi thích ăn phở với bạn.'],
    ['pl', 'Lubię jeść jabłka, ale nie gruszki.'],
    ['ru', 'Привет, как дела?'],
    ['uk', 'Привіт, як справи?'],
    ['bg', 'Това е хубав ден и аз съм тук.'],
    ['fa', 'سلام، حال شما چطور است؟'],
    ['ur', 'آپ کیسے ہیں؟'],
    ['ar', 'مرحبا كيف حالك في هذا اليوم'],
    ['mr', 'तू कसा आहेस? मला हे आवडते आहे.'],
    ['hi', 'आप कैसे हैं और क्या कर रहे हैं?'],
    ['ja', '今日は良い天気です。'],
    ['zh', '今天天气很好。'],
    ['ko', '안녕하세요'],
    ['und', 'xq zzt'],
  ])('%s', (language, text) => {
    expect(detectLanguage(text)).toBe(language);
  });

  test('says nothing of a text without letters', () => {
    expect(detectLanguage('1, 2, 3!')).toBeNull();
  });
});

describe('countSyllables', () => {
  test.each([
    ['cat', 1],
    ['table', 2],
    ['walked', 1],
    ['wanted', 2],
    ['science', 2],
    ['beautiful', 3],
    ['unique', 2],
    ['statement', 2],
    ['self-made', 2],
    ['7th', 0],
  ])('%s has %d', (word, count) => {
    expect(countSyllables(word)).toBe(count);
  });
});

describe('characters', () => {
  test('words end at Unicode boundaries', () => {
    expect(containsWord('una canción', 'canci')).toBe(false);
    expect(containsWord('(cat)', 'cat')).toBe(true);
    expect(wordRuns("don't stop_it, né?")).toEqual(['don', 't', 'stop_it', 'né']);
    expect(splitWhitespace(' a\u00a0b\u2003c ')).toEqual(['a', 'b', 'c']);
  });

  test('letter case needs a letter', () => {
    expect([isUpperCase('A1!'), isUpperCase('1!'), isUpperCase('Aa')]).toEqual([true, false, false]);
    expect(stripPunctuation(' ("a.b") ')).toBe('a.b');
    expect(toAscii('São Tomé – 1')).toBe('Sao Tome  1');
  });
});
