/** @file Adapters of the card whose rewards are of pictures. */
import {
  compBenchNumeracy,
  isGreyscale,
  isSketch,
  sgpExtract,
  sgpLength,
  sgpLengthReward,
  sgpPicture,
  sgpReward,
} from '../rewards/sgp.js';
import { readSvg } from '../svg/document.js';
import type { SlugAdapters } from './adapter.js';

interface Completions {
  readonly responses: readonly string[];
  readonly text_sim: readonly number[];
  readonly image_sim: readonly number[];
  readonly has_reference: boolean;
}

interface RewardParameters {
  readonly coef: { readonly clip: number; readonly dino: number; readonly length: number; readonly format: number };
  readonly offset: number;
}

export const sgp = {
  sgp_reward: ({ responses, text_sim, image_sim, has_reference }: Completions, { coef, offset }: RewardParameters) => {
    const weights = { text: coef.clip, image: coef.dino, length: coef.length, format: coef.format };
    const drawn = responses.map((response) => readSvg(sgpPicture(response)).ok);
    const results = responses.map((response, index) =>
      sgpReward(
        response,
        {
          rendered: drawn[index]!,
          textSimilarity: text_sim[index]!,
          imageSimilarity: has_reference ? image_sim[index]! : null,
        },
        weights,
        offset,
      ),
    );
    return {
      rewards: results.map(({ reward }) => reward),
      formatted: results.map(({ formatted }) => formatted),
      rendered: drawn,
      clip_reward: results.map(({ text }) => text),
      dino_reward: results.map(({ image }) => image),
      length: results.map(({ length }) => length),
    };
  },
  svg_helpers: ({ svgs, texts }: { svgs: readonly string[]; texts: readonly string[] }) => ({
    length: svgs.map(sgpLength),
    sketch: svgs.map(isSketch),
    greyscale: svgs.map(isGreyscale),
    length_penalty: svgs.map((svg) => sgpLengthReward(sgpLength(svg))),
    extracted: texts.map(sgpExtract),
  }),
  compbench_numeracy: ({ items }: { items: readonly (readonly [number, number, readonly number[]])[] }) => ({
    scores: items.map(([total, item, counts]) => compBenchNumeracy(total, item, counts)),
  }),
} as const satisfies SlugAdapters;
