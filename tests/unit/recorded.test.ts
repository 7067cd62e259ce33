import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exampleLines } from '../../src/cli/asExample.ts';
import { presets } from '../../src/settings/presets.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import { recordedPresets } from '../../src/store/recorded.ts';
import { readRecorded } from '../../src/store/readRecorded.ts';

describe.each(recordedPresets)('the recorded run of preset %s', (preset) => {
  const { runs, rollouts } = readRecorded(readFileSync(`public/examples/${preset}.jsonl`, 'utf8'));

  it('is of the preset as it is now, with seed 1, and whole', () => {
    expect(runs.map(({ name, settings }) => ({ name, settings }))).toEqual(
      presets[preset].lanes.map(({ name, settings }) => ({
        name,
        settings: validateSettings({ seed: 1 }, settings),
      })),
    );
    for (const { rows, settings } of runs) {
      expect(rows.map(({ step }) => step)).toEqual(
        Array.from({ length: settings.steps + 1 }, (_, step) => step),
      );
    }
  });

  it('has every prompt of the steps whose rollouts it keeps, as the page shows them', () => {
    for (const { run, step, groups } of rollouts) {
      const { settings, rows } = runs[run - 1] ?? {};
      expect(groups).toHaveLength(settings?.promptsPerStep ?? NaN);
      const rewards = groups.flatMap((group) => group.rollouts.flatMap(({ reward }) => reward ?? []));
      const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
      const row = rows?.find((each) => each.step === step);
      if (!Number.isNaN(mean))
        expect(mean, `reward at step ${step}`).toBeCloseTo(row?.['reward/mean'] ?? NaN, 3);
      for (const [index, group] of groups.entries()) expect(group).toMatchObject({ step, index });
    }
    expect(rollouts.length).toBeGreaterThan(20);
  });
});

it('is not written where rounding would turn an alarm', () => {
  const [run] = readRecorded(readFileSync('public/examples/duel.jsonl', 'utf8')).runs;
  const summary = run?.summary ?? null;
  if (run === undefined || summary === null) throw new Error('no whole run');
  // Just below amber, and on it once it is rounded.
  const rows = run.rows.map((row) => ({ ...row, 'vote/answer_overlap': 0.849999999 }));
  expect(() => exampleLines(1, run, rows, summary)).toThrow('judges step 9 of SRT otherwise');
  expect(() => exampleLines(1, run, run.rows, summary)).not.toThrow();
});
