import { describe, expect, test } from 'vitest';
import type { Raster } from '../job.js';
import { pixelValues, readPixelRules } from './pixels.js';
import { resize, type Resampling, type RgbImage } from './resize.js';

/** Waves with hard edges; the same arithmetic as in scripts/parity/vision.py, which printed the constants below. */
function picture(size: number, seed: number): RgbImage {
  const rgb = new Uint8Array(3 * size * size);
  for (const at of rgb.keys()) {
    const [c, x, y] = [at % 3, Math.floor(at / 3) % size, Math.floor(at / 3 / size)];
    const wave = (x * (seed + 3) * 7 + y * (c + 2) * 11 + ((x * y * (c + seed + 1)) % 97)) % 256;
    const edge = (Math.floor(x / 3) + Math.floor(y / 5) + c + seed) % 3 === 0 ? 255 : 0;
    rgb[at] = (x + y) % Math.floor(size / 2) < Math.floor(size / 4) ? wave : edge;
  }
  return { width: size, height: size, rgb };
}

const rasterOf = ({ width: size, rgb }: RgbImage): Raster => ({
  size,
  pixels: Uint8Array.from({ length: 4 * size * size }, (_, at) =>
    at % 4 === 3 ? 255 : rgb[3 * Math.floor(at / 4) + (at % 4)]!,
  ),
});

/** Pixels in hexadecimal of the picture with seed 1, made by Pillow 13.0.0. */
const byPillow: readonly (readonly [filter: Resampling, from: number, to: number, pixels: string])[] = [
  [
    'nearest',
    12,
    5,
    '34404c00ff00cadbecff00000000ff0000ffa8d2fcff0000ff000096d5b3acf43cff00007479dfc4d54700ff0000ff00ff0000b8df670000ff074e95ff00006cf82300ff00fb58b5fa6bdc',
  ],
  [
    'nearest',
    5,
    7,
    '0000000000ff0000ff38383800ff0000ff007070700000ff34404c34404c0000ff707e8c707e8c00ff000000ff34404c34404c0000ff707e8c707e8c00ff002c42580000ff0000ff6c86a000ff0000ff00accae80000ff6488ac6488ac0000ffa8d2fca8d2fc00ff000000ff6488ac6488ac0000ffa8d2fca8d2fc00ff005884b00000ff0000ffa0d40800ff0000ff00e82460',
  ],
  [
    'lanczos',
    12,
    5,
    '180c6101be48aae362b14f861927f2061bdd7dba90e04514cd2c447ba0be7dc042fa2f12a52a5e7ec38417e6044eb71b8c86318e8898055ab9209e79867a094fc0801d7688677997dd348b',
  ],
  [
    'lanczos',
    5,
    7,
    '02030000009f1100ff3f402600f6002bd23389528a0000a0181c8e1e20980c08af407b893ec93420bd17111ae71d279223287f1d26fa4c64a048d0412fff43324b480614b71f10ff6c86a00bf20042f05ebdc3ff0203ce394fc2445bcf0d0eff76a2d265ff891aff46283bec354cde4051b33c519865b2a868cf615e970f6ca2970f22f72616d1b0e80007ff00548f2aff0077',
  ],
  [
    'bilinear',
    12,
    5,
    '1822631cb94598c06bab59822a31e2192bc7829c7bcc512fc144517694a57baa43d6492aa5425b7ba07c24d72356af238f813e7888852162b02b95778379185aaf6d2b7f89637493c34681',
  ],
  [
    'bilinear',
    5,
    7,
    '0000000000921010c638383810c61030c2307070700000921115961c219d1818aa35886a39bb4230c2300d13cf1b22a2232c9c1f26e4427f8943c45531f0422c4258131cb71f26e46c86a01fdc2e4ae863accae80d13cf2e40c93c50cd1f26e45faac25ae68331f0422639dd3145d63c52bf455b9558be9161c86463a1295884b02639dd2e3db8a0d4082ef30263a129e82460',
  ],
  [
    'bicubic',
    12,
    5,
    '16155e0ac1439fd36ab155841f29ed0c1ed982ae86da4a1dca35477a9ab47cb93fed391ea6335d7fb1801ae31050b61d8e8337828b8f0e5aba23997988750f54ba76207c8a667795d53a83',
  ],
  [
    'bicubic',
    5,
    7,
    '00000000009d0e06ea3b3b2c02e3002dce2d7e5f7e00009a1418921e21981110ae3c86713bc23b28c0240d13e21d2499252c891920f44d719646ca4c29fb3a2f464e0c14bc1a18f96c86a011e91345f05cb6c7f60609d53548c6445bcc1215f772a8d461fb891fff3b2639e63347db3f53bc3f549960c09e66d065609d1d6294a61a2aef2324caa9e00014ff005b9c24ff096c',
  ],
  [
    'box',
    12,
    5,
    '1a20250ab43488d09897709d181ee3070be37d9d84c65917b939578193b471e314e8362f9d1f788ab86200ff0058ac2b77963a7e98820b5bbc3e8098c92a0b5bb36f008080878a8dfe1b37',
  ],
  [
    'box',
    5,
    7,
    '0000000000ff0000ff38383800ff0000ff007070700000ff34404c34404c0000ff707e8c707e8c00ff000000ff34404c34404c0000ff707e8c707e8c00ff002c42580000ff0000ff6c86a000ff0000ff00accae80000ff6488ac6488ac0000ffa8d2fca8d2fc00ff000000ff6488ac6488ac0000ffa8d2fca8d2fc00ff005884b00000ff0000ffa0d40800ff0000ff00e82460',
  ],
  [
    'hamming',
    12,
    5,
    '1a21500ecb3295c780ba6278212ae40c13e28bb086d14921cb3943849bad7cbf33e5352aa034668aa97e16e9124fae2699743e81987e0e46ca258d829c5d1260bc671a808673798cda3b71',
  ],
  [
    'hamming',
    5,
    7,
    '0000000000a90606e938383806e90626cf267070700000a9171c9420288e1313bc4499673eb74a26cf260507ed2028902a34700c0ff55a7e8a48b15b13f9192c42580f16c70c0ff56c86a00cf2113aed4eaccae80507ed3c53c8516dbc0c0ff587c1e269e29d13f9191e2de4364bd14158c53648ab69d0a764d2794eb5205884b01e2de41117e4a0d40811fa014eb520e82460',
  ],
];

