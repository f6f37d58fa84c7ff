import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import { RequestFault } from '../http.js';
import { decodeTrainingHead, decodeTrainingRequest, encodeForwardBackwardOutput, encodeSampleResult } from './proto.js';

const bytes = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

function message(fill: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  fill(writer);
  return writer.finish();
}

const put = (writer: BinaryWriter, field: number, value: Uint8Array) =>
  writer.tag(field, WireType.LengthDelimited).bytes(value);
const text = (writer: BinaryWriter, field: number, value: string) =>
  writer.tag(field, WireType.LengthDelimited).string(value);

/** A tensor as the SDK writes it: dense bytes, type, packed shape. */
function tensor(data: ArrayBufferView, dtype: number, shape: readonly number[]): Uint8Array {
  return message((w) => {
    put(w, 1, bytes(data));
    w.tag(3, WireType.Varint).int32(dtype);
    put(
      w,
      4,
      message((packed) => shape.forEach((size) => packed.int64(size))),
    );
  });
}

const sparse = message((w) => {
  const csr = message((c) => {
    put(c, 1, bytes(Float32Array.of(0.5, 2)));
    put(c, 2, bytes(BigInt64Array.of(0n, 1n, 1n, 2n)));
    put(c, 3, bytes(BigInt64Array.of(1n, 0n)));
  });
  put(w, 2, csr);
  w.tag(3, WireType.Varint).int32(1);
  put(
    w,
    4,
    message((packed) => [3, 2].forEach((size) => packed.int64(size))),
  );
});

const chunk = (tokens: readonly number[]) =>
  message((w) =>
    put(
      w,
      1,
      message((c) => put(c, 1, bytes(Int32Array.from(tokens)))),
    ),
  );

const entry = (key: string, value: Uint8Array) =>
  message((w) => {
    text(w, 1, key);
    put(w, 2, value);
  });

function request(extra: (writer: BinaryWriter) => void = () => undefined): Uint8Array {
  return message((w) => {
    text(w, 1, 'model');
    w.tag(2, WireType.Varint).int32(7);
    const datum = message((d) => {
      put(d, 1, chunk([1, 2]));
      put(d, 1, chunk([3]));
      put(d, 2, entry('target_tokens', tensor(BigInt64Array.of(2n, 3n, 4n), 2, [3])));
      put(d, 2, entry('weights', sparse));
    });
    put(w, 3, datum);
    text(w, 4, 'ppo');
    put(
      w,
      7,
      message((e) => {
        text(e, 1, 'clip_low_threshold');
        put(
          e,
          2,
          message((v) => v.tag(1, WireType.Bit64).double(0.9)),
        );
      }),
    );
    // A field of the future.
    text(w, 99, 'unknown');
    extra(w);
  });
}

