export type { ColumnName, DifferentiableColumn, LossResult, Objective, RolloutBatch } from './objective.js';
