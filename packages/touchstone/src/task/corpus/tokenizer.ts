import { ANSWER_MARKER } from '../working.js';

export const PAD_TOKEN = '<pad>';
export const EOS_TOKEN = '<eos>';
export const UNKNOWN_TOKEN = '<unk>';

/** Ids 0, 1, 2. */
const SPECIAL_TOKENS = [PAD_TOKEN, EOS_TOKEN, UNKNOWN_TOKEN] as const;

/** Frequent words of the prompts and the marker; none holds a digit, so that every digit is a token of its own. */
const PIECES = [
  `${ANSWER_MARKER} `,
  '=?',
  'mod ',
  'sort ',
  'path ',
  'make ',
  ' from ',
  'eval ',
  'base ',
  ' to ',
] as const;

const CONTEXT_LENGTH = 1024;

/** Line break and printable ASCII. */
function characters(): string[] {
  return ['\n', ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))];
}

/**
 * A tokenizer of 109 tokens for the model that ships with Touchstone, as the files of a Hugging Face folder: name to
 * content. Every character is a token, a few words are, and any other character (code point) is one `<unk>`; no text has more tokens than
 * code points. Nothing is added at either end.
 *
 * Form: a BPE model without merges whose `ignore_merges` looks each piece up that the pre-tokenizer cut; it is the one
 * form that Python's and JavaScript's tokenizers both read.
 */
export function buildTokenizer(): Readonly<
  Record<'tokenizer.json' | 'tokenizer_config.json' | 'special_tokens_map.json', string>
> {
  const tokens = [...SPECIAL_TOKENS, ...characters(), ...PIECES];
  const special = { pad_token: PAD_TOKEN, eos_token: EOS_TOKEN, unk_token: UNKNOWN_TOKEN };
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Split',
      // Longest first; no piece holds a character that a pattern reads as more than itself, but for the question mark.
      pattern: { Regex: [...PIECES.map((piece) => piece.replace('?', '\\?')), '[\\s\\S]'].join('|') },
      behavior: 'Isolated',
      invert: false,
    },
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: UNKNOWN_TOKEN,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: [],
    },
  };
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    ...special,
    model_max_length: CONTEXT_LENGTH,
    clean_up_tokenization_spaces: false,
    // The model knows questions, not conversations: it is given what the messages say.
    chat_template: "{% for message in messages %}{{ message['content'] }}{{ '\n' }}{% endfor %}",
  };
  return {
    'tokenizer.json': json(tokenizer),
    'tokenizer_config.json': json(config),
    'special_tokens_map.json': json(special),
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
