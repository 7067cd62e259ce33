import { expect, it } from 'vitest';
import { metricIds } from '../../src/spec/metrics.ts';
import type { Publisher } from '../../src/session/publisher.ts';
import { Schedule } from '../../src/session/schedule.ts';
import { WorkerLane } from '../../src/session/lane.ts';
import type { Event, Plan } from '../../src/session/protocol.ts';
import { emptyTimeline } from '../../src/session/timeline.ts';
import { firstCheckpoint, type Checkpoint } from '../../src/trainer/checkpoint.ts';
import type { HeldEvaluation, Settled } from '../../src/trainer/apart.ts';
import type { StepResult, Trainer } from '../../src/trainer/trainer.ts';

const plan = {} as Plan;
const nothing = {
  ...{ problems: [], groups: [], shadow: [], filters: [], voters: [], labels: [] },
  ...{ rewards: [], advantages: [] },
} as unknown as StepResult['decisions'];
const sampled = metricIds.indexOf('eval/sampled');

/** A trainer of so many steps, and a lane of it that is kept. Evaluations, of every fifth step, come in when they are told to. */
function laneOf(steps: number) {
  const answers = new Map<number, (settled: Settled) => void>();
  const base = firstCheckpoint({ weights: new Float32Array(1) });
  const held = (step: number): HeldEvaluation => {
    let settled: Settled | null = null;
    const arrived = new Promise<Settled>((resolve) => {
      answers.set(step, (given) => {
        settled = given;
        resolve(given);
      });
    });
    return {
      state: base.state,
      get answered() {
        return settled !== null;
      },
      settle: () => arrived,
    };
  };
  const trainer = {
    step: 0,
    get finished() {
      return this.step >= steps;
    },
    start: () => Promise.resolve({ step: 0 }),
    next(): Promise<StepResult> {
      const step = ++this.step;
      return Promise.resolve({
        metrics: { step },
        held: step % 5 === 0 ? held(step) : null,
        decisions: nothing,
        tokens: null,
        guarded: step === 7 ? { learningRate: 1e-5 } : null,
        checkpoint: step % 5 === 0 ? { ...base, step, state: { ...base.state } } : null,
      });
    },
    checkpoint: (): Promise<Checkpoint> => Promise.resolve({ ...base, step: trainer.step, passing: true }),
    change: () => undefined,
    engine: { leave: () => undefined },
  };
  const events: Event[] = [];
  const timeline = emptyTimeline();
  const lane = new WorkerLane(1, trainer as unknown as Trainer, plan, timeline, {
    post: (event) => events.push(event),
    keeps: true,
  });
  /** Everything told so far, in order: rows as their step, with what was measured in it. */
  const told = (): string[] => {
    lane.flush();
    return events.flatMap((event) => {
      if (event.type === 'rows')
        return Array.from({ length: event.count }, (_, i) => {
          const row = event.rows.subarray(i * metricIds.length, (i + 1) * metricIds.length);
          const value = row[sampled] ?? NaN;
          return `${row[0] ?? NaN}${Number.isNaN(value) ? '' : ` ${value}`}`;
        });
      if (event.type === 'checkpoint') return [`checkpoint ${event.sent.checkpoint.step}`];
      if (event.type === 'changed') return [`${event.by} ${event.step}`];
      return event.type === 'apart-failed' ? [event.failure.sentence] : [];
    });
  };
  return { lane, timeline, told, answers };
}

const is = (value: number): Settled => ({
  evaluated: { 'eval/sampled': value } as Settled['evaluated'],
  failure: null,
});

it('steps wait for an evaluation of theirs, and nothing overtakes them; the training goes on', async () => {
  const { lane, timeline, told, answers } = laneOf(100);
  for (let step = 1; step <= 9; step++) await lane.advance();
  expect(lane.trainer.step).toBe(9);
  expect(told()).toEqual(['0', '1', '2', '3', '4']);
  // A fork or a rescue from there would miss the rows before it.
  expect(timeline.checkpoints.items).toEqual([]);
  answers.get(5)?.(is(0.5));
  await lane.advance();
  expect(told()).toEqual(['0', '1', '2', '3', '4', '5 0.5', 'checkpoint 5', '6', '7', 'guard 7', '8', '9']);
  expect(timeline.checkpoints.items.map(({ step }) => step)).toEqual([5]);
});

