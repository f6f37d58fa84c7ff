/** The tokens with a role, by the names that chat templates use. */
export interface SpecialTokens {
  readonly bos_token?: string;
  readonly eos_token?: string;
  readonly pad_token?: string;
  readonly unk_token?: string;
}

const ROLES = ['bos_token', 'eos_token', 'pad_token', 'unk_token'] as const;

/** Reads the roles from a parsed `tokenizer_config.json`: a token is a string or an object with `content`. */
export function parseSpecialTokens(config: unknown): SpecialTokens {
  const json = (config ?? {}) as Readonly<Record<string, unknown>>;
  const tokens: { [role in (typeof ROLES)[number]]?: string } = {};
  for (const role of ROLES) {
    const value = json[role];
    const token = typeof value === 'object' && value !== null && 'content' in value ? value.content : value;
    if (typeof token === 'string') tokens[role] = token;
  }
  return tokens;
}
