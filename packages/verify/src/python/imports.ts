/**
 * What the WebAssembly module may call on the JavaScript side. Pyodide's build imports some 270 functions: system
 * calls on an in-memory file system, clocks, and a whole bridge to JavaScript objects. While the interpreter starts it
 * may call all of them; then it is sealed, and only those named here remain. The bridge is cut at this border and not
 * by hiding Python modules: no trick in Python, and no memory corruption in the interpreter either, brings it back.
 */
import type { WasmImports, WasmMemory } from '../sandbox/wasm.js';

/** Files (in memory), clocks and the C runtime. */
const ALLOWED = new Set([
  ...['fd_close', 'fd_read', 'fd_write', 'fd_sync', 'fd_fdstat_get', 'fd_seek', 'fd_pread', 'fd_pwrite'],
  ...['environ_sizes_get', 'environ_get', 'clock_res_get', 'clock_time_get', 'proc_exit', 'exit'],
  ...['__syscall_getuid32_js', '__syscall_ioctl', '__syscall_fcntl64', '__syscall_openat'],
  ...['__syscall_faccessat', '__syscall_chdir', '__syscall_chmod', '__syscall_fchownat', '__syscall_dup'],
  ...['__syscall_dup3', '__syscall_fchdir', '__syscall_fchmod', '__syscall_fchmodat2', '__syscall_fchown32'],
  ...['__syscall_fdatasync', '__syscall_fstat64', '__syscall_stat64', '__syscall_newfstatat', '__syscall_lstat64'],
  ...['__syscall_ftruncate64', '__syscall_getcwd', '__syscall_getdents64', '__syscall_mkdirat', '__syscall_pipe'],
  ...['__syscall_poll', '__syscall_fadvise64', '__syscall_fallocate', '__syscall_readlinkat', '__syscall_unlinkat'],
  ...['__syscall_rmdir', '__syscall_renameat', '__syscall_statfs64', '__syscall_fstatfs64', '__syscall_symlinkat'],
  ...['__syscall_truncate64', '__syscall_utimensat', '_mmap_js', '_munmap_js', '_msync_js'],
  ...['emscripten_date_now', 'emscripten_get_now', '_tzset_js', '_timegm_js', '_mktime_js', '_localtime_js'],
  ...['_gmtime_js', 'emscripten_get_heap_max', '_emscripten_get_progname', '_abort_js', '__assert_fail'],
  ...['__call_sighandler', '_PyEM_TrampolineCall_JS', '_Py_CheckEmscriptenSignals_Helper'],
  ...['emscripten_runtime_keepalive_push', 'emscripten_runtime_keepalive_pop', '_emscripten_runtime_keepalive_clear'],
]);

/** Refused with an error that Python turns into an exception: -52 is ENOSYS for system calls. */
const REFUSED: Readonly<Record<string, number | null>> = {
  __syscall_socket: -52,
  __syscall_accept4: -52,
  __syscall_bind: -52,
  __syscall_connect: -52,
  __syscall_getpeername: -52,
  __syscall_getsockname: -52,
  __syscall_getsockopt: -52,
  __syscall_listen: -52,
  __syscall_recvfrom: -52,
  __syscall_recvmsg: -52,
  __syscall_sendmsg: -52,
  __syscall_sendto: -52,
  __syscall_mknodat: -52,
  // Kept on the side of JavaScript, where the next job would find it.
  __syscall_umask_js: 0o022,
  _emscripten_system: -1,
  _setitimer_js: -1,
  _dlopen_js: 0,
  _dlsym_js: 0,
  getprotobyname: 0,
  // EAI_FAIL: the name cannot be resolved.
  getaddrinfo: -4,
  getnameinfo: -4,
  _emscripten_lookup_name: 0,
  // No socket has its own way to poll, to be controlled or to be shut down.
  _maybe_poll_async: null,
  _maybe_connect_async: null,
  _maybe_recvfrom_async: null,
  _maybe_sendto_async: null,
  _try_fcntl64: 0,
  _try_shutdown: 0,
};

/** An import that the sealed module may not call. It ends the job: nothing in C can catch it. */
export class ForbiddenImportError extends Error {
  override readonly name = 'ForbiddenImportError';
  constructor(readonly imported: string) {
    super(`the program called ${imported}, which is not there`);
  }
}

type Imported = (...args: number[]) => unknown;

export interface Gate {
  readonly imports: WasmImports;
  /** From now on only the allowed imports can be called. */
  seal(): void;
  /** Starts the job: the random numbers of the system begin anew, memory may grow to `limit` bytes. */
  begin(limit: number): void;
  /** Whether the job asked for more memory than its limit. */
  readonly memoryRefused: boolean;
}

/** Wraps the imports of a module; `memory` is read when a call needs it. */
export function gate(imports: WasmImports, memory: () => WasmMemory): Gate {
  const state = { sealed: false, refused: false, limit: Infinity, random: 1 };
  const resize = imports.env?.emscripten_resize_heap as Imported;
  const special: Record<string, Imported> = {
    random_get: (buffer = 0, size = 0) => {
      const bytes = new Uint8Array(memory().buffer, buffer >>> 0, size >>> 0);
      for (let i = 0; i < bytes.length; i++) bytes[i] = (state.random = nextRandom(state.random)) >>> 24;
      return 0;
    },
    emscripten_resize_heap: (requested = 0) => {
      if (requested >>> 0 <= state.limit) return resize(requested);
      state.refused = true;
      return 0;
    },
  };
  const wrapped: WasmImports = {};
  for (const [space, names] of Object.entries(imports)) {
    // The tables of global addresses make their entries on demand and hold no functions of JavaScript.
    wrapped[space] = space.startsWith('GOT.') ? names : wrapAll(names);
  }
  function wrapAll(names: Record<string, unknown>): Record<string, unknown> {
    const made: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(names)) {
      made[name] = typeof value === 'function' ? guarded(name, value as Imported) : value;
    }
    return made;
  }
  function guarded(name: string, original: Imported): Imported {
    const own = special[name];
    if (own !== undefined) return own;
    if (ALLOWED.has(name)) return original;
    const refused = REFUSED[name];
    return (...args) => {
      if (!state.sealed) return original(...args);
      if (refused !== undefined) return refused;
      throw new ForbiddenImportError(name);
    };
  }
  return {
    imports: wrapped,
    seal: () => void (state.sealed = true),
    begin: (limit) => Object.assign(state, { limit, refused: false, random: 1 }),
    get memoryRefused() {
      return state.refused;
    },
  };
}

/** A linear congruential generator: what is wanted is the same bytes for each job, not secrecy. */
function nextRandom(state: number): number {
  return (Math.imul(state, 1664525) + 1013904223) >>> 0;
}
