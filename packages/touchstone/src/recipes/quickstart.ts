import type { BuiltInRecipe } from './index.js';

/** The first run: GRPO teaches the small model that ships with Touchstone to add longer numbers. */
export const quickstart: BuiltInRecipe = {
  recipe: {
    name: 'quickstart',
    about: 'GRPO teaches the model that ships with Touchstone to add.',
    model: 'models/touchstone-base',
    steps: 60,
    task: 'addition',
    rollout: { prompts: 16, group: 8, maxNewTokens: 96 },
    objective: { name: 'grpo' },
    optimizer: { learningRate: 3e-4, warmupSteps: 3 },
    evaluation: { tasks: 100, samples: 8, every: 10 },
  },
};
