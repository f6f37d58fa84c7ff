import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Duplex, Readable, Writable } from 'node:stream';
import { CHANNEL_FD } from './native-launcher.js';
import { seccompFilter } from './native-seccomp.js';
import { INFO_FD, NativeWallError, SECCOMP_FD, wallArguments, type WallOptions } from './native-wall.js';
import type { Output } from '../sandbox/output.js';
import type { Served } from './runtime.js';
import { toPython } from './values.js';

/** What a job brings to its interpreter before the first request. */
export interface NativeSetup {
  readonly files: Readonly<Record<string, string>>;
  /** Bytes of address space beyond what the waiting interpreter has. */
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
}

export interface NativeRequest {
  readonly request: string;
  readonly stdin: string;
  /** Whether the end of the request is the end of a program: it waits for the program's threads. */
  readonly script: boolean;
}

/** Kind and length of a frame. */
const HEAD_BYTES = 5;
/** Longest frame in bytes that is taken from an interpreter. */
const MAX_FRAME = 1 << 26;
/** Characters kept of what is written on stderr before the first request: why a start failed. */
const MAX_WORDS = 2000;
/** Largest file that a program may write, and how many it may have open. */
const FILE_BYTES = 32 << 20;
const OPEN_FILES = 128;
/** How often the memory of an interpreter at work is read, in milliseconds. */
const WATCH_MS = 20;
/** Turns of the event loop in which output that was written before an answer is waited for. */
const MAX_TURNS = 1000;

interface Serving {
  readonly ask: ((question: string) => string | Promise<string>) | undefined;
  readonly settle: (served: Served) => void;
}

/** One CPython behind its own wall, for one job. Never keeps this Node process alive while it waits. */
export class NativeProcess {
  /** True when the interpreter has started behind the wall; false when it could not. */
  readonly ready: Promise<boolean>;
  readonly exited: Promise<void>;
  /** Why the last request was not answered. */
  reason = '';
  private readonly child: ChildProcess;
  private readonly channel: Duplex;
  /** Bytes that are not yet a whole frame, and how many are needed before it is worth a look. */
  private received: Buffer[] = [];
  private receivedBytes = 0;
  private neededBytes = HEAD_BYTES;
  private serving: Serving | null = null;
  private output: Output | null = null;
  private outputAt = 0;
  private living = true;
  private words = '';
  private info = '';
  private baseMb = 0;
  private highestMb = 0;
  private started = false;
  private announce: (ready: boolean) => void = () => undefined;

  /** Throws a `NativeWallError` on a machine whose system calls the filter does not know. */
  constructor(options: WallOptions) {
    const filter = seccompFilter(process.arch);
    if (filter === null) {
      throw new NativeWallError(`native Python: the machine must be x64 or arm64, got ${process.arch}; use pyodide`);
    }
    this.child = spawn(options.bwrap, wallArguments(options), {
      env: {},
      // Ctrl-C in the terminal is for the owner of the sandbox.
      detached: true,
      stdio: Array.from({ length: INFO_FD + 1 }, (_, fd) => (fd === 0 ? 'ignore' : 'pipe')),
    });
    const streams = this.child.stdio as readonly unknown[];
    this.channel = streams[CHANNEL_FD] as Duplex;
    this.ready = new Promise((resolve) => (this.announce = resolve));
    this.exited = new Promise((resolve) => {
      this.child.once('exit', () => resolve());
      this.child.once('error', () => resolve());
    });
    this.child.once('error', (error) => this.end(error.message));
    this.child.once('exit', (code, signal) => this.gone(code, signal));
    const filterPipe = streams[SECCOMP_FD] as Writable;
    filterPipe.on('error', () => undefined);
    filterPipe.end(filter);
    (streams[INFO_FD] as Readable).on('data', (text: Buffer) => (this.info += text.toString()));
    this.channel.on('data', (bytes: Buffer) => this.receive(bytes));
    this.channel.on('error', () => undefined);
    this.channel.on('end', () => this.end('the program broke the channel of its sandbox'));
    this.child.stdout?.on('data', (bytes: Buffer) => this.write('stdout', bytes));
    this.child.stderr?.on('data', (bytes: Buffer) => this.write('stderr', bytes));
    this.child.stdout?.on('error', () => undefined);
    this.child.stderr?.on('error', () => undefined);
    this.child.unref();
    for (const stream of streams) (stream as { unref?: () => void } | null)?.unref?.();
  }

  get alive(): boolean {
    return this.living;
  }

  /** What the interpreter said instead of being ready. */
  get lastWords(): string {
    return (this.words.trim() || this.reason).slice(0, MAX_WORDS);
  }

