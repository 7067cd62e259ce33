import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { algorithms } from '../../src/algorithms/index.ts';
import exported from '../../src/cli/export.ts';
import { thisLab } from '../../src/records/thisLab.ts';
import { recordLines } from '../../src/records/write.ts';
import { hyperparameterKeys } from '../../src/settings/hyperparameters.ts';
import { presets } from '../../src/settings/presets.ts';
import { carriedTo, counterparts } from '../../src/settings/scripts/counterparts.ts';
import { scriptFiles, scripts } from '../../src/settings/scripts/laneScripts.ts';
import { trlScript } from '../../src/settings/scripts/trl.ts';
import { verlScript } from '../../src/settings/scripts/verl.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import { scriptsZip } from '../../src/store/scriptsZip.ts';

/** What the trainers themselves list. */
function namesOf(trainer: string): ReadonlySet<string> {
  const text = readFileSync(new URL(`../fixtures/options/${trainer}.json`, import.meta.url), 'utf8');
  return new Set((JSON.parse(text) as { names: string[] }).names);
}

const lanes = Object.values(presets).flatMap((preset) => [...preset.lanes]);

describe('settings carried to another trainer', () => {
  it('every knob has a counterpart, or a reason why not', () => {
    // Knobs of one algorithm alone are named by it, and no other trainer has them.
    const shared = hyperparameterKeys.filter((key) => !key.includes('.'));
    expect(shared.filter((key) => counterparts[key] === undefined)).toEqual([]);
  });

  it.each(['trl', 'verl'] as const)('every option is one that %s has', (trainer) => {
    const known = namesOf(trainer);
    for (const { settings } of lanes) {
      for (const changes of [{}, { lrSchedule: 'cosine' }, { guard: 'rollback' }, { minVoteShare: 0.5 }]) {
        const changed = validateSettings(changes, settings);
        const names = Object.keys(carriedTo(trainer, changed).options);
        expect(names.filter((name) => !known.has(name))).toEqual([]);
      }
    }
    expect(
      [...verlScript(lanes[0] ?? never()).matchAll(/^ {2}([\w.]+)=/gm)].map(([, name]) => name),
    ).toSatisfy((names: string[]) => trainer !== 'verl' || names.every((name) => known.has(name)));
  });

  it('what has no counterpart is named with its value, unless it is off or has no effect', () => {
    const { settings } = presets['m-grpo-iqr'].lanes[0] ?? never();
    const lines = (changes: object) => carriedTo('trl', validateSettings(changes, settings)).missing;
    expect(lines({}).filter((line) => line.startsWith('iqrFactor'))).toEqual([
      'iqrFactor = 0.75: neither trainer leaves rollouts out by their entropy',
    ]);
    expect(lines({}).join()).not.toMatch(/guard|rewardCode|evalEvery|anchor/);
    expect(lines({ guard: 'rollback' }).join()).toMatch(/guardStepsBack = 20/);
    expect(lines({ algorithm: 'srt' }).join()).not.toMatch(/iqrFactor/);
  });

  it('values are those of the lane', () => {
    const { settings } = presets.duel.lanes[1] ?? never();
    expect(carriedTo('trl', settings).options).toMatchObject({
      num_generations: 8,
      per_device_train_batch_size: 64,
      learning_rate: 7e-4,
      max_steps: 400,
      beta: 0.005,
      loss_type: 'dapo',
    });
    expect(carriedTo('verl', settings).options).toMatchObject({
      'actor_rollout_ref.rollout.n': 8,
      'data.train_batch_size': 8,
      'actor_rollout_ref.actor.optim.lr': 7e-4,
    });
  });
});

