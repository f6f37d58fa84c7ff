/** The pools of the walls before and after many jobs, a third of them hostile. */
import { soak } from '../../packages/verify/dist/soak.js';

/** Ratios above which the walls are not as they were: memory to that of the start, time to that of fresh processes. */
const MOST = { memory: 1.5, time: 3 };

export async function measureSoak({ jobs = 1000, log }) {
  const started = performance.now();
  const report = await soak({ jobs, probes: 25, progress: (done) => log(`${done} of ${jobs} jobs`) });
  const seconds = (performance.now() - started) / 1000;
  const settled = report.walls.every(
    ({ before, after, fresh }) =>
      after.residentMb <= MOST.memory * before.residentMb && after.probeMs <= MOST.time * fresh.probeMs,
  );
  return { ...report, seconds, ok: settled && report.wrong.length === 0, table: tableOf(report, seconds) };
}

function tableOf({ jobs, hostile, wrong, walls }, seconds) {
  const lines = walls.map(({ name, jobs: own, hostile: bad, replaced, before, after, fresh }) => {
    const memory = ratio([before.residentMb, after.residentMb], 0);
    const time = ratio([before.probeMs, fresh.probeMs, after.probeMs], 1);
    return `| ${name} | ${own}, ${bad} | ${replaced} | ${memory} | ${time} |`;
  });
  return [
    '| wall | jobs, hostile | replaced | MiB at the start, after, ratio | ms of a job at the start, fresh, after, ratio |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...lines,
    '',
    `${jobs} jobs, ${hostile} of them hostile, in ${seconds.toFixed(0)} s; ${wrong.length} ended as they must not.`,
    ...wrong,
  ].join('\n');
}

/** The figures, and the last of them to the one before. */
function ratio(figures, digits) {
  const [control, last] = figures.slice(-2);
  return `${figures.map((each) => each.toFixed(digits)).join(', ')}, ${(last / control).toFixed(2)}`;
}
