import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { HubApiError, InvalidApiResponseFormatError, listFiles, modelInfo } from '@huggingface/hub';
import type { ListFileEntry } from '@huggingface/hub';
import { EngineError } from '../errors.js';
import { parseModelConfig } from './config.js';
import { fileError, isFile, parseJson, writeAtomically, writeFully } from './files.js';
import { COMPANION_FILES } from './folder.js';
import type { HubOptions } from './hub.js';
import { downloadTo, impatientFetch } from './hub-download.js';
import { INDEX_FILE, parseIndex, VALUE_HEAD_FILE, WEIGHTS_FILE } from './weight-files.js';

const COMMIT = /^[0-9a-f]{40}$/;

interface HubRequest {
  readonly name: string;
  readonly revision: string;
  readonly cache: string;
  readonly access: HubAccess;
  readonly onProgress: HubOptions['onProgress'];
  readonly weights: boolean;
}

/** What every call of the hub's client takes. */
interface HubAccess {
  readonly fetch: typeof fetch;
  readonly hubUrl?: string;
  readonly accessToken?: string;
}

function hubSettings(options: HubOptions): { readonly cache: string; readonly access: HubAccess } {
  const { TOUCHSTONE_CACHE, HF_ENDPOINT, HF_TOKEN } = process.env;
  const accessToken = options.accessToken ?? HF_TOKEN;
  const hubUrl = options.hubUrl ?? HF_ENDPOINT;
  if (accessToken && !accessToken.startsWith('hf_')) {
    const fix = 'copy it from the settings of your account, or unset HF_TOKEN';
    const rule = 'the access token must start with "hf_"';
    throw new EngineError('invalid-argument', { at: 'resolveModel', rule, got: 'something else', fix });
  }
  return {
    cache: options.cache ?? (TOUCHSTONE_CACHE || join(homedir(), '.cache', 'touchstone')),
    access: {
      fetch: impatientFetch,
      ...(hubUrl ? { hubUrl: hubUrl.replace(/\/+$/, '') } : {}),
      ...(accessToken ? { accessToken } : {}),
    },
  };
}

/**
 * The folder of a model of the hub, downloaded into the cache unless it is there.
 *
 * @param name `owner/name`.
 * @throws EngineError as `resolveModel`.
 */
export async function fetchModel(name: string, revision: string, options: HubOptions): Promise<string> {
  const { onProgress, weights = true } = options;
  const request: HubRequest = { name, revision, ...hubSettings(options), onProgress, weights };
  // Apart from whole models: a snapshot without weights must never be taken for one.
  const home = join(request.cache, weights ? 'models' : 'descriptions', name.replace('/', '--'));
  const known = await readRef(home, revision);
  if (known !== undefined && COMMIT.test(revision)) return join(home, 'snapshots', known);
  let commit: string;
  try {
    commit = await findCommit(request);
  } catch (error) {
    const failure = hubError(error, request);
    if (failure.code === 'hub-unreachable' && known !== undefined) return join(home, 'snapshots', known);
    throw failure;
  }
  const snapshot = join(home, 'snapshots', commit);
  try {
    if ((await readRef(home, commit)) === undefined) await downloadSnapshot(request, commit, snapshot);
    await writeRef(home, commit, commit);
    await writeRef(home, revision, commit);
  } catch (error) {
    throw hubError(error, request);
  }
  return snapshot;
}

async function findCommit({ name, revision, access }: HubRequest): Promise<string> {
  const { sha } = await modelInfo({ name, revision, additionalFields: ['sha'], ...access });
  if (COMMIT.test(sha)) return sha;
  const fix = 'check HF_ENDPOINT, or try again later';
  throw new EngineError('hub-failed', { at: name, rule: 'the hub must name a commit', got: String(sha), fix });
}

/** A ref names the commit of a revision whose files are all there. */
async function readRef(home: string, revision: string): Promise<string | undefined> {
  const ref = await readFile(join(home, 'refs', encodeURIComponent(revision)), 'utf8').catch(() => '');
  const complete = COMMIT.test(ref) && (await isFile(join(home, 'snapshots', ref, 'config.json')));
  return complete ? ref : undefined;
}

async function writeRef(home: string, revision: string, commit: string): Promise<void> {
  await makeFolder(join(home, 'refs'));
  await writeAtomically(join(home, 'refs', encodeURIComponent(revision)), (handle) =>
    writeFully(handle, Buffer.from(commit)),
  );
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fileError(error, folder, 'write');
  });
}

