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
  ['1.groupSize=1e9', "`1.groupSize` can't be 1000000000: it must be a whole number from 2 to 256"],
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
  ['1.name=+++', '0 characters'],
  [`1.name=${'x'.repeat(61)}`, '61 characters'],
  ['1.name=a%00b', String.raw`called "a\u{0}b"`],
  ['1.name=%E2%80%AEx', String.raw`called "\u{202e}x"`],
  ['1.name=a%0Ab', String.raw`called "a\u{a}b"`],
  ['lanes=0x2', '`lanes` can\'t be "0x2"'],
  ['lanes=2e0', '`lanes` can\'t be "2e0"'],
  ['lanes=02', '`lanes` can\'t be "02"'],
  ['lanes=+2', '`lanes` can\'t be " 2"'],
  ['lanes=', '`lanes` can\'t be ""'],
  ['lanes=2&lanes=2', '"lanes" more than once'],
  ['preset=duel&preset=srt', '"preset" more than once'],
  ['steps=5&steps=6', '"steps" more than once'],
  ['2.steps=5&2.steps=5', '"2.steps" more than once'],
  ['1.name=a&1.name=b', '"1.name" more than once'],
  ['01.steps=5', 'no setting "01.steps"'],
  ['1.1.steps=5', 'no setting "1.1.steps"'],
  ['99999999999999999999.steps=5', 'there are 2 lanes'],
  ['2.evalPrompts=16', '`evalMajorityPrompts` is'],
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

it('hints at a decimal comma, and at what may have been meant', () => {
  const remedy = (url: string): string => {
    try {
      decodeUrl(url);
    } catch (error) {
      return (error as LabError).remedy;
    }
    return 'opened';
  };
  expect(remedy('1.temperature=0,5')).toBe('Numbers are written with a point: 0.5.');
  expect(remedy('learnRate=1')).toContain('learningRate');
});

it('echoes no more than a line of a link', () => {
  const long = encodeURIComponent(`\u001b${'x'.repeat(1e6)}`);
  for (const url of [
    `${long}=1`,
    `lanes=${long}`,
    `preset=${long}`,
    `steps=${long}`,
    `1.name=${long}`,
    `9${'9'.repeat(1e6)}.steps=1`,
  ]) {
    try {
      decodeUrl(url);
      expect.unreachable();
    } catch (error) {
      const { message, remedy } = error as LabError;
      expect(message.length + remedy.length).toBeLessThan(700);
      expect(message + remedy).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  }
});

it('no two lanes of a link have the same name', () => {
  const names = (url: string): string[] => decodeUrl(url).lanes.map(({ name }) => name);
  expect(names('preset=srt&lanes=3')).toEqual(['SRT', 'SRT (2)', 'SRT (3)']);
  expect(names('preset=srt&lanes=3&1.name=SRT+2')).toEqual(['SRT 2', 'SRT', 'SRT (2)']);
  expect(names('preset=srt&lanes=2&2.name=SRT')).toEqual(['SRT', 'SRT (2)']);
  // Twins to the eye: composed and combining letters, spaces around and within.
  expect(names('preset=srt&lanes=2&1.name=%C3%BC&2.name=u%CC%88')).toEqual(['\u00fc', '\u00fc (2)']);
  expect(names('preset=srt&lanes=2&1.name=a+b&2.name=+a++b+')).toEqual(['a b', 'a b (2)']);
  const long = 'x'.repeat(60);
  expect(names(`preset=srt&lanes=2&1.name=${long}&2.name=${long}`)).toEqual([
    long,
    `${long.slice(0, 54)} (2)`,
  ]);
});
