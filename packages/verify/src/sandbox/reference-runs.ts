import type { SandboxReport } from './backend.js';

const MOST = 64;

/** What references gave, which every response to a task is compared with; the oldest goes first. */
export class ReferenceRuns<Value> {
  private readonly reports = new Map<string, Promise<SandboxReport<Value>>>();

  /**
   * The report of the reference called `key`; `run` makes it unless it is known.
   *
   * @param isGood What is not is forgotten: a run that lacked time or memory may succeed on a quieter machine.
   */
  async get(
    key: string,
    run: () => Promise<SandboxReport<Value>>,
    isGood: (report: SandboxReport<Value>) => boolean,
  ): Promise<SandboxReport<Value>> {
    const known = this.reports.get(key) ?? run();
    this.reports.set(key, known);
    const [oldest] = this.reports.keys();
    if (this.reports.size > MOST && oldest !== undefined) this.reports.delete(oldest);
    try {
      const report = await known;
      if (!isGood(report)) this.reports.delete(key);
      return report;
    } catch (error) {
      this.reports.delete(key);
      throw error;
    }
  }
}
