import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { closeExecuted, openResources } from '../../executed.js';
import { VerifierPool } from '../../runner/pool.js';
import {
  both,
  classToken,
  clipFolder,
  dinoFolder,
  plainPixels,
  slowForBlack,
  text,
  tokenizer,
  vision,
  writeVisionFolder,
  type FolderContent,
  type TinyGraph,
} from '../../testing/tiny-vision-models.js';
import type { SandboxPool } from '../../sandbox/pool.js';
import type { DrawingJob, DrawingValue, Raster } from '../job.js';
import { makeSvgPool } from '../pool.js';
import { cosine, unitCosine, verifySvg } from '../verify-svg.js';
import { UnfinishedEmbedding, visionEmbedder } from './embedder.js';
import { openVisionModel, type VisionModel } from './model.js';

const folders: string[] = [];
const models: VisionModel[] = [];
let drawing: SandboxPool<DrawingJob, DrawingValue> | undefined;

afterEach(async () => {
  await Promise.all(models.splice(0).map((model) => model.close()));
});
afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
  await drawing?.close();
});

async function folderOf(content: FolderContent): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'touchstone-vision-'));
  folders.push(folder);
  await writeVisionFolder(folder, content);
  return folder;
}

async function open(content: FolderContent): Promise<VisionModel> {
  const model = await openVisionModel(await folderOf(content), { threads: 1 });
  models.push(model);
  return model;
}

/** Four quarters of one colour each, of red, green and blue in 0..255. */
const quarters = (colours: readonly (readonly [number, number, number])[], size = 4): Raster => ({
  size,
  pixels: Uint8Array.from({ length: 4 * size * size }, (_, at) => {
    const [x, y] = [Math.floor(at / 4) % size, Math.floor(at / 4 / size)];
    return colours[2 * Number(y >= size / 2) + Number(x >= size / 2)]?.[at % 4] ?? 255;
  }),
});
const flat = (red: number, green: number, blue: number, size = 4): Raster =>
  quarters(Array<readonly [number, number, number]>(4).fill([red, green, blue]), size);

const unit = (values: readonly number[]): number[] => values.map((value) => value / Math.hypot(...values));
const near = (values: readonly number[]): unknown => values.map((value) => expect.closeTo(value, 5) as number);

const oneGraph: FolderContent = Object.fromEntries([
  ...Object.entries(clipFolder).filter(([name]) => !name.startsWith('onnx/')),
  ['model.onnx', both],
]);

describe.each([
  ['two graphs', clipFolder],
  ['one graph', oneGraph],
])('CLIP in %s', (_, content) => {
  test('gives the vectors that its matrices give', async () => {
    const model = await open(content);
    expect(model).toMatchObject({ modelType: 'clip', dimension: 6, size: 4 });
    const seen = await model.image(
      quarters([
        [255, 51, 102],
        [204, 0, 0],
        [0, 0, 0],
        [153, 9, 9],
      ]),
    );
    // Red of the quarters, then green and blue of the first.
    expect([...seen]).toEqual(near(unit([1, 0.8, 0, 0.6, 0.2, 0.4])));
    // START is word 2, "red" 3, "circle" 6, END 1: the mean of (0,0,2,1,0,0), (0,0,0,3,1,0), (6,1,0,0,0,0), (0,1,1,0,0,0).
    expect([...(await model.text!('red CIRCLE'))]).toEqual(near(unit([6, 2, 3, 4, 1, 0])));
    expect(cosine(seen, await model.text!('red circle'))).toBeCloseTo(
      (6 * 1 + 2 * 0.8 + 4 * 0.6 + 0.2) / (Math.hypot(1, 0.8, 0.6, 0.2, 0.4) * Math.hypot(6, 2, 3, 4, 1)),
      5,
    );
  });

  test('cuts a text that is too long between its start and its end', async () => {
    const model = await open(content);
    const cut = await model.text!('red blue a square two green square');
    expect([...cut]).toEqual([...(await model.text!('red blue a'))]);
    expect([...cut]).not.toEqual([...(await model.text!('red blue'))]);
    const endless = await model.text!('red blue a '.repeat(2_000_000), { wallMs: 5000 });
    expect([...endless]).toEqual([...cut]);
  });
});

