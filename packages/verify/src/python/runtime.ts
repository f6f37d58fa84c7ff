/**
 * CPython compiled to WebAssembly (the `pyodide` package), started bare: without Pyodide's own Python layer, so that
 * no object of JavaScript ever exists in the interpreter. After the start its imports are sealed (see `imports.ts`);
 * from then on it can touch its memory, an in-memory file system, and clocks.
 *
 * Fresh state: the linear memory holds everything that Python knows. `restore` writes back the memory, the stack
 * pointer and the file system as they were when the runtime was sealed, in a few milliseconds. A runtime that ended
 * irregularly (a trap, a stack overflow, `os._exit`) is `spoilt` and must be thrown away.
 */
import type { CreateModule, FileSystem, PythonModule, StreamOps } from './emscripten.js';
import { EVENT_LOOP_SETUP } from './event-loop.js';
import { FileImage } from './file-image.js';
import { ANSWER_FD, HARNESS, WORK_FOLDER } from './harness.js';
import { ForbiddenImportError, gate, type Gate } from './imports.js';
import { toPython } from './values.js';
import { wasm, type WasmMemory, type WasmModule } from '../sandbox/wasm.js';

/** What does not change between runtimes of a process. */
export interface PythonParts {
  readonly create: CreateModule;
  readonly module: WasmModule;
  /** Bytes of the standard library as a zip file. */
  readonly library: Uint8Array;
}

/** The memory of a prepared interpreter, and where in it the harness is. */
export interface MemoryImage {
  readonly memory: Uint8Array;
  readonly serve: number;
  readonly stack: number;
}

/** How a request ended: an answer of the harness, or the end of the interpreter. */
export type Served =
  { readonly ended: 'answered'; readonly answer: string } | { readonly ended: 'died'; readonly reason: string };

/** Bytes in and out of a runtime while a request is served. */
export interface Streams {
  readonly stdin: Uint8Array;
  readonly stdout: (bytes: Uint8Array) => void;
  readonly stderr: (bytes: Uint8Array) => void;
  /** A question of the judge's harness; returns the reply. Absent: none are expected, and the last write is the answer. */
  readonly ask?: (question: string) => string;
}

const NO_STREAMS: Streams = { stdin: new Uint8Array(0), stdout: () => undefined, stderr: () => undefined };

const FILE_INPUT = 257;

export class PythonRuntime {
  /** True when something happened after which the interpreter is not what it was. */
  spoilt = false;
  private streams: Streams = NO_STREAMS;
  private stdinAt = 0;
  private answer = '';
  private reply = new Uint8Array(0);
  private pristine: MemoryImage | null = null;
  private files: FileImage | null = null;

  private constructor(
    private readonly python: PythonModule,
    private readonly memory: WasmMemory,
    private readonly border: Gate,
  ) {
    this.replaceStreams();
  }

  /** Starts an interpreter: from an image in a fraction of the time, otherwise by booting CPython and the harness. */
  static async start(parts: PythonParts, image: MemoryImage | null): Promise<PythonRuntime> {
    let memory: WasmMemory | undefined;
    let border: Gate | undefined;
    const current = (): WasmMemory => {
      if (memory === undefined) throw new Error('PythonRuntime: memory must exist by now, got none');
      return memory;
    };
    const python = await parts.create({
      ...quiet,
      noInitialRun: image !== null,
      ...(image !== null && { INITIAL_MEMORY: image.memory.length }),
      preRun: [(module) => prepareFiles(module, parts.library)],
      instantiateWasm: (imports, done) => {
        Object.assign(imports.env ?? {}, { Jsv_GetError_import: () => null, JsvError_Check: () => 0 });
        border = gate(imports, current);
        void wasm.instantiate(parts.module, border.imports).then((instance) => {
          memory = instance.exports.memory as WasmMemory;
          done(instance, parts.module);
        });
        return {};
      },
    });
    if (border === undefined) throw new Error('PythonRuntime: the module must import its environment, got none');
    const runtime = new PythonRuntime(python, current(), border);
    if (image === null) runtime.boot();
    else runtime.python.stackRestore(image.stack);
    runtime.files = new FileImage(python.FS);
    if (image !== null) {
      runtime.pristine = image;
      runtime.restore();
    }
    return runtime;
  }

