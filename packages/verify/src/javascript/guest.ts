import { guestData } from './guest-data.js';
import { guestInspect } from './guest-inspect.js';

/** Names of the modules that a program may require or import, with the names that they export. */
export const builtinModules: Readonly<Record<string, readonly string[]>> = {
  assert: ['ok', 'equal', 'notEqual', 'strictEqual', 'notStrictEqual', 'deepEqual', 'deepStrictEqual', 'throws'],
  fs: ['readFileSync', 'writeFileSync', 'writeSync', 'existsSync'],
  os: ['EOL'],
  process: ['argv', 'env', 'exit', 'stdin', 'stdout', 'stderr', 'nextTick', 'hrtime'],
  readline: ['createInterface'],
  'readline/promises': ['createInterface'],
  util: ['inspect', 'format', 'isDeepStrictEqual', 'promisify'],
};

/**
 * Source of what a program finds in its realm beside the language, as a function of the natives
 * `{ stdin, entry, write(stream, text), exit(code), source(path), resolve(name, base), code(path) }`, whose arguments and
 * replies are JSON: texts with a NUL would be cut. `print(text)` and `complain(text)` write a text that has none. It returns what the host calls: `call`, `encode`, `describe`; `turn`,
 * which runs what waits next (timers in virtual time, input events) and says false when nothing does; and `finish`, which
 * runs what the program left for its end and gives its exit code.
 *
 * Standard input is read by `readLine()`, `require('fs').readFileSync(0, 'utf8')`, `process.stdin` or `readline`;
 * everything is in memory, and time passes only virtually.
 */
