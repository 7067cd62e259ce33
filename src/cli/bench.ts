import { parseArgs } from 'node:util';
import { runBench } from '../bench/bench.ts';
import { tablesOf } from '../bench/tables.ts';
import { nodeHost } from './host.ts';
import { versions } from './versions.ts';

/** `npm run bench`: what a step costs on this adapter, and how near that is to what the adapter can do. */
export default async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      steps: { type: 'string', default: '20' },
    },
  });
  const gpu = await nodeHost.openGpu();
  const result = await runBench(
    {
      host: nodeHost,
      gpu,
      progress: (doing) => {
        if (process.stderr.isTTY) console.error(`${doing} …`);
      },
    },
    { repetitions: Math.max(3, Math.trunc(Number(values.steps)) || 20), quick: values.quick },
  );
  if (values.json) {
    console.log(JSON.stringify({ ...result, versions: versions() }, null, 1));
    return;
  }
  const { vendor, architecture, description } = result.adapter;
  console.log(`${vendor} ${architecture} · ${description}`);
  for (const { title, rows } of tablesOf(result)) {
    console.log(`\n${title}`);
    const widths = (rows[0] ?? []).map((_, column) =>
      Math.max(...rows.map((row) => (row[column] ?? '').length)),
    );
    for (const row of rows) {
      const cells = row.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      );
      console.log(cells.join('   ').trimEnd());
    }
  }
}
