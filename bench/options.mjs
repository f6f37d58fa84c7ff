import { parseArgs } from 'node:util';

/**
 * Whole numbers given as `--name value`, over their defaults.
 *
 * @template {Record<string, number>} T
 * @param {readonly string[]} argv
 * @param {T} defaults
 * @returns {T} throws a TypeError with a code, as parseArgs does, for an unknown name or anything but digits
 */
export function wholeNumbers(argv, defaults) {
  const spec = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, { type: 'string', default: String(value) }]),
  );
  const { values } = parseArgs({ args: [...argv], options: spec });
  const numbers = Object.entries(values).map(([name, text]) => {
    if (/^\d+$/.test(text)) return [name, Number(text)];
    const error = new TypeError(`--${name}: must be a whole number, got ${text}`);
    throw Object.assign(error, { code: 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' });
  });
  return Object.fromEntries(numbers);
}
