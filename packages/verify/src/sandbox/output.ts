/** What a program writes, cut at a number of bytes for each stream. */
export class Output {
  private readonly out: Uint8Array[] = [];
  private readonly error: Uint8Array[] = [];
  private readonly room: { out: number; error: number };
  private cut = false;

  constructor(bytes: number) {
    this.room = { out: bytes, error: bytes };
  }

  get streams(): { stdout: (bytes: Uint8Array) => void; stderr: (bytes: Uint8Array) => void } {
    return { stdout: (bytes) => this.keep('out', bytes), stderr: (bytes) => this.keep('error', bytes) };
  }

  /** Whether a stream was longer than its limit. */
  get isCut(): boolean {
    return this.cut;
  }

  get texts(): { readonly stdout: string; readonly stderr: string; readonly truncated: boolean } {
    return { stdout: text(this.out), stderr: text(this.error), truncated: this.cut };
  }

  private keep(stream: 'out' | 'error', bytes: Uint8Array): void {
    const part = bytes.subarray(0, this.room[stream]);
    if (part.length < bytes.length) this.cut = true;
    if (part.length === 0) return;
    this.room[stream] -= part.length;
    this[stream].push(part);
  }
}

function text(chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks).toString('utf8');
}
