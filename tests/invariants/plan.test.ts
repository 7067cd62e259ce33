import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedPlan, type Plan } from '../../src/engine/plan.ts';
import type { RecordedRun } from '../../src/records/building.ts';
import { command, runsIn, smallRun, timeless } from './commandLine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-plan-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const file = (name: string): string => join(folder, name);

async function train(name: string, ...more: readonly string[]): Promise<RecordedRun> {
  const { code, stderr } = await command(
    'train',
    '--preset',
    'srt',
    ...smallRun,
    '--out',
    file(name),
    ...more,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [run] = runsIn(file(name));
  if (run === undefined) throw new Error('no run');
  return run;
}

describe('a record names the kernels that made it', () => {
  const other: Plan = {
    ...fixedPlan,
    rollout: 'operations',
    matmul: { forward: '4x8', backward: '4x8', weight: '4x8' },
  };
  let first: RecordedRun;
  beforeAll(async () => {
    first = await train('first.jsonl');
  });

  it('and --plan trains with those of another record', async () => {
    expect(first.plan).not.toBeNull();
    expect(first.plan).not.toEqual(other);
    const lane = { name: 'SRT', settings: {}, plan: other };
    writeFileSync(file('other.jsonl'), `${JSON.stringify({ type: 'header', lanes: [lane] })}\n`);
    const second = await train('second.jsonl', '--plan', file('other.jsonl'));
    expect(second.plan).toEqual(other);
    // Other orders of sums: near, but not the same bits.
    expect(timeless(second)).not.toEqual(timeless(first));
    expect(timeless(await train('third.jsonl', '--plan', file('second.jsonl')))).toEqual(timeless(second));
  });

  it('also of one exported from the page', async () => {
    writeFileSync(
      file('page.jsonl'),
      `${JSON.stringify({ type: 'header', lane: 0, name: 'SRT', settings: {}, plan: first.plan })}\n`,
    );
    expect(timeless(await train('again.jsonl', '--plan', file('page.jsonl')))).toEqual(timeless(first));
  });

  it.each([
    ['no file', null],
    ['no JSON', 'hello'],
    ['no header', '[]'],
    ['no plan', '{"type":"header","lanes":[{}]}'],
    [
      'kernels of another version',
      '{"type":"header","lanes":[{"name":"SRT","settings":{},"plan":{"rollout":"by hand"}}]}',
    ],
  ])('refuses %s', async (name, text) => {
    const path = file(`${name}.jsonl`);
    if (text !== null) writeFileSync(path, text);
    const { code, stderr } = await command('train', '--preset', 'srt', ...smallRun, '--plan', path);
    expect(code).toBe(2);
    expect(stderr).toContain(path);
    expect(stderr).toContain('npm run train -- --out');
  });
});
