import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../src/diagnostics/log/log.ts';
import { parseLog } from '../../src/diagnostics/log/parse.ts';
import type { Lane } from '../../src/store/lanes.ts';
import {
  addLogs,
  forget,
  mapColumn,
  rename,
  show,
  watch,
  watchedLab,
  type WatchedRun,
} from '../../src/store/watch.ts';
import { metricIds, metrics } from '../../src/spec/metrics.ts';
import { charts } from '../../src/ui/charts/charts.ts';
import { chartsOf } from '../../src/ui/watch/watchCharts.ts';

const fixture = (file: string): readonly Log[] =>
  parseLog(file, readFileSync(`tests/fixtures/logs/${file}`, 'utf8'));
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
    await addLogs('trainer_state.json', fixture('trainer_state.json'));
    const { lanes, state } = watchedLab.getState();
    expect(state).toBe('finished');
    expect(lanes).toEqual([lane(0)]);
    expect(lane(0).settings.steps).toBe(30);
    expect([...lane(0).history.column('step')]).toEqual([10, 20, 30]);
    expect(lane(0).history.latest('eval/sampled')).toBe(0.34);
    expect(lane(0).status).toMatchObject({ best: 0.34, now: 0.34, retention: 1 });
  });

  it('keep their colour while others go, and a free one is given again', async () => {
    await addLogs('a', fixture('wandb_chart_entropy.csv'));
    await addLogs('b', fixture('verl.jsonl'));
    expect([0, 1, 2].map((at) => lane(at).slot)).toEqual([0, 1, 2]);
    forget(run(0).id);
    expect([0, 1].map((at) => lane(at).slot)).toEqual([1, 2]);
    await addLogs('c', fixture('trainer_state.json'));
    expect(lane(2).slot).toBe(0);
  });

  it('beyond four wait until there is room', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      await addLogs(name, parseLog(`${name}.csv`, 'step,reward\n1,2\n'));
    expect(watchedLab.getState().lanes).toHaveLength(4);
    expect(run(4).lane).toBeNull();
    await show(run(4).id);
    expect(run(4).lane).toBeNull();
    forget(run(1).id);
    await show(run(3).id);
    expect(lane(3)).toMatchObject({ name: 'e', slot: 1 });
  });

  it('two charts of W&B complete each other; what was chosen stays chosen', async () => {
    await addLogs('entropy', fixture('wandb_chart_entropy.csv'));
    await mapColumn(run(0).id, 'anchor/entropy', { column: 'train/entropy', percent: false });
    await addLogs('reward', fixture('wandb_chart_reward.csv'));
    expect(watch.getState().runs).toHaveLength(2);
    expect(lane(0).history.record(1)).toEqual({
      step: 20,
      'policy/entropy': 0.31,
      'anchor/entropy': 0.31,
      'reward/mean': 0.62,
    });
  });

  it('of the same file name are told apart, and can be renamed', async () => {
    await addLogs('x', fixture('trainer_state.json'));
    await addLogs('x', fixture('trainer_state.json'));
    expect(watch.getState().runs.map(({ name }) => name)).toEqual(['trainer_state', 'trainer_state (2)']);
    rename(run(0).id, '  SRT, 4B ');
    rename(run(1).id, ' ');
    expect(watchedLab.getState().lanes.map(({ name }) => name)).toEqual(['SRT, 4B', 'trainer_state (2)']);
  });

  it('are judged anew when a column is mapped to another metric', async () => {
    const lines = Array.from({ length: 40 }, (_, step) =>
      JSON.stringify({ step, data: { 'my/length': 100 * 0.95 ** step, acc: step < 20 ? 80 : 10 } }),
    );
    await addLogs('v', parseLog('v.jsonl', lines.join('\n')));
    const { id } = run(0);
    expect(lane(0).status).toMatchObject({
      state: 'waiting',
      reason: expect.stringContaining('None of the mapped') as string,
    });
    await mapColumn(id, 'completion/length', { column: 'my/length', percent: false });
    expect(lane(0).status).toMatchObject({
      state: 'warning',
      reason: expect.stringContaining('shrunk') as string,
    });
    expect(lane(0).alarms[0]?.step).toBeGreaterThan(9);
    await mapColumn(id, 'eval/sampled', { column: 'acc', percent: true });
    expect(lane(0).status).toMatchObject({ state: 'collapsed', collapseStep: 20, best: 0.8 });
    await mapColumn(id, 'eval/sampled', null);
    await mapColumn(id, 'completion/length', null);
    expect(lane(0).status.state).toBe('waiting');
  });

  it('without a step are not drawn, and say what to choose', async () => {
    await addLogs('e', parseLog('e.csv', 'epoch_number,reward\n1,.2\n2,.3\n'));
    expect(lane(0).status.reason).toContain('which step');
    await mapColumn(run(0).id, 'step', { column: 'epoch_number', percent: false });
    expect([...lane(0).history.column('reward/mean')]).toEqual([0.2, 0.3]);
  });

  it('a mapping made while another is being drawn wins', async () => {
    const rows = Array.from({ length: 1000 }, (_, step) => `${step},${step},${2 * step}`);
    await addLogs('l', parseLog('l.csv', `step,a,b\n${rows.join('\n')}\n`));
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
    await addLogs('a', parseLog('a.csv', long('reward')));
    await addLogs('b.csv', parseLog('b.csv', long('kl')));
    expect(watch.getState().refused).toMatchObject([{ file: 'b.csv' }]);
    expect(run(0).log.rows).toBe(30_000);
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
    // What says little, and the share of clipped tokens, which is 0 with one update per batch.
    expect(logged.filter((id) => !shown.has(id))).toEqual(['optim/loss', 'optim/clipped']);
  });
});
