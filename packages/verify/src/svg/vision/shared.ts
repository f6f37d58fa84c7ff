import { visionEmbedder, type Embedder } from './embedder.js';
import { openVisionModel, type VisionModel } from './model.js';

interface Opened {
  readonly embedder: Embedder;
  close(): Promise<void>;
}

/** Models that all callers of this process share, by their folders. */
const opened = new Map<string, Promise<Opened>>();

/**
 * The embedder of these folders, opened on first use; see `visionEmbedder`. Throws a `VisionModelError` or a
 * `MissingPackageError`; the next call tries again.
 */
export async function sharedEmbedder(folders: readonly string[]): Promise<Embedder> {
  const key = JSON.stringify(folders);
  const known = opened.get(key) ?? open(folders);
  opened.set(key, known);
  try {
    return (await known).embedder;
  } catch (error) {
    opened.delete(key);
    throw error;
  }
}

async function open(folders: readonly string[]): Promise<Opened> {
  const models: VisionModel[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(models.map((each) => each.close()));
  };
  try {
    // One after another: two large models at a time may not fit in memory while they load.
    for (const folder of folders) models.push(await openVisionModel(folder));
    return { embedder: visionEmbedder(models), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Ends the processes of all shared models. The next use starts new ones. */
export async function closeSharedModels(): Promise<void> {
  const all = [...opened.values()];
  opened.clear();
  await Promise.allSettled(all.map(async (each) => (await each).close()));
}
