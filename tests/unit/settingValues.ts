import fc from 'fast-check';
import { plainText } from '../../src/lib/plainText.ts';
import {
  hyperparameterKeys,
  hyperparameters,
  type HyperparameterKey,
  type Settings,
} from '../../src/settings/hyperparameters.ts';
import { freeLaneName } from '../../src/settings/laneNames.ts';
import { presets, type LaneSetup } from '../../src/settings/presets.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import type { Hyperparameter, SettingValue } from '../../src/spec/hyperparameter.ts';

/** Any allowed value of a knob. */
export function allowedValue(key: HyperparameterKey): fc.Arbitrary<SettingValue> {
  const knob: Hyperparameter = hyperparameters[key];
  switch (knob.kind) {
    case 'real':
      return fc.double({ min: knob.range[0], max: knob.range[1], noNaN: true }).map((value) => value + 0);
    case 'integer':
      return fc.integer({ min: knob.range[0], max: knob.range[1] });
    case 'choice':
      return fc.constantFrom(...Object.keys(knob.options));
    case 'toggle':
      return fc.boolean();
    case 'text':
      return fc.string({ unit: 'grapheme', maxLength: 200 }).map(plainText);
    default:
      return knob satisfies never;
  }
}

/** A knob and a value that the other knobs of `base` agree with. */
function change(base: Settings): fc.Arbitrary<Partial<Settings>> {
  return fc
    .constantFrom(...hyperparameterKeys)
    .chain((key) => allowedValue(key).map((value): Partial<Settings> => ({ [key]: value })))
    .filter((changes) => accepted(changes, base));
}

function accepted(changes: Partial<Settings>, base: Settings): boolean {
  try {
    validateSettings(changes, base);
    return true;
  } catch {
    return false;
  }
}

/** Lanes as a person leaves them: preset lanes with up to five knobs changed each. */
export const changedLanes: fc.Arbitrary<LaneSetup[]> = fc
  .array(
    fc
      .constantFrom(...Object.values(presets).flatMap(({ lanes }): readonly LaneSetup[] => lanes))
      .chain((lane) =>
        fc
          .array(change(lane.settings), { maxLength: 5 })
          .map((list) => list.reduce((all, one) => ({ ...all, ...one }), {}))
          .filter((changes) => accepted(changes, lane.settings))
          .chain((changes) =>
            fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme-ascii' }).map((name) => ({
              name: freeLaneName(`x${name}`, []),
              settings: validateSettings(changes, lane.settings),
            })),
          ),
      ),
    { minLength: 1, maxLength: 4 },
  )
  .map((lanes) => {
    const taken: string[] = [];
    return lanes.map((lane) => {
      taken.push(freeLaneName(lane.name, taken));
      return { ...lane, name: taken.at(-1) ?? '' };
    });
  });
