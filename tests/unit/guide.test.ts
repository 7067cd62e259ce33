import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { summarise } from '../../src/diagnostics/collapse.ts';
import { setupsOf } from '../../src/experiments/declaration.ts';
import { evaluationsOf } from '../../src/experiments/reduced.ts';
import { mean } from '../../src/lib/stats.ts';
import { presetNames, presets, type Preset } from '../../src/settings/presets.ts';
import { decodeUrl, linkQuery } from '../../src/settings/url.ts';
import { differingKeys } from '../../src/store/lanes.ts';
import { Guide } from '../../src/ui/guide/Guide.tsx';
import { cards, measured } from '../../src/ui/guide/runs.ts';

it('every preset with a question is a card', () => {
  const asking = presetNames.filter((name) => (presets[name] as Preset).card !== undefined);
  expect(asking.length).toBeGreaterThan(0);
  expect(cards.map(({ name }) => name)).toEqual(asking);
});

it.each(cards)(
  '$name: its preset has lanes that differ in its knob, each from each, and in nothing else',
  ({ name }) => {
    const preset: Preset = presets[name];
    const settings = preset.lanes.map((lane) => lane.settings);
    const knob = preset.card?.knob ?? 'steps';
    expect(settings.length).toBeGreaterThanOrEqual(2);
    expect(differingKeys(settings)).toEqual([knob]);
    expect(new Set(settings.map((each) => each[knob])).size).toBe(settings.length);
    expect(new Set(preset.lanes.map((lane) => lane.name)).size).toBe(settings.length);
  },
);

describe.each(cards)('$name', ({ name, experiment, runs }) => {
  it('opens in the lab what it shows', () => {
    expect(decodeUrl(linkQuery({ preset: name, lanes: experiment.lanes })).lanes).toEqual(experiment.lanes);
  });

  it('shows the whole of every run, made with the settings that it opens: three seeds or more of each lane', () => {
    expect(experiment.seeds.length).toBeGreaterThanOrEqual(3);
    expect(runs.map((run) => ({ name: run.name, settings: run.settings }))).toEqual(
      setupsOf(experiment).map((setup) => ({ name: setup.name, settings: setup.settings })),
    );
    for (const run of runs) {
      // The number that the card says is where its curve ends.
      const last = { step: run.settings.steps, sampled: run.summary?.final };
      expect(evaluationsOf(run).at(-1)).toEqual(last);
      expect(run.summary).toMatchObject({ steps: last.step, finalStep: last.step });
    }
  });

  it('has an answer that can be seen: the lanes end apart', () => {
    const ends = experiment.lanes
      .map((lane) =>
        mean(runs.filter((run) => run.name === lane.name).map(({ summary }) => summary?.final ?? NaN)),
      )
      .toSorted((a, b) => a - b);
    ends.slice(1).forEach((end, below) => {
      expect(end - (ends[below] ?? NaN)).toBeGreaterThan(0.1);
    });
  });
});

it('the smaller step is said to hold for 400 steps only, beside runs of 3,000', () => {
  const card = cards.find(({ name }) => name === 'try-learning-rate');
  expect(card?.says.join(' ')).toContain('holds for 400 steps; it collapses later');
  expect(card?.experiment.lanes.map(({ name }) => name).toSorted()).toEqual([
    'M-GRPO + IQR',
    'SRT, learning rate × 0.3',
  ]);
  expect(card?.runs.map(({ summary }) => summary?.steps)).toEqual(Array<number>(10).fill(3000));
});

it('the figure of a collapse has a run that rises, collapses, and stays down', () => {
  const run = measured('duel').runs.find((each) => each.name === 'SRT' && each.settings.seed === 1);
  const summary = summarise(run === undefined ? [] : evaluationsOf(run));
  expect(summary?.collapseStep).toBe(run?.summary?.collapseStep);
  expect(summary?.peak).toBeGreaterThan(summary?.base ?? NaN);
  expect(summary?.final).toBeLessThan(0.1);
});

it('formulas have their letters below the line, and figures the sign for minus', () => {
  const page = renderToString(createElement(Guide));
  expect(page).toContain('C<sub>qk</sub>');
  const read = page.replaceAll(/<[^>]+>/g, ' ');
  expect(read.match(/\S*_\S*/g)).toBeNull();
  expect(read).toMatch(/Advantages 0\.\d\d {2}−1\.\d\d /);
});
