import { collapsedBelow } from '../../src/diagnostics/collapse.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EarlyWarning, type Assessment } from '../../src/diagnostics/earlyWarning.ts';
import { mean } from '../../src/lib/stats.ts';
import { type MetricId, metricIds, type MetricRow, toRow } from '../../src/spec/metrics.ts';
import { Columns } from '../../src/store/columns.ts';
import { statusOf } from '../../src/store/status.ts';

type Row = Partial<MetricRow>;

const ids = [
  'vote/answer_overlap',
  'vote/top_label_share',
  'vote/no_answer',
  'vote/unanimous',
  'reward/zero_std_groups',
  'completion/truncated',
  'completion/length',
  'policy/entropy',
  'policy/kl_ref',
] as const satisfies readonly MetricId[];
type Watched = (typeof ids)[number];

/** What a sentence may speak of, worked out anew from the rows. */
interface Known {
  readonly recent: (id: Watched, steps?: number) => number;
  readonly start: (id: Watched) => number;
}

function knownOf(rows: readonly Row[]): Known {
  const measured = (id: Watched, of: readonly Row[]) =>
    of.map((row) => row[id] ?? NaN).filter((value) => Number.isFinite(value));
  const judged = rows.filter((row) => ids.some((id) => Number.isFinite(row[id] ?? NaN)));
  return {
    recent: (id, steps = 10) => mean(measured(id, judged.slice(-steps))),
    start: (id) => mean(measured(id, judged).slice(0, 10)),
  };
}

/** A number as it is written: it stands for all that round to it. */
const number = String.raw`(-?[\d.]+(?:e[+-]?\d+)?)`;

function isShown(text: string, value: number): void {
  const [mantissa = '', exponent = '0'] = text.split('e');
  const unit = 10 ** (Number(exponent) - (mantissa.split('.')[1] ?? '').length);
  // The sums of the windows may differ in their last bits.
  const slack = 0.5 * unit * (1 + 1e-6) + 1e-9 * Math.abs(value);
  expect(Math.abs(Number(text) - value), `${text} for ${String(value)}`).toBeLessThanOrEqual(slack);
}

interface Claim {
  readonly says: string;
  readonly alarm: boolean;
  readonly calm: boolean;
  readonly holds: (shown: readonly string[], known: Known) => void;
}

function claim(says: string, when: 'alarm' | 'calm' | 'both', holds: Claim['holds']): Claim {
  return { says, alarm: when !== 'calm', calm: when !== 'alarm', holds };
}

/** Both figures, the first recent, the second the run's own at its start, in percent where they are shares. */
function figures(id: Watched, of: (value: number) => number = (value) => value): Claim['holds'] {
  return ([value = '', start], { recent, start: first }) => {
    isShown(value, of(recent(id, id === 'vote/answer_overlap' ? 1 : 10)));
    if (start !== undefined) isShown(start, of(first(id)));
  };
}

const share = (value: number): number => 100 * value;
const rest = (value: number): number => 100 * (1 - value);

