import { describe, expect, it } from 'vitest';
import { judgedCases } from '../../src/cli/watchReport.ts';

/** Logs of real runs, each with what its owner expects to be told. */
const cases = await judgedCases();

it('there are some, and no two of one file', () => {
  expect(cases.length).toBeGreaterThan(10);
  expect(new Set(cases.map(({ files, run }) => `${files.join()} ${String(run)}`)).size).toBe(cases.length);
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
