import { defaultLimits } from '../sandbox/backend.js';
import type { SandboxPool } from '../sandbox/pool.js';
import { defaultSvgLimits, type SvgRefusal } from './document.js';
import type { DrawingJob, DrawingValue } from './job.js';

/** A picture that tries to read what is outside it, or to cost more than its limits. */
export interface SvgEscape {
  readonly name: string;
  readonly svg: string;
  /** The ways in which the attempt may end when the wall holds. */
  readonly held: readonly SvgEnding[];
}

/** How a job ended: as a refusal, as a drawing, or as its process did. */
export type SvgEnding = SvgRefusal['code'] | 'drawn' | 'timeout' | 'memory' | 'crashed';

const xlink = 'xmlns:xlink="http://www.w3.org/1999/xlink"';
const svg = (inner: string, attributes = ''): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" ${attributes}>${inner}</svg>`;
const everywhere = '<rect width="100" height="100"';

/** Each line uses the one before ten times. */
function laughs(levels: number, line: (name: string, before: string) => string): string {
  return Array.from({ length: levels }, (_, at) => line(`n${at + 1}`, `n${at}`)).join('');
}

const forbidden: readonly (readonly [name: string, svg: string])[] = [
  ['href to a host file', svg('<image href="/etc/passwd" width="9" height="9"/>')],
  ['xlink:href to a host file', svg('<image xlink:href="file:///etc/passwd"/>', xlink)],
  ['href under another prefix', svg('<image l:href="/etc/passwd"/>', 'xmlns:l="http://www.w3.org/1999/xlink"')],
  ['href written with character references', svg('<use href="&#47;etc&#47;passwd"/>')],
  ['href over the network', svg('<use href="http://169.254.169.254/latest#a"/>')],
  ['href to data', svg('<use href="data:image/svg+xml,%3Csvg/%3E#a"/>')],
  ['feImage of a host file', svg('<filter id="f"><feImage href="/etc/passwd"/></filter>')],
  ['xml:base to the host', svg('<g xml:base="file:///etc/"><use href="#a"/></g>')],
  ['url() to a host file', svg(`${everywhere} fill="url(file:///etc/passwd#a)"/>`)],
  ['url() in quotes', svg(`${everywhere} style="fill: URL ( 'http://host/#a' )"/>`)],
  ['url() hidden by a CSS escape', svg(`${everywhere} style="fill: u\\72l(http://host/#a)"/>`)],
  ['@import in a style sheet', svg('<style>@import "file:///etc/passwd";</style>')],
  ['@import in CDATA', svg('<style><![CDATA[@import url(http://host/x.css);]]></style>')],
  ['@font-face of a host file', svg('<style>@font-face { font-family: a; src: url("#a") }</style>')],
  [
    'an entity that is a host file',
    `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>${svg('<title>&x;</title>')}`,
  ],
  [
    'a billion laughs of entities',
    `<!DOCTYPE svg [<!ENTITY n0 "ha">${laughs(9, (name, before) => `<!ENTITY ${name} "${`&${before};`.repeat(10)}">`)}]>${svg('<title>&n9;</title>')}`,
  ],
  ['a style sheet as a processing instruction', `<?xml-stylesheet href="file:///etc/passwd"?>${svg('')}`],
  ['a script', svg('<script>process.exit()</script>')],
  ['an event handler', svg(`${everywhere} onload="alert(1)"/>`)],
  ['HTML inside', svg('<foreignObject><p>x</p></foreignObject>')],
];

