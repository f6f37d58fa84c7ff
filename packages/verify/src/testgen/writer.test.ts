import { describe, expect, it } from 'vitest';
import { PyodideSandbox } from '../python/sandbox.js';
import type { ProgramResult, Sandbox } from '../sandbox/program.js';
import {
  differentialPrompt,
  generatorNames,
  generatorProgram,
  multidimensionalPrompt,
  writeInputs,
  type WriterRequest,
} from './writer.js';

const done: ProgramResult = {
  outcome: 'ok',
  stdout: '',
  stderr: '',
  truncated: false,
  elapsedMs: 1,
  peakMemoryMb: 1,
};

/** A sandbox that answers calls from a table, so that what is kept and dropped can be read here. */
function tableSandbox(table: Record<string, (args: readonly unknown[]) => Partial<ProgramResult>>): Sandbox {
  return {
    run: ({ call }) => Promise.resolve({ ...done, ...table[call!.function]!(call!.args) }),
    close: () => Promise.resolve(),
  };
}

const written = `I think about it.
\`\`\`python
CONSTRAINTS = {}
def validate_all_inputs(text):
    return True
def gen_TC1():
    return "1", {}
def gen_TC2(): return "2", {}
def gen_TC10():
    return "10", {}
def gen_TC2(): return "2", {}
\`\`\`
Done.`;

function request(overrides: Partial<WriterRequest>): WriterRequest {
  const sandbox = tableSandbox({
    gen_TC1: () => ({ value: { $tuple: ['1', {}] } }),
    gen_TC2: () => ({ value: '2' }),
    gen_TC10: () => ({ outcome: 'timeout' }),
    validate_all_inputs: ([text]) => ({ value: text === '2' ? { $tuple: [false, 'odd only'] } : true }),
  });
  return {
    statement: 'Add.',
    solutions: ['print(1)'],
    complete: () => Promise.resolve(written),
    sandbox,
    ...overrides,
  };
}

describe('prompts', () => {
  it('show the statement and at most ten solutions, or both submissions', () => {
    const many = multidimensionalPrompt(
      'STATEMENT',
      Array.from({ length: 12 }, (_, i) => `solution_${i}_`),
    );
    expect(many).toContain('STATEMENT');
    expect(many).toContain('solution_9_');
    expect(many).not.toContain('solution_10_');
    const pair = differentialPrompt('STATEMENT', { wrong: 'WRONG', correct: 'RIGHT' });
    for (const part of ['STATEMENT', 'WRONG', 'RIGHT', 'validate_all_inputs', 'gen_TC1']) expect(pair).toContain(part);
  });
});

describe('generatorProgram', () => {
  it('reaches from the first opening python fence to the last fence', () => {
    expect(generatorProgram('a\n```python\nx\n```\nb\n```\ny\n```')).toBe('x\n```\nb\n```\ny\n');
    expect(generatorProgram('```PYTHON\nx')).toBe('x');
    expect(generatorProgram('```\nx\n```')).toBeNull();
    expect(generatorProgram('')).toBeNull();
  });

  it('names generators by number, once', () => {
    expect(generatorNames(generatorProgram(written)!)).toEqual(['gen_TC1', 'gen_TC2', 'gen_TC10']);
  });
});

describe('writeInputs', () => {
  it('keeps what the validator accepts and counts what is dropped', async () => {
    const result = await writeInputs(request({}));
    expect(result).toEqual({ inputs: ['1'], dropped: { unusable: 0, failed: 1, refused: 1, repeated: 0 } });
  });

  it('runs what was written in a sandbox for Python', { timeout: 60_000 }, async () => {
    const program = `
def validate_all_inputs(text):
    return True if text.strip() != '2' else (False, 'odd only')
def gen_TC1(): return '1\\n', {'aims': 'the smallest'}
def gen_TC2(): return ['2', {}]
def gen_TC3(): return 1 / 0`;
    const sandbox = new PyodideSandbox({ workers: 1, spares: 0 });
    const complete = (): Promise<string> => Promise.resolve(`\`\`\`python${program}\n\`\`\``);
    const result = await writeInputs(request({ complete, sandbox, callMs: 20_000 }));
    await sandbox.close();
    expect(result).toEqual({ inputs: ['1\n'], dropped: { unusable: 0, failed: 1, refused: 1, repeated: 0 } });
  });

  it('asks once for the solutions and once for each fixed submission; repetitions are dropped', async () => {
    const prompts: string[] = [];
    const complete = (prompt: string): Promise<string> => {
      prompts.push(prompt);
      return Promise.resolve(written);
    };
    const result = await writeInputs(request({ complete, fixed: [{ wrong: 'WRONG', correct: 'RIGHT' }] }));
    expect(prompts).toHaveLength(2);
    expect(result.inputs).toEqual(['1']);
    expect(result.dropped.repeated).toBe(1);
  });

  it('takes completions without a program for unusable, not for an error', async () => {
    for (const completion of ['', 'no code', '```python\n\n```', '```python\ndef gen_TC1(): return "1"\n```']) {
      const result = await writeInputs(request({ complete: () => Promise.resolve(completion) }));
      expect(result).toEqual({ inputs: [], dropped: { unusable: 1, failed: 0, refused: 0, repeated: 0 } });
    }
  });

  it('drops generators whose result is no text', async () => {
    const sandbox = tableSandbox({
      gen_TC1: () => ({ value: 17 }),
      gen_TC2: () => ({ value: [null, {}] }),
      gen_TC10: () => ({ value: 'x' }),
      validate_all_inputs: () => ({ outcome: 'error' }),
    });
    const result = await writeInputs(request({ sandbox }));
    expect(result).toEqual({ inputs: [], dropped: { unusable: 0, failed: 3, refused: 0, repeated: 0 } });
  });
});
