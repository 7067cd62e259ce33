import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collapsedBelow } from '../../src/diagnostics/collapse.ts';
import { overlapZones } from '../../src/diagnostics/signal.ts';
import { phasesOf } from '../../src/diagnostics/phases.ts';
import { StepStory, told, toldSteps, type ToldRun, type Turn, turnsOf } from '../../src/diagnostics/story.ts';
import type { MetricId } from '../../src/spec/metrics.ts';
import { metricIds, metrics, toRow } from '../../src/spec/metrics.ts';
import { verdictOfLab } from '../../src/records/watched/verdict.ts';
import { Columns } from '../../src/store/columns.ts';
import { statusOf } from '../../src/store/status.ts';

type Row = Partial<Record<MetricId, number>>;

/** @param begin step of the first row */
function runOf(name: string, rows: readonly Row[], begin = 0): ToldRun {
  return { name, column: (id) => rows.map((row, at) => (id === 'step' ? begin + at : (row[id] ?? NaN))) };
}

const shares: readonly MetricId[] = [
  'reward/mean',
  'truth/accuracy',
  'truth/label_accuracy',
  'vote/agreement',
  'vote/top_label_share',
  'vote/answer_overlap',
  'reward/zero_std_groups',
];

/** Shares that wander, as those of runs do, with evaluations every few steps and things missing. */
const anyRows: fc.Arbitrary<Row[]> = fc
  .record({
    walks: fc.array(
      fc.array(fc.double({ min: -0.25, max: 0.25, noNaN: true }), { minLength: 60, maxLength: 60 }),
      {
        minLength: shares.length + 1,
        maxLength: shares.length + 1,
      },
    ),
    every: fc.integer({ min: 1, max: 6 }),
    missing: fc.array(fc.tuple(fc.nat(59), fc.nat(shares.length - 1)), { maxLength: 8 }),
    back: fc.option(fc.integer({ min: 2, max: 58 })),
  })
  .map(({ walks, every, missing, back }) => {
    const values = walks.map((walk) => {
      let at = 0.5;
      return walk.map((by) => (at = Math.min(1, Math.max(0, at + by))));
    });
    return Array.from({ length: 60 }, (_, step): Row => {
      const row: Row = {};
      if (step > 0) shares.forEach((id, at) => (row[id] = values[at]?.[step] ?? NaN));
      if (step % every === 0) row['eval/sampled'] = values[shares.length]?.[step] ?? NaN;
      if (step === back) row['guard/rolled_back_to'] = step - 2;
      for (const [of, metric] of missing) if (of === step) row[shares[metric] ?? 'step'] = NaN;
      return row;
    });
  });

const percent = (share: number): string => `${String(Math.round(100 * share))} %`;

