import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { MeasuredPreset } from '../../src/cli/measure.ts';
import { summarise } from '../../src/diagnostics/collapse.ts';
import { mean } from '../../src/lib/stats.ts';
import { presetNames, presets, type Preset, type PresetName } from '../../src/settings/presets.ts';
import { defaultSettings, diffSettings } from '../../src/settings/settings.ts';
import { differingKeys } from '../../src/store/lanes.ts';
import { cards, runsOf } from '../../src/ui/guide/runs.ts';

function measured(preset: PresetName): MeasuredPreset {
  return JSON.parse(readFileSync(`results/${preset}.json`, 'utf8')) as MeasuredPreset;
}

it('every preset with a question is a card', () => {
  const asking = presetNames.filter((name) => (presets[name] as Preset).card !== undefined);
  expect(asking.length).toBeGreaterThan(0);
  expect(cards.map(({ name }) => name)).toEqual(asking);
});

describe.each(cards)('$name', ({ name, preset, card }) => {
  const lanes: Preset['lanes'] = preset.lanes;
  const settings = lanes.map((lane) => lane.settings);

  it('has lanes that differ in its knob, each from each, and in nothing else', () => {
    expect(lanes.length).toBeGreaterThanOrEqual(2);
    expect(differingKeys(settings)).toEqual([card.knob]);
    expect(new Set(settings.map((each) => each[card.knob])).size).toBe(lanes.length);
    expect(new Set(lanes.map((lane) => lane.name)).size).toBe(lanes.length);
  });

  it('was measured with the settings it opens', () => {
    expect(existsSync(`results/${name}.json`), 'npm run measure').toBe(true);
    expect(measured(name).lanes).toEqual(
      lanes.map((lane) => ({ name: lane.name, settings: diffSettings(defaultSettings, lane.settings) })),
    );
  });

  it('shows the whole of every run: three seeds or more, the same in each lane', () => {
    const { command, runs } = runsOf(name);
    const seedsOf = (lane: string): number[] =>
      runs.filter((run) => run.lane === lane).map(({ seed }) => seed);
    const seeds = seedsOf(lanes[0]?.name ?? '');
    expect(new Set(seeds).size).toBeGreaterThanOrEqual(3);
    for (const lane of lanes) expect(seedsOf(lane.name)).toEqual(seeds);
    expect(runs).toHaveLength(seeds.length * lanes.length);
    expect(command).toBe(`npm run measure -- --preset ${name} --seeds ${seeds.join(',')}`);
    for (const run of runs) {
      const steps = lanes.find((lane) => lane.name === run.lane)?.settings.steps;
      // The number that the card says is where its curve ends.
      expect(run.curve.at(-1)?.slice(0, 2)).toEqual([steps, run.final]);
    }
  });

  it('has an answer that can be seen: the lanes end apart', () => {
    const { runs } = runsOf(name);
    const ends = lanes
      .map((lane) => mean(runs.filter((run) => run.lane === lane.name).map(({ final }) => final)))
      .toSorted((a, b) => a - b);
    ends.slice(1).forEach((end, below) => {
      expect(end - (ends[below] ?? NaN)).toBeGreaterThan(0.1);
    });
  });
});

it('the figure of a collapse has a run that rises, collapses, and stays down', () => {
  const run = runsOf('duel').runs.find(({ lane, seed }) => lane === 'SRT' && seed === 1);
  const summary = summarise((run?.curve ?? []).map(([step, sampled]) => ({ step, sampled })));
  expect(summary?.collapseStep).toBe(run?.collapseStep);
  expect(summary?.peak).toBeGreaterThan(summary?.base ?? NaN);
  expect(summary?.final).toBeLessThan(0.1);
});
