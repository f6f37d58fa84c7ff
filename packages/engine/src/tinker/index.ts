export { systemClock, type Clock } from './clock.js';
export { Connection, DEFAULT_RETRY, type ConnectionOptions, type RetryPolicy } from './connection.js';
export { serverModels, type Reduction, type ServerFacts } from './server-facts.js';
export { TINKER_LIMITS, TinkerEngine, type TinkerOptions } from './tinker-engine.js';
export * from './wire.js';
