/**
 * Benchmarks by name: `npm run bench -- <name> [--json] [options of that benchmark]`; without a name, the list.
 *
 * A benchmark is a module beside this one that exports `run(argv)`, which resolves to `{ data, page }`: everything
 * measured, as plain JSON, and the same on one page of text. Wrong options throw a `TypeError` with a code (parseArgs).
 */
const BENCHMARKS = {
  grpo: {
    summary: 'one GRPO step of a 5M model, against TRL on the same machine',
    load: () => import('./grpo.mjs'),
  },
  objectives: {
    summary: 'advantages and loss gradients of a million tokens, every objective',
    load: () => import('./objectives.mjs'),
  },
  verify: {
    summary: "mathematical verdicts on one core, beside Python's math-verify",
    load: () => import('./verify.mjs'),
  },
  serve: {
    summary: 'the reward server under load, while one client sends killers',
    load: () => import('./serve.mjs'),
  },
  tinker: {
    summary: 'one loop on a Tinker server, through our client and the official Python SDK',
    load: () => import('./tinker.mjs'),
  },
};

function list() {
  const names = Object.entries(BENCHMARKS).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`);
  return ['Usage: npm run bench -- <name> [--json] [options]', ...names].join('\n');
}

async function main([name, ...rest]) {
  if (name === undefined || !Object.hasOwn(BENCHMARKS, name)) {
    if (name !== undefined) console.error(`bench: name must be one of these, got ${name}`);
    console.error(list());
    return 2;
  }
  const { run } = await BENCHMARKS[name].load();
  const { data, page } = await run(rest.filter((argument) => argument !== '--json'));
  console.log(rest.includes('--json') ? JSON.stringify(data) : page);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!String(error?.code).startsWith('ERR_PARSE_ARGS')) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
}
