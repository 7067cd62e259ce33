import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { algorithms } from '../../src/algorithms/index.ts';
import { LabError } from '../../src/lib/labError.ts';
import { models } from '../../src/model/models.ts';
import { quote } from '../../src/lib/quote.ts';
import { constraints } from '../../src/settings/constraints.ts';
import { hyperparameterKeys, hyperparameters, type Settings } from '../../src/settings/hyperparameters.ts';
import { defaultPreset, presetNames, presets, type Preset } from '../../src/settings/presets.ts';
import {
  allowedValues,
  applyLive,
  checkValue,
  defaultSettings,
  diffSettings,
  parseValue,
  validateSettings,
} from '../../src/settings/settings.ts';
import { hyperparameterGroups, irrelevance, type Hyperparameter } from '../../src/spec/hyperparameter.ts';
import { ownTasks, tasks } from '../../src/tasks/index.ts';
import { allowedValue } from './settingValues.ts';
import { rolloutCounts } from '../../src/trainer/rollouts.ts';

describe.each(hyperparameterKeys)('%s', (key) => {
  const knob: Hyperparameter = hyperparameters[key];

  it('is described whole, and its default and paper value are allowed', () => {
    expect(hyperparameterGroups).toContain(knob.group);
    expect(knob.label).not.toBe('');
    expect(knob.help).toMatch(/\.$/);
    expect(checkValue(key, knob.default)).toBe(knob.default);
    if (knob.paper !== undefined) expect(checkValue(key, knob.paper)).toBe(knob.paper);
    if (knob.kind === 'real' || knob.kind === 'integer') {
      expect(knob.range[0]).toBeLessThan(knob.range[1]);
      if (knob.scale === 'towardsOne') expect(knob.range[1]).toBeLessThanOrEqual(1);
    }
  });

  it('refuses nonsense with key, value and allowed values', () => {
    const words =
      knob.kind === 'text' ? ['half a 😀'.slice(0, -1)] : ['nonsense', 'constructor', '__proto__'];
    for (const nonsense of [NaN, Infinity, -1e300, null, undefined, ...words]) {
      expect(() => checkValue(key, nonsense)).toThrow(LabError);
      try {
        checkValue(key, nonsense);
      } catch (error) {
        const { message } = error as LabError;
        expect(message).toContain(`\`${key}\``);
        expect(message).toContain(quote(nonsense));
        expect(message).toContain(allowedValues(key));
      }
    }
    if (knob.kind === 'text') {
      const long = 'x'.repeat(knob.maxLength);
      expect(checkValue(key, long)).toBe(long);
      expect(() => parseValue(key, `${long}x`)).toThrow(`a text of ${String(knob.maxLength + 1)} characters`);
      return;
    }
    for (const text of ['', ' ', '0x10', '1,5', 'NaN', '--5']) {
      expect(() => parseValue(key, text)).toThrow(allowedValues(key));
    }
  });

  it('is read back from its text', () => {
    fc.assert(
      fc.property(allowedValue(key), (value) => {
        expect(parseValue(key, String(value))).toBe(value);
      }),
    );
  });
});

describe('validateSettings', () => {
  it('gives the defaults for no changes', () => {
    expect(validateSettings({})).toEqual(defaultSettings);
    expect(validateSettings({ steps: undefined })).toEqual(defaultSettings);
  });

  it.each([[null], [3], [[]], ['steps']])('refuses %j', (changes) => {
    expect(() => validateSettings(changes)).toThrow('must be an object');
  });

  it('names unknown settings', () => {
    expect(() => validateSettings({ stepps: 1 })).toThrow('no setting "stepps"');
    expect(() => validateSettings(JSON.parse('{"__proto__": 1}'))).toThrow('no setting "__proto__"');
  });

  it('a text is the same, whatever editor it was written in', () => {
    const lines = ['{"prompt": "1="}', '{"prompt": "2="}'];
    expect(validateSettings({ prompts: `\uFEFF${lines.join('\r\n')}` }).prompts).toBe(lines.join('\n'));
  });

  it('takes task, levels and completion length along with the model', () => {
    const followed = { task: 'add', taskLevel: 2, oodLevel: 3, maxCompletionLength: 8 };
    expect(validateSettings({ model: 'add-48' })).toMatchObject(followed);
    expect(validateSettings({ model: 'add-48', taskLevel: 1 })).toMatchObject({ ...followed, taskLevel: 1 });
    expect(validateSettings({ taskLevel: 4, model: 'sort-32' }).taskLevel).toBe(4);
  });

  it.each<[Partial<Settings>, string]>([
    [{ task: 'add' }, 'base model sort-32 knows sort'],
    [{ taskLevel: 9 }, 'task sort has levels 2 to 8'],
    [{ oodLevel: 1 }, 'task sort has levels 2 to 8'],
    [{ maxCompletionLength: 6 }, 'a right completion of sort at `taskLevel` 5 has 7 tokens'],
    [{ maxCompletionLength: 7 }, 'at `oodLevel` 6 has 8 tokens'],
    [{ anchorShare: 0.95 }, 'gives 15 of 16 rollouts to the anchor'],
    [{ lrSchedule: 'cosine', warmupSteps: 600 }, 'has 600 steps in all'],
    [{ evalPrompts: 16 }, 'there are 16 held-out prompts'],
  ])('rule between knobs: %j', (changes, sentence) => {
    expect(() => validateSettings(changes)).toThrow(sentence);
  });

  it('every rule names its knobs in its sentence or remedy', () => {
    for (const { keys, remedy } of constraints) {
      expect(keys.some((key) => remedy.includes(`\`${key}\``)) || remedy.includes('base model')).toBe(true);
    }
  });
});

