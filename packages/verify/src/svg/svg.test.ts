import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SandboxPool } from '../sandbox/pool.js';
import type { Verdict } from '../verdict.js';
import { readSvg } from './document.js';
import { attemptSvg, svgEscapes } from './escapes.js';
import { expandedElements } from './expand.js';
import { svgFixtures } from './fixtures.js';
import type { DrawingJob, DrawingValue, Raster } from './job.js';
import { makeSvgPool } from './pool.js';
import { similarity } from './similarity.js';
import { extractSvg, unitCosine, verifySvg } from './verify-svg.js';
import type { Embedder } from './vision/embedder.js';
import { writeSvg } from './write.js';

let pool: SandboxPool<DrawingJob, DrawingValue>;

beforeAll(() => {
  pool = makeSvgPool({ workers: 2, spares: 2 });
});

afterAll(() => pool.close());

const timeless = ({ elapsedMs: _, ...rest }: Verdict): Omit<Verdict, 'elapsedMs'> => rest;
const picture = (inner: string): string => `<svg viewBox="0 0 64 64">${inner}</svg>`;
const circle = (x: number, y: number, r: number, fill = 'red'): string =>
  `<circle cx="${x}" cy="${y}" r="${r}" fill="${fill}"/>`;

const judge = (
  response: string,
  reference: unknown,
  options: Record<string, unknown> = {},
  embed: Embedder = {},
): Promise<Verdict> => verifySvg(response, reference, options, { pool, embed });

test.each(svgFixtures)('$kind: $response', async ({ kind, response, reference, options, reason }) => {
  const verdict = await judge(response, reference, options);
  if (kind === 'full') expect(verdict).toMatchObject({ outcome: 'correct', score: 1 });
  else expect(verdict.score).toBe(0);
  if (kind === 'zero') expect(verdict.outcome).toBe('incorrect');
  if (reason !== undefined) expect(verdict.reason).toBe(reason);
  expect(timeless(await judge(response, reference, options))).toEqual(timeless(verdict));
});

/** Milliseconds: what is to end by itself has time on a busy machine, too. */
const patience = (held: readonly string[]): number => (held.includes('timeout') ? 1000 : 20_000);

test.each(svgEscapes)('the wall of SVG holds against $name', async (escape) => {
  const { ended, detail } = await attemptSvg(escape, pool, patience(escape.held));
  expect(escape.held, detail).toContain(ended);
});

describe('reading', () => {
  test('a reference without a name costs no more than its length', () => {
    const reading = readSvg(picture(`<rect fill="url(${' '.repeat(190_000)}#)"/>`));
    if (!reading.ok) throw new Error(reading.refusal.message);
    expect(expandedElements(reading.root, 100)).toBe(2);
  });

  test('what was read is written as the same document', () => {
    const text =
      '<svg a="1 &amp; &quot;2&quot;"><g id="x">t &lt; u<rect/></g><!-- c --><style><![CDATA[a>b{}]]></style></svg>';
    const reading = readSvg(text);
    expect(reading.ok && writeSvg(reading.root)).toBe(
      '<svg xmlns="http://www.w3.org/2000/svg" a="1 &amp; &quot;2&quot;"><g id="x">t &lt; u<rect></rect></g><style>a&gt;b{}</style></svg>',
    );
    expect(reading.ok && readSvg(writeSvg(reading.root))).toEqual(reading);
  });

  test('what editors add is left out, local references stay', () => {
    const text =
      '<svg xmlns:xlink="x" xmlns:ink="y" ink:a="1"><ink:b><g/></ink:b><use xlink:href="#a" fill="url(#b)"/></svg>';
    const reading = readSvg(text);
    expect(reading.ok && writeSvg(reading.root)).toBe(
      '<svg xmlns="http://www.w3.org/2000/svg"><use href="#a" fill="url(#b)"></use></svg>',
    );
  });

  test('any text is read or refused', () => {
    const pieces = fc.constantFrom(
      '<svg>',
      '</svg>',
      '<g ',
      'href="',
      '"',
      '>',
      '/>',
      '&a;',
      '<!--',
      ']]>',
      '<?x ?>',
      '\0',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 20 }), (parts) => {
        const reading = readSvg(parts.join(''));
        if (!reading.ok) expect(reading.refusal.message).not.toBe('');
      }),
    );
  });

  test('references are followed when elements are counted', () => {
    const count = (text: string, limit = 1000): number => {
      const reading = readSvg(text);
      return reading.ok ? expandedElements(reading.root, limit) : -1;
    };
    expect(count('<svg><g id="a"><rect/></g></svg>')).toBe(3);
    expect(count('<svg><g id="a"><rect/></g><use href="#a"/><use href="#a"/></svg>')).toBe(9);
    expect(count('<svg><rect fill="url(#missing)"/></svg>')).toBe(2);
    expect(count('<svg><g id="a"><rect/></g><use href="#a"/></svg>', 4)).toBe(Infinity);
    expect(count('<svg><a id="a"><use href="#b"/></a><g id="b"><use href="#a"/></g></svg>')).toBe(Infinity);
  });
});

