import { describe, openAsked } from '../asking/model.ts';
import { runBench } from '../bench/bench.ts';
import { measureModel, modelTables } from '../bench/modelFigures.ts';
import { tablesOf, type Table } from '../bench/tables.ts';
import type { WeightChoice } from '../engine/frozen/matrix.ts';
import type { AdapterSummary } from '../gpu/device.ts';
import { LabError } from '../lib/labError.ts';
import { numberOf, type OwnFlags, ownHelp, readArguments } from '../settings/arguments.ts';
import { nodeHost } from './host.ts';
import { weightsOf } from './modelFlags.ts';
import { pretrainedFolder } from './pretrainedFolder.ts';
import { versions } from './versions.ts';

const flags: OwnFlags = {
  json: { type: 'boolean', help: 'all figures as JSON' },
  quick: { type: 'boolean', help: 'without the other layouts, group sizes and model sizes' },
  steps: { type: 'string', value: 'number', help: 'steps that are timed, from 3 (default 20)' },
  model: {
    type: 'string',
    value: 'folder',
    help: 'time a model made elsewhere in the place of the lab’s: sampling, and a step of training an adapter; of its files the headers are read alone',
  },
  weights: {
    type: 'string',
    value: 'type',
    help: '(with --model) file: the bits of the file (default); int8: a byte a number',
  },
  help: { type: 'boolean', help: 'this list' },
};

/** `npm run bench`: what a step costs on this adapter, and how near that is to what the adapter can do. */
export default async function main(argv: string[]): Promise<void> {
  const { flags: given } = readArguments(argv, flags, []);
  if (given.has('help')) {
    console.log(`npm run bench -- [flags]\n\n${ownHelp(flags).join('\n')}`);
    return;
  }
  const model = given.get('model')?.toString();
  const idle = model === undefined ? ['weights'] : ['quick', 'steps'];
  const without = idle.find((flag) => given.has(flag));
  if (without !== undefined) {
    throw new LabError(
      'bad-setting',
      `--${without} has no effect ${model === undefined ? 'without' : 'with'} --model.`,
      'Leave it out.',
    );
  }
  if (model !== undefined) {
    await benchModel(model, weightsOf(given.get('weights')?.toString() ?? 'file'), given.has('json'));
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
  print(result.adapter, tablesOf(result));
}

async function benchModel(folder: string, weights: WeightChoice, json: boolean): Promise<void> {
  const asked = await openAsked(pretrainedFolder(folder), folder);
  const gpu = await nodeHost.openGpu();
  const figures = await measureModel(gpu, asked.model, weights, nodeHost.now, (what) => {
    if (process.stderr.isTTY) console.error(`${what} …`);
  });
  gpu.device.destroy();
  if (json) {
    console.log(JSON.stringify({ model: describe(asked), ...figures, versions: versions() }, null, 1));
    return;
  }
  console.log(describe(asked));
  print(figures.adapter, modelTables(figures));
}

function print({ vendor, architecture, description }: AdapterSummary, tables: readonly Table[]): void {
  console.log(`${vendor} ${architecture} · ${description}`);
  for (const { title, rows } of tables) {
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
