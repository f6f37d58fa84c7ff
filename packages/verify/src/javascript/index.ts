export { attemptScript, scriptEscapes, type ScriptEscape } from './escapes.js';
export { QuickJsSandbox, type QuickJsOptions } from './sandbox.js';
