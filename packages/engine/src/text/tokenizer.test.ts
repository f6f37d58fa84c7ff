import fc from 'fast-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { byteTokenizerJson } from '../testing/byte-tokenizer.js';
import { DecodeStream } from './decode-stream.js';
import { StopStringWatcher } from './stop-strings.js';
import { Tokenizer } from './tokenizer.js';

const merges = ['h e', 'l l', 'he ll', 'Ġ w', 'Ð ĸ'];
const special = ['<eos>', '<pad>'];
const tokenizer = new Tokenizer(byteTokenizerJson(merges, special), {
  eos_token: '<eos>',
  pad_token: { content: '<pad>' },
});

/** A SentencePiece-style tokenizer as Llama 2's: spaces are ▁, unknown characters fall back to bytes. */
function sentencePiece(): Tokenizer {
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
  const tokens = ['<unk>', '<s>', '</s>', ...bytes, '▁', 'a', 'b', 'ab', '▁ab'];
  const added = ['<unk>', '<s>', '</s>'].map((content, id) => ({ id, content, special: true, normalized: false }));
  return new Tokenizer({
    added_tokens: added,
    normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, { type: 'Replace', pattern: { String: ' ' }, content: '▁' }] },
    post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }], pair: [] },
    decoder: { type: 'Sequence', decoders: [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' }, { type: 'Strip', content: ' ', start: 1, stop: 0 }] },
    model: { type: 'BPE', unk_token: '<unk>', byte_fallback: true, fuse_unk: true, vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: ['a b', '▁ ab'] },
  }); // prettier-ignore
}

function streamed(of: Tokenizer, ids: Iterable<number>): string {
  const stream = of.decodeStream();
  return [...ids].map((id) => stream.push(id)).join('') + stream.flush();
}

