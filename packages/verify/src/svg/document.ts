import { SaxesParser } from 'saxes';

/** Bounds of an SVG text, all checked before anything is drawn. */
export interface SvgLimits {
  /** UTF-16 units of the text. */
  readonly maxLength: number;
  readonly maxElements: number;
  readonly maxDepth: number;
  /** Elements after every reference (`use`, patterns, masks, filters) has been replaced by what it refers to. */
  readonly maxExpanded: number;
}

export const defaultSvgLimits: SvgLimits = {
  maxLength: 200_000,
  maxElements: 5000,
  maxDepth: 64,
  maxExpanded: 50_000,
};

/** An element of a checked document; names without prefix. */
export interface SvgElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (SvgElement | string)[];
}

/** Why a text is not drawn: a literal code, and words. */
export interface SvgRefusal {
  readonly code: 'malformed' | 'not-svg' | 'too-large' | 'forbidden';
  readonly message: string;
}

export type SvgReading =
  | { readonly ok: true; readonly root: SvgElement; readonly elements: number }
  | { readonly ok: false; readonly refusal: SvgRefusal };

class SvgRefusedError extends Error {
  override readonly name = 'SvgRefusedError';
  constructor(
    readonly code: SvgRefusal['code'],
    message: string,
  ) {
    super(message);
  }
}

/** Elements that run, embed or link to something that is not drawing. */
const forbiddenElements = new Set([
  'script',
  'foreignobject',
  'iframe',
  'image',
  'feimage',
  'audio',
  'video',
  'handler',
]);

/** Attributes that name what is loaded or where loading starts. */
const linking = new Set(['href', 'src', 'base']);

/**
 * Reads an SVG text strictly and refuses what is not a picture by itself: XML that is not well-formed, document types and
 * with them entities, processing instructions, scripts, event handlers, embedded pictures and documents, and every
 * reference that is not `#name` in the same text, in attributes and in CSS. Linear in the length of the text.
 *
 * Elements and attributes of other namespaces (editors write them) are left out of what is returned.
 */
export function readSvg(text: string, limits: SvgLimits = defaultSvgLimits): SvgReading {
  try {
    if (text.length > limits.maxLength) {
      throw new SvgRefusedError('too-large', `at most ${limits.maxLength} characters, got ${text.length}`);
    }
    const builder = new TreeBuilder(limits);
    const root = builder.read(text);
    return { ok: true, root, elements: builder.elements };
  } catch (error) {
    if (error instanceof SvgRefusedError) return { ok: false, refusal: { code: error.code, message: error.message } };
    // What saxes throws is its word on the text: it holds no other state.
    return { ok: false, refusal: { code: 'malformed', message: (error as Error).message.slice(0, 300) } };
  }
}

interface OpenElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: (SvgElement | string)[];
}

class TreeBuilder {
  elements = 0;
  private readonly open: OpenElement[] = [];
  /** How deep the reader is inside an element that is left out. */
  private skipped = 0;
  private root: SvgElement | null = null;

  constructor(private readonly limits: SvgLimits) {}

  read(text: string): SvgElement {
    const parser = new SaxesParser();
    parser.on('error', (error) => {
      throw new SvgRefusedError('malformed', error.message.slice(0, 300));
    });
    parser.on('doctype', () => {
      throw new SvgRefusedError('forbidden', 'a document type is not allowed');
    });
    parser.on('processinginstruction', ({ target }) => {
      throw new SvgRefusedError('forbidden', `the processing instruction ${target.slice(0, 40)} is not allowed`);
    });
    parser.on('opentag', ({ name, attributes }) => this.enter(name, attributes as Record<string, string>));
    parser.on('closetag', () => this.leave());
    parser.on('text', (part) => this.write(part));
    parser.on('cdata', (part) => this.write(part));
    parser.write(text).close();
    if (this.root === null) throw new SvgRefusedError('malformed', 'no element');
    return this.root;
  }

  private enter(tag: string, given: Readonly<Record<string, string>>): void {
    this.elements += 1;
    const { maxElements, maxDepth } = this.limits;
    if (this.elements > maxElements) throw new SvgRefusedError('too-large', `at most ${maxElements} elements`);
    if (this.open.length + this.skipped >= maxDepth) {
      throw new SvgRefusedError('too-large', `at most ${maxDepth} elements inside each other`);
    }
    const name = localName(tag, ['svg']);
    if (this.skipped > 0 || (name === null && this.open.length > 0)) {
      this.skipped += 1;
      return;
    }
    if (this.open.length === 0 && name !== 'svg')
      throw new SvgRefusedError('not-svg', `the root must be svg, got ${tag.slice(0, 40)}`);
    if (name === null || forbiddenElements.has(name.toLowerCase())) {
      throw new SvgRefusedError('forbidden', `the element ${tag.slice(0, 40)} is not allowed`);
    }
    this.open.push({ name, attributes: checkedAttributes(given), children: [] });
  }

  private leave(): void {
    if (this.skipped > 0) {
      this.skipped -= 1;
      return;
    }
    const done = this.open.pop();
    if (done === undefined) return;
    if (done.name.toLowerCase() === 'style') checkCss(textOf(done));
    const parent = this.open.at(-1);
    if (parent === undefined) this.root = done;
    else parent.children.push(done);
  }

  private write(part: string): void {
    if (this.skipped === 0) this.open.at(-1)?.children.push(part);
  }
}

function textOf({ children }: SvgElement): string {
  return children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
}

/** The name without a prefix that stands for the namespace at hand; null for names of other namespaces. */
function localName(name: string, prefixes: readonly string[]): string | null {
  const colon = name.indexOf(':');
  if (colon < 0) return name;
  return prefixes.includes(name.slice(0, colon)) ? name.slice(colon + 1) : null;
}

function checkedAttributes(given: Readonly<Record<string, string>>): Record<string, string> {
  const attributes = Object.create(null) as Record<string, string>;
  for (const [full, value] of Object.entries(given)) {
    const local = full.slice(full.indexOf(':') + 1).toLowerCase();
    if (linking.has(local) && !/^\s*#/.test(value)) {
      throw new SvgRefusedError(
        'forbidden',
        `${full.slice(0, 40)} must be a #name in the same picture, got ${value.slice(0, 60)}`,
      );
    }
    if (local.startsWith('on'))
      throw new SvgRefusedError('forbidden', `the attribute ${full.slice(0, 40)} is not allowed`);
    const name = localName(full, ['xlink', 'svg']);
    if (name === null || name === 'xmlns') continue;
    checkCss(value);
    attributes[name] = value;
  }
  return attributes;
}

const reference = /url\s*\(\s*(["']?)\s*([^"')]*)/gi;

/** Refuses CSS, or an attribute read as CSS, that loads something or hides a reference behind an escape. */
function checkCss(css: string): void {
  if (/@(?:import|font-face|namespace)|\\|\bimage(?:-set)?\s*\(|\bsrc\s*\(/i.test(css)) {
    throw new SvgRefusedError(
      'forbidden',
      `imports, fonts and escapes are not allowed in CSS, got ${css.slice(0, 60)}`,
    );
  }
  for (const [, , target = ''] of css.matchAll(reference)) {
    if (!target.trim().startsWith('#')) {
      throw new SvgRefusedError('forbidden', `url() must be a #name in the same picture, got ${target.slice(0, 60)}`);
    }
  }
}
