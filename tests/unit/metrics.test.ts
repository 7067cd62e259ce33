import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fromRow, metricIds, metrics, toRow } from '../../src/spec/metrics.ts';

it('starts with the step, and every id is a path in snake case', () => {
  expect(metricIds[0]).toBe('step');
  expect(new Set(metricIds).size).toBe(metricIds.length);
  for (const id of metricIds.slice(1)) expect(id).toMatch(/^[a-z]+\/[a-z0-9_]+$/);
});

it.each(metricIds)('%s is described whole', (id) => {
  const { label, formula, rises, falls, source, range, needsTruth, every, chart } = metrics[id];
  for (const text of [label, formula, source]) expect(text).not.toBe('');
  for (const sentence of [rises, falls]) expect(sentence).toMatch(/\.$/);
  if (range !== undefined) expect(range[0]).toBeLessThan(range[1]);
  expect(needsTruth).toBe(/^(truth|eval)\//.test(id));
  expect(every).toBe(id.startsWith('eval/') ? 'eval' : 'step');
  if (id.startsWith('eval/')) expect(chart).toBe('eval');
});

it.each(metricIds)('%s is found where its entry says', (id) => {
  const [file = '', name] = metrics[id].rule.split('#');
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  // A whole word: the id in quotes, or the name of a function, a class or a field.
  if (name === undefined) expect(text).toContain(`'${id}':`);
  else expect(text).toMatch(new RegExp(`(?<!\\w)${name}(?!\\w)`));
});

it('rows hold the numbers in table order, NaN for what was not measured', () => {
  const row = toRow({ step: 7, 'eval/greedy': 0.5 });
  expect(row).toHaveLength(metricIds.length);
  expect(row[0]).toBe(7);
  expect(row[metricIds.indexOf('eval/greedy')]).toBe(0.5);
  expect(row.filter(Number.isNaN)).toHaveLength(metricIds.length - 2);
  const rows = Float64Array.of(...toRow({}), ...row);
  expect(fromRow(rows, metricIds.length)).toEqual(fromRow(row));
  expect(fromRow(row)).toMatchObject({ step: 7, 'eval/greedy': 0.5, 'eval/ood': NaN });
});
