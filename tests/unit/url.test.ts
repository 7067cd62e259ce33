import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import { hyperparameterKeys, hyperparameters, type Settings } from '../../src/settings/hyperparameters.ts';
import { defaultPreset, presetNames, presets, type Preset } from '../../src/settings/presets.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import { decodeUrl, encodeUrl } from '../../src/settings/url.ts';
import type { Hyperparameter } from '../../src/spec/hyperparameter.ts';
import { changedLanes } from './settingValues.ts';

it('is empty for the page as it opens', () => {
  expect(encodeUrl({ preset: defaultPreset, lanes: presets[defaultPreset].lanes })).toBe('');
  expect(decodeUrl('')).toEqual({ preset: defaultPreset, lanes: presets[defaultPreset].lanes });
});

it.each(presetNames)('preset %s is its name', (preset) => {
  const { lanes }: Preset = presets[preset];
  const url = encodeUrl({ preset, lanes });
  expect(url).toBe(preset === defaultPreset ? '' : `preset=${preset}`);
  expect(decodeUrl(`?${url}`)).toEqual({ preset, lanes });
});

it('says shared differences once, others with the lane', () => {
  const lanes = presets.duel.lanes.map((lane, i) => ({
    ...lane,
    settings: validateSettings({ steps: 50, temperature: i === 0 ? 1.1 : 0.8 }, lane.settings),
  }));
  expect(encodeUrl({ preset: 'duel', lanes })).toBe('preset=duel&steps=50&2.temperature=0.8');
});

it('round trip: any lanes, any preset, bit for bit', () => {
  fc.assert(
    fc.property(fc.constantFrom(...presetNames), changedLanes, (preset, lanes) => {
      expect(decodeUrl(encodeUrl({ preset, lanes }))).toEqual({ preset, lanes });
    }),
    { numRuns: 300 },
  );
});

it('keeps what does not follow from a changed model', () => {
  const settings = validateSettings({ model: 'add-48', maxCompletionLength: 10 });
  const lanes = [{ name: 'SRT', settings }];
  expect(decodeUrl(encodeUrl({ preset: 'entropy', lanes }))).toEqual({ preset: 'entropy', lanes });
});

it.each(hyperparameterKeys)('%s travels in the URL', (key) => {
  const [lane] = presets.srt.lanes;
  if (lane === undefined) throw new Error('no lane');
  const changed = { ...lane, settings: { ...lane.settings, ...other(key) } };
  expect(encodeUrl({ preset: 'srt', lanes: [changed] })).toContain(`${key}=`);
});

/** Another allowed value for a knob. */
function other(key: (typeof hyperparameterKeys)[number]): Partial<Settings> {
  const knob: Hyperparameter = hyperparameters[key];
  const current = presets.srt.lanes[0]?.settings[key];
  const values: readonly unknown[] =
    knob.kind === 'choice'
      ? Object.keys(knob.options)
      : knob.kind === 'toggle'
        ? [true, false]
        : knob.kind === 'text'
          ? ['words']
          : knob.range;
  return { [key]: values.find((value) => value !== current) };
}

it.each([
  ['preset=nonsense', 'no preset "nonsense"'],
  ['preset=constructor', 'no preset "constructor"'],
  ['learningRate=abc', '`learningRate` can\'t be "abc": it must be a number from 1e-7 to 0.1'],
  ['learningRate=', 'a number from 1e-7 to 0.1'],
  ['learningRate=NaN', 'a number from 1e-7 to 0.1'],
  ['1.groupSize=1e9', "`groupSize` can't be 1000000000: it must be a whole number from 2 to 256"],
  ['groupSize=3.5', 'a whole number from 2 to 256'],
  ['monitorAnchor=yes', 'true or false'],
  ['lossType=ppo', 'one of dapo, grpo, dr_grpo'],
  ['lanes=5', 'from 1 to 4'],
  ['lanes=-1', 'from 1 to 4'],
  ['3.steps=5', 'there are 2 lanes'],
  ['0.steps=5', 'there are 2 lanes'],
  ['1.foo=5', 'no setting "1.foo"'],
  ['__proto__=5', 'no setting "__proto__"'],
  ['1.name=', '0 characters'],
  ['taskLevel=12', 'task sort has levels 2 to 8'],
])('?%s is refused in words', (url, sentence) => {
  expect(() => decodeUrl(url)).toThrow(sentence);
  try {
    decodeUrl(url);
  } catch (error) {
    expect(error).toBeInstanceOf(LabError);
    expect((error as LabError).code).toBe('bad-url');
    expect((error as LabError).remedy).not.toBe('');
  }
});