  /** Imports modules of the standard library, so that programs need not; before `seal`. */
  preload(modules: readonly string[]): void {
    this.execute(modules.map((name) => `import ${name}\n`).join(''));
  }

  /** Ends the preparation. What the interpreter holds now is what each request starts from after a `restore`. */
  seal(): void {
    this.pristine ??= {
      memory: new Uint8Array(this.memory.buffer).slice(),
      serve: this.serve,
      stack: this.python.stackSave(),
    };
    this.border.seal();
  }

  /** The image of a sealed runtime. */
  get image(): MemoryImage {
    if (this.pristine === null) throw new Error('PythonRuntime.image: the runtime must be sealed, got an open one');
    return this.pristine;
  }

  /** From now on the state of `image`, which another runtime of the same build made. */
  adopt(image: MemoryImage): void {
    this.pristine = image;
  }

  /** Puts back everything as it was when the runtime was sealed. */
  restore(): void {
    const { pristine, files } = this;
    if (pristine === null || files === null) return;
    const missing = pristine.memory.length - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(missing / 65536);
    const bytes = new Uint8Array(this.memory.buffer);
    bytes.set(pristine.memory);
    bytes.fill(0, pristine.memory.length);
    this.python.stackRestore(pristine.stack);
    files.restore();
    this.replaceStreams();
  }

  /** Bytes by which the memory has grown since it was sealed; they cannot be given back. */
  get grownBytes(): number {
    return this.memory.buffer.byteLength - (this.pristine?.memory.length ?? 0);
  }

  /** Whether the request asked for more memory than it may hold. */
  get memoryRefused(): boolean {
    return this.border.memoryRefused;
  }

  writeFile(path: string, text: string): void {
    const folder = path.slice(0, path.lastIndexOf('/'));
    if (folder !== '') this.python.FS.mkdirTree(folder);
    this.python.FS.writeFile(path, text);
  }

  /** Begins a job that may hold so many bytes beyond the sealed state. */
  begin(memoryBytes: number): void {
    this.border.begin((this.pristine?.memory.length ?? 0) + memoryBytes);
  }

  /** Hands a request, the text of a Python expression, to the harness. */
  request(text: string, streams: Streams): Served {
    this.streams = streams;
    this.stdinAt = 0;
    this.answer = '';
    try {
      const argument = this.withText(text, (pointer) => this.python._PyUnicode_FromString(pointer));
      const result = this.python._PyObject_CallOneArg(this.image.serve, argument);
      if (result === 0) {
        this.python._PyErr_Clear();
        return this.died('the program broke the channel of its sandbox');
      }
      return { ended: 'answered', answer: this.answer };
    } catch (thrown) {
      return this.died(reasonOf(thrown));
    } finally {
      this.streams = NO_STREAMS;
    }
  }

  private died(reason: string): Served {
    this.spoilt = true;
    return { ended: 'died', reason };
  }

  private serve = 0;

  private boot(): void {
    // Compiled under a name of its own, by which its frames are left out of tracebacks.
    this.execute(`exec(compile(${toPython(HARNESS)}, '<harness>', 'exec'))`);
    this.execute(EVENT_LOOP_SETUP);
    this.execute(`_serve = _make(${ANSWER_FD}, ${toPython(WORK_FOLDER)})`);
    const names = this.scope;
    this.serve = this.withText('_serve', (pointer) => this.python._PyDict_GetItemString(names, pointer));
    if (this.serve === 0) throw new Error('PythonRuntime.boot: the harness must define _serve, got nothing');
  }

  private names = 0;

  /** The harness's own namespace; `__main__` and `sys.modules` know nothing of it. */
  private get scope(): number {
    if (this.names !== 0) return this.names;
    this.names = this.python._PyDict_New();
    this.withText('__builtins__', (pointer) =>
      this.python._PyDict_SetItemString(this.names, pointer, this.python._PyEval_GetBuiltins()),
    );
    return this.names;
  }

  private execute(source: string): void {
    const result = this.withText(source, (pointer) =>
      this.python._PyRun_String(pointer, FILE_INPUT, this.scope, this.scope),
    );
    if (result !== 0) return;
    this.python._PyErr_Print();
    throw new Error('PythonRuntime: the harness must run, got an exception; see the words on stderr');
  }

