/** Nesting of a result; `pythonEqual` follows no more, and what is far deeper ends the process that reads it. */
export const MAX_DEPTH = 160;

/** Characters of an encoded result. */
export const MAX_VALUE = 8 << 20;

/**
 * Source of `encode(value)`, `decode(text)` and `clone(value)` for programs in the sandbox. What they use of the library is
 * taken when the realm is made, so that a program that names a class `Map`, or replaces a method of arrays, is encoded as
 * any other.
 *
 * `encode` writes JSON. Numbers that JSON lacks, and large integers, travel as texts behind a sign; sets, maps and typed
 * arrays as lists. What is no data (functions in lists, promises, iterators) is a `TypeError`, what is too long, too deep
 * or circular a `RangeError`.
 */
export const guestData = String.raw`
const {
  Array, ArrayBuffer, BigInt, Boolean, DataView, Date, Error, Function, JSON, Map, Math, Number, Object, Promise,
  RangeError, Reflect, RegExp, Set, String, Symbol, TypeError, Uint8Array, WeakMap, WeakSet, isNaN, parseFloat, parseInt,
} = globalThis;
const { parse, stringify } = JSON;
const { apply } = Reflect;
const keysOf = Object.keys;
const isArray = Array.isArray;
const isView = ArrayBuffer.isView;
const join = Array.prototype.join;
const isAncestor = Object.prototype.isPrototypeOf;
const eachOfMap = Map.prototype.forEach;
const eachOfSet = Set.prototype.forEach;
const prototypeOf = Object.getPrototypeOf;
const iterators = [
  prototypeOf(prototypeOf([][Symbol.iterator]())),
  prototypeOf(prototypeOf(prototypeOf((async function* () {})()))),
];
const boxes = [
  [Number, Number.prototype.valueOf],
  [String, String.prototype.valueOf],
  [Boolean, Boolean.prototype.valueOf],
  [BigInt, BigInt.prototype.valueOf],
  [Symbol, Symbol.prototype.valueOf],
];
const foreign = [Promise, RegExp, Error, WeakMap, WeakSet, ArrayBuffer, DataView];
const noData = (what) => {
  throw new TypeError('the result must be plain data, got ' + what);
};
const sign = '\u0000';
const encode = (value) => {
  const parts = [];
  let size = 0;
  const put = (text) => {
    size += text.length;
    if (size > ${MAX_VALUE}) throw new RangeError('the result must have at most ${MAX_VALUE} characters as JSON, got more');
    parts[parts.length] = text;
  };
  const list = (length, item, depth) => {
    put('[');
    for (let at = 0; at < length; at += 1) {
      if (at > 0) put(',');
      write(item(at), at, depth + 1);
    }
    put(']');
  };
  const record = (value, depth) => {
    put('{');
    let isFirst = true;
    const keys = keysOf(value);
    for (let at = 0; at < keys.length; at += 1) {
      const key = keys[at];
      const item = value[key];
      if (item === undefined || typeof item === 'function' || typeof item === 'symbol') continue;
      put((isFirst ? '' : ',') + stringify(key) + ':');
      isFirst = false;
      write(item, key, depth + 1);
    }
    put('}');
  };
  const object = (value, depth) => {
    if (depth >= ${MAX_DEPTH}) throw new RangeError('the result must nest at most ${MAX_DEPTH} deep, got a deeper or circular one');
    for (let at = 0; at < boxes.length; at += 1) {
      if (value instanceof boxes[at][0]) return write(apply(boxes[at][1], value, []), '', depth);
    }
    const items = [];
    if (value instanceof Map) {
      apply(eachOfMap, value, [(item, key) => void (items[items.length] = [key, item])]);
      return list(items.length, (at) => items[at], depth);
    }
    if (value instanceof Set) {
      apply(eachOfSet, value, [(item) => void (items[items.length] = item)]);
      return list(items.length, (at) => items[at], depth);
    }
    if (isArray(value) || (isView(value) && !(value instanceof DataView))) {
      return list(value.length, (at) => value[at], depth);
    }
    for (let at = 0; at < foreign.length; at += 1) if (value instanceof foreign[at]) noData('a ' + foreign[at].name);
    for (let at = 0; at < iterators.length; at += 1) if (apply(isAncestor, iterators[at], [value])) noData('an iterator');
    record(value, depth);
  };
  const write = (given, key, depth) => {
    if (typeof given === 'number' && given - given === 0) return put('' + given);
    const toJSON = typeof given === 'object' && given !== null ? given.toJSON : undefined;
    const value = typeof toJSON === 'function' ? apply(toJSON, given, [String(key)]) : given;
    if (value === null || value === undefined) put('null');
    else if (typeof value === 'string') put(stringify(value[0] === sign ? sign + 's' + value : value));
    else if (typeof value === 'number') put(value - value === 0 ? '' + value : stringify(sign + 'n' + value));
    else if (typeof value === 'bigint') put(stringify(sign + 'b' + value));
    else if (typeof value === 'boolean') put(value ? 'true' : 'false');
    else if (typeof value === 'object') object(value, depth);
    else noData('a ' + typeof value);
  };
  write(value, '', 0);
  return apply(join, parts, ['']);
};
const decode = (text) =>
  parse(text, (_, each) => {
    if (typeof each !== 'string' || each[0] !== sign) return each;
    let rest = '';
    for (let at = 2; at < each.length; at += 1) rest += each[at];
    return each[1] === 'b' ? BigInt(rest) : each[1] === 'n' ? Number(rest) : rest;
  });
const clone = (value, seen = new Map()) => {
  if (typeof value === 'function' || typeof value === 'symbol') throw new Error(String(value) + ' could not be cloned.');
  if (typeof value !== 'object' || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const keep = (copy) => (seen.set(value, copy), copy);
  if (value instanceof Date) return keep(new Date(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (isView(value) && !(value instanceof DataView)) return keep(value.slice());
  const inner = (each) => clone(each, seen);
  if (value instanceof Map) {
    const copy = keep(new Map());
    value.forEach((item, key) => copy.set(inner(key), inner(item)));
    return copy;
  }
  if (value instanceof Set) {
    const copy = keep(new Set());
    value.forEach((item) => copy.add(inner(item)));
    return copy;
  }
  const copy = keep(isArray(value) ? new Array(value.length) : {});
  for (const key of keysOf(value)) copy[key] = inner(value[key]);
  return copy;
};
`;
