import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { algorithms } from '../../src/algorithms/index.ts';
import { filled, renderTables } from '../../src/cli/docs.ts';
import { LabError } from '../../src/lib/labError.ts';
import { flagOf } from '../../src/settings/flags.ts';
import { hyperparameterKeys } from '../../src/settings/hyperparameters.ts';
import { presetNames } from '../../src/settings/presets.ts';
import { metricIds } from '../../src/spec/metrics.ts';

const tables = renderTables();
const table = (file: string, name: string): string => tables[file]?.[name] ?? '';

/** Cells of each row; an escaped bar is none. */
function cells(text: string): string[][] {
  return text.split('\n').map((line) => line.slice(2, -2).split(/ \| /));
}

describe.each(Object.entries(tables))('%s', (file, of) => {
  it('holds the generated tables as they are now: `npm run docs` writes them', () => {
    expect(filled(file, of)).toBe(readFileSync(file, 'utf8'));
  });

  it.each(Object.entries(of))('table %s is a table', (_, text) => {
    const [head = [], rule = [], ...rows] = cells(text);
    expect(rule.every((cell) => cell === '---')).toBe(true);
    for (const row of [rule, ...rows]) expect(row).toHaveLength(head.length);
    expect(text).not.toContain('undefined');
    expect(text).not.toContain('NaN');
  });
});

it.each([
  ['docs/settings.md', 'settings', hyperparameterKeys.map((key) => `\`--${flagOf(key)}\``)],
  ['docs/presets.md', 'algorithms', Object.keys(algorithms).map((id) => `\`${id}\``)],
  ['docs/presets.md', 'presets', presetNames.map((name) => `\`${name}\``)],
])('%s, %s: one row each, in order', (file, name, wanted) => {
  const rows = cells(table(file, name)).slice(2);
  expect(rows.map((row) => wanted.find((one) => row.includes(one)))).toEqual(wanted);
});

it('docs/metrics.md: one row per metric, in order', () => {
  const rows = cells(table('docs/metrics.md', 'metrics')).slice(2);
  expect(rows.map(([id]) => id)).toEqual(metricIds.map((id) => `\`${id}\``));
});

describe('filled', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lab-docs-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const write = (text: string): string => {
    const file = join(folder, 'page.md');
    writeFileSync(file, text);
    return file;
  };

  it('replaces what lies between the markers, and is the same the second time', () => {
    const file = write('before\n<!-- a -->\nold\n<!-- /a -->\nafter\n');
    const text = filled(file, { a: '| new | $& |' });
    expect(text).toBe('before\n<!-- a -->\n| new | $& |\n<!-- /a -->\nafter\n');
    expect(filled(write(text), { a: '| new | $& |' })).toBe(text);
  });

  it.each(['nothing', '<!-- a -->', '<!-- /a --> <!-- a -->'])('names the marker missing in %j', (text) => {
    expect(() => filled(write(text), { a: 'x' })).toThrow(LabError);
    expect(() => filled(write(text), { a: 'x' })).toThrow('"a"');
  });
});
