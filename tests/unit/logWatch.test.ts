import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ready } from '../../src/lib/timedWorker.ts';
import { callShelf } from '../../src/store/callShelf.ts';
import type { Lane } from '../../src/store/lanes.ts';
import { answerCall, LogShelf, type ShelfCall } from '../../src/store/logShelf.ts';
import {
  forget,
  mapColumn,
  readFiles,
  rename,
  show,
  watch,
  watchedLab,
  type WatchedRun,
} from '../../src/store/watch.ts';
import { metricIds, metrics } from '../../src/spec/metrics.ts';
import { charts } from '../../src/ui/charts/charts.ts';
import { chartsOf } from '../../src/ui/watch/watchCharts.ts';

/** Stands in for the worker of `logReader.ts`: the same shelf, in this thread, behind a copy of every message. */
class ShelfHere {
  readonly #shelf = new LogShelf();
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor() {
    setTimeout(() => this.onmessage?.({ data: ready }));
  }

  postMessage(call: ShelfCall): void {
    void answerCall(this.#shelf, call).then((answer) => this.onmessage?.({ data: structuredClone(answer) }));
  }
}
vi.stubGlobal('Worker', ShelfHere);

const drop = async (name: string, text: string): Promise<void> => {
  await readFiles([new File([text], name)]);
};
const dropFixture = (file: string): Promise<void> =>
  drop(file, readFileSync(`tests/fixtures/logs/${file}`, 'utf8'));
const run = (at: number): WatchedRun => watch.getState().runs[at] ?? fail(`no run ${at}`);
const lane = (at: number): Lane => run(at).lane ?? fail(`run ${at} is not shown`);
const fail = (words: string): never => {
  throw new Error(words);
};

beforeEach(() => {
  for (const { id } of watch.getState().runs) forget(id);
  watch.setState({ refused: [] });
});

describe('runs trained elsewhere', () => {
  it('become lanes whose axis ends with the run', async () => {
    await dropFixture('trainer_state.json');
    const { lanes, state } = watchedLab.getState();
    expect(state).toBe('finished');
    expect(lanes).toEqual([lane(0)]);
    expect(lane(0).settings.steps).toBe(30);
    expect([...lane(0).history.column('step')]).toEqual([10, 20, 30]);
    expect(lane(0).history.latest('eval/sampled')).toBe(0.34);
    expect(lane(0).status).toMatchObject({ best: 0.34, now: 0.34, retention: 1 });
  });

  it('keep their colour while others go, and a free one is given again', async () => {
    await dropFixture('wandb_chart_entropy.csv');
    await dropFixture('verl.jsonl');
    expect([0, 1, 2].map((at) => lane(at).slot)).toEqual([0, 1, 2]);
    forget(run(0).id);
    expect([0, 1].map((at) => lane(at).slot)).toEqual([1, 2]);
    await dropFixture('trainer_state.json');
    expect(lane(2).slot).toBe(0);
  });

  it('beyond four wait until there is room', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await drop(`${name}.csv`, 'step,reward\n1,2\n');
    expect(watchedLab.getState().lanes).toHaveLength(4);
    expect(run(4).lane).toBeNull();
    await show(run(4).id);
    expect(run(4).lane).toBeNull();
    forget(run(1).id);
    await show(run(3).id);
    expect(lane(3)).toMatchObject({ name: 'e', slot: 1 });
  });

  it('two charts of W&B complete each other; what was chosen stays chosen', async () => {
    await dropFixture('wandb_chart_entropy.csv');
    await mapColumn(run(0).id, 'anchor/entropy', { column: 'train/entropy', percent: false });
    await dropFixture('wandb_chart_reward.csv');
    expect(watch.getState().runs).toHaveLength(2);
    expect(lane(0).history.record(1)).toEqual({
      step: 20,
      'policy/entropy': 0.31,
      'anchor/entropy': 0.31,
      'reward/mean': 0.62,
    });
  });

  it('of the same file name are told apart, and can be renamed', async () => {
    await dropFixture('trainer_state.json');
    await dropFixture('trainer_state.json');
    expect(watch.getState().runs.map(({ name }) => name)).toEqual(['trainer_state', 'trainer_state (2)']);
    rename(run(0).id, '  SRT, 4B ');
    rename(run(1).id, ' ');
    expect(watchedLab.getState().lanes.map(({ name }) => name)).toEqual(['SRT, 4B', 'trainer_state (2)']);
  });

  it('are judged anew when a column is mapped to another metric', async () => {
    const lines = Array.from({ length: 40 }, (_, step) =>
      JSON.stringify({ step, data: { 'my/length': 100 * 0.95 ** step, acc: step < 20 ? 80 : 10 } }),
    );
    await drop('v.jsonl', lines.join('\n'));
    const { id } = run(0);
    expect(lane(0).status).toMatchObject({
      state: 'waiting',
      reason: expect.stringContaining('None of the mapped') as string,
    });
    await mapColumn(id, 'completion/length', { column: 'my/length', percent: false });
    // Without a reward it can't be told from a policy that learns to be brief.
    expect(lane(0).status).toMatchObject({
      state: 'watch',
      reason: expect.stringContaining('shrunk') as string,
    });
    expect(lane(0).alarms[0]?.step).toBeGreaterThan(9);
    expect(lane(0).history.latest('warning/score')).toBe(lane(0).status.assessment?.score);
    await mapColumn(id, 'eval/sampled', { column: 'acc', percent: true });
    expect(lane(0).status).toMatchObject({ state: 'collapsed', collapseStep: 20, best: 0.8 });
    await mapColumn(id, 'eval/sampled', null);
    await mapColumn(id, 'completion/length', null);
    expect(lane(0).status.state).toBe('waiting');
    expect(lane(0).history.latest('warning/score')).toBeNaN();
  });

  it('without a step are not drawn, and say what to choose', async () => {
    await drop('e.csv', 'epoch_number,reward\n1,.2\n2,.3\n');
    expect(lane(0).status.reason).toContain('which step');
    await mapColumn(run(0).id, 'step', { column: 'epoch_number', percent: false });
    expect([...lane(0).history.column('reward/mean')]).toEqual([0.2, 0.3]);
  });

  it('a mapping made while another is being drawn wins', async () => {
    const rows = Array.from({ length: 1000 }, (_, step) => `${step},${step},${2 * step}`);
    await drop('l.csv', `step,a,b\n${rows.join('\n')}\n`);
    const { id } = run(0);
    await Promise.all([
      mapColumn(id, 'reward/mean', { column: 'a', percent: false }),
      mapColumn(id, 'reward/mean', { column: 'b', percent: false }),
    ]);
    expect(lane(0).history.length).toBe(1000);
    expect(lane(0).history.latest('reward/mean')).toBe(1998);
  });

  it('joined beyond what the page reads: refused, and the run stays as it was', async () => {
    const long = (metric: string): string => `Step,r - ${metric}\n${'1,2\n'.repeat(30_000)}`;
    await drop('a.csv', long('reward'));
    await drop('b.csv', long('kl'));
    expect(watch.getState().refused).toMatchObject([{ file: 'b.csv' }]);
    expect(run(0).log.rows).toBe(30_000);
  });

  it('whose log is gone with its reader say so where they were to be mapped, and stay as they were', async () => {
    await drop('l.csv', 'step,reward,a\n1,2,3\n');
    const { id } = run(0);
    await callShelf('drop', id);
    await mapColumn(id, 'policy/entropy', { column: 'a', percent: false });
    expect(watch.getState().refused).toMatchObject([
      { file: 'l', remedy: expect.stringContaining('once more') as string },
    ]);
    expect(lane(0).history.latest('reward/mean')).toBe(2);
  });
});

