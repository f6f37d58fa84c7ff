import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What a sandbox process may touch beyond the built files of this package. */
export interface Permissions {
  /** Folders or files that it may read, beside `dist` of this package. */
  readonly allowRead?: readonly (string | URL)[];
  /** Whether it may load native addons, as resvg needs; default false. */
  readonly allowAddons?: boolean;
}

/** A package that a sandbox runs on is not installed; the message says how to get it. */
export class MissingPackageError extends Error {
  override readonly name = 'MissingPackageError';
  constructor(name: string) {
    super(`sandbox: the package ${name} must be installed, got none; run \`npm install ${name}\``);
  }
}

const DIST = new URL('../../dist/', import.meta.url);

/** The flag that turns on Node's permission model here, or null where the running Node has none. */
export function permissionFlag(): string | null {
  const flags = process.allowedNodeEnvironmentFlags;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 23 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13)) return '--permission';
  return flags.has('--experimental-permission') ? '--experimental-permission' : null;
}

/**
 * Command line flags under which a sandbox process may read the given places and nothing else: no writing, no child
 * processes, no worker threads, no addons unless asked for. Empty where the running Node has no permission model.
 */
export function permissionArguments({ allowRead = [], allowAddons = false }: Permissions): string[] {
  const flag = permissionFlag();
  if (flag === null) return [];
  const places = [DIST, ...allowRead].map((place) => readable(place));
  return [flag, ...places.map((place) => `--allow-fs-read=${place}`), ...(allowAddons ? ['--allow-addons'] : [])];
}

function readable(place: string | URL): string {
  const path = typeof place === 'string' && !place.startsWith('file:') ? place : fileURLToPath(place);
  const real = existsSync(path) ? realpathSync(path) : path;
  return path.endsWith('/') && !real.endsWith('/') ? `${real}/` : real;
}

/**
 * Folder of an installed package as a URL that ends in a slash, for `allowRead`. Throws `MissingPackageError`.
 * @param from where to look from; default: this package
 */
export function packageFolder(name: string, from: string | URL = import.meta.url): URL {
  let folder: string;
  try {
    folder = dirname(createRequire(from).resolve(name));
  } catch {
    throw new MissingPackageError(name);
  }
  for (;;) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === name) {
      return new URL(`${pathToFileURL(realpathSync(folder)).href}/`);
    }
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`packageFolder: ${name} must have a package.json of that name, got none`);
    folder = parent;
  }
}
