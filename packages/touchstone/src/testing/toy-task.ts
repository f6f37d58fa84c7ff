import { correct, incorrect, unscorable } from '@touchstone/verify';
import type { TextCodec } from '../environment/environment.js';
import type { LoadModel } from '../run/model.js';
import type { TaskSource } from '../task/task.js';
import { TabularEngine } from './tabular-engine.js';

/** One token a character; the last is the end of a response. */
const ALPHABET = '0123456789>?';
export const END_TOKEN = ALPHABET.length;

export const toyCodec: TextCodec = {
  encode: (text) => Int32Array.from(text, (character) => ALPHABET.indexOf(character)),
  decode: (tokens) => Array.from(tokens, (token) => ALPHABET[token] ?? '').join(''),
  encodeChat: (messages) => toyCodec.encode(messages.map(({ content }) => content).join('')),
};

/** `3>` asks for the next digit, `4`; what follows it does not matter. A response that starts with `?` cannot be judged. */
export const toySource: TaskSource = {
  name: 'successor',
  size: (split) => (split === 'train' ? 10 : 5),
  task: (split, index) => ({
    id: `successor/${split}/${index}`,
    prompt: `${index}>`,
    reference: String((index + 1) % 10),
    metadata: { family: 'successor' },
  }),
  judge: (response, { reference }) => {
    if (response.startsWith('?')) return unscorable('question-mark');
    return response.startsWith(reference) ? correct('equal') : incorrect('different', { extracted: response });
  },
};

export const loadToyModel: LoadModel = () =>
  Promise.resolve({ engine: new TabularEngine(END_TOKEN + 1, END_TOKEN), codec: toyCodec });
