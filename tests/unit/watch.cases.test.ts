import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { filled } from '../../src/cli/docs.ts';
import { caseTable, isRight, judgedCases } from '../../src/cli/watchReport.ts';
import { decodeUrl } from '../../src/settings/url.ts';
import { remedies } from '../../src/ui/watch/remedies.ts';
import { tried } from '../../src/ui/watch/tried.ts';

/** Logs of real runs, each with what its owner expects to be told. */
const cases = await judgedCases();

it('there are some, and no two of one file', () => {
  expect(cases.length).toBeGreaterThan(10);
  expect(new Set(cases.map(({ files, run }) => `${files.join()} ${String(run)}`)).size).toBe(cases.length);
});

it('docs/watch.md and the page tell how many: `npm run docs` writes the table', () => {
  const table = { cases: caseTable(cases) };
  expect(filled('docs/watch.md', table)).toBe(readFileSync('docs/watch.md', 'utf8'));
  expect(tried).toEqual({ files: cases.length, right: cases.filter(isRight).length });
});

it('what is to be tried opens the lab with settings that it has', () => {
  for (const { query } of Object.values(remedies).flat()) {
    if (query !== null) expect(decodeUrl(query).lanes.length).toBeGreaterThan(0);
  }
});

describe.each(cases)('$files.0', ({ packed, ...wanted }) => {
  const { verdict, alarms } = packed.judged ?? expect.fail('judged as the lab’s own');

  it(`${wanted.kind}: ${wanted.owner}`, () => {
    expect(verdict).toMatchObject({ state: wanted.state });
    for (const words of wanted.says) expect(verdict.reason).toMatch(new RegExp(words));
    if (wanted.alarms !== undefined) expect(alarms).toHaveLength(wanted.alarms);
    if (wanted.since !== undefined) expect(verdict.findings[0]?.from).toBe(wanted.since);
    if (wanted.by !== undefined) expect(verdict.findings[0]?.from).toBeLessThanOrEqual(wanted.by);
  });

  it('its steps are those that count', () => {
    if (wanted.steps !== undefined) expect(packed.last).toBe(wanted.steps);
    expect(packed.twice).toBe(wanted.twice ?? 0);
    expect(packed.abandonedSteps).toEqual(wanted.abandoned ?? null);
  });

  it('rests on columns and steps that it has; never says that what fell has risen', () => {
    for (const { from, to, sentence } of verdict.findings) {
      expect(from).toBeGreaterThanOrEqual(packed.first);
      expect(to).toBe(packed.last);
      expect(from).toBeLessThanOrEqual(to);
      expect(sentence).not.toMatch(/NaN|undefined|Infinity|\d{9}/);
    }
    expect(verdict.findings.length > 0).toBe(!['healthy', 'unjudged'].includes(verdict.state));
  });
});
