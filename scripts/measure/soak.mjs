/** The pools of the walls before and after many jobs, a third of them hostile. */
import { soak } from '../../packages/verify/dist/soak.js';

/** After / before, above which the walls are not as they were. */
const MOST = { residentMb: 1.5, probeMs: 3 };

export async function measureSoak({ jobs = 1000, log }) {
  const started = performance.now();
  const report = await soak({ jobs, probes: 25, progress: (done) => log(`${done} of ${jobs} jobs`) });
  const seconds = (performance.now() - started) / 1000;
  const settled = report.walls.every(({ before, after }) =>
    Object.entries(MOST).every(([figure, most]) => after[figure] <= most * before[figure]),
  );
  return { ...report, seconds, ok: settled && report.wrong.length === 0, table: tableOf(report, seconds) };
}

function tableOf({ jobs, hostile, wrong, walls }, seconds) {
  const lines = walls.map(({ name, jobs: own, hostile: bad, replaced, before, after }) => {
    const memory = change(before.residentMb, after.residentMb, 0);
    return `| ${name} | ${own}, ${bad} | ${replaced} | ${memory} | ${change(before.probeMs, after.probeMs, 1)} |`;
  });
  return [
    '| wall | jobs, hostile | processes replaced | MiB before, after, ratio | ms of a fixed job before, after, ratio |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...lines,
    '',
    `${jobs} jobs, ${hostile} of them hostile, in ${seconds.toFixed(0)} s; ${wrong.length} ended as they must not.`,
    ...wrong,
  ].join('\n');
}

function change(before, after, digits) {
  return `${before.toFixed(digits)}, ${after.toFixed(digits)}, ${(after / before).toFixed(2)}`;
}
