import type { Json } from '../task.js';
import { addition } from './addition.js';
import { bases } from './bases.js';
import { boolean } from './boolean.js';
import { countdown } from './countdown.js';
import type { Family } from './family.js';
import { graph } from './graph.js';
import { modular } from './modular.js';
import { multipleChoice } from './multiple-choice.js';
import { multiplication } from './multiplication.js';
import { sorting } from './sorting.js';

export type FamilyName =
  | 'addition'
  | 'multiplication'
  | 'countdown'
  | 'modular'
  | 'sorting'
  | 'graph'
  | 'boolean'
  | 'bases'
  | 'multiple-choice';

/** Every family made on the spot. To add one: write its file, name it above, list it here; the contract tests find it. */
export const families: { readonly [Name in FamilyName]: Family<object, Json, unknown> } = {
  addition,
  multiplication,
  countdown,
  modular,
  sorting,
  graph,
  boolean,
  bases,
  'multiple-choice': multipleChoice,
};

export const familyNames = Object.keys(families) as FamilyName[];
