import { parseArgs } from 'node:util';

/**
 * The options of a script, by `parseArgs` of Node. A wrong one ends the process with one line and exit code 2.
 *
 * @param {string} usage What a right call looks like; its first word names the script.
 */
export function readOptions(usage, config) {
  try {
    return parseArgs(config);
  } catch (error) {
    if (!String(error?.code).startsWith('ERR_PARSE_ARGS')) throw error;
    const [reason] = error.message.split('. ');
    fail(usage, reason);
  }
}

/** Ends the process for a fault of the caller: one line, exit code 2. */
export function fail(usage, reason) {
  process.stderr.write(`${usage.split(' ')[0]}: ${reason}; write: node scripts/${usage}\n`);
  process.exit(2);
}
