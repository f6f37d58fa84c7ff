// A library that prints is a defect: any console output in a test fails it.
for (const method of ['log', 'info', 'warn', 'error', 'debug']) {
  console[method] = (...values) => {
    throw new Error(`console.${method}: printed in a test, got ${values.map(String).join(' ')}; return text instead`);
  };
}
