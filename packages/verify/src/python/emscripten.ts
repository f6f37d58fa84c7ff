/** The parts of an Emscripten module with an in-memory file system that the Python runtime uses. */
import type { WasmImports, WasmInstance, WasmModule } from '../sandbox/wasm.js';

/** A file, folder, link or device of the in-memory file system. */
export interface FsNode {
  id: number;
  name: string;
  parent: FsNode;
  mode: number;
  contents?: Uint8Array | Record<string, FsNode>;
  usedBytes?: number;
  link?: string;
  name_next?: FsNode;
  atime: number;
  mtime: number;
  ctime: number;
}

export interface StreamOps {
  open?(stream: FsStream): void;
  close?(stream: FsStream): void;
  read?(stream: FsStream, buffer: Int8Array, offset: number, length: number): number;
  write?(stream: FsStream, buffer: Int8Array, offset: number, length: number): number;
}

export interface FsStream {
  fd: number;
  flags: number;
  position: number;
  node: FsNode;
  stream_ops: StreamOps;
  shared: object;
}

export interface FileSystem {
  root: FsNode;
  streams: (FsStream | null | undefined)[];
  nameTable: (FsNode | undefined)[];
  nextInode: number;
  currentPath: string;
  init(input: () => number | null, output: (byte: number) => void, error: (byte: number) => void): void;
  mkdirTree(path: string): void;
  chdir(path: string): void;
  writeFile(path: string, data: Uint8Array | string): void;
  makedev(major: number, minor: number): number;
  registerDevice(device: number, ops: StreamOps): void;
  mkdev(path: string, mode: number, device: number): void;
  open(path: string, flags: string): FsStream;
  unlink(path: string): void;
}

type WasmFunction = (...args: (number | bigint)[]) => number;

/** The names that are used; an Emscripten module has thousands more, every function of CPython's C interface among them. */
export interface PythonModule {
  FS: FileSystem;
  ENV: Record<string, string>;
  API: { pyVersionTuple: readonly number[]; sitePackages: string };
  HEAPU8: Uint8Array;
  stackSave(): number;
  stackRestore(pointer: number): void;
  _malloc: WasmFunction;
  _free: WasmFunction;
  _PyRun_String: WasmFunction;
  _PyDict_New: WasmFunction;
  _PyDict_GetItemString: WasmFunction;
  _PyUnicode_FromString: WasmFunction;
  _PyObject_CallOneArg: WasmFunction;
  _PyErr_Print: WasmFunction;
  _PyErr_Clear: WasmFunction;
  _PyEval_GetBuiltins: WasmFunction;
  _PyDict_SetItemString: WasmFunction;
}

export interface ModuleSettings {
  readonly API: object;
  readonly arguments: readonly string[];
  readonly noInitialRun: boolean;
  readonly INITIAL_MEMORY?: number;
  readonly thisProgram: string;
  readonly print: (text: string) => void;
  readonly printErr: (text: string) => void;
  readonly locateFile: (path: string) => string;
  readonly preRun: readonly ((module: PythonModule) => void)[];
  readonly instantiateWasm: (
    imports: WasmImports,
    done: (instance: WasmInstance, module: WasmModule) => void,
  ) => object;
}

export type CreateModule = (settings: ModuleSettings) => Promise<PythonModule>;
