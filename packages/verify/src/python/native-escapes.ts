import { attempt, type PythonEscape } from './escapes.js';

/** What attempts on the native wall are after: things of the host that exist while they run. */
export interface HostBait {
  /** A file that its owner can read, anywhere outside the interpreter. */
  readonly file: string;
  /** Port of a server on 127.0.0.1. */
  readonly port: number;
  /** Name of an abstract Unix socket on which a server listens, without its leading zero byte. */
  readonly socket: string;
  /** Process id of the host. */
  readonly pid: number;
  /** A variable of the host's environment. */
  readonly variable: string;
}

const ended = ['error', 'memory', 'timeout'] as const;
const text = (value: string): string => JSON.stringify(value);

/** A call of the C library that must not succeed. */
const call = (code: string): string =>
  attempt(`import ctypes\nc = ctypes.CDLL(None, use_errno=True)\nassert c.${code} >= 0`);

/**
 * Attempts to get out of the wall around native Python, or to outlast it; for `attemptPython`. One that succeeds does no
 * harm: it opens and does not write, and sets a mode to what it is.
 */
export function nativeEscapes(bait: HostBait): readonly PythonEscape[] {
  return [...reading(bait), ...processes(bait), ...network(bait), ...kernel, ...costly];
}

function reading({ file, variable }: HostBait): PythonEscape[] {
  return [
    { name: 'read /etc/passwd', source: attempt('open("/etc/passwd").read()') },
    { name: 'read a file of the host', source: attempt(`open(${text(file)}).read()`) },
    {
      name: 'read a file of the host by a link',
      source: attempt(`import os\nos.symlink(${text(file)}, "/tmp/x")\nopen("/tmp/x").read()`),
    },
    {
      name: 'read a file of the host by the root of a process',
      source: attempt(`import glob\nassert [open(p).read() for p in glob.glob("/proc/*/root" + ${text(file)})]`),
    },
    {
      name: 'leave by a folder that is open',
      source: attempt('import os\nfd = os.open("/work", 0)\nos.stat("../../../../etc/passwd", dir_fd=fd)'),
    },
    { name: 'list the home folders', source: attempt('import os\nassert os.listdir("/root") + os.listdir("/home")') },
    {
      name: 'see a variable of the host',
      source: attempt(`import os\nassert ${text(variable)} in os.environ`),
    },
    {
      name: 'see a variable of the host in /proc',
      source: attempt(
        `import glob\nassert any(${text(variable)} in open(p).read() for p in glob.glob("/proc/[0-9]*/environ"))`,
      ),
    },
    {
      name: 'change the interpreter',
      source: attempt('import os\nopen(os.__file__, "r+")'),
    },
    { name: 'add to the library', source: attempt('import os\nopen(os.path.dirname(os.__file__) + "/x.py", "w")') },
    {
      name: 'change the mode of a file of the interpreter',
      source: attempt('import os\nos.chmod(os.__file__, os.stat(os.__file__).st_mode & 0o777)'),
    },
    { name: 'write beside the working folder', source: attempt('open("/x", "w").write("x")') },
    {
      name: 'devices of the host',
      source: attempt('import os\nassert set(os.listdir("/dev")) & {"sda", "vda", "kvm", "mem"}'),
    },
    { name: 'settings of the kernel', source: attempt('open("/proc/sys/kernel/core_pattern", "r+")') },
    { name: 'keys of the kernel', source: attempt('open("/proc/sysrq-trigger", "r+")') },
    {
      name: 'the mode of a device of the host',
      source: attempt('import os\nos.chmod("/dev/null", os.stat("/dev/null").st_mode & 0o777)'),
    },
    {
      name: 'the times of a device of the host',
      source: attempt(
        'import os\nat = os.stat("/dev/zero")\nos.utime("/dev/zero", ns=(at.st_atime_ns, at.st_mtime_ns))',
      ),
    },
    { name: 'what an earlier job wrote', source: attempt('import os\nassert os.listdir("/tmp")') },
  ];
}

function processes({ pid }: HostBait): PythonEscape[] {
  return [
    {
      name: 'see processes of the host',
      source: attempt('import os\nassert len([n for n in os.listdir("/proc") if n.isdigit()]) > 2'),
    },
    { name: 'signal the host', source: attempt(`import os\nassert ${pid} > 2\nos.kill(${pid}, 0)`) },
    {
      name: 'end the first process behind the wall',
      source:
        'import os\nif os.getpid() > 9: raise SystemExit(print("ESCAPED"))\nos.kill(1, 9)\nos.kill(-1, 9)\nprint("still here")',
      held: ['ok', 'error'],
    },
    { name: 'fork', source: attempt('import os\nos.fork()') },
    { name: 'a process by subprocess', source: attempt('import subprocess, sys\nsubprocess.run([sys.executable])') },
    { name: 'a process by posix_spawn', source: attempt('import os, sys\nos.posix_spawn(sys.executable, ["x"], {})') },
    {
      name: 'a survivor in a session of its own',
      source: attempt('import os\nif os.fork() == 0:\n  os.setsid()\n  os.fork()'),
    },
    {
      name: 'a fork bomb',
      source: 'import os\nfor n in range(10):\n  try: os.fork(); print("ESCAPED")\n  except OSError: pass',
    },
    {
      name: 'a shell in the place of the interpreter',
      source: attempt('import os\nos.execv("/bin/sh", ["sh", "-c", "echo ESCAPED"])'),
    },
    {
      name: 'another interpreter in the place of this one',
      source:
        'import os, sys\nos.execv(sys.executable, [sys.executable, "-c", "open(\'/etc/passwd\'); print(\'ESCAPED\')"])',
    },
    {
      name: 'threads without end',
      source:
        'import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()',
      held: [...ended, 'ok'],
    },
  ];
}