describe('Tokenizer', () => {
  it('applies merges in order, special tokens and the split into words', () => {
    expect([...tokenizer.encode('hello')].map((id) => tokenizer.idToToken(id))).toEqual(['hell', 'o']);
    expect([...tokenizer.encode(' w12<eos>')].map((id) => tokenizer.idToToken(id))).toEqual(['Ġw', '1', '2', '<eos>']);
    expect(tokenizer.encode('')).toEqual(new Int32Array());
  });

  it('knows its special tokens and its size', () => {
    expect(tokenizer.eosTokenId).toBe(261);
    expect(tokenizer.padTokenId).toBe(262);
    expect(tokenizer.bosTokenId).toBeUndefined();
    expect(tokenizer.vocabSize).toBe(263);
    expect(tokenizer.tokenToId('hell')).toBe(258);
    expect(tokenizer.tokenToId('nonsense')).toBeUndefined();
  });

  it('gives back every text in NFC', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text), { skipSpecialTokens: false })).toBe(text.normalize('NFC'));
      }),
      { seed: 5 },
    );
  });

  it('decodes any ids, whatever they are', () => {
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.decode([261, 104, 262])).toBe('h');
    expect(tokenizer.decode([261, 104], { skipSpecialTokens: false })).toBe('<eos>h');
    expect(tokenizer.decode([500, 104, -1])).toBe('h');
    expect(sentencePiece().decode([500, 262, 9999])).toBe('ab');
  });

  it('does not tidy spaces before punctuation, unless the configuration says so', () => {
    const ids = tokenizer.encode('a , b .');
    expect(tokenizer.decode(ids)).toBe('a , b .');
    const tidy = new Tokenizer(byteTokenizerJson(), { clean_up_tokenization_spaces: true });
    expect(tidy.decode(ids)).toBe('a, b.');
  });

  it('adds special tokens only when asked', () => {
    const llama = sentencePiece();
    const words = (ids: Int32Array) => [...ids].map((id) => llama.idToToken(id));
    expect(words(llama.encode('ab é'))).toEqual(['▁ab', '▁', '<0xC3>', '<0xA9>']);
    expect(words(llama.encode('ab', { addSpecialTokens: true }))).toEqual(['<s>', '▁ab']);
    expect(llama.decode(llama.encode('ab é'))).toBe('ab é');
  });

  it('splits digits as the reference does: fractions and superscripts are digits too', () => {
    const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
    for (const individual_digits of [true, false]) {
      const smol = new Tokenizer({
        ...byteTokenizerJson(['Ġ Ġ', 'Ġ Â', '1 2'], []),
        normalizer: null,
        pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits }, byteLevel] },
      });
      const words = (text: string) => [...smol.encode(text)].map((id) => smol.idToToken(id));
      expect(words('12')).toEqual(individual_digits ? ['1', '2'] : ['12']);
      expect(words('  ½')).toEqual(['ĠĠ', 'Â', '½']);
    }
  });

  it.each([
    ['no vocabulary', {}, 'model.vocab: must be an object or a list, got nothing'],
    [
      'an unknown kind',
      { model: { type: 'BPE', vocab: { a: 0 }, merges: [] }, decoder: { type: 'Magic' } },
      'must be a supported tokenizer, got ',
    ],
    ['a negative id', { model: { type: 'BPE', vocab: { a: -1 }, merges: [] } }, '"a": must have an id from 0, got -1'],
    ['an empty vocabulary', { model: { type: 'BPE', vocab: {}, merges: [] } }, 'model.vocab: must hold tokens'],
  ])('refuses %s', (_, json, words) => {
    expect(() => new Tokenizer(json, {}, 'm/tokenizer.json')).toThrow(`m/tokenizer.json`);
    expect(() => new Tokenizer(json, {}, 'm/tokenizer.json')).toThrow(words);
  });

  it('loads from a folder, and says what is missing there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'touchstone-tokenizer-'));
    try {
      await expect(Tokenizer.load(folder)).rejects.toThrow(`${folder}: must hold tokenizer.json; save the model`);
      await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(byteTokenizerJson(merges)));
      expect((await Tokenizer.load(folder)).eosTokenId).toBeUndefined();
      await writeFile(join(folder, 'special_tokens_map.json'), '{"eos_token": {"content": "<eos>"}}');
      expect((await Tokenizer.load(folder)).eosTokenId).toBe(261);
      await writeFile(join(folder, 'tokenizer_config.json'), '{"eos_token": ');
      await expect(Tokenizer.load(folder)).rejects.toMatchObject({ code: 'tokenizer-invalid' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('DecodeStream', () => {
  it('joins to the whole text, for any ids of a byte-level tokenizer', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(264), { maxLength: 60 }), (ids) => {
        expect(streamed(tokenizer, ids)).toBe(tokenizer.decode(ids));
      }),
      { seed: 6, numRuns: 300 },
    );
  });

  it('joins to the whole text where spaces and byte fallback need their neighbours', () => {
    const llama = sentencePiece();
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'ab', ' ', '  ', 'é', '漢', '🙂'), { maxLength: 20 }), (parts) => {
        const ids = llama.encode(parts.join(''));
        expect(streamed(llama, ids)).toBe(llama.decode(ids));
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('holds a character back until its last byte', () => {
    const stream = tokenizer.decodeStream();
    const bytes = [...Buffer.from('a€b')];
    const alphabet = [...tokenizer.encode('a€b')];
    expect(alphabet.length).toBe(bytes.length);
    expect(alphabet.map((id) => stream.push(id))).toEqual(['a', '', '', '€', 'b']);
  });

  it('gives up on endless invalid bytes, so that its work stays linear', () => {
    let decoded = 0;
    const stream = new DecodeStream((ids) => {
      decoded += ids.length;
      return tokenizer.decode(ids);
    });
    const invalid = tokenizer.encode('€')[0] ?? NaN;
    const pieces = Array.from({ length: 5000 }, () => stream.push(invalid));
    expect(pieces.join('') + stream.flush()).toBe('\ufffd'.repeat(5000));
    expect(decoded).toBeLessThan(5000 * 200);
  });
});

describe('StopStringWatcher', () => {
  const firstStop = (text: string, stops: readonly string[]) => {
    const watcher = new StopStringWatcher(tokenizer.decodeStream({ skipSpecialTokens: false }), stops);
    return [...tokenizer.encode(text)].findIndex((id) => watcher.push(id));
  };

  it('fires on the token that completes a stop string', () => {
    expect(firstStop('ab</answer>cd', ['</answer>'])).toBe('ab</answer>'.length - 1);
    expect(firstStop('ab</answer', ['</answer>'])).toBe(-1);
    expect(firstStop('x<eos>', ['<eos>'])).toBe(1);
    expect(firstStop('aX漢Y', ['漢'])).toBe(4);
  });

  it('finds the same as a search in the growing text', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '\n', 'é'), maxLength: 25 });
    fc.assert(
      fc.property(letters, fc.array(letters, { maxLength: 3 }), (text, stops) => {
        const ids = [...tokenizer.encode(text)];
        const wanted = stops.filter((stop) => stop !== '');
        const expected = ids.findIndex((_, i) => {
          const soFar = tokenizer.decode(ids.slice(0, i + 1));
          return wanted.some((stop) => soFar.includes(stop));
        });
        expect(firstStop(text, stops)).toBe(expected);
      }),
      { seed: 8, numRuns: 300 },
    );
  });
});
