/** Folders of vision models that are small enough to compute by hand. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;
const [FLOAT, INT64, BOOL] = [1, 7, 9];

interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
  /** What a loop does. */
  readonly body?: TinyGraph;
}

interface Tensor {
  readonly shape: readonly (number | string)[];
  readonly type?: number;
}

interface Constant {
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export interface TinyGraph {
  readonly nodes: readonly Node[];
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly constants?: Readonly<Record<string, Constant>>;
}

const { INT, INTS, GRAPH } = onnx.AttributeProto.AttributeType;

/** The bytes of an ONNX file. */
export function encodeGraph(graph: TinyGraph): Uint8Array {
  const opsetImport = [{ domain: '', version: 18 }];
  const model = onnx.ModelProto.create({ irVersion: 10, opsetImport, graph: graphOf(graph) });
  return onnx.ModelProto.encode(model).finish();
}

function graphOf({
  nodes,
  inputs,
  outputs,
  constants = {},
}: TinyGraph): NonNullable<Parameters<typeof onnx.GraphProto.create>[0]> {
  const infos = (tensors: TinyGraph['inputs']) =>
    Object.entries(tensors).map(([name, { shape, type = FLOAT }]) => ({
      name,
      type: {
        tensorType: {
          elemType: type,
          shape: { dim: shape.map((each) => (typeof each === 'number' ? { dimValue: each } : { dimParam: each })) },
        },
      },
    }));
  return {
    name: 'tiny',
    node: nodes.map(({ op, inputs: from, output, attributes = {}, body }) => ({
      opType: op,
      input: [...from],
      output: [output],
      attribute: [
        ...Object.entries(attributes).map(([name, value]) =>
          typeof value === 'number' ? { name, type: INT, i: value } : { name, type: INTS, ints: [...value] },
        ),
        ...(body === undefined ? [] : [{ name: 'body', type: GRAPH, g: graphOf(body) }]),
      ],
    })),
    input: infos(inputs),
    output: infos(outputs),
    initializer: Object.entries(constants).map(([name, { shape, data }]) => ({
      name,
      dims: [...shape],
      dataType: data instanceof Float32Array ? FLOAT : INT64,
      rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    })),
  };
}

const floats = (shape: readonly number[], data: readonly number[]): Constant => ({
  shape,
  data: Float32Array.from(data),
});

/** Pictures of 4 x 4 pixels: the means of red in the four quarters, then all three means of the first quarter. */
export const vision: TinyGraph = {
  inputs: { pixel_values: { shape: ['batch', 3, 4, 4] } },
  outputs: { image_embeds: { shape: ['batch', 6] } },
  nodes: [
    {
      op: 'AveragePool',
      inputs: ['pixel_values'],
      output: 'quarters',
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    },
    { op: 'Flatten', inputs: ['quarters'], output: 'means' },
    { op: 'MatMul', inputs: ['means', 'chosen'], output: 'image_embeds' },
  ],
  constants: {
    // Rows are red, green and blue of the quarters; a column takes one of them.
    chosen: floats(
      [12, 6],
      Array.from({ length: 72 }, (_, at) => Number([0, 1, 2, 3, 4, 8][at % 6] === Math.floor(at / 6))),
    ),
  },
};

/** Word `n` of the vocabulary has n at place n % 6 and 1 at the next; a text is the mean of its words. */
const words = floats(
  [10, 6],
  Array.from({ length: 60 }, (_, at) => {
    const [word, place] = [Math.floor(at / 6), at % 6];
    return place === word % 6 ? word : Number(place === (word + 1) % 6);
  }),
);

/** Without the padding, as the mask says. */
export const text: TinyGraph = {
  inputs: {
    input_ids: { shape: ['batch', 'tokens'], type: INT64 },
    attention_mask: { shape: ['batch', 'tokens'], type: INT64 },
  },
  outputs: { text_embeds: { shape: ['batch', 6] } },
  nodes: [
    { op: 'Gather', inputs: ['words', 'input_ids'], output: 'found' },
    { op: 'Cast', inputs: ['attention_mask'], output: 'mask', attributes: { to: FLOAT } },
    { op: 'Unsqueeze', inputs: ['mask', 'last'], output: 'wide' },
    { op: 'Mul', inputs: ['found', 'wide'], output: 'seen' },
    { op: 'ReduceSum', inputs: ['seen', 'second'], output: 'sum', attributes: { keepdims: 0 } },
    { op: 'ReduceSum', inputs: ['mask', 'second'], output: 'count', attributes: { keepdims: 1 } },
    { op: 'Div', inputs: ['sum', 'count'], output: 'text_embeds' },
  ],
  constants: {
    words,
    last: { shape: [1], data: BigInt64Array.of(-1n) },
    second: { shape: [1], data: BigInt64Array.of(1n) },
  },
};

/** Both in one graph. */
export const both: TinyGraph = {
  inputs: { ...text.inputs, ...vision.inputs },
  outputs: { ...vision.outputs, ...text.outputs },
  nodes: [...vision.nodes, ...text.nodes],
  constants: { ...vision.constants, ...text.constants },
};

/** Means of the three colours as the class token, before tokens that nobody should look at. */
export const classToken: TinyGraph = {
  inputs: { pixel_values: { shape: ['batch', 3, 'height', 'width'] } },
  outputs: { last_hidden_state: { shape: ['batch', 3, 3] }, pooler_output: { shape: ['batch', 3] } },
  nodes: [
    { op: 'ReduceMean', inputs: ['pixel_values', 'sides'], output: 'means', attributes: { keepdims: 0 } },
    { op: 'Unsqueeze', inputs: ['means', 'second'], output: 'class' },
    { op: 'Concat', inputs: ['class', 'patches'], output: 'last_hidden_state', attributes: { axis: 1 } },
    { op: 'Neg', inputs: ['means'], output: 'pooler_output' },
  ],
  constants: {
    sides: { shape: [2], data: BigInt64Array.of(2n, 3n) },
    second: { shape: [1], data: BigInt64Array.of(1n) },
    patches: floats([1, 2, 3], [9, 9, 9, 9, 9, 9]),
  },
};

/** The mean colour of a white picture at once; of a darker one after more steps than anyone waits for. */
export const slowForBlack: TinyGraph = {
  inputs: classToken.inputs,
  outputs: { pooler_output: { shape: ['batch', 3] } },
  nodes: [
    { op: 'ReduceMean', inputs: ['pixel_values', 'sides'], output: 'means', attributes: { keepdims: 0 } },
    { op: 'ReduceMean', inputs: ['pixel_values', 'all'], output: 'lightness', attributes: { keepdims: 0 } },
    { op: 'Sub', inputs: ['one', 'lightness'], output: 'darkness' },
    { op: 'Mul', inputs: ['darkness', 'many'], output: 'steps' },
    { op: 'Cast', inputs: ['steps'], output: 'trips', attributes: { to: INT64 } },
    {
      op: 'Loop',
      inputs: ['trips', '', 'means'],
      output: 'pooler_output',
      body: {
        inputs: { at: { shape: [], type: INT64 }, on: { shape: [], type: BOOL }, before: { shape: ['batch', 3] } },
        outputs: { further: { shape: [], type: BOOL }, after: { shape: ['batch', 3] } },
        nodes: [
          { op: 'Identity', inputs: ['on'], output: 'further' },
          { op: 'Mul', inputs: ['before', 'one'], output: 'after' },
        ],
      },
    },
  ],
  constants: {
    sides: { shape: [2], data: BigInt64Array.of(2n, 3n) },
    all: { shape: [3], data: BigInt64Array.of(1n, 2n, 3n) },
    one: floats([1], [1]),
    many: floats([1], [1e12]),
  },
};

/** Ids 0 to 9; id 1 ends every text and pads it. */
export const vocabulary = [
  '[UNK]',
  '[END]',
  '[START]',
  'red',
  'blue',
  'a',
  'circle',
  'square',
  'two',
  'green',
] as const;

const special = ['[UNK]', '[END]', '[START]'].map((content, id) => {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return { id, content, ...flags };
});

/** Words between spaces, in lower case, with a start and an end. */
export const tokenizer = {
  version: '1.0',
  added_tokens: special,
  normalizer: { type: 'Lowercase' },
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[START]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[END]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '[START]': { id: '[START]', ids: [2], tokens: ['[START]'] },
      '[END]': { id: '[END]', ids: [1], tokens: ['[END]'] },
    },
  },
  decoder: null,
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
  },
};

