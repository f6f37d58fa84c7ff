import type { SvgElement } from './document.js';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

/**
 * The XML of a checked document. Renderers get this and not the text it was read from, so that what was checked is what is
 * drawn, however differently two readers take a text.
 */
export function writeSvg(root: SvgElement): string {
  return write(root, ' xmlns="http://www.w3.org/2000/svg"');
}

function write({ name, attributes, children }: SvgElement, namespace = ''): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value, /[&<>"\n\r\t]/g)}"`);
  const inner = children.map((child) => (typeof child === 'string' ? escaped(child, /[&<>]/g) : write(child)));
  return `<${name}${namespace}${pairs.join('')}>${inner.join('')}</${name}>`;
}

function escaped(text: string, pattern: RegExp): string {
  return text.replace(pattern, (sign) => escapes[sign] ?? sign);
}
