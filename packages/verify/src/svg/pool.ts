import { readFileSync } from 'node:fs';
import { packageFolder } from '../sandbox/permissions.js';
import { SandboxPool, type SandboxPoolOptions } from '../sandbox/pool.js';
import { Shared } from '../sandbox/shared.js';
import type { DrawingJob, DrawingValue } from './job.js';

/** Processes that draw. Throws where the package `@resvg/resvg-js` is not installed. */
export function makeSvgPool(options: SandboxPoolOptions = {}): SandboxPool<DrawingJob, DrawingValue> {
  const resvg = packageFolder('@resvg/resvg-js');
  const saxes = packageFolder('saxes');
  const allowRead = [
    resvg,
    ...nativeParts(resvg),
    saxes,
    packageFolder('xmlchars', new URL('package.json', saxes)),
    ...(options.allowRead ?? []),
  ];
  const backend = new URL('../../dist/svg/backend.js', import.meta.url);
  return new SandboxPool(backend, { ...options, allowRead, allowAddons: true });
}

/** The packages that hold resvg's native code for this machine; a name of each platform is listed, few are installed. */
function nativeParts(resvg: URL): URL[] {
  const manifest = JSON.parse(readFileSync(new URL('package.json', resvg), 'utf8')) as {
    optionalDependencies?: Readonly<Record<string, string>>;
  };
  return Object.keys(manifest.optionalDependencies ?? {}).flatMap((name) => {
    try {
      return [packageFolder(name, new URL('package.json', resvg))];
    } catch {
      return [];
    }
  });
}

export const sharedSvgPool = new Shared(() => makeSvgPool());