/** Every sentence there is, and what it claims of its figures. */
const claims: readonly Claim[] = [
  claim(
    `Policy and anchor answer alike ${number} % as often as each does with itself`,
    'both',
    figures('vote/answer_overlap', share),
  ),
  claim(
    'Policy and anchor answer alike at least as often as each does with itself',
    'calm',
    (_, { recent }) => {
      expect(recent('vote/answer_overlap', 1)).toBeGreaterThan(1);
    },
  ),
  claim(
    `One answer is given to ${number} % of the prompts, ${number} % at the start`,
    'alarm',
    ([value = '', start = ''], known) => {
      figures('vote/top_label_share', share)([value, start], known);
      expect(Number(value)).toBeGreaterThan(Number(start));
    },
  ),
  claim(
    `The most common answer is given to ${number} % of the prompts, ${number} % at the start`,
    'calm',
    figures('vote/top_label_share', share),
  ),
  claim(
    `${number} % of the completions have no answer, ${number} % at the start`,
    'alarm',
    figures('vote/no_answer', share),
  ),
  claim(
    `${number} % of the completions have an answer, ${number} % at the start`,
    'calm',
    figures('vote/no_answer', rest),
  ),
  claim(
    `${number} % of the completions run into the limit, ${number} % at the start`,
    'alarm',
    figures('completion/truncated', share),
  ),
  claim(
    `${number} % of the completions end before the limit, ${number} % at the start`,
    'calm',
    figures('completion/truncated', rest),
  ),
  claim(
    `Completions have shrunk to ${number} tokens, from ${number} at the start`,
    'alarm',
    ([value = '', start = ''], known) => {
      figures('completion/length')([value, start], known);
      expect(Number(value)).toBeLessThan(Number(start));
    },
  ),
  claim(`Completions have ${number} tokens, ${number} at the start`, 'calm', figures('completion/length')),
  claim(
    `Entropy has risen to ${number} nats, from ${number} at the start: the policy begins to babble`,
    'alarm',
    ([value = '', start = ''], known) => {
      figures('policy/entropy')([value, start], known);
      expect(Number(value)).toBeGreaterThan(Number(start));
    },
  ),
  claim(`Entropy is ${number} nats, ${number} at the start`, 'calm', figures('policy/entropy')),
  claim(
    `${number} % of the prompts give no gradient, and ${number} % are unanimous`,
    'alarm',
    ([dead = '', unanimous = ''], { recent }) => {
      isShown(dead, share(recent('reward/zero_std_groups')));
      isShown(unanimous, share(recent('vote/unanimous')));
    },
  ),
  claim(
    `${number} % of the prompts give a gradient, and ${number} % are unanimous`,
    'calm',
    ([live = '', unanimous = ''], { recent }) => {
      isShown(live, rest(recent('reward/zero_std_groups')));
      isShown(unanimous, share(recent('vote/unanimous')));
    },
  ),
  claim(`The policy is ${number} nats per token away from the base`, 'both', figures('policy/kl_ref')),
];

/** Finds the sentence, checks that it may be said in this state, and that what it claims is so. @returns its place */
function check({ reason, state }: Assessment, known: Known): number {
  const found = claims.flatMap(({ says }, at) => (new RegExp(`^${says}\\.$`).test(reason) ? [at] : []));
  expect(found, reason).toHaveLength(1);
  const [at = -1] = found;
  const said = claims[at];
  expect(state === 'healthy' ? said?.calm : said?.alarm, `${state}: ${reason}`).toBe(true);
  said?.holds(new RegExp(said.says).exec(reason)?.slice(1) ?? [], known);
  return at;
}