async function downloadSnapshot(request: HubRequest, commit: string, snapshot: string): Promise<void> {
  const { name, access, onProgress } = request;
  const listed = new Map<string, ListFileEntry>();
  for await (const entry of listFiles({ repo: name, revision: commit, ...access })) listed.set(entry.path, entry);
  await makeFolder(snapshot);
  const small = ['config.json', ...COMPANION_FILES, ...(listed.has(WEIGHTS_FILE) ? [] : [INDEX_FILE])];
  const describing = small.flatMap((path) => listed.get(path) ?? []);
  const get = async (entries: readonly ListFileEntry[], before: number, total: number) => {
    let done = before;
    for (const entry of entries) {
      await downloadTo(snapshot, { repo: name, commit, ...access }, entry, (received) =>
        onProgress?.({ file: entry.path, receivedBytes: done + received, totalBytes: total }),
      );
      done += entry.size;
    }
  };
  const describingBytes = sizeOf(describing);
  await get(describing, 0, describingBytes);
  if (!request.weights) return;
  await checkArchitecture(snapshot, name);
  const weights = (await weightFileNames(snapshot, listed)).flatMap((path) => listed.get(path) ?? []);
  if (weights.length === 0) {
    const fix = 'choose a model whose weights are safetensors';
    throw new EngineError('file-missing', { at: name, rule: `must hold ${WEIGHTS_FILE} or ${INDEX_FILE}`, fix });
  }
  const all = [...weights, ...[VALUE_HEAD_FILE].flatMap((path) => listed.get(path) ?? [])];
  await get(all, describingBytes, describingBytes + sizeOf(all));
}

function sizeOf(entries: readonly ListFileEntry[]): number {
  return entries.reduce((sum, { size }) => sum + size, 0);
}

/** Refuses a model that the engine cannot compute before its weights are on the way. */
async function checkArchitecture(snapshot: string, name: string): Promise<void> {
  const config = await readFile(join(snapshot, 'config.json'), 'utf8').catch(() => undefined);
  if (config === undefined) {
    const fix = 'choose a model in the layout of transformers';
    throw new EngineError('file-missing', { at: name, rule: 'must hold config.json', fix });
  }
  const file = `${name}/config.json`;
  parseModelConfig(parseJson(config, file, 'config-invalid'), file);
}

async function weightFileNames(snapshot: string, listed: ReadonlyMap<string, unknown>): Promise<string[]> {
  if (listed.has(WEIGHTS_FILE)) return [WEIGHTS_FILE];
  if (!listed.has(INDEX_FILE)) return [];
  const file = join(snapshot, INDEX_FILE);
  return [...new Set(parseIndex(await readFile(file, 'utf8'), file).values())].sort();
}

/** What the hub or the network said, as one line with a way out. */
function hubError(error: unknown, { name, revision, access }: HubRequest): EngineError {
  if (error instanceof EngineError) return error;
  const at = revision === 'main' ? name : `${name}@${revision}`;
  if (error instanceof InvalidApiResponseFormatError || error instanceof SyntaxError) {
    const fix = 'check HF_ENDPOINT, or try again later';
    return new EngineError('hub-failed', {
      at,
      rule: 'the hub must answer in its own format',
      got: error.message,
      fix,
    });
  }
  if (!(error instanceof HubApiError)) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const got = cause instanceof Error ? cause.message : String(cause);
    const rule = 'is no folder here and not in the cache, so the hub must be reachable';
    const fix = 'check the network, or name a folder that holds the model';
    return new EngineError('hub-unreachable', { at, rule, got, fix, cause: error });
  }
  const got = `status ${error.statusCode}`;
  if (error.statusCode === 404) {
    const fix = 'check owner, name and revision, or name a folder that holds the model';
    return new EngineError('hub-not-found', {
      at,
      rule: 'must be a folder or a model of the hub',
      got,
      fix,
      cause: error,
    });
  }
  if (error.statusCode === 401 || error.statusCode === 403) {
    const rule = 'must be a folder, or a model of the hub that you may read';
    const fix =
      access.accessToken === undefined
        ? 'check the name; for a gated or private model set HF_TOKEN'
        : 'check the name, and that the token in HF_TOKEN has access to it';
    return new EngineError('hub-denied', { at, rule, got, fix, cause: error });
  }
  const fix = 'try again later, or name a folder that holds the model';
  return new EngineError('hub-failed', { at, rule: 'the hub must answer', got, fix, cause: error });
}
