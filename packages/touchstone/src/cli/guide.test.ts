import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CliIo } from './io.js';
import { main } from './main.js';

const guide = new URL('../../../../docs/checking-answers.md', import.meta.url);

interface Example {
  readonly command: string;
  readonly output: string;
}

/** Every `$ npx touchstone ...` line of the guide's console blocks, with the lines printed below it. */
function examples(text: string): Example[] {
  const whole = text.replace(/ \\\n +/g, ' ');
  const blocks = [...whole.matchAll(/```console\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  return blocks.flatMap((block) =>
    block.split(/^\$ npx touchstone /m).flatMap((part) => {
      const [command, ...output] = part.split('\n');
      return command === undefined || command === '' ? [] : [{ command, output: output.join('\n').trimEnd() }];
    }),
  );
}

/** Words as a shell splits them, as far as single quotes go. */
function shellWords(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

async function printed(command: string): Promise<string> {
  let text = '';
  const print = (more: string): void => void (text += more);
  const io: CliIo = {
    stdout: print,
    stderr: print,
    columns: undefined,
    colour: false,
    directory: process.cwd(),
    onInterrupt: () => () => undefined,
    exit: () => undefined,
  };
  await main(shellWords(command), io);
  return text.replace(/, [\d.]+ ms$/gm, '').trimEnd();
}

describe('the guide "Checking answers"', () => {
  const found = existsSync(guide) ? examples(readFileSync(guide, 'utf8')) : [];

  it('shows every registered verifier', () => {
    expect(found.length).toBeGreaterThan(25);
  });

  // Some start a sandbox, on a machine that may be busy.
  it.each(found)('npx touchstone $command', { timeout: 60_000 }, async ({ command, output }) => {
    expect(await printed(command)).toBe(output);
  });
});
