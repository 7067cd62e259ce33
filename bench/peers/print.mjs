const count = (value) => Math.round(value).toLocaleString('en');

const columns = [
  ['contestant', (row) => row.contestant],
  ['work', (row) => row.work],
  ['batch', (row) => String(row.batch)],
  ['tokens/s', (row) => count(row.tokensPerS)],
  ['lab ÷ it', (row) => row.labRatio?.toFixed(2) ?? '–'],
  ['median, ms', (row) => row.medianMs.toFixed(1)],
  ['loss differs by', (row) => row.lossDifference?.toExponential(1) ?? ''],
  ['EMA differs by', (row) => row.averageDifference?.toExponential(1) ?? ''],
  [
    'greedy tokens differ',
    (row) => (row.greedyDifference === undefined ? '' : `${(100 * row.greedyDifference).toFixed(1)} %`),
  ],
  ['', (row) => (row.same === false ? 'NOT THE SAME WORK' : '')],
];

/** The table, for people. */
export function print({ size, versions, places }) {
  console.log(
    `model ${size} · ${Object.entries(versions)
      .map((pair) => pair.join(' '))
      .join(' · ')}`,
  );
  for (const { where, chromium, adapters = {}, plan, table = [], tolerance, error } of places) {
    console.log(`\n${where}${chromium === undefined ? '' : ` ${chromium}`}`);
    if (error !== undefined) {
      console.log(error);
      continue;
    }
    const distinct = new Set(Object.values(adapters));
    console.log([...distinct].join('\n'));
    if (distinct.size > 1) console.log(`Not one adapter: ${JSON.stringify(adapters)}`);
    if (plan !== undefined) console.log(`the lab's kernels: ${JSON.stringify(plan)}`);
    const cells = [
      columns.map(([title]) => title),
      ...table.filter((row) => row.error === undefined).map((row) => columns.map(([, cell]) => cell(row))),
    ];
    const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
    for (const row of cells) {
      console.log(
        row
          .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
          .join('  ')
          .trimEnd(),
      );
    }
    for (const row of table.filter((one) => one.error !== undefined)) {
      console.log(`${row.contestant} failed (${row.work}, batch ${row.batch}): ${row.error}`);
    }
    if (tolerance === undefined) continue;
    const { loss, average, greedy } = tolerance;
    console.log(
      `The same work: losses within ${loss} nats in every step, EMA copies within ${100 * average} % of their way, ` +
        `at most ${100 * greedy} % of greedy tokens.`,
    );
  }
}