/** Preprocessing that leaves a picture of `side` pixels as it is, in 0..1. */
export const plainPixels = (side: number): Readonly<Record<string, unknown>> => ({
  do_resize: true,
  size: { height: side, width: side },
  resample: 3,
  do_normalize: false,
});

export type FolderContent = Readonly<Record<string, TinyGraph | Uint8Array | object | string>>;

/** A CLIP in two graphs. Texts have at most five tokens. */
export const clipFolder: FolderContent = {
  'config.json': { model_type: 'clip', text_config: { max_position_embeddings: 5 } },
  'preprocessor_config.json': plainPixels(4),
  'tokenizer.json': tokenizer,
  'tokenizer_config.json': { pad_token: '[END]' },
  'onnx/vision_model.onnx': vision,
  'onnx/text_model.onnx': text,
};

/** A model of pictures only. */
export const dinoFolder: FolderContent = {
  'config.json': { model_type: 'dinov2' },
  'preprocessor_config.json': plainPixels(16),
  'model.onnx': classToken,
};

/** Writes the files; an object is JSON, or a graph where its name says so. */
export async function writeVisionFolder(folder: string, content: FolderContent): Promise<void> {
  for (const [name, value] of Object.entries(content)) {
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    if (typeof value === 'string' || value instanceof Uint8Array) await writeFile(file, value);
    else if ('nodes' in value) await writeFile(file, encodeGraph(value));
    else await writeFile(file, JSON.stringify(value));
  }
}
