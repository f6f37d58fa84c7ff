const started = performance.now();

/** One line with the outcome of a check; gives the outcome. */
export function report(name, holds, words) {
  console.log(`${holds ? 'ok    ' : 'FAILED'}  ${name}: ${words}`);
  return holds;
}

/** What is being done now, with the seconds since the start. */
export function progress(words) {
  console.log(`  ${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${words}`);
}

/** The result of `work`, or an error that says what took longer than `minutes`. */
export async function within(minutes, what, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`skyrl: ${what} must end within ${minutes} minutes`)), minutes * 60_000);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