/** Attempts on the wall of SVG. */
export const svgEscapes: readonly SvgEscape[] = [
  ...forbidden.map(([name, text]): SvgEscape => ({ name, svg: text, held: ['forbidden'] })),
  {
    name: 'an image of another prefix, which is left out',
    svg: svg('<s:image href="/etc/passwd"/>', 'xmlns:s="http://www.w3.org/2000/svg"'),
    held: ['drawn', 'forbidden'],
  },
  {
    name: 'a billion laughs of use',
    svg: svg(
      `<defs><g id="n0"><rect/></g>${laughs(9, (name, before) => `<g id="${name}">${`<use href="#${before}"/>`.repeat(10)}</g>`)}</defs><use href="#n9"/>`,
    ),
    held: ['too-large'],
  },
  {
    name: 'a billion laughs of patterns',
    svg: svg(
      `<pattern id="n0"/>${laughs(9, (name, before) => `<pattern id="${name}" width="1" height="1">${`${everywhere} fill="url(#${before})"/>`.repeat(10)}</pattern>`)}${everywhere} fill="url(#n9)"/>`,
    ),
    held: ['too-large'],
  },
  { name: 'a picture inside itself', svg: svg('<g id="a"><use href="#a"/></g>'), held: ['too-large'] },
  {
    name: 'elements ten thousand deep',
    svg: svg(`${'<g>'.repeat(10_000)}${'</g>'.repeat(10_000)}`),
    held: ['too-large'],
  },
  { name: 'a million elements', svg: svg('<g/>'.repeat(1_000_000)), held: ['too-large'] },
  { name: 'sides of 1 to 10^9', svg: '<svg width="1" height="1000000000"/>', held: ['too-large'] },
  {
    name: 'sides that are no numbers',
    svg: '<svg width="NaN" height="1e999" viewBox="0 0 0 0"/>',
    held: ['malformed', 'too-large', 'drawn'],
  },
  {
    name: 'a filter over everything, a hundred times',
    svg: svg(
      `<filter id="f" x="-1e6" y="-1e6" width="1e9" height="1e9"><feGaussianBlur stdDeviation="1e6"/></filter>${`${everywhere} filter="url(#f)"/>`.repeat(100)}`,
    ),
    // resvg gives up with a panic, which ends its process.
    held: ['drawn', 'timeout', 'memory', 'crashed'],
  },
  {
    name: 'turbulence of a billion octaves',
    svg: svg(
      `<filter id="f"><feTurbulence baseFrequency="9" numOctaves="1000000000"/></filter>${everywhere} filter="url(#f)"/>`,
    ),
    held: ['drawn', 'timeout'],
  },
  {
    name: 'a dash pattern of 10^12 dashes',
    svg: svg('<path d="M0 0H1e9" stroke="red" stroke-dasharray="0.001"/>'),
    held: ['drawn', 'timeout', 'memory'],
  },
  {
    name: 'a pattern of tiny tiles',
    svg: svg(
      `<pattern id="p" width="1e-9" height="1e-9" patternUnits="userSpaceOnUse"><rect width="1" height="1"/></pattern>${everywhere} fill="url(#p)"/>`,
    ),
    held: ['drawn', 'timeout', 'memory'],
  },
  {
    name: 'a path of numbers beyond doubles',
    svg: svg(`<path d="M1e999 -1e999L${'9'.repeat(5000)} 1"/>`),
    held: ['drawn', 'malformed'],
  },
];

/** Runs an attempt: how it ended, and the words of the wall. */
export async function attemptSvg(
  { svg: text }: SvgEscape,
  pool: SandboxPool<DrawingJob, DrawingValue>,
  wallMs = 2000,
): Promise<{ readonly ended: SvgEnding; readonly detail: string }> {
  const job: DrawingJob = {
    pictures: [{ kind: 'svg', text }],
    size: 64,
    limits: { ...defaultSvgLimits, maxLength: 5_000_000 },
  };
  const report = await pool.run(job, { ...defaultLimits, wallMs });
  if (report.ended !== 'finished') return { ended: report.ended, detail: report.detail };
  const [drawing] = report.value;
  if (drawing === undefined) return { ended: 'crashed', detail: 'nothing came back' };
  if (drawing.kind === 'raster') return { ended: 'drawn', detail: `${drawing.elements} elements` };
  return { ended: drawing.refusal.code, detail: drawing.refusal.message };
}
