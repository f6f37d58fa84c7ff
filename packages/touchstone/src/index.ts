export { deriveSeed, hashText, Random } from './random.js';
export type { ChatMessage, Json, Judge, Split, StepVerdict, Task, TaskSource, WorkedVerdict } from './task/task.js';