test('SigLIP sees its padding, and vectors by the name of pooler_output', async () => {
  const named = ({ nodes, outputs, ...graph }: TinyGraph, name: string): TinyGraph => ({
    ...graph,
    nodes: nodes.map((node) => (node.output === name ? { ...node, output: 'pooler_output' } : node)),
    outputs: { pooler_output: outputs[name]! },
  });
  const model = await open({
    ...clipFolder,
    'config.json': { model_type: 'siglip', text_config: { max_position_embeddings: 4 } },
    'onnx/vision_model.onnx': named(vision, 'image_embeds'),
    'onnx/text_model.onnx': named(text, 'text_embeds'),
  });
  // START, "blue" (4), END and one END of padding: (0,0,2,1,0,0), (0,0,0,0,4,1), twice (0,1,1,0,0,0).
  expect([...(await model.text!('blue'))]).toEqual(near(unit([0, 2, 4, 1, 4, 1])));
  expect([...(await model.image(flat(255, 0, 51)))]).toEqual(near(unit([1, 1, 1, 1, 0, 0.2])));
});

describe('a model of pictures', () => {
  test('gives its class token, resizes pictures, and reads no texts', async () => {
    const model = await open(dinoFolder);
    expect(model).toMatchObject({ modelType: 'dinov2', dimension: 3, size: 16, text: null });
    expect([...(await model.image(flat(255, 51, 0, 100)))]).toEqual(near(unit([1, 0.2, 0])));
    expect([...(await model.image(flat(0, 0, 0)))]).toEqual([0, 0, 0]);
  });

  test('may have its vector as pooler_output alone', async () => {
    const { last_hidden_state: _, ...outputs } = classToken.outputs;
    const model = await open({ ...dinoFolder, 'model.onnx': { ...classToken, outputs } });
    expect([...(await model.image(flat(255, 51, 0)))]).toEqual(near(unit([-1, -0.2, 0])));
  });
});

test('preprocessing may be a part of processor_config.json, as transformers 5 has it', async () => {
  const { 'preprocessor_config.json': pixels, ...others } = dinoFolder;
  const model = await open({ ...others, 'processor_config.json': { image_processor: pixels } });
  expect(model.size).toBe(16);
  const without = openVisionModel(await folderOf({ ...others, 'processor_config.json': {} }));
  await expect(without).rejects.toThrow('must hold image_processor, got none; add preprocessor_config.json');
});

test('files may be links, as in the cache of the hub', async () => {
  const [blobs, snapshot] = [await folderOf(clipFolder), await folderOf({ 'onnx/model.txt': '' })];
  for (const name of Object.keys(clipFolder)) await symlink(join(blobs, name), join(snapshot, name));
  const model = await openVisionModel(snapshot, { threads: 1 });
  models.push(model);
  expect(await model.text!('red')).toHaveLength(6);
});

