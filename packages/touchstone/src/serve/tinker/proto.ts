import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { RequestFault } from '../http.js';
import type { TrainingDatum, TrainingRequest } from './bodies.js';
import type { ForwardBackwardOutput } from './training.js';
import type { SampleResult, TopK } from './sample-result.js';
import { denseTensor, fromSparseRows, type Tensor } from './tensors.js';

/**
 * The three messages that the Tinker SDK sends and takes as protobuf (`tinker_public.proto`; field numbers read from
 * `tinker/proto/tinker_public_pb2.py` 0.38). Arrays travel as little-endian bytes inside `bytes` fields.
 */

export const PROTOBUF = 'application/x-protobuf';

/** DType of the messages. */
const FLOAT32 = 1;
const INT64 = 2;
const INT32 = 3;

/** Log-prob of an entry that is not there, with token 0: the SDK reads such rows as missing. */
const MISSING = -99_999;

/** Model and number of a ForwardBackwardRequest, whatever the rest of it holds. Throws a `RequestFault`. */
export function decodeTrainingHead(bytes: Uint8Array): Pick<TrainingRequest, 'modelId' | 'seqId'> {
  const head = { modelId: '', seqId: 0 };
  return guarded(() => {
    readMessage(new BinaryReader(bytes), {
      1: (r) => (head.modelId = r.string()),
      2: (r) => (head.seqId = r.int32()),
    });
    return head;
  });
}

/** A ForwardBackwardRequest. Throws a `RequestFault` for bytes that are none. */
export function decodeTrainingRequest(bytes: Uint8Array): TrainingRequest {
  return guarded(() => readTrainingRequest(new BinaryReader(bytes)));
}

function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RequestFault) throw error;
    throw new RequestFault(400, 'body', `must be a ForwardBackwardRequest: ${(error as Error).message}`);
  }
}

type Handlers = Readonly<Record<number, (reader: BinaryReader) => void>>;

/** Reads the fields of one message; those without a handler are skipped, as protobuf wants it. */
function readMessage(reader: BinaryReader, handlers: Handlers): void {
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    const handler = handlers[field];
    if (handler === undefined) reader.skip(wireType, field);
    else handler(reader);
  }
}

function readNested(reader: BinaryReader, handlers: Handlers): void {
  readMessage(new BinaryReader(reader.bytes()), handlers);
}

function readTrainingRequest(reader: BinaryReader): TrainingRequest {
  const data: TrainingDatum[] = [];
  const config: Record<string, number | string> = {};
  const head = { modelId: '', seqId: 0, lossName: '', forwardOnly: false };
  readMessage(reader, {
    1: (r) => (head.modelId = r.string()),
    2: (r) => (head.seqId = r.int32()),
    3: (r) => data.push(readDatum(r, data.length)),
    4: (r) => (head.lossName = r.string()),
    5: (r) => readEntry(r, (key, entry) => (config[key] = entry.double())),
    6: (r) => (head.forwardOnly = r.bool()),
    7: (r) =>
      readEntry(r, (key, entry) => {
        readNested(entry, { 1: (v) => (config[key] = v.double()), 2: (v) => (config[key] = v.string()) });
      }),
  });
  return { ...head, data, config };
}

/** An entry of a map: key 1, value 2, in that order. */
function readEntry(reader: BinaryReader, value: (key: string, entry: BinaryReader) => void): void {
  let key = '';
  readNested(reader, { 1: (r) => (key = r.string()), 2: (r) => value(key, r) });
}

function readDatum(reader: BinaryReader, index: number): TrainingDatum {
  const chunks: Int32Array[] = [];
  const inputs: Record<string, Tensor> = {};
  readNested(reader, {
    1: (r) => chunks.push(readChunk(r, `data[${index}].model_input[${chunks.length}]`)),
    2: (r) => readEntry(r, (key, entry) => (inputs[key] = readTensor(entry, `data[${index}].loss_fn_inputs.${key}`))),
  });
  return { tokens: Int32Array.from(chunks.flatMap((chunk) => [...chunk])), inputs };
}

function readChunk(reader: BinaryReader, field: string): Int32Array {
  let tokens: Int32Array | undefined;
  const text: Handlers = { 1: (r) => (tokens = int32s(r.bytes())) };
  readNested(reader, {
    1: (r) => {
      tokens = new Int32Array(0);
      readNested(r, text);
    },
  });
  if (tokens === undefined) throw new RequestFault(400, field, 'must be encoded text; images and audio are not served');
  return tokens;
}

function readTensor(reader: BinaryReader, field: string): Tensor {
  let dense: Uint8Array | undefined;
  let sparse: Record<number, Uint8Array> | undefined;
  let dtype = 0;
  const shape: number[] = [];
  readNested(reader, {
    1: (r) => (dense = r.bytes()),
    2: (r) => {
      const parts: Record<number, Uint8Array> = {};
      const keep = (part: number) => (each: BinaryReader) => (parts[part] = each.bytes());
      readNested(r, { 1: keep(1), 2: keep(2), 3: keep(3) });
      sparse = parts;
    },
    3: (r) => (dtype = r.int32()),
    4: (r) => {
      // Repeated numbers come packed.
      const packed = new BinaryReader(r.bytes());
      while (packed.pos < packed.len) shape.push(Number(packed.int64()));
    },
  });
  const none = new Uint8Array(0);
  if (sparse === undefined) {
    const data = valuesOf(dense ?? none, dtype, field);
    return denseTensor(field, data, shape.length === 0 ? undefined : shape);
  }
  const { 1: values = none, 2: crow = none, 3: col = none } = sparse;
  return fromSparseRows(field, { values: valuesOf(values, dtype, field), crow: int64s(crow), col: int64s(col) }, shape);
}

