export type { Outcome, Verdict } from './verdict.js';
