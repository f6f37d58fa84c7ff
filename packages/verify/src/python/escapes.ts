import type { ProgramOutcome } from '../sandbox/program.js';
import type { PythonSandbox } from './sandbox.js';

/** An attempt to get out of the Python wall, or to outlast it. A program that succeeds prints `ESCAPED`. */
export interface PythonEscape {
  readonly name: string;
  readonly source: string;
  /** Endings in which the wall held; default: an error, or an end without the mark. Never a timeout for what prints it. */
  readonly held?: readonly ProgramOutcome[];
}

/** A program that got out if it prints the mark: `code` raises where the wall holds. */
export const attempt = (code: string): string => `${code}\nprint("ESCAPED")`;
const killed = ['timeout', 'memory', 'error'] as const;

export const pythonEscapes: readonly PythonEscape[] = [
  { name: 'read /etc/passwd', source: attempt('assert "root:" in open("/etc/passwd").read()') },
  { name: 'read the environment of the host process', source: attempt('open("/proc/self/environ").read()') },
  {
    name: 'see variables of the host',
    source: attempt('import os\nassert "PATH" in os.environ and "/bin" in os.environ["PATH"]'),
  },
  {
    name: 'find folders of the host',
    source: attempt('import os\nassert set(os.listdir("/")) & {"etc", "usr", "root", "Users"}'),
  },
  {
    name: 'leave the folder by links',
    source: attempt('import os\nos.symlink("../../../../etc", "x")\nopen("x/passwd").read()'),
  },
  { name: 'import js', source: attempt('import js') },
  { name: 'import pyodide_js', source: attempt('import pyodide_js') },
  { name: 'import pyodide and run JavaScript', source: attempt('from pyodide.code import run_js\nrun_js("1")') },
  {
    name: 'import the bridge',
    source: attempt('import sys\nsys.modules.pop("_pyodide_core", None)\nimport _pyodide_core'),
  },
  {
    name: 'build the bridge by hand',
    source: attempt(
      'import _imp, types, sys\nsys.modules.pop("_pyodide_core", None)\nm = _imp.create_builtin(types.SimpleNamespace(name="_pyodide_core"))\n_imp.exec_builtin(m)\nm.create_proxy(print)',
    ),
  },
  { name: 'fetch by pyodide.http', source: attempt('from pyodide.http import open_url\nopen_url("http://127.0.0.1")') },
  { name: 'ctypes', source: attempt('import ctypes\nctypes.CDLL(None).system(b"true")') },
  {
    name: 'ctypes from its parts',
    source: attempt('import sys\nsys.modules.pop("_ctypes", None)\nimport _ctypes\n_ctypes.dlopen(None, 0)'),
  },
  { name: 'os.system', source: attempt('import os\nassert os.system("true") == 0') },
  { name: 'subprocess', source: attempt('import subprocess\nsubprocess.run(["true"], check=True)') },
  { name: 'fork', source: attempt('import os\nos.fork()') },
  {
    name: 'fork bomb',
    source:
      'import os\nwhile True:\n  try: os.fork()\n  except AttributeError: raise SystemExit(1)\n  except OSError: raise SystemExit(1)',
    held: killed,
  },
  { name: 'exec', source: attempt('import os\nos.execv("/bin/true", ["true"])') },
  { name: 'threads', source: attempt('import _thread\n_thread.start_new_thread(print, ())') },
  { name: 'a socket', source: attempt('import socket\nsocket.socket().connect(("127.0.0.1", 80))') },
  {
    name: 'a listening socket',
    source: attempt('import socket\ns = socket.socket()\ns.bind(("127.0.0.1", 0))\ns.listen()'),
  },
  { name: 'names of the network', source: attempt('import socket\nsocket.getaddrinfo("localhost", 80)') },
  { name: 'http', source: attempt('import urllib.request\nurllib.request.urlopen("http://127.0.0.1", timeout=1)') },
  {
    name: 'kill the host',
    source:
      'import os\ntry: os.kill(os.getppid(), 9)\nexcept BaseException: pass\nos.kill(os.getpid(), 9)\nprint("still here")',
    held: ['ok', ...killed],
  },
  {
    name: 'signals and timers',
    source: attempt(
      'import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\nassert signal.getitimer(signal.ITIMER_REAL)[0] > 0',
    ),
  },
  {
    name: 'load a library',
    source: attempt(
      'import _imp, importlib.machinery as m\nopen("x.so", "wb").write(b"\\0asm\\1\\0\\0\\0")\n_imp.create_dynamic(m.ModuleSpec("x", None, origin="x.so"))',
    ),
  },
  {
    name: 'pickles that call',
    source: attempt(
      'import pickle\nclass A:\n  def __reduce__(self): return (__import__("os").system, ("true",))\nassert pickle.loads(pickle.dumps(A())) == 0',
    ),
  },
  {
    name: 'objects of JavaScript by the collector',
    source: attempt('import gc\nassert any(type(o).__name__ in ("JsProxy", "JsException") for o in gc.get_objects())'),
  },
  { name: 'set the clock', source: attempt('import time\ntime.clock_settime(time.CLOCK_REALTIME, 0)') },
  {
    name: 'corrupt byte code',
    source: 'def f(): pass\nf.__code__ = f.__code__.replace(co_code=bytes([0x83, 0xff] * 64), co_stacksize=1)\nf()\n',
    held: ['ok', 'error', 'memory', 'timeout', 'crashed'],
  },
  { name: 'an endless loop', source: 'while True: pass', held: ['timeout'] },
  {
    name: 'a loop that catches all',
    source: 'while True:\n  try:\n    while True: pass\n  except BaseException: pass',
    held: ['timeout'],
  },
  { name: 'a number without end', source: 'x = 9 ** 9 ** 9', held: killed },
  {
    name: 'a regular expression without end',
    source: 'import re\nre.match("(a+)+$", "a" * 50 + "!")',
    held: ['timeout'],
  },
  { name: 'a memory bomb', source: 'x = []\nwhile True: x.append(bytearray(10 ** 7))', held: ['memory'] },
  { name: 'a file bomb', source: 'f = open("x", "wb")\nwhile True: f.write(b"x" * 10 ** 6)', held: killed },
  { name: 'a flood of output', source: 'while True: print("x" * 10000)', held: ['timeout'] },
  {
    name: 'recursion without end',
    source: 'import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): f()\nf()',
    held: killed,
  },
];

/** Milliseconds for what has no end of its own, and for what must end by itself, on a busy machine, too. */
const ENDLESS_MS = 1500;
const ENDING_MS = 20_000;

/**
 * Runs an attempt: whether the wall held, and what was seen. A timeout loses what was printed and could hide the mark,
 * so it counts as held only where the attempt says so.
 */
export async function attemptPython(
  { source, held = ['error', 'ok'] }: PythonEscape,
  sandbox: PythonSandbox,
): Promise<{ readonly held: boolean; readonly seen: string }> {
  const wallMs = held.includes('timeout') ? ENDLESS_MS : ENDING_MS;
  const { outcome, stdout, stderr } = await sandbox.run({
    language: 'python',
    files: { 'main.py': source },
    limits: { wallMs, memoryMb: 128 },
  });
  const marked = stdout.includes('ESCAPED');
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return { held: !marked && held.includes(outcome), seen: `${outcome} ${last}`.trim().slice(0, 120) };
}