const between = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });
const missing = fc.constantFrom(NaN, NaN, Infinity);
/** Mostly what runs measure; now and then what only a broken log says. */
const shares = fc.oneof(
  { weight: 8, arbitrary: between(0, 1) },
  { weight: 2, arbitrary: fc.constantFrom(0, 0.004, 0.005, 0.015, 1) },
  { weight: 1, arbitrary: missing },
  { weight: 1, arbitrary: between(-2, 3) },
);
const sizes = fc.oneof(
  { weight: 6, arbitrary: between(0, 2) },
  { weight: 4, arbitrary: between(0, 0.01) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1e-12, 0.0049, 0.005, 12, 4000) },
  { weight: 1, arbitrary: missing },
  { weight: 1, arbitrary: between(-2, 0) },
);
/** A run in three pieces, so that it moves: means of independent rows would all be alike. */
const run = fc
  .array(
    fc.record({
      length: fc.integer({ min: 1, max: 15 }),
      row: fc.record(
        Object.fromEntries(
          ids.map((id) => [id, id === 'completion/length' || /entropy|kl/.test(id) ? sizes : shares]),
        ) as Record<Watched, fc.Arbitrary<number>>,
        { requiredKeys: [] },
      ),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((pieces) => pieces.flatMap(({ length, row }) => Array.from({ length }, (): Row => row)));

it('whatever was measured, the sentence is true of the figures in it', () => {
  fc.assert(
    fc.property(run, (rows) => {
      const warning = new EarlyWarning();
      rows.forEach((row, at) => {
        const assessment = warning.add(row);
        if (assessment.signal !== null) check(assessment, knownOf(rows.slice(0, at + 1)));
      });
    }),
    { numRuns: 1000 },
  );
});

const calm: Row = {
  'vote/answer_overlap': 0.97,
  'vote/top_label_share': 0.125,
  'vote/no_answer': 0,
  'completion/truncated': 0,
  'completion/length': 7,
  'policy/entropy': 0.79,
};

function after(start: Row, now: Row): Assessment {
  const warning = new EarlyWarning();
  for (let step = 0; step < 10; step++) warning.add(start);
  return Array.from({ length: 10 }, () => warning.add(now)).at(-1) ?? expect.fail();
}

it('every sentence can be heard', () => {
  const dead = (share: number): Row => ({ 'reward/zero_std_groups': share, 'vote/unanimous': share });
  const pairs: readonly (readonly [start: Row, now: Row])[] = [
    [{ 'vote/answer_overlap': 1 }, { 'vote/answer_overlap': 0.5 }],
    [{ 'vote/answer_overlap': 1 }, { 'vote/answer_overlap': 1.2 }],
    [{ 'vote/top_label_share': 0.1 }, { 'vote/top_label_share': 0.9 }],
    [{ 'vote/no_answer': 0 }, { 'vote/no_answer': 0.9 }],
    [{ 'completion/truncated': 0 }, { 'completion/truncated': 0.9 }],
    [{ 'completion/length': 9 }, { 'completion/length': 2 }],
    [{ 'policy/entropy': 0.004 }, { 'policy/entropy': 0.02 }],
    [dead(0.2), dead(0.95)],
    [{ 'policy/kl_ref': 0 }, { 'policy/kl_ref': 0.5 }],
  ];
  const heard = pairs.flatMap(([start, now]) =>
    [start, now].map((end) => {
      const rows = [start, end].flatMap((row) => Array.from({ length: 10 }, () => row));
      return check(after(start, end), knownOf(rows));
    }),
  );
  expect(new Set(heard).size).toBe(claims.length);
});

it('a healthy run is described by the strongest signal there is, not by a hint of a weaker one', () => {
  const hint = { 'completion/truncated': 0.01 };
  expect(after(calm, { ...calm, ...hint }).reason).toBe(
    'Policy and anchor answer alike 97 % as often as each does with itself.',
  );
  const alone = { 'completion/truncated': 0, 'policy/entropy': 0.79 };
  expect(after(alone, { ...alone, ...hint }).reason).toBe(
    '99 % of the completions end before the limit, 100 % at the start.',
  );
  expect(after({ 'policy/entropy': 0.79 }, { 'policy/entropy': 0.001 })).toMatchObject({
    state: 'healthy',
    reason: 'Entropy is 0.0010 nats, 0.79 at the start.',
  });
});

it('on its way to amber a signal speaks, in calm words', () => {
  const leaning = after(calm, { ...calm, 'completion/truncated': 0.15 });
  expect(leaning).toMatchObject({ state: 'healthy', signal: 'completion/truncated' });
  expect(leaning.reason).toBe('85 % of the completions end before the limit, 100 % at the start.');
});

it('what is said of a collapse is true: it fell, or it came back', () => {
  const heard = new Set<string>();
  const accuracy = fc.oneof(between(0, 1), fc.constantFrom(0.1, 0.8, 0.801, 0.9));
  const evaluations = fc.array(accuracy, { minLength: 4, maxLength: 12 });
  fc.assert(
    fc.property(evaluations, between(0, 1), (values, reward) => {
      const history = new Columns(metricIds);
      values.forEach((sampled, at) => {
        history.append(toRow({ step: 10 * at, 'eval/sampled': sampled, 'reward/mean': reward }), 1);
      });
      const { state, reason } = statusOf(history, null);
      if (state !== 'collapsed') return;
      const last = (values.at(-1) ?? NaN).toFixed(2);
      const fell =
        /^Accuracy fell from ([.\d]+) at step (\d+) to ([.\d]+); the reward (still )?says [.\d]+\.$/.exec(
          reason,
        );
      const back =
        /^Accuracy collapsed at step (\d+), from ([.\d]+), and is at ([.\d]+) now; the reward (still )?says [.\d]+\.$/.exec(
          reason,
        );
      heard.add(fell === null ? 'back' : 'fell');
      if (fell !== null) {
        const [, from, step, to] = fell;
        expect([from, to]).toEqual([(values[Number(step) / 10] ?? NaN).toFixed(2), last]);
        expect(Number(to)).toBeLessThan(Number(from));
      } else {
        // Of what it had before it fell: it may be higher now.
        const best = Math.max(...values.slice(0, Number(back?.[1]) / 10));
        expect(back?.slice(2, 4)).toEqual([best.toFixed(2), last]);
        expect(values.at(-1)).toBeGreaterThanOrEqual(collapsedBelow(best));
      }
      const still = fell?.[4] ?? back?.[4];
      expect(still !== undefined).toBe(Number(reward.toFixed(2)) > Number(last));
    }),
    { numRuns: 2000 },
  );
  expect([...heard].sort()).toEqual(['back', 'fell']);
});
