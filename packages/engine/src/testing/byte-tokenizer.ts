/** The printable stand-ins for bytes in byte-level BPE: byte -> character (GPT-2's `bytes_to_unicode`). */
export function byteAlphabet(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    return String.fromCodePoint(printable ? byte : next++);
  });
}

/**
 * A parsed `tokenizer.json` of a byte-level BPE tokenizer as Qwen's: the 256 bytes are ids 0 to 255, then one token a
 * merge, then the special tokens.
 *
 * @param merges Pairs in the byte alphabet, such as "h e" or "Ġ a".
 */
export function byteTokenizerJson(merges: readonly string[] = [], special: readonly string[] = ['<eos>']): object {
  const tokens = [...byteAlphabet(), ...merges.map((pair) => pair.replace(' ', ''))];
  const split =
    "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    version: '1.0',
    added_tokens: special.map((content, i) => ({
      id: tokens.length + i,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [{ type: 'Split', pattern: { Regex: split }, behavior: 'Isolated', invert: false }, byteLevel],
    },
    post_processor: null,
    decoder: byteLevel,
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges },
  };
}