  /** Brings the files and limits of the job; once, before the first request. */
  setUp(setup: NativeSetup): void {
    const { files, memoryBytes, cpuSeconds } = setup;
    this.baseMb = this.memory('VmRSS');
    const limits = [
      ['CPU', cpuSeconds],
      ['FSIZE', FILE_BYTES],
      ['NOFILE', OPEN_FILES],
      ['CORE', 0],
      ['MEMLOCK', 0],
      ['MSGQUEUE', 0],
    ];
    this.send(toPython({ files: Object.entries(files), limits, memory: memoryBytes }));
  }

  /** Serves one request; what the program writes meanwhile goes to `output`. Never rejects. */
  async request(request: NativeRequest, output: Output, ask?: Serving['ask']): Promise<Served> {
    if (!this.alive) return { ended: 'died', reason: this.reason };
    this.output = output;
    const watch = setInterval(() => this.peakMb, WATCH_MS).unref();
    const served = await new Promise<Served>((settle) => {
      this.serving = { ask, settle };
      this.send(toPython({ ...request }));
    });
    clearInterval(watch);
    await this.drained();
    this.output = null;
    return served;
  }

  /** MiB that the interpreter has held at most since its job began; 0 where the system does not say. */
  get peakMb(): number {
    if (this.alive) this.highestMb = Math.max(this.highestMb, this.memory('VmHWM') - this.baseMb);
    return this.highestMb;
  }

  /** Ends everything behind the wall: with the first process of its namespace the kernel ends all the others. */
  end(reason: string): void {
    if (!this.alive) return;
    this.living = false;
    this.reason = reason;
    this.child.kill('SIGKILL');
    // Its end is near, and may be waited for.
    this.child.ref();
    const { serving } = this;
    this.serving = null;
    this.announce(false);
    serving?.settle({ ended: 'died', reason });
  }

  private send(text: string): void {
    const body = Buffer.from(text);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    this.channel.write(Buffer.concat([head, body]));
  }

  private receive(bytes: Buffer): void {
    if (!this.alive) return;
    this.received.push(bytes);
    this.receivedBytes += bytes.length;
    // Joined once a frame: a long one comes in a thousand pieces, and copying it for each would hold up this thread.
    if (this.receivedBytes < this.neededBytes) return;
    let rest = Buffer.concat(this.received);
    this.neededBytes = HEAD_BYTES;
    while (this.alive && rest.length >= HEAD_BYTES) {
      const length = rest.readUInt32BE(1);
      if (length > MAX_FRAME) return this.end('the program broke the channel of its sandbox');
      this.neededBytes = HEAD_BYTES + length;
      if (rest.length < this.neededBytes) break;
      const kind = String.fromCharCode(rest[0] ?? 0);
      const text = rest.toString('latin1', HEAD_BYTES, this.neededBytes);
      rest = rest.subarray(this.neededBytes);
      this.neededBytes = HEAD_BYTES;
      this.hear(kind, text);
    }
    this.received = rest.length === 0 ? [] : [rest];
    this.receivedBytes = rest.length;
  }

  private hear(kind: string, text: string): void {
    const { serving } = this;
    if (kind === 'r' && !this.started) {
      this.started = true;
      return this.announce(true);
    }
    if (kind === '=' && serving !== null) {
      this.serving = null;
      return serving.settle({ ended: 'answered', answer: text });
    }
    if (kind === '?' && serving?.ask !== undefined) {
      const reply = Promise.resolve(serving.ask(text));
      return void reply.then(
        (answer) => this.send(answer),
        () => this.end('the judge broke the channel of its sandbox'),
      );
    }
    this.end('the program broke the channel of its sandbox');
  }

  private write(stream: 'stdout' | 'stderr', bytes: Buffer): void {
    this.outputAt += 1;
    if (this.output !== null) this.output.streams[stream](bytes);
    else if (stream === 'stderr') this.words = (this.words + bytes.toString()).slice(-MAX_WORDS);
  }

  /** Reads what was written before the answer: until a whole turn of the event loop brings nothing. */
  private async drained(): Promise<void> {
    for (let turn = 0, seen = -1; turn < MAX_TURNS && seen !== this.outputAt; turn++) {
      seen = this.outputAt;
      // The first may fall in the turn that brought the answer, before the streams were polled.
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private gone(code: number | null, signal: NodeJS.Signals | null): void {
    const status = code ?? 0;
    const how = signal !== null || status > 128 ? `by signal ${signal ?? status - 128}` : `with status ${status}`;
    this.end(`the program ended the interpreter ${how}`);
  }

  private memory(field: 'VmRSS' | 'VmHWM'): number {
    const init = /"child-pid": (\d+)/.exec(this.info)?.[1];
    if (init === undefined) return 0;
    try {
      const child = readFileSync(`/proc/${init}/task/${init}/children`, 'latin1').trim().split(' ')[0];
      const status = readFileSync(`/proc/${child}/status`, 'latin1');
      return Number(new RegExp(`${field}:\\s*(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
    } catch {
      return 0;
    }
  }
}
