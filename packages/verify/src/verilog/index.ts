export type { VerilogJob, VerilogValue } from './backend.js';
export { attemptVerilog, verilogEscapes, type VerilogEscape } from './escapes.js';
export { verilogFixtures } from './fixtures.js';
export { mutants, type Variant } from './mutants.js';
export { renamed, rewrites } from './rewrites.js';
export { verilogPool } from './pool.js';
export { moduleGraph, tokenize, topModule, type Token, type TokenKind } from './tokens.js';
export { verifyVerilog, type VerilogOptions, type VerilogReference } from './verify-verilog.js';
