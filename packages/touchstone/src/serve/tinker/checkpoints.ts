import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { RequestFault } from '../http.js';

/** `weights` can be trained on, `sampler_weights` only sampled from. */
export type CheckpointKind = 'weights' | 'sampler_weights';

const KINDS: readonly CheckpointKind[] = ['weights', 'sampler_weights'];
/** Beside the model's own files in the folder of a checkpoint; written last but one, before the folder gets its name. */
const CARD = 'checkpoint.json';
/** Stands after a name, before what is known of its writer. */
const PARTIAL = '.partial-';
/** This process, apart from others that have had its number. */
const WRITER = `${process.pid}-${randomUUID()}`;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

const cardSchema = z.object({
  model: z.string(),
  kind: z.enum(['weights', 'sampler_weights']),
  name: z.string(),
  base_model: z.string(),
  time: z.string(),
  size_bytes: z.number(),
  expires_at: z.string().nullable(),
  user_metadata: z.record(z.string(), z.unknown()).nullable(),
});
export type CheckpointCard = z.infer<typeof cardSchema>;

export interface NewCheckpoint {
  readonly model: string;
  readonly kind: CheckpointKind;
  readonly name: string;
  readonly baseModel: string;
  readonly overwrite?: boolean;
  readonly ttlSeconds?: number | undefined;
  readonly userMetadata?: Readonly<Record<string, unknown>> | undefined;
}

/** The parts of `tinker://<model>/<kind>/<name>`. */
export interface TinkerPath {
  readonly model: string;
  readonly kind: CheckpointKind;
  readonly name: string;
}

/** Parses a path that `save` gave. Throws a `RequestFault` for anything else: no path leads out of the state folder. */
export function parseTinkerPath(field: string, text: string): TinkerPath {
  const [, model, kind, name] = /^tinker:\/\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(text) ?? [];
  const known = KINDS.find((each) => each === kind);
  if (model === undefined || known === undefined || name === undefined || !NAME.test(name)) {
    const rule = `must be tinker://<model>/weights/<name> or tinker://<model>/sampler_weights/<name>, got ${text}`;
    throw new RequestFault(400, field, rule);
  }
  return { model, kind: known, name };
}

/** Saved weights, one Hugging Face folder each, below `<root>/<model>/<kind>/<name>`. They outlive the server. */
export class Checkpoints {
  constructor(private readonly root: string) {}

  /**
   * Saves what `write` puts into the folder that it is given; the checkpoint is there whole or not at all.
   *
   * @returns Its `tinker://` path.
   * @throws RequestFault For a wrong name, or one that is taken.
   */
  async save(checkpoint: NewCheckpoint, write: (folder: string) => Promise<void>): Promise<string> {
    const { model, kind, name, overwrite = false } = checkpoint;
    checkName(name);
    const folder = this.folder(checkpoint);
    if (!overwrite && (await this.card(checkpoint)) !== undefined) {
      throw new RequestFault(400, 'path', `must be new, got ${name}, which this model has saved; choose another name`);
    }
    const partial = `${folder}${PARTIAL}${WRITER}-${randomUUID()}`;
    try {
      await mkdir(partial, { recursive: true });
      await write(partial);
      await writeFile(join(partial, CARD), JSON.stringify(await cardOf(checkpoint, partial), null, 2));
      await rm(folder, { recursive: true, force: true });
      await rename(partial, folder);
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw error;
    }
    return `tinker://${model}/${kind}/${name}`;
  }

  /** Card and folder of a saved checkpoint. Throws a `RequestFault` (404) where there is none, or none any more. */
  async find(field: string, path: TinkerPath): Promise<{ readonly card: CheckpointCard; readonly folder: string }> {
    const card = await this.card(path);
    if (card !== undefined) return { card, folder: this.folder(path) };
    const rule = `must be a saved checkpoint, got tinker://${path.model}/${path.kind}/${path.name}; list those there are`;
    throw new RequestFault(404, field, rule);
  }

  async remove(path: TinkerPath): Promise<void> {
    await this.find('checkpoint', path);
    await rm(this.folder(path), { recursive: true });
  }

  /** Checkpoints of one model, or of all, oldest first. */
  async list(model?: string): Promise<CheckpointCard[]> {
    const models = model === undefined ? (await entries(this.root)).map(decodeURIComponent) : [model];
    const cards: CheckpointCard[] = [];
    for (const each of models) {
      for (const kind of KINDS) {
        for (const name of await entries(join(this.root, folderName(each), kind))) {
          const card = await this.card({ model: each, kind, name });
          if (card !== undefined) cards.push(card);
        }
      }
    }
    return cards.sort((a, b) => a.time.localeCompare(b.time) || a.name.localeCompare(b.name));
  }

  /** Removes what servers of this machine left that were killed while they saved. */
  async removePartial(): Promise<void> {
    for (const model of await entries(this.root)) {
      for (const kind of KINDS) {
        const folder = join(this.root, model, kind);
        for (const name of await allEntries(folder)) {
          const [, writer] = name.split(PARTIAL);
          if (writer === undefined || isAtWork(writer)) continue;
          await rm(join(folder, name), { recursive: true, force: true });
        }
      }
    }
  }

  private folder({ model, kind, name }: TinkerPath): string {
    return join(this.root, folderName(model), kind, name);
  }

  /** The card of a checkpoint; undefined where there is none or its time has come, upon which it is removed. */
  private async card(path: TinkerPath): Promise<CheckpointCard | undefined> {
    if (!NAME.test(path.name)) return undefined;
    let text: string;
    try {
      text = await readFile(join(this.folder(path), CARD), 'utf8');
    } catch {
      return undefined;
    }
    const card = cardSchema.parse(JSON.parse(text));
    if (card.expires_at === null || Date.parse(card.expires_at) > Date.now()) return card;
    await rm(this.folder(path), { recursive: true, force: true });
    return undefined;
  }
}

/** A model's id as a file name: without separators, and never `..`. */
function folderName(model: string): string {
  return encodeURIComponent(model).replaceAll('.', '%2E');
}

function checkName(name: string): void {
  if (NAME.test(name)) return;
  const rule = 'must be a name of up to 128 letters, digits, dots, dashes and underscores that starts with none of .-';
  throw new RequestFault(400, 'path', `${rule}, got ${JSON.stringify(name)}`);
}

async function cardOf(checkpoint: NewCheckpoint, folder: string): Promise<CheckpointCard> {
  const { model, kind, name, baseModel, ttlSeconds, userMetadata } = checkpoint;
  const files = await entries(folder);
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
  const now = Date.now();
  return {
    model,
    kind,
    name,
    base_model: baseModel,
    time: new Date(now).toISOString(),
    size_bytes: sizes.reduce((sum, size) => sum + size, 0),
    expires_at: ttlSeconds === undefined ? null : new Date(now + ttlSeconds * 1000).toISOString(),
    user_metadata: userMetadata ?? null,
  };
}

async function entries(folder: string): Promise<string[]> {
  return (await allEntries(folder)).filter((name) => !name.includes(PARTIAL));
}

async function allEntries(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch {
    return [];
  }
}

/** Whether the writer may still be there: servers can share a folder. */
function isAtWork(writer: string): boolean {
  const pid = Number.parseInt(writer, 10);
  if (pid === process.pid) return writer.startsWith(WRITER);
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