describe('a folder that cannot be used', () => {
  const without = (name: string, content: FolderContent = clipFolder): FolderContent =>
    Object.fromEntries(Object.entries(content).filter(([each]) => each !== name));
  const three: TinyGraph = {
    ...vision,
    nodes: vision.nodes.slice(0, 2),
    outputs: { means: { shape: ['batch', 12] } },
  };
  const cases: readonly (readonly [what: string, content: FolderContent, message: RegExp])[] = [
    ['no config.json', without('config.json'), /must hold config\.json, got none; export the model with `optimum-cli/],
    [
      'no preprocessor_config.json',
      without('preprocessor_config.json'),
      /must hold preprocessor_config\.json, got none/,
    ],
    ['no tokenizer.json', without('tokenizer.json'), /must hold tokenizer\.json, got none/],
    ['no tokenizer_config.json', without('tokenizer_config.json'), /must hold tokenizer_config\.json, got none/],
    [
      'no graph',
      without('onnx/vision_model.onnx'),
      /model\.onnx or model\.onnx, or vision_model\.onnx and text_model\.onnx, got none/,
    ],
    ['one tower', without('onnx/text_model.onnx'), /text_model\.onnx beside vision_model\.onnx, got none/],
    ['no graph of pictures', without('model.onnx', dinoFolder), /must hold onnx\/model\.onnx or model\.onnx, got none/],
    [
      'another family',
      { 'config.json': { model_type: 'bert' } },
      /one of clip, siglip, dinov2, dinov2_with_registers, vit, got "bert"/,
    ],
    ['no family', { 'config.json': {} }, /config\.json must be one of .*, got none/],
    ['no JSON', { 'config.json': '{' }, /config\.json must be a JSON object, got .*; take it anew/],
    ['a list', { 'config.json': '[]' }, /config\.json must be a JSON object, got an array/],
    [
      'no length',
      { ...clipFolder, 'config.json': { model_type: 'clip', text_config: { max_position_embeddings: 0 } } },
      /max_position_embeddings of .* must be a whole number from 1, got 0/,
    ],
    [
      'no padding',
      { ...clipFolder, 'tokenizer_config.json': {} },
      /pad_token of tokenizer_config\.json must be a token of tokenizer\.json, got none/,
    ],
    [
      'no tokenizer',
      { ...clipFolder, 'tokenizer.json': { ...tokenizer, model: { type: 'Odd' } } },
      /tokenizer\.json must be a tokenizer of Hugging Face, got/,
    ],
    ['broken tokenizer', { ...clipFolder, 'tokenizer.json': '{' }, /tokenizer\.json must be JSON, got/],
    [
      'no ONNX',
      { ...dinoFolder, 'model.onnx': 'text' },
      /model\.onnx must be an ONNX model, got .*; export the model again/,
    ],
    [
      'other inputs',
      {
        ...dinoFolder,
        'model.onnx': { ...text, inputs: { ...text.inputs, attention_mask: { shape: ['batch', 'tokens'], type: 1 } } },
      },
      /inputs of model\.onnx must be .*, attention_mask \(int64\), got attention_mask \(float32\); export the encoder/,
    ],
    [
      'a graph of texts',
      { ...dinoFolder, 'model.onnx': text },
      /must have the output last_hidden_state or pooler_output, got text_embeds/,
    ],
    [
      'other outputs',
      { ...dinoFolder, 'model.onnx': three },
      /model\.onnx must have the output last_hidden_state or pooler_output, got means; export/,
    ],
    [
      'other pictures',
      { ...clipFolder, 'preprocessor_config.json': plainPixels(6) },
      /vision_model\.onnx must take pixel_values \[1, 3, 6, 6\], got .*; take config\.json/,
    ],
    [
      'no vector',
      {
        ...dinoFolder,
        'preprocessor_config.json': plainPixels(4),
        'model.onnx': {
          ...three,
          nodes: [
            {
              op: 'AveragePool',
              inputs: ['pixel_values'],
              output: 'pooler_output',
              attributes: { kernel_shape: [2, 2] },
            },
          ],
          outputs: { pooler_output: { shape: ['batch', 3, 3, 3] } },
        },
      },
      /pooler_output of model\.onnx must be float32 \[1, dimension\] or \[1, tokens, dimension\], got float32 \[1, 3, 3, 3\]/,
    ],
    [
      'two lengths',
      {
        ...clipFolder,
        'onnx/vision_model.onnx': {
          ...three,
          outputs: { image_embeds: { shape: ['batch', 12] } },
          nodes: [three.nodes[0]!, { ...three.nodes[1]!, output: 'image_embeds' }],
        },
      },
      /vectors of one length, got 12 and 6; export both encoders with their projections/,
    ],
  ];

  test.each(cases)('%s', async (_, content, message) => {
    const opened = openVisionModel(await folderOf(content), { threads: 1 });
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow(/^openVisionModel: [^\n]+; [^\n]+$/);
  });

  test('is none at all, or has a comma in its name', async () => {
    await expect(openVisionModel('/no/such/folder')).rejects.toThrow('/no/such/folder must be a folder, got none');
    const folder = join(await folderOf({}), 'a,b');
    await writeVisionFolder(folder, clipFolder);
    await expect(openVisionModel(folder)).rejects.toThrow("the folder's path must have no comma");
  });
});

describe('pictures compared by a model', () => {
  const svg = (inner: string): string => `<svg viewBox="0 0 16 16">${inner}</svg>`;
  const disc = (fill: string): string => svg(`<circle cx="8" cy="8" r="8" fill="${fill}"/>`);
  const pool = (): SandboxPool<DrawingJob, DrawingValue> => (drawing ??= makeSvgPool({ workers: 1, spares: 1 }));

  test('the same in slightly other colours stands above another picture', async () => {
    const embed = visionEmbedder([await open(dinoFolder)]);
    const scores: number[] = [];
    for (const response of [disc('#e01010'), disc('#c82828'), disc('#20a020'), disc('#1010e0')]) {
      const verdict = await verifySvg(response, disc('#e01010'), { weights: { image: 1 } }, { pool: pool(), embed });
      scores.push(verdict.score);
    }
    const [same = 0, similar = 0, ...others] = scores;
    expect(same).toBeCloseTo(1, 6);
    expect(similar).toBeLessThan(same);
    for (const other of others) expect(other).toBeLessThan(similar);
  });

  test('captions go to the model that reads, reference pictures to the one that does not', async () => {
    const [clip, dino] = [await open(clipFolder), await open(dinoFolder)];
    const embed = visionEmbedder([dino, clip]);
    expect(embed.size).toBe(16);
    const [response, wanted] = [
      svg('<rect width="16" height="16" fill="#f30"/>'),
      svg('<rect width="16" height="16" fill="#00f"/>'),
    ];
    const { parts } = await verifySvg(response, { svg: wanted, caption: 'a red square' }, {}, { pool: pool(), embed });
    expect(parts['image']).toBeCloseTo(unitCosine([1, 0.2, 0], [0, 0, 1]), 5);
    expect(parts['text']).toBeCloseTo(unitCosine([1, 1, 1, 1, 0.2, 0], await clip.text!('a red square')), 5);
    const alone = await verifySvg(response, { svg: wanted }, {}, { pool: pool(), embed: visionEmbedder([clip]) });
    expect(alone.parts['image']).toBeCloseTo(unitCosine([1, 1, 1, 1, 0.2, 0], [0, 0, 0, 0, 0, 1]), 5);
    expect(() => visionEmbedder([clip, clip])).toThrow('one that does not, or one of each, got clip, clip; leave out');
    expect(() => visionEmbedder([])).toThrow('or one of each, got none');
  });

  test('a limit that is over is a timeout, and the model goes on', async () => {
    const model = await open(dinoFolder);
    const late = model.image(flat(9, 9, 9), { wallMs: 1e-6 });
    await expect(late).rejects.toThrow(UnfinishedEmbedding);
    await expect(late).rejects.toMatchObject({ report: { ended: 'timeout' } });
    expect(await model.image(flat(255, 0, 0))).toHaveLength(3);
  });

  test('a signal ends the verdict at once, whatever the encoder does', async () => {
    const ending = new AbortController();
    const image = (): Promise<never> => {
      ending.abort(new Error('enough'));
      return new Promise(() => undefined);
    };
    const context = { pool: pool(), embed: { image }, signal: ending.signal };
    await expect(verifySvg(svg(''), svg(''), {}, context)).rejects.toThrow('enough');
  });

  test('a model that does not end is killed at the limit and loaded again', { timeout: 60_000 }, async () => {
    const model = await open({ ...dinoFolder, 'model.onnx': slowForBlack });
    const embed = visionEmbedder([model]);
    const weights = { image: 1 };
    const white = svg('');
    const black = svg('<rect width="16" height="16"/>');
    const verdict = await verifySvg(black, white, { weights, wallMs: 3000 }, { pool: pool(), embed });
    expect(verdict).toMatchObject({ outcome: 'timeout', score: 0 });
    expect(await verifySvg(white, white, { weights }, { pool: pool(), embed })).toMatchObject({ outcome: 'correct' });
  });
});

test('kinds are lent models by the operator, never by a job', { timeout: 60_000 }, async () => {
  onTestFinished(() => closeExecuted());
  const folder = await folderOf(dinoFolder);
  const resources = { visionModels: [folder] };
  await openResources(resources);
  await expect(openResources({ visionModels: [folder, folder] })).rejects.toThrow('visionEmbedder: must have a model');
  const lent = new VerifierPool({ workers: 1, resources });
  const bare = new VerifierPool({ workers: 1 });
  onTestFinished(async () => {
    await Promise.all([lent.close(), bare.close()]);
  });
  const red = '<svg viewBox="0 0 4 4"><rect width="4" height="4" fill="red"/></svg>';
  const job = { verifier: 'svg', response: red, reference: red, options: { weights: { image: 1 } } } as const;
  expect(await lent.run(job)).toMatchObject({ outcome: 'correct', parts: { image: 1 } });
  expect(await bare.run(job)).toMatchObject({ outcome: 'unscorable', reason: 'no-embedder' });
  const asking = { ...job, options: { visionModels: [folder] } };
  expect(await bare.run(asking)).toMatchObject({ outcome: 'unscorable', reason: 'unknown-option' });
});