/** Fields of a message, by number. */
function fieldsOf(data: Uint8Array): Map<number, (Uint8Array | number)[]> {
  const fields = new Map<number, (Uint8Array | number)[]>();
  const reader = new BinaryReader(data);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const value =
      type === WireType.LengthDelimited ? reader.bytes() : type === WireType.Bit64 ? reader.double() : reader.int32();
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

const floats = (value: Uint8Array | number | undefined) => [...new Float32Array((value as Uint8Array).slice().buffer)];

describe('the protobuf of the SDK', () => {
  it('reads a training request, dense and sparse tensors, chunks in a row', () => {
    const decoded = decodeTrainingRequest(request());
    expect(decoded).toMatchObject({ modelId: 'model', seqId: 7, lossName: 'ppo', forwardOnly: false });
    expect(decoded.config).toEqual({ clip_low_threshold: 0.9 });
    const [datum] = decoded.data;
    expect([...(datum?.tokens ?? [])]).toEqual([1, 2, 3]);
    expect(Array.from(datum?.inputs.target_tokens?.data ?? [])).toEqual([2, 3, 4]);
    expect(Array.from(datum?.inputs.weights?.data ?? [])).toEqual([0, 0.5, 0, 0, 2, 0]);
    expect(datum?.inputs.weights?.shape).toEqual([3, 2]);
    expect(decodeTrainingRequest(request((w) => w.tag(6, WireType.Varint).bool(true))).forwardOnly).toBe(true);
  });

  it('bytes that are no request are a fault of the client, cut wherever', () => {
    const whole = request();
    for (let length = 1; length < whole.length; length++) {
      try {
        decodeTrainingRequest(whole.slice(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(RequestFault);
      }
    }
    expect(() => decodeTrainingRequest(Uint8Array.of(0xff, 0xff))).toThrow(RequestFault);
    const image = message((w) =>
      put(
        w,
        3,
        message((d) =>
          put(
            d,
            1,
            message((c) => put(c, 2, chunk([1]))),
          ),
        ),
      ),
    );
    expect(() => decodeTrainingRequest(image)).toThrow(/data\[0\]\.model_input\[0\]: must be encoded text/);
  });

  it('reads model and number of a request whose data are wrong', () => {
    const wrong = request((w) =>
      put(
        w,
        3,
        message((d) => put(d, 2, entry('weights', tensor(Int8Array.of(1), 1, [1])))),
      ),
    );
    expect(() => decodeTrainingRequest(wrong)).toThrow(RequestFault);
    expect(decodeTrainingHead(wrong)).toEqual({ modelId: 'model', seqId: 7 });
  });

  it('a sparse tensor cannot ask for more memory than it is worth, nor point outside', () => {
    const huge = message((w) => {
      put(
        w,
        2,
        message((c) => put(c, 2, bytes(new BigInt64Array(3)))),
      );
      w.tag(3, WireType.Varint).int32(1);
      put(
        w,
        4,
        message((packed) => [2, 2 ** 40].forEach((size) => packed.int64(size))),
      );
    });
    const asked = (value: Uint8Array) =>
      message((w) =>
        put(
          w,
          3,
          message((d) => put(d, 2, entry('weights', value))),
        ),
      );
    expect(() => decodeTrainingRequest(asked(huge))).toThrow(/at most 67108864 entries/);
  });

  it('writes outputs that read back, one record where widths agree and one each where not', () => {
    const datum = (values: number[], width: number) => ({
      logprobs: Float32Array.from(values),
      elementwise_loss: Float32Array.from(values, (value) => -value),
      width,
    });
    const metrics = { 'loss:sum': 1.5 };
    const alike = fieldsOf(
      encodeForwardBackwardOutput({ type: 'ArrayRecord', data: [datum([-1, -2], 1), datum([-3], 1)], metrics }),
    );
    expect(alike.get(2)).toHaveLength(1);
    const record = fieldsOf(alike.get(2)?.[0] as Uint8Array);
    expect(record.get(3)).toEqual([2]);
    const field = fieldsOf(record.get(2)?.[0] as Uint8Array);
    const batched = fieldsOf(field.get(2)?.[0] as Uint8Array);
    expect(floats(batched.get(1)?.[0])).toEqual([-1, -2, -3]);
    expect([...new BigInt64Array((batched.get(2)?.[0] as Uint8Array).slice().buffer)]).toEqual([0n, 8n, 12n]);
    expect(batched.get(4)).toBeUndefined();
    expect(fieldsOf(alike.get(3)?.[0] as Uint8Array).get(2)).toEqual([1.5]);
    const mixed = encodeForwardBackwardOutput({
      type: 'ArrayRecord',
      data: [datum([-1, -2], 2), datum([-3], 1)],
      metrics,
    });
    expect(fieldsOf(mixed).get(2)).toHaveLength(2);
  });

  it('writes samples with what was asked of their prompt; unknown rows are those that the SDK reads as missing', () => {
    const sequence = { finish: 'length' as const, tokens: Int32Array.of(5, 6), logProbs: Float32Array.of(-1, -2) };
    const topK = { width: 2, ids: Int32Array.of(9, 9, 3, 4), logProbs: Float32Array.of(NaN, NaN, -0.5, -1.5) };
    const written = fieldsOf(
      encodeSampleResult({ sequences: [sequence], prompt: { logProbs: Float32Array.of(NaN, -0.5), topK } }),
    );
    const first = fieldsOf(written.get(1)?.[0] as Uint8Array);
    expect(first.get(1)).toEqual([1]);
    expect(floats(first.get(3)?.[0])).toEqual([-1, -2]);
    expect(floats(written.get(2)?.[0])).toEqual([NaN, -0.5]);
    const rows = fieldsOf(written.get(3)?.[0] as Uint8Array);
    expect(floats(rows.get(2)?.[0])).toEqual([-99_999, -99_999, -0.5, -1.5]);
    expect([...new Int32Array((rows.get(1)?.[0] as Uint8Array).slice().buffer)]).toEqual([0, 0, 3, 4]);
    expect([rows.get(3), rows.get(4)]).toEqual([[2], [2]]);
  });
});