  private withText<Result>(text: string, use: (pointer: number) => Result): Result {
    const bytes = new TextEncoder().encode(text);
    const pointer = this.python._malloc(bytes.length + 1);
    const memory = new Uint8Array(this.memory.buffer);
    memory.set(bytes, pointer);
    memory[pointer + bytes.length] = 0;
    try {
      return use(pointer);
    } finally {
      this.python._free(pointer);
    }
  }

  /** Descriptors 0 to 3 lead here and nowhere else. */
  private replaceStreams(): void {
    const { FS } = this.python;
    const sink = (write: (bytes: Uint8Array) => void): StreamOps => ({
      write: (_stream, buffer, offset, length) => {
        write(new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length).slice());
        return length;
      },
    });
    const channel: StreamOps = {
      ...sink((bytes) => this.hear(bytes)),
      read: (_stream, buffer, offset, length) => {
        const part = this.reply.subarray(0, length);
        this.reply = this.reply.subarray(part.length);
        new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length).set(part);
        return part.length;
      },
    };
    const input: StreamOps = {
      read: (_stream, buffer, offset, length) => {
        const part = this.streams.stdin.subarray(this.stdinAt, this.stdinAt + length);
        this.stdinAt += part.length;
        new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length).set(part);
        return part.length;
      },
    };
    const all = [
      input,
      sink((bytes) => this.streams.stdout(bytes)),
      sink((bytes) => this.streams.stderr(bytes)),
      channel,
    ];
    for (const [fd, ops] of all.entries()) setStream(FS, fd, ops);
  }

  /** Text that the harness wrote: its answer, or a question that is answered at once. */
  private hear(bytes: Uint8Array): void {
    const text = new TextDecoder().decode(bytes);
    const { ask } = this.streams;
    if (ask === undefined || !text.startsWith('{"what"')) {
      this.answer = (this.answer + text).slice(-MAX_ANSWER);
      return;
    }
    this.reply = new TextEncoder().encode(ask(text));
  }
}

/** Longest answer in characters; a longer one is cut, cannot be read, and fails. */
const MAX_ANSWER = 1 << 26;

const quiet = {
  API: {
    config: { env: {}, jsglobals: {}, args: [] },
    runtimeEnv: {},
    lockFilePromise: new Promise<never>(() => undefined),
  },
  arguments: [],
  thisProgram: '/usr/bin/python3',
  print: () => undefined,
  printErr: (text: string) => void process.stderr.write(`${text}\n`),
  locateFile: (path: string) => path,
};

function prepareFiles(module: PythonModule, library: Uint8Array): void {
  const { FS } = module;
  const site = '/lib/python3.14/site-packages';
  for (const folder of [site, '/lib/python3.14/lib-dynload', WORK_FOLDER, '/tmp']) FS.mkdirTree(folder);
  Object.assign(module.API, { pyVersionTuple: [3, 14, 0], sitePackages: site });
  FS.writeFile('/lib/python314.zip', library);
  FS.chdir(WORK_FOLDER);
  // The same hashes in each job; no site folders of a user, no byte code written.
  Object.assign(module.ENV, {
    HOME: WORK_FOLDER,
    PYTHONHASHSEED: '0',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONINSPECT: '1',
  });
  // No terminals: Python's standard streams are buffered as for files.
  FS.init(
    () => null,
    () => undefined,
    () => undefined,
  );
  FS.open('/dev/null', 'r+');
}

function setStream(fs: FileSystem, fd: number, ops: StreamOps): void {
  const stream = fs.streams[fd];
  if (stream === null || stream === undefined)
    throw new Error(`PythonRuntime: descriptor ${fd} must be open, got none`);
  stream.stream_ops = { ...ops, close: () => undefined };
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof ForbiddenImportError) return thrown.message;
  if (thrown instanceof RangeError) return 'the stack of the interpreter is full';
  const { name, message, status } = thrown as { name?: string; message?: string; status?: number };
  if (name === 'ExitStatus') return `the program ended the interpreter with status ${status ?? 0}`;
  return `the interpreter ended: ${message ?? String(thrown)}`.slice(0, 300);
}
