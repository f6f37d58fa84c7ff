import { closeExecuted } from '@touchstone/verify';
import { Command, CommanderError, Help } from 'commander';
import { describeForPeople } from '../errors.js';
import type { LoadModel } from '../run/model.js';
import type { CliContext } from './context.js';
import { registerAttack } from './attack.js';
import { registerCheck } from './check.js';
import { registerDoctor } from './doctor.js';
import { registerEval } from './eval.js';
import { registerExam } from './exam.js';
import type { CliIo } from './io.js';
import { registerPretrain } from './pretrain.js';
import { registerRescore } from './rescore.js';
import { registerServe } from './serve.js';
import { registerTrain } from './train.js';
import { registerVerify } from './verify.js';
import { packageVersion } from '../version.js';

/** Every command; to add one, write its file and list it here. */
const commands: readonly ((program: Command, context: CliContext) => void)[] = [
  registerTrain,
  registerEval,
  registerPretrain,
  registerDoctor,
  registerVerify,
  registerRescore,
  registerExam,
  registerCheck,
  registerAttack,
  registerServe,
];

/** Engines are loaded on first use: most commands need none. */
const loadAnyModel: LoadModel = async (model, options) => {
  if (options.engine?.name === 'tinker')
    return (await import('../run/tinker-model.js')).loadTinkerModel(model, options);
  return (await import('../run/local-model.js')).loadModel(model, options);
};

/**
 * Runs one command line, without the names of node and the program, and returns its exit code: 0 done, 1 stopped or a
 * defect of ours, 2 wrong input, 130 interrupted. Errors meant for people are one line on stderr.
 */
export async function main(argv: readonly string[], io: CliIo, loadModel: LoadModel = loadAnyModel): Promise<number> {
  const program = new Command('touchstone')
    .description('Reinforcement learning with verifiable rewards, from a laptop to a cluster')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout(text),
      writeErr: (text) => io.stderr(text),
      outputError: (text, write) =>
        write(
          `touchstone: ${text
            .replace(/^error: /, '')
            .replace(/\s*\n\s*/g, ' ')
            .trim()}\n`,
        ),
      getOutHelpWidth: () => io.columns ?? 100,
      getErrHelpWidth: () => io.columns ?? 100,
    });
  const standard = new Help();
  program.configureHelp({
    // Options that may be repeated start from an empty list, which says nothing.
    optionDescription: (option) =>
      Array.isArray(option.defaultValue) ? option.description : standard.optionDescription(option),
  });
  for (const register of commands) register(program, { io, loadModel });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    return explain(error, io);
  } finally {
    await closeExecuted();
  }
}

function explain(error: unknown, io: CliIo): number {
  // Commander has printed its line already; its own codes are 0 for help and version that were asked for, 1 otherwise.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const known = describeForPeople(error);
  if (known !== undefined) {
    io.stderr(`${known.line}\n`);
    return known.exitCode;
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr(`touchstone: this is a defect of Touchstone, please report it with the lines below\n${trace}\n`);
  return 1;
}
