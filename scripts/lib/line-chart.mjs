// A line chart as SVG text: a title, two axes with ticks, one coloured line a series, a legend. Enough for the docs.
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [720, 280, 56, 110, 34, 40];
const COLOURS = ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e'];

/** @param {{ title: string, xLabel: string, series: { name: string, points: { x: number, y: number }[] }[] }} chart */
export function lineChart({ title, xLabel, series }) {
  const points = series.flatMap((each) => each.points);
  const [minX, maxX] = [Math.min(...points.map(({ x }) => x)), Math.max(...points.map(({ x }) => x))];
  const maxY = Math.max(...points.map(({ y }) => y)) || 1;
  const px = (x) => LEFT + ((x - minX) / (maxX - minX || 1)) * (WIDTH - LEFT - RIGHT);
  const py = (y) => HEIGHT - BOTTOM - (y / maxY) * (HEIGHT - TOP - BOTTOM);
  const text = (x, y, words, anchor = 'middle', colour = '#333') =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${words}</text>`;
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const grid = ticks.map((share) => {
    const y = py(share * maxY);
    const line = `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" stroke="#ddd"/>`;
    return line + text(LEFT - 6, y + 4, (share * maxY).toPrecision(2), 'end');
  });
  const steps = ticks.map((share) => {
    const x = minX + share * (maxX - minX);
    return text(px(x), HEIGHT - BOTTOM + 16, String(Math.round(x)));
  });
  const lines = series.map(({ name, points: own }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const path = own.map(({ x, y }) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`).join(' ');
    const line = `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`;
    return line + text(WIDTH - RIGHT + 8, TOP + 12 + 18 * i, name, 'start', colour);
  });
  const labels = [text(LEFT, 20, title, 'start', '#000'), text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, xLabel)];
  return [...grid, ...steps, ...lines, ...labels].join('\n');
}

/** Charts one below the other as one SVG file. */
lineChart.stack = (charts) => {
  const panels = charts.map((chart, i) => `<g transform="translate(0 ${i * HEIGHT})">\n${chart}\n</g>`);
  const size = `width="${WIDTH}" height="${HEIGHT * charts.length}"`;
  const frame = `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12">`;
  return `${frame}\n<rect width="100%" height="100%" fill="#fff"/>\n${panels.join('\n')}\n</svg>\n`;
};
