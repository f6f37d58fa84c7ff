import { Tokenizer } from '@touchstone/engine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corpusDocument } from './corpus.js';
import { buildTokenizer } from './tokenizer.js';

const files = buildTokenizer();
const tokenizer = new Tokenizer(JSON.parse(files['tokenizer.json']), JSON.parse(files['tokenizer_config.json']));

const tokens = (text: string): (string | undefined)[] =>
  Array.from(tokenizer.encode(text), (id) => tokenizer.idToToken(id));

describe('buildTokenizer', () => {
  it('stays small and has its special tokens first', () => {
    expect(tokenizer.vocabSize).toBe(109);
    expect([tokenizer.padTokenId, tokenizer.eosTokenId, tokenizer.tokenToId('<unk>')]).toEqual([0, 1, 2]);
  });

  it('keeps every digit and every letter of a working alone, and a few words whole', () => {
    expect(tokens('make 23 from 5 31\n')).toEqual(['make ', '2', '3', ' from ', '5', ' ', '3', '1', '\n']);
    expect(tokens('47+9=?\n')).toEqual(['4', '7', '+', '9', '=?', '\n']);
    expect(tokens('path A F: AB BF\nA:B\n#### ABF')).toEqual([
      'path ',
      'A',
      ' ',
      'F',
      ':',
      ' ',
      'A',
      'B',
      ' ',
      'B',
      'F',
      '\n',
      'A',
      ':',
      'B',
      '\n',
      '#### ',
      'A',
      'B',
      'F',
    ]);
  });

  it('gives back every text of printable ASCII and line breaks, with no more tokens than characters', () => {
    const ascii = fc.string({
      unit: fc.constantFrom('\n', ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))),
    });
    fc.assert(
      fc.property(ascii, (text) => {
        fc.pre(!/<(pad|eos|unk)>/.test(text));
        const ids = tokenizer.encode(text);
        expect(tokenizer.decode(ids)).toBe(text);
        expect(ids.length).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  it('gives one unknown token for every other code point', () => {
    expect(tokens('1é漢😀\t2')).toEqual(['1', '<unk>', '<unk>', '<unk>', '<unk>', '2']);
    fc.assert(
      fc.property(fc.array(fc.nat(0x10ffff)), (codePoints) => {
        const text = String.fromCodePoint(...codePoints);
        expect(tokenizer.encode(text).length).toBeLessThanOrEqual([...text].length);
      }),
    );
  });

  it('spells the whole corpus without an unknown token', () => {
    for (let index = 0; index < 200; index++) {
      const { prompt, response } = corpusDocument(1, index);
      expect(tokens(prompt + response)).not.toContain('<unk>');
      expect(tokenizer.decode(tokenizer.encode(prompt + response))).toBe(prompt + response);
    }
  });
});
