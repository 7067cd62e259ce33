import { describe, expect, it } from 'vitest';
import {
  experimentNames,
  experimentPath,
  readExperiment,
  readJson,
  readResults,
} from '../../src/cli/experimentFiles.ts';
import { parseExperiment, setupsOf } from '../../src/experiments/declaration.ts';
import type { Measured } from '../../src/experiments/measured.ts';
import {
  judgedCells,
  judgedPlan,
  nextLanes,
  nextSeeds,
  pilotCells,
} from '../../src/experiments/openCells.ts';
import { judgedDeclaration, nextDeclaration } from '../../src/experiments/openCellsDeclared.ts';

const experiment = readExperiment('critical-pilot');
const [made = expect.fail('no run of the pilot')] = readResults(experiment);
const raw = (name: string): unknown => readJson(experimentPath(name));

/** The pilot as if it had been run. @param collapses of a lane's six seeds */
function run(collapses: (lane: string) => number, without = 0): Measured {
  const runs = experiment.lanes.flatMap((lane) =>
    experiment.seeds.slice(without).map((seed, at) => ({
      ...made,
      name: lane.name,
      settings: { ...lane.settings, seed },
      summary:
        made.summary === null
          ? null
          : { ...made.summary, collapseStep: at < collapses(lane.name) ? 100 : null },
    })),
  );
  return { experiment, runs };
}

const kinds = (pilot: Measured): readonly string[] => pilotCells([pilot]).map(({ kind }) => kind);

describe('cells of a pilot', () => {
  it('are open from a quarter of the seeds to three quarters', () => {
    const by = [0, 1, 2, 3, 4, 5, 6].map((collapsed) => kinds(run(() => collapsed))[0]);
    expect(by).toEqual(['holds', 'holds', 'open', 'open', 'open', 'collapses', 'collapses']);
  });

  it('say nothing while a seed is missing', () => {
    expect(new Set(kinds(run(() => 3, 1)))).toEqual(new Set(['unfinished']));
    expect(nextLanes(pilotCells([run(() => 6, 1)]))).toEqual([]);
  });

  it('lie on three tasks, and take no seed of another experiment', () => {
    expect(new Set(pilotCells([run(() => 0)]).map(({ task }) => task))).toEqual(
      new Set(['sort', 'add', 'chain']),
    );
    const others = experimentNames()
      .filter((name) => name !== 'critical-pilot')
      .map(readExperiment);
    const used = others.filter(({ name }) => name !== 'critical').flatMap(({ seeds }) => seeds);
    expect(used.filter((seed) => experiment.seeds.includes(seed))).toEqual([]);
    expect([...used, ...experiment.seeds].filter((seed) => judgedPlan.seeds.includes(seed))).toEqual([]);
    expect(judgedPlan.seeds).toHaveLength(20);
  });
});

describe('what alarms are judged on', () => {
  it('are twelve open cells, of each task those nearest to a half, on twenty seeds, a row a step', () => {
    // Of each task one cell is open by a half, the others by a third.
    const firsts = new Set(
      ['sort', 'add', 'chain'].map(
        (task) => experiment.lanes.find(({ settings }) => settings.task === task)?.name,
      ),
    );
    const cells =
      judgedCells(pilotCells([run((lane) => (firsts.has(lane) ? 3 : 2))])) ?? expect.fail('too few');
    expect(cells).toHaveLength(12);
    expect(new Set(cells.slice(0, 3).map(({ lane }) => lane.name))).toEqual(firsts);
    const declared = parseExperiment('experiments/critical.json', JSON.parse(judgedDeclaration(cells, raw)));
    const setups = setupsOf(declared);
    expect(setups).toHaveLength(12 * 20);
    expect(declared.split).toEqual({ judge: judgedPlan.seeds });
    expect(declared.keep.rows).toEqual(['eval/sampled', ...judgedPlan.columns]);
    expect(declared.untilCollapse).toBe(true);
    for (const { lane } of cells) {
      const same = setups.find(({ name }) => name === lane.name);
      expect({ ...same?.settings, seed: 0 }).toEqual({ ...lane.settings, seed: 0 });
      expect(lane.settings).toMatchObject({ steps: 1500, evalEvery: 10 });
    }
  });

  it('are nothing where twelve cells are not open, or not on three tasks', () => {
    expect(judgedCells(pilotCells([run(() => 0)]))).toBeNull();
    const eleven = new Set(experiment.lanes.slice(-11).map(({ name }) => name));
    expect(judgedCells(pilotCells([run((lane) => (eleven.has(lane) ? 3 : 0))]))).toBeNull();
    expect(judgedCells(pilotCells([run((lane) => (lane.startsWith('chain') ? 0 : 3))]))).toBeNull();
  });
});

describe('the next pilot', () => {
  const rates = (collapses: (lane: string) => number): Record<string, number> =>
    Object.fromEntries(
      nextLanes(pilotCells([run(collapses)])).map(({ like, learningRate }) => [
        like.lane.name.replace(/, learning rate.*/, ''),
        learningRate,
      ]),
    );

  it('looks between a rate that holds and one that collapses', () => {
    const next = rates((lane) => (/× (0\.5|0\.6)$/.test(lane) ? 6 : 0));
    // √(.00028 · .00035)
    expect(next['sort: SRT']).toBe(0.00031);
  });

  it('looks beyond where all rates have one outcome, and nowhere where one is open', () => {
    expect(rates(() => 6)['sort: SRT']).toBe(0.00019);
    expect(rates(() => 0)['sort: SRT']).toBe(0.00063);
    expect(rates((lane) => (lane === 'sort: SRT, learning rate × 0.5' ? 3 : 0))['sort: SRT']).toBeUndefined();
    // An anchor's share, a base and a task have a rate of their own.
    const beyond = rates(() => 6);
    expect(beyond['sort: M-GRPO + IQR, N/G = 0.375']).toBe(0.00047);
    expect(beyond['learn: SRT']).toBe(0.000067);
    expect(beyond['chain: SRT']).toBe(0.000093);
  });

  it('is declared on seeds of its own, with names and settings of the lanes it follows', () => {
    const pilot = run(() => 6);
    expect(nextSeeds([pilot])).toEqual([310, 311, 312, 313, 314, 315]);
    const text = nextDeclaration(nextLanes(pilotCells([pilot])), nextSeeds([pilot]), raw);
    const declared = parseExperiment('next.json', JSON.parse(text));
    expect(declared.seeds).toEqual(nextSeeds([pilot]));
    const lane = declared.lanes.find(
      ({ name }) => name === 'chain: M-GRPO + IQR, N/G = 0.25, learning rate 0.00047',
    );
    expect(lane?.settings).toMatchObject({
      task: 'chain',
      anchorShare: 0.25,
      learningRate: 0.00047,
      steps: 1500,
    });
    expect(declared.keep).toEqual(experiment.keep);
    expect(declared.untilCollapse).toBe(true);
    // What it finds counts with the pilot before it: the same series goes on.
    const further = nextLanes([
      ...pilotCells([pilot]),
      ...pilotCells([{ experiment: declared, runs: [] }]).map((cell) => ({
        ...cell,
        kind: 'holds' as const,
      })),
    ]);
    const srt = further.find(({ like }) => like.lane.name.startsWith('sort: SRT'));
    expect(srt?.learningRate).toBe(0.00023);
  });
});