export const guestSource = String.raw`(function (host) {
'use strict';
${guestData}
${guestInspect}
const native = { stdin: parse(host.stdin), entry: host.entry };
for (const name of ['write', 'exit', 'source', 'resolve', 'code']) {
  native[name] = (...values) => {
    const reply = host[name](stringify(values));
    return reply === undefined ? undefined : parse(reply);
  };
}
const { includes, isWellFormed } = String.prototype;
const write = native.write;
// Nearly every text can go as it is, which is quicker.
native.write = (stream, text) => {
  if (apply(includes, text, ['\0']) || !apply(isWellFormed, text, [])) write(stream, text);
  else if (stream === 2) host.complain(text);
  else host.print(text);
};
const tasks = [];
let clock = 0;
let nextId = 1;
const later = (work, delay = 0, every = null) => {
  const id = nextId++;
  tasks.push({ id, at: clock + Math.max(0, Number(delay) || 0), work, every });
  return id;
};
const cancel = (id) => {
  const at = tasks.findIndex((task) => task.id === Number(id));
  if (at >= 0) tasks.splice(at, 1);
};
const turn = () => {
  if (tasks.length === 0) return false;
  let first = 0;
  for (let at = 1; at < tasks.length; at += 1) if (tasks[at].at < tasks[first].at) first = at;
  const [task] = tasks.splice(first, 1);
  clock = Math.max(clock, task.at);
  if (task.every !== null) tasks.push({ ...task, at: clock + Math.max(1, task.every) });
  task.work();
  return true;
};

const input = native.stdin;
let position = 0;
const readLine = () => {
  if (position >= input.length) return null;
  const end = input.indexOf('\n', position);
  const line = input.slice(position, end < 0 ? input.length : end);
  position = end < 0 ? input.length : end + 1;
  return line.endsWith('\r') ? line.slice(0, -1) : line;
};
const readRest = () => {
  const rest = input.slice(position);
  position = input.length;
  return rest;
};

const textOf = (data) => (typeof data === 'string' ? data : data instanceof Uint8Array ? String.fromCharCode(...data) : String(data));
const emitter = (target, start) => {
  const handlers = new Map();
  let started = false;
  target.emit = (name, ...values) => {
    for (const handler of [...(handlers.get(name) ?? [])]) handler(...values);
  };
  target.on = (name, handler) => {
    handlers.set(name, [...(handlers.get(name) ?? []), handler]);
    if (!started) {
      started = true;
      later(start);
    }
    return target;
  };
  target.addListener = target.on;
  target.once = (name, handler) => {
    const once = (...values) => {
      target.off(name, once);
      handler(...values);
    };
    return target.on(name, once);
  };
  target.off = (name, handler) => {
    handlers.set(name, (handlers.get(name) ?? []).filter((each) => each !== handler));
    return target;
  };
  target.removeListener = target.off;
  target.removeAllListeners = () => (handlers.clear(), target);
  return target;
};
const stream = (number) => ({
  fd: number,
  isTTY: false,
  write(data, ...then) {
    native.write(number, textOf(data));
    for (const work of then) if (typeof work === 'function') later(work);
    return true;
  },
  end(data, ...then) {
    this.write(data ?? '', ...then);
    return this;
  },
  on() {
    return this;
  },
  once() {
    return this;
  },
});
const stdin = emitter({ fd: 0, isTTY: false }, () => {
  stdin.emit('readable');
  const rest = readRest();
  if (rest !== '') stdin.emit('data', rest);
  stdin.emit('readable');
  stdin.emit('end');
  stdin.emit('close');
});
for (const name of ['setEncoding', 'resume', 'pause', 'unref', 'ref', 'setRawMode']) stdin[name] = () => stdin;
stdin.read = () => (position < input.length ? readRest() : null);
stdin[Symbol.asyncIterator] = async function* () {
  const rest = readRest();
  if (rest !== '') yield rest;
};

const createInterface = (promised) => () => {
  let closed = false;
  const lines = emitter({}, () => {
    for (let line = readLine(); line !== null && !closed; line = readLine()) lines.emit('line', line);
    lines.close();
  });
  lines.close = () => {
    if (closed) return;
    closed = true;
    lines.emit('close');
  };
  lines.setPrompt = lines.prompt = lines.pause = lines.resume = lines.write = () => lines;
  const ask = (text, then) => {
    native.write(1, String(text));
    later(() => {
      const line = readLine();
      if (line !== null) then(line);
    });
  };
  lines.question = promised
    ? (text) => new Promise((resolve) => ask(text, resolve))
    : (text, options, then = options) => ask(text, then);
  lines[Symbol.asyncIterator] = async function* () {
    for (let line = readLine(); line !== null && !closed; line = readLine()) yield line;
  };
  return lines;
};

const fileText = (path) => {
  if (path === 0 || path === '/dev/stdin') return readRest();
  const found = native.source(String(path).replace(/^\.\//, ''));
  if (found !== undefined) return found;
  const error = new Error("ENOENT: no such file or directory, open '" + path + "'");
  error.code = 'ENOENT';
  throw error;
};
class Text extends String {
  split(...how) {
    return this.toString().split(...how);
  }
}
const writeFile = (path, data) => {
  if (path === 1 || path === '/dev/stdout') native.write(1, textOf(data));
  else if (path === 2 || path === '/dev/stderr') native.write(2, textOf(data));
  else throw new Error("EROFS: read-only file system, open '" + path + "'");
};
const encodingOf = (options) => (typeof options === 'string' ? options : options?.encoding);
const fs = {
  // Without an encoding Node gives a buffer, which programs turn into text by toString: a text does as well.
  readFileSync: (path, options) => (encodingOf(options) ? fileText(path) : new Text(fileText(path))),
  writeFileSync: writeFile,
  writeSync: writeFile,
  existsSync: (path) => path === '/dev/stdin' || native.source(String(path).replace(/^\.\//, '')) !== undefined,
};

const same = (a, b) => {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Map || a instanceof Set) return same([...a], [...b]);
  if (a instanceof Date) return a.getTime() === b.getTime();
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
};
class AssertionError extends Error {
  name = 'AssertionError';
  code = 'ERR_ASSERTION';
}
const check = (passed, message, usual) => {
  if (passed) return;
  if (message instanceof Error) throw message;
  throw new AssertionError(message ?? usual);
};
const both = (a, b) => inspect(a) + ' and ' + inspect(b);
const assert = Object.assign((value, message) => check(value, message, inspect(value) + ' is not true'), {
  AssertionError,
  equal: (a, b, message) => check(a == b || (a !== a && b !== b), message, both(a, b) + ' are not equal'),
  notEqual: (a, b, message) => check(a != b, message, both(a, b) + ' are equal'),
  strictEqual: (a, b, message) => check(Object.is(a, b), message, both(a, b) + ' are not strictly equal'),
  notStrictEqual: (a, b, message) => check(!Object.is(a, b), message, both(a, b) + ' are strictly equal'),
  deepEqual: (a, b, message) => check(same(a, b), message, both(a, b) + ' are not deeply equal'),
  deepStrictEqual: (a, b, message) => check(same(a, b), message, both(a, b) + ' are not deeply equal'),
  throws: (work, message) => {
    let thrown = false;
    try {
      work();
    } catch {
      thrown = true;
    }
    check(thrown, typeof message === 'string' ? message : undefined, 'nothing was thrown');
  },
});
assert.ok = assert;
assert.strict = assert;

const leaving = [];
const finish = () => {
  for (const work of leaving.splice(0)) work(Number(process.exitCode ?? 0));
  return Number(process.exitCode ?? 0);
};
const process = {
  argv: ['node', 'main'],
  env: {},
  platform: 'sandbox',
  pid: 1,
  version: 'v20.0.0',
  versions: {},
  exitCode: undefined,
  stdin,
  stdout: stream(1),
  stderr: stream(2),
  exit: (code) => {
    process.exitCode = code ?? process.exitCode;
    native.exit(finish());
  },
  cwd: () => '/',
  on: (name, work) => (name === 'exit' || name === 'beforeExit' ? leaving.push(work) : 0, process),
  once: (name, work) => process.on(name, work),
  nextTick: (work, ...values) => void Promise.resolve().then(() => work(...values)),
  uptime: () => clock / 1000,
  memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0 }),
  hrtime: Object.assign(() => [Math.floor(clock / 1000), (clock % 1000) * 1e6], { bigint: () => BigInt(Math.floor(clock * 1e6)) }),
};
const modules = {
  assert,
  fs,
  os: { EOL: '\n' },
  process,
  readline: { createInterface: createInterface(false), promises: { createInterface: createInterface(true) } },
  'readline/promises': { createInterface: createInterface(true) },
  util: {
    inspect: (value) => inspect(value),
    format,
    isDeepStrictEqual: same,
    promisify: (work) => (...values) =>
      new Promise((resolve, reject) => work(...values, (error, value) => (error ? reject(error) : resolve(value)))),
  },
};
modules['assert/strict'] = assert;

const loaded = new Map();
const evaluate = (0, eval);
const requireFrom = (base) => (name) => {
  const plain = String(name).replace(/^node:/, '');
  if (Object.hasOwn(modules, plain)) return modules[plain];
  const path = native.resolve(String(name), base);
  if (path === undefined) {
    const error = new Error("Cannot find module '" + name + "'");
    error.code = 'MODULE_NOT_FOUND';
    throw error;
  }
  if (loaded.has(path)) return loaded.get(path).exports;
  const module = { exports: {} };
  loaded.set(path, module);
  const text = native.code(path);
  if (path.endsWith('.json')) module.exports = parse(text);
  else evaluate('(function (require, module, exports) {' + text + '\n})')(requireFrom(path), module, module.exports);
  return module.exports;
};

let state = 0x2545f491;
const random = () => {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
};
let indent = '';
const say = (number) => (...values) => {
  const text = format(...values);
  native.write(number, indent + (indent === '' ? text : text.replaceAll('\n', '\n' + indent)) + '\n');
};
const console = { assert: (passed, ...values) => passed || say(2)('Assertion failed', ...values) };
for (const name of ['log', 'info', 'debug', 'table']) console[name] = say(1);
for (const name of ['error', 'warn', 'trace']) console[name] = say(2);
for (const name of ['time', 'timeEnd', 'timeLog']) console[name] = () => undefined;
console.dir = (value) => console.log(value);
console.group = (...label) => {
  if (label.length > 0) say(1)(...label);
  indent += '  ';
};
console.groupCollapsed = console.group;
console.groupEnd = () => void (indent = indent.slice(2));
const counts = new Map();
console.count = (label = 'default') => {
  counts.set(String(label), (counts.get(String(label)) ?? 0) + 1);
  say(1)(label + ': ' + counts.get(String(label)));
};
console.countReset = (label = 'default') => void counts.delete(String(label));
const mainModule = { exports: {} };
const names = {
  console,
  process,
  readLine,
  readline: readLine,
  print: (...values) => native.write(1, values.map(String).join(' ') + '\n'),
  require: requireFrom(native.entry),
  module: mainModule,
  exports: mainModule.exports,
  global: globalThis,
  performance: { now: () => clock },
  queueMicrotask: (work) => void Promise.resolve().then(work),
  setTimeout: (work, delay, ...values) => later(() => work(...values), delay),
  setInterval: (work, delay, ...values) => later(() => work(...values), delay, Number(delay) || 0),
  setImmediate: (work, ...values) => later(() => work(...values)),
  clearTimeout: cancel,
  clearInterval: cancel,
  clearImmediate: cancel,
  structuredClone: (value) => clone(value),
};
for (const [name, value] of Object.entries(names)) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
Math.random = random;

const target = (root, path) => {
  let [owner, value] = [undefined, root];
  for (const name of path) {
    const own = value?.[name];
    // A method of a class without state, as some judges write their tasks, is called on a new object.
    const made = own === undefined && typeof value === 'function' && value.prototype?.[name] !== undefined;
    owner = made ? new value() : value;
    value = made ? owner[name] : own;
  }
  return [owner, value];
};
const call = (root, name, args) => {
  const [first, ...path] = name.split('.');
  const [owner, value] = target(root ?? mainModule.exports[first] ?? globalThis[first], path);
  if (typeof value !== 'function') throw new TypeError(name + ' must be a function of the program, got ' + typeof value);
  return apply(value, owner, decode(args));
};
const describe = (error) => (error instanceof Error ? errorText(error) : 'Uncaught ' + inspect(error));
return { call, encode, describe, turn, finish };
})`;