function network({ port, socket }: HostBait): PythonEscape[] {
  return [
    {
      name: 'a server of the host',
      source: attempt(`import socket\nsocket.create_connection(("127.0.0.1", ${port}), 2)`),
    },
    {
      name: 'a Unix socket of the host',
      source: attempt(`import socket\nsocket.socket(socket.AF_UNIX).connect("\\0" + ${text(socket)})`),
    },
    { name: 'names of the network', source: attempt('import socket\nsocket.getaddrinfo("example.com", 80)') },
    { name: 'packets', source: attempt('import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW)') },
    { name: 'the hypervisor', source: attempt('import socket\nsocket.socket(socket.AF_VSOCK)') },
    {
      name: 'a pair of datagram sockets, which could be connected elsewhere',
      source: attempt('import socket\nsocket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)'),
    },
    {
      name: 'connecting the end of a pair of streams elsewhere',
      source: attempt(`import socket\nsocket.socketpair()[0].connect("\\0" + ${text(socket)})`),
    },
    { name: 'a server behind the wall', source: attempt('import socket\nsocket.create_server(("127.0.0.1", 0))') },
  ];
}

/** System calls by the C library; namespaces are by number of flags: 0x10000000 is CLONE_NEWUSER. */
const kernel: readonly PythonEscape[] = [
  { name: 'a user namespace', source: call('unshare(0x10000000)') },
  { name: 'a mount', source: call('mount(b"x", b"/work", b"tmpfs", 0, None)') },
  { name: 'taking a mount away', source: call('umount2(b"/work", 2)') },
  { name: 'another root', source: call('chroot(b"/tmp")') },
  { name: 'tracing', source: call('ptrace(0, 0, None, None)') },
  { name: 'another user', source: call('setuid(0)') },
  { name: 'shared memory that no limit counts', source: call('shmget(0, 1 << 20, 0o1600)') },
  { name: 'a file in memory that no limit counts', source: attempt('import os\nos.memfd_create("x")') },
  {
    name: 'raising the limit of memory',
    source: attempt('import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))'),
  },
  { name: 'the name of the machine', source: attempt('import socket\nassert socket.gethostname() != "sandbox"') },
];

const fill = (folder: string): string =>
  `n = 0\nwhile True:\n  with open(f"${folder}/{n}", "wb") as f: f.write(bytes(10 ** 6))\n  n += 1`;

const costly: readonly PythonEscape[] = [
  { name: 'an endless loop', source: 'while True: pass', held: ['timeout'] },
  {
    name: 'a loop that ignores signals',
    source:
      'import signal\nfor n in range(1, 65):\n  try: signal.signal(n, signal.SIG_IGN)\n  except (OSError, ValueError): pass\nwhile True: pass',
    held: ['timeout'],
  },
  { name: 'a sleep', source: 'import time\ntime.sleep(3600)', held: ['timeout'] },
  { name: 'a wait for the channel', source: 'import os\nos.read(3, 1)', held: ['timeout', 'error'] },
  { name: 'noise on the channel', source: 'import os\nwhile True: os.write(3, b"=" * 65536)', held: ['error'] },
  { name: 'a closed channel', source: 'import os\nos.close(3)\nwhile True: pass', held: ['error', 'timeout'] },
  { name: 'a memory bomb', source: 'x = []\nwhile True: x.append(bytearray(10 ** 7))', held: ['memory'] },
  { name: 'one large block of memory', source: 'x = bytes(10 ** 10)', held: ['memory'] },
  { name: 'mapped memory', source: 'import mmap\nx = mmap.mmap(-1, 10 ** 10)', held: ended },
  { name: 'files without end in the working folder', source: fill('/work'), held: ['error'] },
  { name: 'files without end in /tmp', source: fill('/tmp'), held: ['error'] },
  { name: 'files without end in /dev/shm', source: fill('/dev/shm'), held: ['error'] },
  { name: 'one file without end', source: 'f = open("x", "wb")\nwhile True: f.write(bytes(10 ** 6))', held: ended },
  { name: 'open files without end', source: 'x = []\nwhile True: x.append(open("/dev/null"))', held: ['error'] },
  { name: 'a flood of output', source: 'while True: print("x" * 10000)', held: ['timeout'] },
  { name: 'a flood of errors', source: 'import sys\nwhile True: sys.stderr.write("x" * 10000)', held: ['timeout'] },
  {
    name: 'recursion without end',
    source: 'import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): f()\nf()',
    held: ended,
  },
  { name: 'a broken pointer', source: 'import ctypes\nctypes.string_at(1)', held: ['error'] },
];
