import type { SvgElement } from './document.js';

/**
 * How many elements a document has once every reference is replaced by what it refers to, which is what a renderer has to
 * draw; ten lines of nested `use` make billions. Stops counting at `limit`: Infinity stands for more, and for an element
 * that contains itself.
 */
export function expandedElements(root: SvgElement, limit: number): number {
  const named = new Map<string, SvgElement>();
  collect(root, named);
  const known = new Map<SvgElement, number>();
  const pending = new Set<SvgElement>();
  const count = (element: SvgElement): number => {
    const before = known.get(element);
    if (before !== undefined) return before;
    // A renderer gives up on a circle, some at depths that cost dearly; the chain of references is bounded with it.
    if (pending.has(element) || pending.size > MAX_CHAIN) return Infinity;
    pending.add(element);
    let total = 1;
    for (const child of element.children) if (typeof child !== 'string') total += count(child);
    for (const name of references(element)) {
      const target = named.get(name);
      if (target !== undefined) total += count(target);
    }
    pending.delete(element);
    const counted = total > limit ? Infinity : total;
    known.set(element, counted);
    return counted;
  };
  return count(root);
}

const MAX_CHAIN = 500;

function collect(element: SvgElement, named: Map<string, SvgElement>): void {
  const { id } = element.attributes;
  if (id !== undefined && !named.has(id)) named.set(id, element);
  for (const child of element.children) if (typeof child !== 'string') collect(child, named);
}

function references({ name, attributes, children }: SvgElement): string[] {
  const texts = Object.values(attributes);
  if (name === 'style') texts.push(...children.filter((child) => typeof child === 'string'));
  const urls = texts.flatMap((text) =>
    [...text.matchAll(/url\s*\(\s*(?:["']\s*)?#([^"')\s]+)/gi)].map(([, id]) => id ?? ''),
  );
  const { href } = attributes;
  return href === undefined ? urls : [...urls, href.trim().slice(1)];
}