/** What a sentence must be true of: worked out here from the rows, metric by metric. */
function expectTrue(turn: Turn, all: readonly (readonly Row[])[]): void {
  const [first = 0, second = 0] = turn.runs;
  const rows = all[first] ?? [];
  const at = (step: number): Row => rows[step] ?? {};
  const ten = (id: MetricId, to = turn.step): number[] =>
    Array.from({ length: toldSteps }, (_, i) => at(to - i)[id] ?? NaN);
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const recent = (id: MetricId): number => mean([...ten(id)].reverse());
  const says = (...figures: readonly string[]): void => {
    expect(turn.sentence.match(/\d+ %/g) ?? []).toEqual(figures);
  };
  const evaluations = rows.flatMap((row, step) =>
    row['eval/sampled'] === undefined ? [] : [{ step, sampled: row['eval/sampled'] }],
  );
  const accuracy = at(turn.step)['eval/sampled'] ?? NaN;
  const base = evaluations[0]?.sampled ?? NaN;
  switch (turn.kind) {
    case 'parted': {
      const overlap = at(turn.step)['vote/answer_overlap'] ?? NaN;
      expect(overlap).toBeLessThan(overlapZones.amber);
      says(percent(overlap));
      return;
    }
    case 'met':
      for (const overlap of ten('vote/answer_overlap'))
        expect(overlap).toBeGreaterThanOrEqual(overlapZones.amber);
      return;
    case 'deceived':
      expect(recent('reward/mean') - recent('truth/accuracy')).toBeGreaterThanOrEqual(told.deceived);
      says(percent(recent('reward/mean')), percent(recent('truth/accuracy')));
      return;
    case 'wrong':
      expect(recent('vote/agreement')).toBeGreaterThanOrEqual(told.agreed);
      expect(recent('truth/label_accuracy')).toBeLessThanOrEqual(told.right);
      says(percent(recent('vote/agreement')), percent(recent('truth/label_accuracy')));
      return;
    case 'one-answer': {
      const start = mean([...ten('vote/top_label_share', toldSteps)].reverse());
      expect(recent('vote/top_label_share') - start).toBeGreaterThanOrEqual(told.oneAnswer);
      says(percent(recent('vote/top_label_share')), percent(start));
      return;
    }
    case 'spent':
      expect(recent('reward/zero_std_groups')).toBeGreaterThanOrEqual(told.spent);
      says(percent(recent('reward/zero_std_groups')));
      return;
    case 'guard':
      expect(turn.sentence).toContain(` step ${String(at(turn.step)['guard/rolled_back_to'])}.`);
      return;
    case 'learned':
      expect(accuracy - base).toBeGreaterThanOrEqual(told.learned - 1e-12);
      says(percent(accuracy), percent(base));
      return;
    case 'collapsed': {
      const best = Math.max(
        ...evaluations.filter(({ step }) => step <= turn.step).map(({ sampled }) => sampled),
      );
      const low = evaluations.filter(({ step }) => step >= turn.step && step <= turn.known);
      expect(low).toHaveLength(3);
      for (const { sampled } of low) expect(sampled).toBeLessThan(collapsedBelow(best));
      says(percent(accuracy), percent(low[2]?.sampled ?? NaN), percent(best));
      return;
    }
    case 'back': {
      const fall = turnsOf([runOf('run', rows)]).findLast(
        ({ kind, step }) => kind === 'collapsed' && step < turn.step,
      );
      const low = fall?.step ?? NaN;
      const best = Math.max(...evaluations.filter(({ step }) => step <= low).map(({ sampled }) => sampled));
      const high = evaluations.filter(({ step }) => step >= turn.step && step <= turn.known);
      expect(high).toHaveLength(3);
      for (const { sampled } of high) expect(sampled).toBeGreaterThanOrEqual(collapsedBelow(best));
      says(percent(accuracy));
      return;
    }
    case 'apart': {
      const worse = all[second]?.[turn.step]?.['eval/sampled'] ?? NaN;
      expect(accuracy - worse).toBeGreaterThanOrEqual(told.apart);
      says(percent(accuracy), percent(worse));
      return;
    }
  }
  turn.kind satisfies never;
}

describe('turnsOf', () => {
  it('says nothing that the rows do not say, whatever they are', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(fc.array(anyRows, { minLength: 1, maxLength: 3 }), (all) => {
        for (const turn of turnsOf(all.map((rows, i) => runOf(`run ${'abc'[i] ?? ''}`, rows)))) {
          kinds.add(turn.kind);
          expect(turn.known).toBeGreaterThanOrEqual(turn.step);
          for (const run of turn.runs) expect(turn.sentence).toContain(`run ${'abc'[run] ?? ''}`);
          // Seen in what was measured there.
          expect(turn.metric in metrics).toBe(true);
          expectTrue(turn, all);
        }
      }),
      { numRuns: 200 },
    );
    // The property would hold of a story without turns, too.
    expect(kinds.size).toBeGreaterThanOrEqual(8);
  });

  it('keeps what it told, whatever follows', () => {
    fc.assert(
      fc.property(
        fc.array(anyRows, { minLength: 1, maxLength: 2 }),
        fc.integer({ min: 0, max: 60 }),
        (all, until) => {
          const whole = turnsOf(all.map((rows) => runOf('run', rows)));
          const early = turnsOf(all.map((rows) => runOf('run', rows.slice(0, until))));
          expect(early).toEqual(whole.filter(({ known }) => known < until));
        },
      ),
    );
  });

  it('of rows without truth tells only what needs none', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const blind = rows.map((row) =>
          Object.fromEntries(Object.entries(row).filter(([id]) => !metrics[id as MetricId].needsTruth)),
        );
        for (const { metric } of turnsOf([runOf('run', blind)]))
          expect(metrics[metric].needsTruth).toBe(false);
        // And what needs none is told with truth just the same.
        const free = (turns: readonly Turn[]) => turns.filter(({ metric }) => !metrics[metric].needsTruth);
        expect(turnsOf([runOf('run', blind)])).toEqual(free(turnsOf([runOf('run', rows)])));
      }),
    );
  });

  it('of a run that grows is gone on with, and is what is told of the whole', () => {
    fc.assert(
      fc.property(anyRows, fc.array(fc.nat(59), { maxLength: 8 }), fc.boolean(), (all, cuts, trained) => {
        // A log of another trainer has no evaluation before its first step.
        const begin = Number(trained);
        const run = (to: number) => runOf('run', all.slice(begin, to), begin);
        const story = new StepStory();
        for (const cut of cuts.toSorted((a, b) => a - b)) turnsOf([{ ...run(cut), story }]);
        expect(turnsOf([{ ...run(60), story }])).toEqual(turnsOf([run(60)]));
      }),
    );
  });

  it('a reward that is no share is not compared with one', () => {
    const rows = Array.from({ length: 20 }, (): Row => ({ 'reward/mean': 2.1, 'truth/accuracy': 0.1 }));
    expect(turnsOf([runOf('Intuitor', rows)])).toEqual([]);
  });
});

