import { stat } from 'node:fs/promises';
import { EngineError } from '../errors.js';
import { isFile } from './files.js';

/** How far a model's download is, over all its files. */
export interface DownloadProgress {
  /** The file that is arriving. */
  readonly file: string;
  /** Bytes on disk, those of an earlier attempt included. */
  readonly receivedBytes: number;
  /** Grows once, when the description of the model is there and its weights are next. */
  readonly totalBytes: number;
}

export interface HubOptions {
  /** Where models are kept. Default: the environment's TOUCHSTONE_CACHE, else `~/.cache/touchstone`. */
  readonly cache?: string;
  /** Default: the environment's HF_ENDPOINT, else the public hub. */
  readonly hubUrl?: string;
  /** For gated and private models. Default: the environment's HF_TOKEN. */
  readonly accessToken?: string;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** False: everything but the weights, of any architecture, for a model that is computed elsewhere. */
  readonly weights?: boolean;
}

/** `owner/name` or `owner/name@revision`; a revision is a branch, a tag or a commit. */
const HUB_NAME = /^([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@(\w[\w./-]*))?$/;

/**
 * The folder of a model: `model` itself where it is a folder (never any network then), else the model of that name on
 * the hub, downloaded into the cache unless it is there. Only what the engine reads is downloaded; an interrupted
 * download goes on where it stopped. A model that is in the cache is found without the hub: always for a commit, for a
 * branch or tag when the hub cannot be reached.
 *
 * @throws EngineError `folder-missing`, `hub-not-found`, `hub-denied`, `hub-unreachable`, `hub-failed`, `file-missing`,
 * `write-failed`; `config-unsupported` before any weights are downloaded.
 */
export async function resolveModel(model: string, options: HubOptions = {}): Promise<string> {
  if ((await stat(model).catch(() => undefined))?.isDirectory() === true) return model;
  const [, name, revision = 'main'] = HUB_NAME.exec(model) ?? [];
  if (name === undefined || (await isFile(model))) {
    const got = (await isFile(model)) ? 'a file' : 'no such folder';
    const fix = 'check the path, or name a model of the hub as owner/name';
    throw new EngineError('folder-missing', { at: model, rule: 'must be a model folder', got, fix });
  }
  // The hub's client takes longer to load than all the rest: whoever names a folder never waits for it.
  const { fetchModel } = await import('./hub-fetch.js');
  return fetchModel(name, revision, options);
}