test.each(byPillow)('%s from %i to %i pixels is what Pillow makes', (filter, from, to, pixels) => {
  const { width, height, rgb } = resize(picture(from, 1), to, to, filter);
  expect([width, height]).toEqual([to, to]);
  expect(Buffer.from(rgb).toString('hex')).toBe(pixels);
});

test('one side alone is resized along itself', () => {
  const rgb = Uint8Array.of(0, 0, 0, 90, 60, 30, 180, 120, 60, 255, 255, 255);
  // Halves of pairs, as a box has them; 217.5 and 187.5 are rounded up.
  expect(resize({ width: 4, height: 1, rgb }, 2, 1, 'box').rgb).toEqual(Uint8Array.of(45, 30, 15, 218, 188, 158));
  expect(resize({ width: 1, height: 4, rgb }, 1, 2, 'box').rgb).toEqual(Uint8Array.of(45, 30, 15, 218, 188, 158));
});

describe('pixel values', () => {
  const clip = {
    image_processor_type: 'CLIPImageProcessor',
    size: { shortest_edge: 7 },
    resample: 3,
    crop_size: { height: 4, width: 5 },
    image_mean: [0.48145466, 0.4578275, 0.40821073],
    image_std: [0.26862954, 0.26130258, 0.27577711],
  };

  test('are resized, cropped in the middle, rescaled and normalised as transformers does', () => {
    const { width, height, data } = pixelValues(rasterOf(picture(12, 1)), readPixelRules(clip, 'file'));
    expect([width, height, data.length]).toEqual([5, 4, 60]);
    // Row 1, column 2 of each channel by CLIPImageProcessor of transformers 5.23.
    const expected = [0.7040684223175049, -0.8966543078422546, -1.2100385427474976];
    for (const [channel, value] of expected.entries()) expect(data[channel * 20 + 7]).toBeCloseTo(value, 6);
  });

  test('each step is left out where it is switched off', () => {
    const raster = rasterOf(picture(12, 1));
    const at = (data: Float32Array, y: number, x: number, width: number): number => data[y * width + x]!;
    const plain = { ...clip, do_resize: false, do_center_crop: false, do_rescale: false, do_normalize: false };
    const whole = pixelValues(raster, readPixelRules(plain, 'file'));
    expect(whole.width).toBe(12);
    expect(at(whole.data, 5, 6, 12)).toBe(raster.pixels[4 * (5 * 12 + 6)]);
    const cropped = pixelValues(raster, readPixelRules({ ...plain, do_center_crop: true }, 'file'));
    expect(at(cropped.data, 1, 2, 5)).toBe(at(whole.data, 5, 5, 12));
    const scaled = pixelValues(raster, readPixelRules({ ...plain, do_rescale: true, rescale_factor: 0.5 }, 'file'));
    expect(at(scaled.data, 5, 6, 12)).toBe(at(whole.data, 5, 6, 12) / 2);
    const normal = { ...plain, do_normalize: true, image_mean: [10, 0, 0], image_std: [2, 1, 1] };
    const moved = pixelValues(raster, readPixelRules(normal, 'file'));
    expect(at(moved.data, 5, 6, 12)).toBe((at(whole.data, 5, 6, 12) - 10) / 2);
  });

  test('a drawing is seen on white', () => {
    const rules = readPixelRules({ do_resize: false, do_normalize: false }, 'file');
    const half = { size: 1, pixels: Uint8Array.of(51, 0, 0, 153) };
    expect([...pixelValues(half, rules).data].map((value) => Math.round(value * 255))).toEqual([153, 102, 102]);
  });

  test('a number is a size, and null is nothing', () => {
    const rules = readPixelRules({ ...clip, size: 9, crop_size: null, do_center_crop: null }, 'file');
    expect(rules.resize).toEqual({ width: 9, height: 9, resampling: 'bicubic' });
    expect(rules.crop).toBeNull();
  });

  const wrong: readonly (readonly [change: Record<string, unknown>, message: string])[] = [
    [
      { size: undefined },
      'size must be { height, width }, { shortest_edge } or a number, each from 1 to 1024, got none',
    ],
    [{ size: { height: 4000, width: 4000 } }, 'each from 1 to 1024, got {"height":4000,"width":4000}'],
    [{ resample: 'bicubic' }, 'resample must be a number of Pillow\'s filters, 0 to 5, got "bicubic"'],
    [{ crop_size: { height: 8, width: 8 } }, 'crop_size must be within size, got {"height":8,"width":8}'],
    [{ do_center_crop: 1 }, 'do_center_crop must be true or false, got 1'],
    [{ do_center_crop: true, crop_size: null }, 'crop_size must be { height, width }'],
    [{ rescale_factor: 0 }, 'rescale_factor must be above 0, got 0'],
    [{ image_mean: [1] }, 'image_mean must be three numbers, got [1]'],
    [{ image_std: [1, 0, 1] }, 'image_std must be three numbers other than 0, got [1,0,1]'],
  ];

  test.each(wrong)('%j is refused', (change, message) => {
    expect(() => readPixelRules({ ...clip, ...change }, 'some/preprocessor_config.json')).toThrow(message);
    expect(() => readPixelRules({ ...clip, ...change }, 'some/preprocessor_config.json')).toThrow(
      'some/preprocessor_config.json',
    );
  });

  test('a drawing smaller than the crop is refused', () => {
    const rules = readPixelRules({ ...clip, do_resize: false }, 'file');
    expect(() => pixelValues(rasterOf(picture(4, 1)), rules)).toThrow(
      'pixelValues: the drawing must hold 5 x 4 pixels, got 4 x 4; draw it larger',
    );
  });
});
