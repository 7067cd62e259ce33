import { runBench } from '../bench/bench.ts';
import { tablesOf } from '../bench/tables.ts';
import { numberOf, type OwnFlags, ownHelp, readArguments } from '../settings/arguments.ts';
import { nodeHost } from './host.ts';
import { versions } from './versions.ts';

const flags: OwnFlags = {
  json: { type: 'boolean', help: 'all figures as JSON' },
  quick: { type: 'boolean', help: 'without the other layouts, group sizes and model sizes' },
  steps: { type: 'string', value: 'number', help: 'steps that are timed, from 3 (default 20)' },
  help: { type: 'boolean', help: 'this list' },
};

/** `npm run bench`: what a step costs on this adapter, and how near that is to what the adapter can do. */
export default async function main(argv: string[]): Promise<void> {
  const { flags: given } = readArguments(argv, flags, []);
  if (given.has('help')) {
    console.log(`npm run bench -- [flags]\n\n${ownHelp(flags).join('\n')}`);
    return;
  }
  const steps = numberOf('steps', String(given.get('steps') ?? 20), { range: [3, 10_000], whole: true });
  const gpu = await nodeHost.openGpu();
  let said = 0;
  const result = await runBench(
    {
      host: nodeHost,
      gpu,
      progress: ({ doing, part, parts }) => {
        if (part > said && process.stderr.isTTY) console.error(`${part} of ${parts}: ${doing} …`);
        said = part;
      },
    },
    { repetitions: steps, quick: given.has('quick') },
  );
  if (given.has('json')) {
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
