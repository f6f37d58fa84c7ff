import type { BuiltInRecipe } from './index.js';

/** The first run: GRPO teaches the small model that ships with Touchstone to add numbers of three to five digits. */
export const quickstart: BuiltInRecipe = {
  recipe: {
    name: 'quickstart',
    about: 'GRPO teaches the model that ships with Touchstone to add.',
    model: 'models/touchstone-base',
    steps: 60,
    task: { name: 'addition', minDigits: 3, maxDigits: 5 },
    rollout: { prompts: 16, group: 16, maxNewTokens: 96 },
    objective: { name: 'grpo' },
    optimizer: { learningRate: 4e-4, warmupSteps: 3, schedule: 'cosine' },
    evaluation: { tasks: 100, samples: 8, every: 20 },
  },
};
