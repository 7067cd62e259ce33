import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readModelAt, readModelFolder } from '../../src/cli/modelFolder.ts';
import { joined } from '../../src/onnx/protobuf.ts';
import { writeOnnx, writeOnnxApart } from '../../src/onnx/qwen3.ts';
import { command, smallRun } from './commandLine.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const folder = mkdtempSync(join(tmpdir(), 'lab-export-'));
/** What is read may not be written to. */
const elsewhere = mkdtempSync(join(tmpdir(), 'lab-exported-'));
afterAll(() => {
  for (const each of [folder, elsewhere]) rmSync(each, { recursive: true });
});
const place = (name: string): string => join(folder, name);

it('policy and anchor of a kept run leave as model folders, its record as CSV, and nothing is written over', async () => {
  const kept = place('kept');
  const trained = await command(
    'train',
    '--preset',
    'entropy',
    '--lane',
    '2',
    ...smallRun,
    '--checkpoints',
    kept,
  );
  expect(trained).toMatchObject({ code: 0, stderr: '' });
  const before = readdirSync(kept);
  const exported = (...args: readonly string[]) => command('export', '--from', kept, ...args);
  const quiet = { code: 0, stdout: '', stderr: '' };
  expect(await exported('--format', 'hf', '--out', place('policy'))).toEqual(quiet);
  expect(await exported('--format', 'hf', '--which', 'anchor', '--out', place('anchor'))).toEqual(quiet);
  expect(await exported('--format', 'csv', '--out', place('run.csv'))).toEqual(quiet);
  expect(readdirSync(kept)).toEqual(before);

  const base = readModelFolder('sort-32');
  const [policy, anchor] = ['policy', 'anchor'].map((name) => readModelAt(place(name), ''));
  expect(policy?.config).toEqual(base.config);
  const moved = (weights: Float32Array = new Float32Array()) =>
    Math.hypot(...base.weights.map((weight, at) => weight - (weights[at] ?? NaN)));
  // The anchor follows the policy slowly.
  expect(moved(policy?.weights)).toBeGreaterThan(moved(anchor?.weights));
  expect(moved(anchor?.weights)).toBeGreaterThan(0);
  expect(readFileSync(join(place('policy'), 'README.md'), 'utf8')).toContain('"M-GRPO + IQR" after step 3');
  expect(JSON.parse(readFileSync(join(place('policy'), 'tokenizer_config.json'), 'utf8'))).toMatchObject({
    eos_token: '.',
    pad_token: '_',
  });
  expect(readFileSync(place('run.csv'), 'utf8').split('\r\n')).toHaveLength(6);

  expect(await exported('--format', 'page', '--out', place('run.html'))).toEqual(quiet);
  expect(readFileSync(place('run.html'), 'utf8')).toContain('<title>M-GRPO + IQR ');

  for (const which of ['policy', 'anchor']) {
    const file = place(`${which}.onnx`);
    expect(await exported('--format', 'onnx', '--which', which, '--out', file)).toEqual(quiet);
    const model = readModelAt(place(which), '');
    expect(readFileSync(file).equals(joined(writeOnnx(model, version)))).toBe(true);
  }

  const pair = place('pair.onnx');
  expect(await exported('--format', 'onnx', '--external-data', '--out', pair)).toEqual(quiet);
  const parts = writeOnnxApart(readModelAt(place('policy'), ''), version, 'pair.onnx.data');
  expect(readFileSync(pair).equals(joined(parts.file))).toBe(true);
  expect(readFileSync(`${pair}.data`).equals(joined(parts.weights))).toBe(true);
  const second = await exported('--format', 'onnx', '--external-data', '--out', `${pair}2`);
  expect(second).toEqual(quiet);
  rmSync(`${pair}2`);
  const refused = await exported('--format', 'onnx', '--external-data', '--out', `${pair}2`);
  expect(refused.stderr).toContain('pair.onnx2.data');
  expect(existsSync(`${pair}2`)).toBe(false);
  const folders = await exported('--format', 'hf', '--external-data', '--out', place('y'));
  expect(folders.stderr).toContain('--external-data goes with --format onnx');

  const again = await exported('--format', 'hf', '--out', place('policy'));
  expect(again.stderr).toContain('there already');
  expect(again.code).toBe(2);
  const none = await command('export', '--from', folder, '--format', 'hf', '--out', join(elsewhere, 'x'));
  expect(none.stderr).toContain('holds neither runs nor a model');
  const unknown = await exported('--format', 'zip', '--out', place('x'));
  expect(unknown.stderr).toContain('Choose one of hf, adapter, onnx, csv');
});
