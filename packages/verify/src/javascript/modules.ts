import { transform } from 'sucrase';
import { builtinModules } from './guest.js';

const endings = ['', '.js', '.mjs', '.cjs', '.ts', '.mts', '.json', '/index.js', '/index.ts'];

/** Words by which a file is an ECMAScript module, unless they stand in a text, a comment or a function. */
const moduleSyntax =
  /^(?:[ \t]*(?:import\s*(?:[\w$*{"']|\.\s*meta)|export\s*[\w$*{])|(?:(?:const|let|var)\b[^=\n]*=\s*|for\s+)?await\b)/m;

/** Words of a module that a script has, too, as names: `await (x)` calls a function. At the start of a line they are meant. */
const topLevelAwait = /^(?:(?:const|let|var)\b[^=\n]*=\s*|for\s+)?await\b/m;

/** The files of a job as its interpreter loads them. */
export class ProgramFiles {
  private readonly files: ReadonlyMap<string, string>;

  constructor(files: Readonly<Record<string, string>>) {
    this.files = new Map(Object.entries(files).map(([path, text]) => [normalized(path), text]));
  }

  /** The text of a file as it was given. */
  text(path: string): string | undefined {
    return this.files.get(normalized(path));
  }

  /** The path that a name stands for in a file; undefined for what is not there. */
  resolve(name: string, base: string): string | undefined {
    const folder = base.includes('/') ? base.slice(0, base.lastIndexOf('/')) : '';
    const path = normalized(name.startsWith('.') ? `${folder}/${name}` : name);
    // TypeScript names the file that it will become.
    const found = [path, path.replace(/js$/, 'ts')].flatMap((each) => endings.map((ending) => each + ending));
    return found.find((each) => this.files.has(each));
  }

  /** JavaScript of a file: types are taken out, every line stays where it was. Throws a `SyntaxError`. */
  code(path: string): string {
    const text = this.files.get(path) ?? '';
    if (!/\.[mc]?ts$/.test(path)) return text.replace(/^#!/, '//');
    return transform(text, { transforms: ['typescript'], disableESTransforms: true, filePath: path }).code;
  }

  /** Whether a file that `isModule` takes for a module is a script if it compiles as one. */
  mayBeScript(path: string): boolean {
    return !/\.m[jt]s$/.test(path) && !topLevelAwait.test(this.files.get(path) ?? '');
  }

  isModule(path: string): boolean {
    return (
      /\.m[jt]s$/.test(path) || (!/\.(?:c[jt]s|json)$/.test(path) && moduleSyntax.test(this.files.get(path) ?? ''))
    );
  }
}

function normalized(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** Mark of a name that is a module of the sandbox, not a file. */
const BUILTIN = 'node:';

/** Mark of a name that stands for nothing. */
const MISSING = 'missing:';

/** The name under which the interpreter keeps a module. */
export function moduleName(files: ProgramFiles, name: string, base: string): string {
  const plain = name.startsWith(BUILTIN) ? name.slice(BUILTIN.length) : name;
  return Object.hasOwn(builtinModules, plain) ? BUILTIN + plain : (files.resolve(name, base) ?? MISSING + name);
}

/** Source of an ECMAScript module by that name; files that are none are required, and are the default export. Throws for a name that is not there. */
export function moduleSource(files: ProgramFiles, name: string): string {
  if (name.startsWith(MISSING)) throw new Error(`Cannot find module '${name.slice(MISSING.length)}'`);
  const plain = name.startsWith(BUILTIN) ? name.slice(BUILTIN.length) : null;
  if (plain === null && files.isModule(name)) return files.code(name);
  const names = plain === null ? [] : (builtinModules[plain] ?? []);
  const exported = names.length === 0 ? '' : `export const { ${names.join(', ')} } = it;`;
  return `const it = globalThis.require(${JSON.stringify(plain ?? `/${name}`)}); export default it; ${exported}`;
}