describe('charts of a run', () => {
  it('are those with a column, reduced to it; the others are named', () => {
    const { drawn, empty } = chartsOf(new Set(['optim/grad_norm', 'vote/agreement', 'completion/length']));
    expect(drawn.map(({ title, views }) => [title, views.flatMap(({ lines }) => lines)])).toMatchObject([
      ['Vote', [{ id: 'vote/agreement', shown: true }]],
      ['Update', [{ id: 'optim/grad_norm', shown: true }]],
      ['Completions', [{ id: 'completion/length', shown: true }]],
    ]);
    expect(drawn[0]?.views[0].zones).toBeUndefined();
    expect(empty).toEqual(['Entropy', 'Reward against truth', 'Held-out accuracy', 'Signal']);
  });

  it('with every metric, the lab’s are whole', () => {
    const { drawn, empty } = chartsOf(new Set(metricIds));
    expect(empty).toEqual([]);
    expect(drawn.slice(0, charts.length)).toMatchObject(charts);
  });

  it('draw all that TRL and verl log and the lab has a name for', () => {
    const { drawn } = chartsOf(new Set(metricIds));
    const shown = new Set(
      drawn.flatMap(({ views }) => views.flatMap(({ lines }) => lines.map(({ id }) => id))),
    );
    const logged = metricIds.filter((id) => metrics[id].trl !== undefined || metrics[id].verl !== undefined);
    // The share of clipped tokens, which is 0 with one update per batch.
    expect(logged.filter((id) => !shown.has(id))).toEqual(['optim/clipped']);
  });
});
