/**
 * Source of `inspect(value)` and `format(...values)` for programs in the sandbox: texts as `console.log` of Node writes
 * them, for plain data to the character except that long arrays of numbers are not laid out in columns.
 */
export const guestInspect = String.raw`
const identifier = /^[A-Za-z_$][\w$]*$/;
const quote = (text) => {
  const sign = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes('${'`'}') ? '${'`'}' : "'";
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll('\r', '\\r');
  return sign + (sign === "'" ? escaped.replaceAll("'", "\\'") : escaped) + sign;
};
const keyText = (key) =>
  typeof key === 'symbol' ? '[' + key.toString() + ']' : identifier.test(key) ? key : quote(key);
const primitive = (value) => {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'bigint') return value + 'n';
  if (Object.is(value, -0)) return '-0';
  return String(value);
};
const className = (value) => {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null) return '[Object: null prototype]';
  return (typeof prototype.constructor === 'function' && prototype.constructor.name) || 'Object';
};
const layOut = (open, parts, close, depth) => {
  if (parts.length === 0) return open + close;
  const line = open + ' ' + parts.join(', ') + ' ' + close;
  if (line.length + 2 * depth <= 72 && !line.includes('\n')) return line;
  const indent = '\n' + '  '.repeat(depth + 1);
  return open + indent + parts.join(',' + indent) + '\n' + '  '.repeat(depth) + close;
};
const most = 100;
const listed = (items, write) => {
  const parts = items.slice(0, most).map(write);
  const more = items.length - parts.length;
  if (more > 0) parts.push('... ' + more + ' more item' + (more > 1 ? 's' : ''));
  return parts;
};
const inspect = (value, depth = 0, seen = []) => {
  if (typeof value === 'function') {
    if (/^class\b/.test(Function.prototype.toString.call(value))) return '[class ' + (value.name || '(anonymous)') + ']';
    return '[Function' + (value.name ? ': ' + value.name : ' (anonymous)') + ']';
  }
  if (typeof value !== 'object' || value === null) return primitive(value);
  if (seen.includes(value)) return '[Circular *1]';
  if (value instanceof Error) return errorText(value);
  if (value instanceof Date) return isNaN(value) ? 'Invalid Date' : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (value instanceof Promise) return 'Promise { <pending> }';
  const name = className(value);
  if (depth > 2) return Array.isArray(value) ? '[Array]' : '[' + name + ']';
  const inner = (each) => inspect(each, depth + 1, [...seen, value]);
  const own = (keys) => keys.map((key) => keyText(key) + ': ' + inner(value[key]));
  if (Array.isArray(value)) {
    const extra = own(Object.keys(value).filter((key) => !/^\d+$/.test(key)));
    return layOut(name === 'Array' ? '[' : name + '(' + value.length + ') [', [...listed([...value], inner), ...extra], ']', depth);
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return layOut(name + '(' + value.length + ') [', listed([...value], inner), ']', depth);
  }
  if (value instanceof Set) return layOut('Set(' + value.size + ') {', listed([...value], inner), '}', depth);
  if (value instanceof Map) {
    return layOut('Map(' + value.size + ') {', listed([...value], ([key, item]) => inner(key) + ' => ' + inner(item)), '}', depth);
  }
  if (value instanceof String || value instanceof Number || value instanceof Boolean) {
    return '[' + name + ': ' + primitive(value.valueOf()) + ']';
  }
  return layOut(name === 'Object' ? '{' : name + ' {', own(Object.keys(value)), '}', depth);
};
const errorText = (error) => {
  const stack = String(error.stack ?? '').trimEnd();
  return error.name + ': ' + error.message + (stack === '' ? '' : '\n' + stack);
};
const format = (...values) => {
  let rest = values;
  let text = '';
  if (typeof values[0] === 'string') {
    rest = values.slice(1);
    text = values[0].replace(/%[sdifjoOc%]/g, (mark) => {
      if (mark === '%%') return '%';
      if (rest.length === 0) return mark;
      const [value] = rest.splice(0, 1);
      if (mark === '%s') return typeof value === 'object' && value !== null ? inspect(value) : String(value);
      if (mark === '%d') return primitive(typeof value === 'bigint' ? value : Number(value));
      if (mark === '%i') return primitive(parseInt(value));
      if (mark === '%f') return primitive(parseFloat(value));
      if (mark === '%j') return JSON.stringify(value);
      return mark === '%c' ? '' : inspect(value);
    });
  }
  const others = rest.map((value) => (typeof value === 'string' ? value : inspect(value)));
  return typeof values[0] === 'string' ? [text, ...others].join(' ') : others.join(' ');
};
`;
