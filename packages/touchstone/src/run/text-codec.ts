import { ChatTemplate, Tokenizer } from '@touchstone/engine';
import type { TextCodec } from '../environment/environment.js';

/** The tokenizer and chat template of a model folder, from the bytes of its companion files. */
export function textCodec(companions: ReadonlyMap<string, Uint8Array>, folder: string): TextCodec {
  const tokenizer = Tokenizer.fromFiles(companions, folder);
  let template: ChatTemplate | undefined;
  return {
    encode: (text) => tokenizer.encode(text, { addSpecialTokens: true }),
    decode: (tokens) => tokenizer.decode(tokens),
    encodeChat(messages) {
      // On first use: a model that is asked in plain text only needs no template.
      template ??= ChatTemplate.fromFiles(companions, folder);
      return tokenizer.encode(template.render(messages.map((message) => ({ ...message }))));
    },
  };
}
