import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChoiceText } from './choice-text.js';

/** Bytes are tokens. */
const decode = (tokens: Int32Array) => Buffer.from(tokens).toString();

function stream(text: string, stops: readonly string[]) {
  const choice = new ChoiceText(decode, stops);
  const pieces = [...Buffer.from(text)].map((byte) => choice.push(byte, 0));
  return [...pieces, choice.finish()];
}

const joined = (pieces: ReturnType<typeof stream>) =>
  pieces
    .flat()
    .map(({ text }) => text)
    .join('');

describe('ChoiceText', () => {
  it('gives the text before the first stop string, whatever the pieces', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀'), maxLength: 30 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 1, maxLength: 3 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(texts, stops, (text, given) => {
        const ends = given.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
        expect(joined(stream(text, given))).toBe(text.slice(0, Math.min(text.length, ...ends)));
      }),
    );
  });

  it('gives every token once and in order where nothing stops it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'é', '😀'), maxLength: 20 }), (text) => {
        expect(
          stream(text, [])
            .flat()
            .map(({ token }) => token),
        ).toEqual([...Buffer.from(text)]);
      }),
    );
  });

  it('holds back only what may become a stop string', () => {
    const pieces = stream('ab\n\nc', ['\n\nd']);
    expect(pieces.map((tokens) => tokens.map(({ text }) => text).join(''))).toEqual(['a', 'b', '', '', '\n\nc', '']);
  });

  it('an incomplete character becomes one replacement at the end', () => {
    const choice = new ChoiceText(decode, []);
    const [first, second] = Buffer.from('😀');
    expect([...choice.push(first as number, 0), ...choice.push(second as number, 0)]).toEqual([]);
    expect(choice.finish().map(({ text }) => text)).toEqual(['', '\ufffd']);
  });
});