describe('the picture of a response', () => {
  test.each([
    ['a <svg id="1"/> b <svg id="2"><svg/></svg> c', '<svg id="2"><svg/></svg>'],
    ['<think><svg/></think> <svg>1</svg><svg>2', '<svg>1</svg>'],
    ['</svg><SVG a=">">1</SVG>', '<SVG a=">">1</SVG>'],
    ['<svgx></svgx>', null],
    ['<think><svg></svg>', null],
  ])('%j', (response, svg) => {
    expect(extractSvg(response)).toBe(svg);
  });

  test('a megabyte of openings is read in bounded time', () => {
    for (const unit of ['<svg ', '<svg>', '</svg', '<svg/>']) {
      const startedMs = performance.now();
      extractSvg(unit.repeat(Math.floor(1e6 / unit.length)));
      expect(performance.now() - startedMs).toBeLessThan(10_000);
    }
  });
});

describe('likeness', () => {
  const target = picture(circle(32, 32, 12));

  test('falls as the drawing moves away, and is 1 only for the same picture', async () => {
    const scores: number[] = [];
    for (const x of [32, 34, 38, 50]) scores.push((await judge(picture(circle(x, 32, 12)), target)).score);
    expect(scores[0]).toBe(1);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    expect(new Set(scores).size).toBe(4);
  });

  test('an empty drawing, a full one and noise of colour earn next to nothing', async () => {
    const empty = await judge(picture(''), target);
    expect(empty.parts).toEqual({ pixel: 0, structure: expect.closeTo(0, 1) as number, shape: 0, edges: 0, colour: 0 });
    expect((await judge(picture('<rect width="64" height="64" fill="red"/>'), target)).score).toBeLessThan(0.1);
    expect((await judge(picture(circle(8, 8, 6, 'blue')), target)).score).toBeLessThan(0.1);
  });

  test('each part sees its own side of a difference', async () => {
    const { parts } = await judge(picture(circle(32, 32, 12, 'blue')), target);
    expect(parts['shape']).toBe(1);
    expect(parts['colour']).toBeLessThan(0.05);
    expect(parts['edges']).toBeGreaterThan(0.9);
  });

  test('the measures are symmetric where they say so, and within [0, 1]', () => {
    const raster = fc.uint8Array({ minLength: 4 * 256, maxLength: 4 * 256 }).map((pixels): Raster => ({
      size: 16,
      pixels: pixels.map((value, at) => (at % 4 === 3 ? value : Math.min(value, pixels[at | 3]!))),
    }));
    fc.assert(
      fc.property(raster, raster, (a, b) => {
        const [there, back] = [similarity(a, b), similarity(b, a)];
        for (const value of Object.values(there)) expect(value >= 0 && value <= 1).toBe(true);
        expect(there.shape).toBe(back.shape);
        expect(there.edges).toBeCloseTo(back.edges, 12);
        expect(Object.values(similarity(a, a)).every((value) => value > 1 - 1e-12)).toBe(true);
      }),
    );
  });

  test('a PNG as reference is the picture that it shows', async () => {
    // 2 x 2 pixels of red, made by an independent encoder.
    const png = 'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP8zwACTGCSAQANHQEDgslx/wAAAABJRU5ErkJggg==';
    const red = '<svg viewBox="0 0 2 2"><rect width="2" height="2" fill="#ff0000"/></svg>';
    expect(await judge(red, { png })).toMatchObject({ outcome: 'correct', reason: 'equal' });
    expect((await judge(red.replace('ff0000', '0000ff'), { png })).score).toBeLessThan(0.9);
    expect((await judge(red, { png: new Uint8Array([1, 2, 3]) })).reason).toBe('bad-reference');
  });
});

describe('embeddings', () => {
  const red = (raster: Raster): Promise<number[]> => {
    const [sumRed = 0, sumBlue = 0] = [0, 2].map((channel) =>
      raster.pixels.reduce((sum, value, at) => (at % 4 === channel ? sum + value : sum), 0),
    );
    return Promise.resolve([sumRed, sumBlue]);
  };
  const embed: Embedder = { image: red, text: (caption) => Promise.resolve(caption.includes('red') ? [1, 0] : [0, 1]) };

  test('of picture and caption are parts of the score', async () => {
    const drawing = picture(circle(32, 32, 12));
    const weights = { text: 1 };
    expect((await judge(drawing, { caption: 'a red dot' }, { weights }, embed)).score).toBeCloseTo(1, 12);
    expect((await judge(drawing, { caption: 'a blue dot' }, { weights }, embed)).score).toBeCloseTo(0.5, 12);
    const both = await judge(drawing, { caption: 'a red dot', svg: drawing }, {}, embed);
    expect(Object.keys(both.parts)).toEqual(['pixel', 'structure', 'shape', 'edges', 'colour', 'image', 'text']);
  });

  test('a vector of zeros is like nothing', () => {
    expect(unitCosine([0, 0], [1, 0])).toBe(0);
    expect(unitCosine([2, 0], [-1, 0])).toBe(0);
    expect(() => unitCosine([1], [1, 2])).toThrow('cosine: both vectors must have one length');
  });
});