describe('a script', () => {
  it.each(lanes.map(({ name, settings }) => [name, settings] as const))(
    'of %s is whole',
    (name, settings) => {
      const script = trlScript({ name, settings });
      const { reward_funcs: rewards = '' } =
        /reward_funcs=\[(?<reward_funcs>.*)\]/.exec(script)?.groups ?? {};
      for (const reward of rewards.split(', ')) expect(script).toContain(`\ndef ${reward}(`);
      expect(script.includes('callbacks=[anchor]')).toBe(algorithms[settings.algorithm]?.anchor === 'ema');
      expect(script.split('"""').length % 2).toBe(1);
      expect(script).not.toMatch(/undefined|NaN|\[object/);
      expect(verlScript({ name, settings })).not.toMatch(/undefined|NaN|\[object/);
    },
  );

  it('a name is text in it, never code', () => {
    const { settings } = presets.srt.lanes[0] ?? never();
    const name = '"""\nimport os\n\\" $(touch x) `touch y`';
    const python = trlScript({ name, settings });
    expect(python.split('"""')).toHaveLength(trlScript({ name: 'SRT', settings }).split('"""').length);
    expect(python).not.toMatch(/^import os$/m);
    const shell = verlScript({ name, settings });
    for (const line of shell.split('\n').filter((each) => /touch|import os/.test(each)))
      expect(line).toMatch(/^#/);
  });
});

/** Lanes that take every turn of a script between them: with few prompts, which are drawn elsewhere. */
const written: Readonly<Record<string, readonly [keyof typeof presets, object]>> = {
  'no-anchor': ['srt', { promptPool: 2, rewardCode: 'return completions.map(() => 1); // long enough' }],
  anchored: [
    'm-grpo-iqr',
    { promptPool: 2, minVoteShare: 0.4, lrSchedule: 'cosine', guard: 'rollback', klCoefficient: 0 },
  ],
  truth: ['oracle', { promptPool: 2, scaleRewards: 'none', lossType: 'dr_grpo', maxResamples: 3 }],
  certainty: ['intuitor', { promptPool: 2, lossType: 'grpo', scaleRewards: 'batch' }],
  'own-prompts': [
    'm-grpo',
    {
      promptPool: 4,
      prompts: ['1+1=', '2+2=', '3+3=', '4+4=', '5+5=', '6+6=']
        .map((prompt, i) => JSON.stringify({ prompt, ...(i % 2 === 0 ? {} : { answer: String(2 + 2 * i) }) }))
        .join('\n'),
    },
  ],
  'no-solutions': [
    'srt',
    {
      algorithm: 'reinforce-plus-plus',
      rewardCode: `return 1; // ${'…'.repeat(27)}`,
      prompts: '{"prompt": "1+1="}\n{"prompt": "2+2="}',
      promptPool: 2,
    },
  ],
};

// What is written for some lanes, line by line: a change of a script shows in its file. After one that is meant:
// UPDATE_SCRIPTS=1 npx vitest run --project unit tests/unit/scripts.test.ts
describe.each(Object.entries(written))('the scripts of %s', (name, [preset, changes]) => {
  it.each([
    ['py', trlScript],
    ['sh', verlScript],
  ] as const)('stay as they are written down: %s', (extension, write) => {
    const [lane = never()] = presets[preset].lanes;
    const script = write({ name: lane.name, settings: validateSettings(changes, lane.settings) });
    const path = `tests/fixtures/scripts/${name}.${extension}`;
    if (process.env.UPDATE_SCRIPTS === '1') writeFileSync(path, script);
    expect(script).toBe(readFileSync(path, 'utf8'));
  });
});

it('each trainer has its script, and its ending', () => {
  const [lane = never()] = presets.srt.lanes;
  expect(
    Object.entries(scripts).map(([trainer, { extension, write }]) => [trainer, extension, write(lane)]),
  ).toEqual([
    ['trl', 'py', trlScript(lane)],
    ['verl', 'sh', verlScript(lane)],
  ]);
});

it('a script brings 256 prompts along, and of a pool all', () => {
  const promptsOf = (changes: object): number => {
    const [lane = never()] = presets.srt.lanes;
    return [
      ...trlScript({ name: 'SRT', settings: validateSettings(changes, lane.settings) }).matchAll(
        /^ {4}\{"prompt": /gm,
      ),
    ].length;
  };
  expect([promptsOf({}), promptsOf({ promptPool: 3 })]).toEqual([256, 3]);
});

function never(): never {
  throw new Error('a preset has no such lane');
}

describe('the scripts of all lanes', () => {
  const [first = never(), second = never()] = presets.duel.lanes;

  it('are files with their lanes’ names, safe ones, none twice', () => {
    const names = [
      'M-GRPO + IQR',
      'm-grpo + iqr',
      'M-GRPO   IQR',
      '../../x',
      '…',
      '.hidden',
      'a/b',
      'a'.repeat(200),
    ];
    const files = scriptFiles(
      'trl',
      names.map((name) => ({ ...first, name })),
    );
    expect(Object.keys(files)).toEqual([
      ...['M-GRPO-+-IQR.py', 'm-grpo-+-iqr-2.py', 'M-GRPO-IQR.py', 'x.py', 'lane.py', 'hidden.py', 'a-b.py'],
      `${'a'.repeat(100)}.py`,
    ]);
    expect(Object.values(files)).toEqual(names.map((name) => trlScript({ ...first, name })));
  });

  it('are in the page’s zip, a folder for each trainer', async () => {
    const zip = unzipSync(new Uint8Array(await scriptsZip([first, second]).arrayBuffer()));
    expect(Object.fromEntries(Object.entries(zip).map(([path, bytes]) => [path, strFromU8(bytes)]))).toEqual({
      'trl/SRT.py': trlScript(first),
      'trl/M-GRPO-+-IQR.py': trlScript(second),
      'verl/SRT.sh': verlScript(first),
      'verl/M-GRPO-+-IQR.sh': verlScript(second),
    });
  });

  it('are written into a folder by npm run export -- --lane all', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lab-scripts-'));
    try {
      const [from, out] = [join(folder, 'run.jsonl'), join(folder, 'out')];
      const rest = {
        plan: null,
        adapter: null,
        lab: thisLab,
        origin: null,
        changes: [],
        rows: [{ step: 0 }],
      };
      const runs = [first, second].map((lane) => ({ ...rest, ...lane, summary: null }));
      writeFileSync(from, runs.map((run, at) => recordLines(at + 1, run)).join(''));
      const flags = ['--from', from, '--out', out, '--lane', 'all', '--format'];
      await exported([...flags, 'verl']);
      expect(readdirSync(out).toSorted()).toEqual(['M-GRPO-+-IQR.sh', 'SRT.sh']);
      expect(readFileSync(join(out, 'SRT.sh'), 'utf8')).toBe(verlScript(first));
      await expect(exported([...flags, 'csv'])).rejects.toThrow("--lane can't be all with --format csv");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