it('differences applied give the same settings again', () => {
  const to = validateSettings({
    model: 'add-48',
    maxCompletionLength: 10,
    temperature: 0.8,
    algorithm: 'srt',
  });
  const difference = diffSettings(defaultSettings, to);
  expect(Object.keys(difference)).toHaveLength(6);
  expect(diffSettings(to, to)).toEqual({});
  expect({ ...defaultSettings, ...difference }).toEqual(to);
});

describe('applyLive', () => {
  it('changes live knobs and refuses those that need a restart', () => {
    expect(applyLive(defaultSettings, { learningRate: 1e-4 }).learningRate).toBe(1e-4);
    expect(() => applyLive(defaultSettings, { seed: 3 })).toThrow("`seed` can't be changed from 1 to 3");
    expect(applyLive(defaultSettings, { seed: 1 })).toEqual(defaultSettings);
    expect(() => applyLive(defaultSettings, { learningRate: NaN })).toThrow('`learningRate`');
    expect(() => applyLive(defaultSettings, { anchorShare: 1 })).toThrow('at least 2');
  });
});

it('shares a group out between policy, anchor and shadow', () => {
  expect(rolloutCounts(defaultSettings)).toEqual({ M: 8, V: 0, N: 8, shadow: 0 });
  expect(rolloutCounts(validateSettings({ anchorShare: 0.25, groupSize: 32 }))).toEqual({
    M: 24,
    V: 0,
    N: 8,
    shadow: 0,
  });
  expect(rolloutCounts(validateSettings({ algorithm: 'srt' }))).toEqual({ M: 16, V: 0, N: 0, shadow: 4 });
  expect(rolloutCounts(validateSettings({ algorithm: 'srt', monitorAnchor: false }))).toEqual({
    M: 16,
    V: 0,
    N: 0,
    shadow: 0,
  });
});

it('says which knobs have no effect, and why', () => {
  const reason = (key: keyof Settings, changes: Partial<Settings> = {}): string | null =>
    irrelevance(hyperparameters[key], validateSettings(changes));
  expect(reason('clipLow')).toContain('exactly 1');
  expect(reason('clipLow', { updatesPerBatch: 2 })).toBeNull();
  expect(reason('anchorShare')).toBeNull();
  expect(reason('anchorShare', { algorithm: 'srt' })).toContain('no anchor');
  expect(reason('iqrFactor', { algorithm: 'm-grpo' })).toContain('no entropy filter');
  expect(reason('monitorAnchor')).toContain('anchor of its own');
  expect(reason('monitorRollouts', { algorithm: 'srt' })).toBeNull();
  expect(reason('anchorMomentum', { algorithm: 'srt', monitorAnchor: false })).not.toBeNull();
  expect(reason('minVoteShare', { algorithm: 'intuitor' })).toContain('no vote');
  expect(reason('minLearningRateShare')).toContain('cosine');
  expect(reason('filterScope', { algorithm: 'srt-iqr' })).not.toBeNull();
  expect(reason('learningRate')).toBeNull();
});

it('offers the tasks, algorithms and models that exist', () => {
  expect(Object.keys(hyperparameters.task.options)).toEqual([
    ...Object.keys(tasks),
    ...Object.keys(ownTasks),
  ]);
  expect(Object.keys(hyperparameters.algorithm.options)).toEqual(Object.keys(algorithms));
  expect(Object.keys(hyperparameters.model.options)).toEqual(Object.keys(models));
});

it.each(Object.entries(models))(
  'base model %s fits the rules by itself',
  (model, { task, taskLevel, levels }) => {
    expect(validateSettings({ model })).toMatchObject({ model, task, taskLevel });
    expect(levels).toContain(taskLevel);
  },
);

describe.each(presetNames)('preset %s', (name) => {
  const preset: Preset = presets[name];
  it('has lanes of valid settings on shared prompts', () => {
    expect(preset.title).not.toBe('');
    expect(preset.summary).toMatch(/\.$/);
    expect(preset.lanes.length).toBeGreaterThan(0);
    for (const { settings } of preset.lanes) {
      expect(validateSettings(settings)).toEqual(settings);
      expect(settings.seed).toBe(preset.lanes[0]?.settings.seed);
      expect(settings.model).toBe(preset.lanes[0]?.settings.model);
    }
  });
});

it('opens with entropy: SRT beside M-GRPO + IQR with half the group from the anchor', () => {
  const [srt, method] = presets[defaultPreset].lanes;
  expect(srt?.settings).toMatchObject({ algorithm: 'srt', model: 'sort-32', learningRate: 1e-3, steps: 600 });
  expect(method?.settings).toEqual({ ...srt?.settings, algorithm: 'm-grpo-iqr' });
  expect(method?.settings.anchorShare).toBe(0.5);
});
