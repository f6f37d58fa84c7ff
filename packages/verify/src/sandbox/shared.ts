interface Closable {
  close(): Promise<void>;
}

/** Processes of callers that bring none of their own, made on first use; they do not keep this process alive. */
export class Shared<T extends Closable> {
  private made: T | undefined;

  constructor(private readonly make: () => T) {}

  get(): T {
    return (this.made ??= this.make());
  }

  /** Ends them. The next use makes new ones. */
  async close(): Promise<void> {
    const open = this.made;
    this.made = undefined;
    await open?.close();
  }
}
