/**
 * A filter of system calls for a native interpreter behind bubblewrap: classic BPF over `struct seccomp_data`, as
 * seccomp(2) takes it. It forbids new processes (threads are fine), which makes an end to fork bombs and lets one
 * address space limit stand for the whole job; sockets, but for pairs of streams; memory that no limit counts (memfd, System V, message queues);
 * namespaces and mounts; and parts of the kernel that a program has no need of and that have been broken before.
 */

interface Machine {
  /** AUDIT_ARCH of <linux/audit.h>. */
  readonly audit: number;
  readonly clone: number;
  readonly socketpair: number;
  readonly refused: readonly number[];
}

/** The same number on every machine: io_uring, the new mount calls, pidfd_getfd, memfd_secret. */
const REFUSED_EVERYWHERE = [425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442, 447];

const MACHINES: Readonly<Record<string, Machine>> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    socketpair: 53,
    refused: [
      ...[57, 58], // fork, vfork
      ...[41, 319, 29, 64, 68, 240], // socket, memfd_create, shmget, semget, msgget, mq_open
      ...[272, 308, 165, 166, 155, 161], // unshare, setns, mount, umount2, pivot_root, chroot
      ...[101, 310, 311, 312], // ptrace, process_vm_readv, process_vm_writev, kcmp
      ...[248, 249, 250, 321, 298, 323, 304], // add_key, request_key, keyctl, bpf, perf_event_open, userfaultfd, open_by_handle_at
    ],
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    socketpair: 199,
    refused: [
      198, 279, 194, 190, 186, 180, 97, 268, 40, 39, 41, 51, 117, 270, 271, 272, 217, 218, 219, 280, 241, 282, 265,
    ],
  },
};

const LOAD = 0x20;
const AND = 0x54;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const IF_BITS = 0x45;
const RETURN = 0x06;

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const refuseWith = (errno: number): number => 0x00050000 | errno;
const EPERM = 1;
const ENOSYS = 38;

/** Offsets of the number of the call and of its first two arguments, in bytes. */
const CALL = 0;
const FIRST = 16;
const SECOND = 24;

const AF_UNIX = 1;
const SOCK_STREAM = 1;
/** The kind of a socket without its flags. */
const SOCK_KINDS = 0xf;

const CLONE_THREAD = 0x10000;
const CLONE3 = 435;
/** Numbers from here on are the x32 ABI, whose calls the list does not name. */
const X32 = 0x40000000;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/** The filter for a machine by Node's name of it (`process.arch`), or null for one that it does not know. */
export function seccompFilter(arch: string): Buffer | null {
  const machine = MACHINES[arch];
  if (machine === undefined) return null;
  const refuse = (call: number, errno: number): Instruction[] => [
    [IF_EQUAL, 0, 1, call],
    [RETURN, 0, 0, refuseWith(errno)],
  ];
  return assemble([
    [LOAD, 0, 0, 4],
    [IF_EQUAL, 1, 0, machine.audit],
    [RETURN, 0, 0, KILL],
    [LOAD, 0, 0, CALL],
    [IF_AT_LEAST, 0, 1, X32],
    [RETURN, 0, 0, refuseWith(ENOSYS)],
    ...[...machine.refused, ...REFUSED_EVERYWHERE].flatMap((call) => refuse(call, EPERM)),
    ...streamPairs(machine.socketpair),
    // Its flags are behind a pointer, where a filter cannot look; the C library falls back to clone.
    ...refuse(CLONE3, ENOSYS),
    [IF_EQUAL, 0, 3, machine.clone],
    [LOAD, 0, 0, FIRST],
    [IF_BITS, 1, 0, CLONE_THREAD],
    [RETURN, 0, 0, refuseWith(EPERM)],
    [RETURN, 0, 0, ALLOW],
  ]);
}

/**
 * Allows a pair of connected streams, by which event loops wake themselves, and no other pair: an end of a pair for
 * datagrams could be connected elsewhere.
 */
function streamPairs(socketpair: number): Instruction[] {
  return [
    [IF_EQUAL, 0, 7, socketpair],
    [LOAD, 0, 0, FIRST],
    [IF_EQUAL, 0, 3, AF_UNIX],
    [LOAD, 0, 0, SECOND],
    [AND, 0, 0, SOCK_KINDS],
    [IF_EQUAL, 1, 0, SOCK_STREAM],
    [RETURN, 0, 0, refuseWith(EPERM)],
    [RETURN, 0, 0, ALLOW],
  ];
}

function assemble(instructions: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [index, [code, ifTrue, ifFalse, value]] of instructions.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4);
  }
  return bytes;
}
