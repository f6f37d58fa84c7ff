/** What a piece of Verilog is; the text of all tokens joined is the source again. */
export type TokenKind =
  | 'space'
  | 'comment'
  | 'attribute'
  | 'identifier'
  | 'escaped'
  | 'system'
  | 'directive'
  | 'number'
  | 'string'
  | 'operator'
  | 'other';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const patterns: readonly (readonly [TokenKind, RegExp])[] = [
  ['space', /\s+/y],
  ['comment', /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$(?![\s\S]))/y],
  // `(*)` and `( * )` are sensitivity lists.
  ['attribute', /\(\*(?!\s*\))[\s\S]*?(?:\*\)|$(?![\s\S]))/y],
  ['string', /"(?:[^"\\\n]|\\[\s\S])*"?/y],
  ['escaped', /\\[^\s]+/y],
  ['system', /\$[A-Za-z_][\w$]*/y],
  ['directive', /`(?:[A-Za-z_][\w$]*|`)/y],
  ['number', /(?:\d[\d_]*[ \t]*)?'[sS]?[bBoOdDhH][ \t]*[\da-fA-FxXzZ?_]+/y],
  ['number', /'[01xXzZ](?![\w])/y],
  ['number', /\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?/y],
  ['identifier', /[A-Za-z_][\w$]*/y],
  [
    'operator',
    /<<<=|>>>=|<<<|>>>|===|!==|==\?|!=\?|<<=|>>=|<->|\*\*|&&|\|\||==|!=|<=|>=|<<|>>|->|\+\+|--|\+=|-=|\*=|\/=|&=|\|=|\^=|%=|~&|~\||~\^|\^~|\+:|-:|::|[-+*/%&|^~!<>=?:;,.#@(){}[\]']/y,
  ],
];

/** Splits Verilog or SystemVerilog text; linear in its length, and never failing. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < source.length;) {
    const token = tokenAt(source, at);
    tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}

function tokenAt(source: string, at: number): Token {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found !== null && found[0].length > 0) return { kind, text: found[0] };
  }
  return { kind: 'other', text: source.charAt(at) };
}

/** Tokens that mean something: no spaces, comments or attributes. */
export function significant(tokens: readonly Token[]): Token[] {
  return tokens.filter(({ kind }) => kind !== 'space' && kind !== 'comment' && kind !== 'attribute');
}

/** Names of the modules that a text defines, in order, with the names of those that each instantiates. */
export function moduleGraph(source: string): Map<string, ReadonlySet<string>> {
  const tokens = significant(tokenize(source));
  const bodies = new Map<string, Token[]>();
  for (let at = 0; at < tokens.length; at++) {
    if (!isModuleKeyword(tokens[at]!)) continue;
    const lifetime = /^(?:automatic|static)$/.test(tokens[at + 1]?.text ?? '') ? 1 : 0;
    const name = moduleName(tokens[at + 1 + lifetime]);
    let stop = at;
    while (stop < tokens.length && tokens[stop]!.text !== 'endmodule') stop++;
    if (name !== '' && !bodies.has(name)) bodies.set(name, tokens.slice(at + 2 + lifetime, stop));
    at = stop;
  }
  return new Map([...bodies].map(([name, body]) => [name, instantiated(body, bodies)]));
}

function isModuleKeyword({ kind, text }: Token): boolean {
  return kind === 'identifier' && (text === 'module' || text === 'macromodule');
}

function moduleName(token: Token | undefined): string {
  if (token === undefined) return '';
  return token.kind === 'escaped' ? token.text.slice(1) : token.kind === 'identifier' ? token.text : '';
}

/** A module's name followed by `#` or by the name of an instance. */
function instantiated(body: readonly Token[], modules: ReadonlyMap<string, unknown>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [at, token] of body.entries()) {
    const name = moduleName(token);
    const next = body[at + 1];
    if (next === undefined || !modules.has(name)) continue;
    if (next.text === '#' || next.kind === 'identifier' || next.kind === 'escaped') found.add(name);
  }
  return found;
}

/**
 * The top module of a text: of the modules that no other one instantiates, the one that most modules lie below; the
 * first of equals. Null where there is none.
 */
export function topModule(source: string): string | null {
  const graph = moduleGraph(source);
  const used = new Set([...graph.values()].flatMap((names) => [...names]));
  let best: { name: string; below: number } | null = null;
  for (const name of graph.keys()) {
    if (used.has(name)) continue;
    const below = descendants(name, graph);
    if (best === null || below > best.below) best = { name, below };
  }
  return best?.name ?? null;
}

function descendants(name: string, graph: ReadonlyMap<string, ReadonlySet<string>>): number {
  const seen = new Set([name]);
  for (const each of seen) for (const child of graph.get(each) ?? []) seen.add(child);
  return seen.size - 1;
}