it('later evaluations that come in first wait for earlier ones', async () => {
  const { lane, told, answers } = laneOf(100);
  for (let step = 1; step <= 11; step++) await lane.advance();
  answers.get(10)?.(is(1));
  await lane.advance();
  expect(told().at(-1)).toBe('4');
  answers.get(5)?.(is(0.5));
  await lane.advance();
  expect(told().slice(5)).toEqual([
    '5 0.5',
    'checkpoint 5',
    '6',
    '7',
    'guard 7',
    '8',
    '9',
    '10 1',
    'checkpoint 10',
    '11',
    '12',
    '13',
  ]);
});

it('no more than ten steps wait: the training waits for the evaluation then', async () => {
  const { lane, answers } = laneOf(100);
  for (let step = 1; step <= 14; step++) await lane.advance();
  let over = false;
  const next = lane.advance().then(() => {
    over = true;
  });
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  expect(lane.trainer.step).toBe(15);
  expect(over).toBe(false);
  answers.get(5)?.(is(0));
  await next;
});

it('the last step, a rest and what ends a run have all told that was made', async () => {
  for (const finish of ['advance', 'rest', 'letOut'] as const) {
    const { lane, told, answers } = laneOf(finish === 'advance' ? 5 : 100);
    for (let step = 1; step <= 4; step++) await lane.advance();
    const last = lane.advance();
    if (finish !== 'advance') await last;
    const ended = finish === 'advance' ? last : lane[finish]();
    answers.get(5)?.(is(0.25));
    await ended;
    expect(told().slice(5, 7)).toEqual(['5 0.25', 'checkpoint 5']);
  }
});

it('a change that its reader makes is told after what the guard changed before', async () => {
  const { lane, told, answers } = laneOf(9);
  const ended = new Promise<void>((resolve) => {
    const publisher = {
      state: (state: string) => {
        if (state === 'finished') resolve();
      },
      afterStep: () => {
        if (lane.trainer.step !== 8) return;
        lane.change({ temperature: 0.5 });
        setTimeout(() => answers.get(5)?.(is(0.5)));
      },
      showRollouts: () => undefined,
    };
    const schedule = new Schedule({
      lanes: () => [lane],
      generation: () => 0,
      ready: () => true,
      publisher: publisher as unknown as Publisher,
      failed: resolve.bind(null, undefined),
    });
    schedule.want(Infinity);
  });
  await ended;
  expect(told().filter((each) => /guard|reader/.test(each))).toEqual(['guard 7', 'reader 8']);
});

it('why the engine had to evaluate is told, and the figures are there', async () => {
  const { lane, told, answers } = laneOf(5);
  for (let step = 1; step <= 4; step++) await lane.advance();
  const last = lane.advance();
  const failure = { code: 'bad-file', sentence: 'ONNX Runtime can’t be loaded.', remedy: '' } as const;
  await Promise.resolve();
  await Promise.resolve();
  answers.get(5)?.({ ...is(0.75), failure });
  await last;
  expect(told()).toEqual(expect.arrayContaining(['ONNX Runtime can’t be loaded.', '5 0.75']));
});

it('a lane that can’t be read back leaves the others kept and the training going on', async () => {
  const [broken, whole] = [laneOf(3), laneOf(3)];
  for (const { lane } of [broken, whole]) await lane.advance();
  broken.lane.trainer.checkpoint = () => Promise.reject(new Error('no memory'));
  const failed: unknown[] = [];
  const ended = new Promise<void>((resolve) => {
    const publisher = {
      state: (state: string) => {
        if (state === 'finished') resolve();
      },
      ...{ afterStep: () => undefined, showRollouts: () => undefined },
    };
    const schedule = new Schedule({
      lanes: () => [broken.lane, whole.lane],
      ...{ generation: () => 0, ready: () => true },
      publisher: publisher as unknown as Publisher,
      failed: (error) => {
        failed.push(error);
        resolve();
      },
    });
    schedule.keep(true);
    schedule.want(Infinity);
  });
  await ended;
  expect(failed).toEqual([]);
  expect(whole.told()).toContain('checkpoint 1');
  expect(whole.lane.trainer.finished).toBe(true);
});

it('what fails at the edge of a step without being foreseen is said: it would train for ever', async () => {
  const { lane } = laneOf(3);
  const why = new Error('nobody knew');
  const said = await new Promise<unknown>((resolve) => {
    const schedule = new Schedule({
      lanes: () => [lane],
      ...{ generation: () => 0, ready: () => true },
      publisher: {} as unknown as Publisher,
      failed: resolve,
    });
    schedule.ask(() => Promise.reject(why));
  });
  expect(said).toBe(why);
});
