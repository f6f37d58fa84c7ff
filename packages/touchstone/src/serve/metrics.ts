/** Counters and histograms in the Prometheus text format 0.0.4; as much of it as a reward server needs. */

type Labels = Readonly<Record<string, string>>;

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5];

function series(labels: Labels): string {
  const entries = Object.entries(labels);
  return entries.length === 0
    ? ''
    : `{${entries.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}}`;
}

export class Counter {
  private readonly values = new Map<string, number>();

  constructor(
    readonly name: string,
    private readonly help: string,
  ) {}

  add(labels: Labels, amount = 1): void {
    const key = series(labels);
    this.values.set(key, (this.values.get(key) ?? 0) + amount);
  }

  render(): string[] {
    const lines = [...this.values].map(([labels, value]) => `${this.name}${labels} ${value}`);
    return [`# HELP ${this.name} ${this.help}`, `# TYPE ${this.name} counter`, ...lines];
  }
}

interface Distribution {
  readonly labels: Labels;
  readonly counts: number[];
  sum: number;
  count: number;
}

export class Histogram {
  private readonly distributions = new Map<string, Distribution>();

  constructor(
    readonly name: string,
    private readonly help: string,
  ) {}

  observe(labels: Labels, seconds: number): void {
    const key = series(labels);
    let found = this.distributions.get(key);
    if (found === undefined) {
      found = { labels, counts: SECONDS.map(() => 0), sum: 0, count: 0 };
      this.distributions.set(key, found);
    }
    for (const [i, bound] of SECONDS.entries()) if (seconds <= bound) found.counts[i] = (found.counts[i] ?? 0) + 1;
    found.sum += seconds;
    found.count++;
  }

  render(): string[] {
    const lines = [...this.distributions.values()].flatMap(({ labels, counts, sum, count }) => [
      ...SECONDS.map((bound, i) => `${this.name}_bucket${series({ ...labels, le: String(bound) })} ${counts[i] ?? 0}`),
      `${this.name}_bucket${series({ ...labels, le: '+Inf' })} ${count}`,
      `${this.name}_sum${series(labels)} ${sum}`,
      `${this.name}_count${series(labels)} ${count}`,
    ]);
    return [`# HELP ${this.name} ${this.help}`, `# TYPE ${this.name} histogram`, ...lines];
  }
}

/** One value that is read when asked for, with its header. */
export function gauge(name: string, help: string, value: number, type: 'gauge' | 'counter' = 'gauge'): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name} ${value}`];
}
