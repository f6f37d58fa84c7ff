/** The part of the WebAssembly interface that is used; Node's types leave it to those of browsers. */

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  /** Grows by so many pages of 64 KiB. */
  grow(pages: number): number;
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** A compiled module; opaque. */
export type WasmModule = object;

/** Functions, globals and tables by the name of their space and their own. */
export type WasmImports = Record<string, Record<string, unknown>>;

interface WasmApi {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  instantiate(module: WasmModule, imports: WasmImports): Promise<WasmInstance>;
  readonly Instance: new (module: WasmModule, imports: WasmImports) => WasmInstance;
}

export const wasm = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;