/** Accuracies that rise, fall and come back, some of them more than once. */
const anyCurve = fc
  .array(fc.tuple(fc.constantFrom(0.1, 0.2, 0.5, 0.6, 0.8, 0.95), fc.integer({ min: 1, max: 5 })), {
    minLength: 1,
    maxLength: 9,
  })
  .map((stretches) => stretches.flatMap(([at, times]) => Array<number>(times).fill(at)));

it('card, story and verdict name the same collapse at every evaluation of a run', () => {
  const collapses: number[] = [];
  fc.assert(
    fc.property(anyCurve, (curve) => {
      const history = new Columns(metricIds);
      const rows: Row[] = [];
      for (const [step, sampled] of curve.entries()) {
        rows.push({ step, 'eval/sampled': sampled });
        history.append(toRow({ step, 'eval/sampled': sampled }), 1);
        const course = turnsOf([runOf('run', rows)]).filter(({ kind }) =>
          ['collapsed', 'back'].includes(kind),
        );
        const fall = course.findLast(({ kind }) => kind === 'collapsed')?.step ?? null;
        const recovered = course.at(-1)?.kind === 'back';
        const status = statusOf(history, null);
        expect(status).toMatchObject({ collapseStep: fall, recovered });
        expect(status.state === 'collapsed').toBe(fall !== null && !recovered);
        const { verdict, since } = verdictOfLab(rows);
        expect(verdict.state === 'collapsed').toBe(status.state === 'collapsed');
        if (verdict.state === 'collapsed') expect(since).toBe(fall);
      }
      collapses.push(turnsOf([runOf('run', rows)]).filter(({ kind }) => kind === 'collapsed').length);
    }),
    { numRuns: 300 },
  );
  // Some of them fell twice.
  expect(Math.max(...collapses)).toBeGreaterThanOrEqual(2);
});

describe('phasesOf', () => {
  it('covers the steps without a gap, and calls collapsed what is told to be', () => {
    fc.assert(
      fc.property(anyRows, fc.boolean(), (rows, hidden) => {
        const run = runOf('run', rows);
        const phases = phasesOf(run, hidden);
        expect(phases[0]?.from).toBe(1);
        expect(phases.at(-1)?.to).toBe(59);
        phases.slice(1).forEach((phase, i) => {
          expect(phase.from).toBe(phases[i]?.to);
          expect(phase.state).not.toBe(phases[i]?.state);
        });
        const falls = hidden ? [] : turnsOf([run]).filter(({ kind }) => kind === 'collapsed');
        const collapsed = phases.filter(({ state }) => state === 'collapsed');
        expect(collapsed.map(({ from }) => from)).toEqual(falls.map(({ step }) => step));
      }),
    );
  });

  it('stays in a zone at whose edge the overlap flickers', () => {
    const overlaps = [...Array<number>(15).fill(0.95), 0.84, 0.86, 0.84, 0.86, 0.95];
    const rows = [{}, ...overlaps.map((overlap): Row => ({ 'vote/answer_overlap': overlap }))];
    expect(phasesOf(runOf('run', rows), true).map(({ state }) => state)).toEqual([
      'waiting',
      'together',
      'parting',
      'together',
    ]);
  });
});

// Pairs of runs that were drawn once, and all that is told of them, word for word, with the phases of the first: a change of a rule shows in the file.
// After one that is meant: UPDATE_STORY=1 npx vitest run --project unit tests/unit/story.test.ts
it('what is told of forty pairs of runs, and their phases, stay as they are written down', () => {
  const path = 'tests/unit/story.told.json';
  const pairs = fc.sample(fc.tuple(anyRows, anyRows), { seed: 20_251_213, numRuns: 40 });
  const said = pairs.map(([a, b]) => {
    const run = runOf('SRT', a);
    const phases = [false, true].map((hidden) => phasesOf(run, hidden));
    return { turns: turnsOf([run, runOf('M-GRPO', b)]), phases };
  });
  if (process.env.UPDATE_STORY === '1') {
    writeFileSync(path, `[\n${said.map((each) => JSON.stringify(each)).join(',\n')}\n]\n`);
  }
  expect(said.flatMap(({ turns }) => turns).length).toBeGreaterThan(100);
  expect(said).toEqual(JSON.parse(readFileSync(path, 'utf8')));
});