function valuesOf(bytes: Uint8Array, dtype: number, field: string): ArrayLike<number> {
  switch (dtype) {
    case FLOAT32:
      return new Float32Array(aligned(bytes, 4));
    case INT64:
      return int64s(bytes);
    case INT32:
      return int32s(bytes);
    default:
      throw new RequestFault(400, field, `dtype must be float32, int64 or int32, got number ${dtype}`);
  }
}

function int32s(bytes: Uint8Array): Int32Array {
  return new Int32Array(aligned(bytes, 4));
}

function int64s(bytes: Uint8Array): Float64Array {
  return Float64Array.from(new BigInt64Array(aligned(bytes, 8)), Number);
}

/** A copy that starts where typed arrays may start. */
function aligned(bytes: Uint8Array, width: number): ArrayBuffer {
  if (bytes.length % width !== 0) throw new Error(`${bytes.length} bytes are no array of ${width} bytes an entry`);
  return bytes.slice().buffer;
}

function bytesOf(array: Int32Array | Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Writes a field that holds a message. */
function nest(writer: BinaryWriter, field: number, fill: (writer: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  fill(writer);
  writer.join();
}

function putBytes(writer: BinaryWriter, field: number, array: Int32Array | Float32Array | BigInt64Array): void {
  writer.tag(field, WireType.LengthDelimited).bytes(bytesOf(array));
}

function putNumber(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int32(value);
}

/** A ForwardBackwardOutput. Data whose tensors differ in width go into records of their own. */
export function encodeForwardBackwardOutput(output: ForwardBackwardOutput): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).string(output.type);
  const { data } = output;
  const alike = data.every(({ width }) => width === data[0]?.width);
  for (const record of alike ? [data] : data.map((datum) => [datum])) {
    nest(writer, 2, (r) => {
      r.tag(1, WireType.LengthDelimited).string(output.type);
      for (const name of ['logprobs', 'elementwise_loss'] as const) {
        nest(r, 2, (entry) => {
          entry.tag(1, WireType.LengthDelimited).string(name);
          nest(entry, 2, (batched) =>
            putBatched(
              batched,
              record.map((datum) => datum[name]),
              record[0]?.width ?? 1,
            ),
          );
        });
      }
      putNumber(r, 3, record.length);
    });
  }
  for (const [name, value] of Object.entries(output.metrics)) {
    nest(writer, 3, (entry) => {
      entry.tag(1, WireType.LengthDelimited).string(name).tag(2, WireType.Bit64).double(value);
    });
  }
  return writer.finish();
}

/** A BatchedTensor: the arrays one after another, and where each begins in bytes. A width of 1 has no second dimension. */
function putBatched(writer: BinaryWriter, arrays: readonly Float32Array[], width: number): void {
  const offsets = new BigInt64Array(arrays.length + 1);
  arrays.forEach((array, i) => (offsets[i + 1] = (offsets[i] as bigint) + BigInt(array.byteLength)));
  writer.tag(1, WireType.LengthDelimited).bytes(Buffer.concat(arrays.map(bytesOf)));
  putBytes(writer, 2, offsets);
  putNumber(writer, 3, FLOAT32);
  if (width > 1) nest(writer, 4, (packed) => packed.int64(width));
}

/** A SampleResponse. */
export function encodeSampleResult(result: SampleResult): Uint8Array {
  const writer = new BinaryWriter();
  for (const { finish, tokens, logProbs, topK } of result.sequences) {
    nest(writer, 1, (sequence) => {
      putNumber(sequence, 1, finish === 'stop' ? 0 : 1);
      putBytes(sequence, 2, tokens);
      putBytes(sequence, 3, logProbs);
      if (topK !== undefined) nest(sequence, 4, (each) => putTopK(each, topK));
    });
  }
  const { prompt } = result;
  if (prompt?.logProbs !== undefined) putBytes(writer, 2, prompt.logProbs);
  if (prompt?.topK !== undefined) nest(writer, 3, (each) => putTopK(each, prompt.topK as TopK));
  if (prompt?.targets !== undefined) {
    const { data, shape } = prompt.targets;
    nest(writer, 5, (tensor) => {
      putBytes(tensor, 1, Float32Array.from(data));
      putNumber(tensor, 3, FLOAT32);
      nest(tensor, 4, (packed) => {
        for (const size of shape) packed.int64(size);
      });
    });
  }
  return writer.finish();
}

function putTopK(writer: BinaryWriter, { ids, logProbs, width }: TopK): void {
  const missing = (row: number) => Number.isNaN(logProbs[row * width]);
  const rows = ids.length / width;
  const filled = Float32Array.from(logProbs, (value) => (Number.isNaN(value) ? MISSING : value));
  const tokens = Int32Array.from(ids, (id, i) => (missing(Math.floor(i / width)) ? 0 : id));
  putBytes(writer, 1, tokens);
  putBytes(writer, 2, filled);
  putNumber(writer, 3, width);
  putNumber(writer, 4, rows);
}
