import type { IntegerHyperparameter, RealHyperparameter } from '../../spec/hyperparameter.ts';

export type NumericHyperparameter = RealHyperparameter | IntegerHyperparameter;

/** Decades between the largest value of a logarithmic slider and its first step above zero. */
const decadesAboveZero = 5;
/** Decades of 1 − value on a 'towardsOne' slider whose range reaches 1: 0.9, 0.99, 0.999 lie a quarter apart. */
const decadesTowardsOne = 4;

/** Where a value lies on its slider, 0..1. */
export function positionOf(knob: NumericHyperparameter, value: number): number {
  const [min, max] = knob.range;
  if (value <= min) return 0;
  if (value >= max) return 1;
  switch (knob.scale ?? 'linear') {
    case 'linear':
      return (value - min) / (max - min);
    case 'log': {
      const floor = logFloor(min, max);
      return Math.max(0, Math.log(value / floor) / Math.log(max / floor));
    }
    case 'towardsOne':
      return Math.log10((1 - min) / (1 - value)) / towardsOneDecades(min, max);
  }
}

/** The value at a slider position, rounded to what the slider can usefully tell apart. */
export function valueAtPosition(knob: NumericHyperparameter, position: number): number {
  const [min, max] = knob.range;
  if (position <= 0) return min;
  if (position >= 1) return max;
  switch (knob.scale ?? 'linear') {
    case 'linear':
      return rounded(knob, min + position * (max - min));
    case 'log': {
      const floor = logFloor(min, max);
      return rounded(knob, floor * Math.pow(max / floor, position));
    }
    case 'towardsOne': {
      const distance = (1 - min) * Math.pow(10, -position * towardsOneDecades(min, max));
      return Number((1 - significant(distance)).toPrecision(8));
    }
  }
}

/** The value one arrow key away; sliders move by it whatever their scale. */
export function neighbour(knob: NumericHyperparameter, value: number, direction: 1 | -1): number {
  const linear = (knob.scale ?? 'linear') === 'linear';
  const [min, max] = knob.range;
  if (knob.kind === 'integer' || (linear && knob.step !== undefined)) {
    const step = knob.step ?? 1;
    return Math.min(max, Math.max(min, Number((value + direction * step).toPrecision(10))));
  }
  return valueAtPosition(knob, positionOf(knob, value) + direction / 50);
}

function logFloor(min: number, max: number): number {
  return min > 0 ? min : max * Math.pow(10, -decadesAboveZero);
}

function towardsOneDecades(min: number, max: number): number {
  return max >= 1 ? decadesTowardsOne : Math.log10((1 - min) / (1 - max));
}

function significant(value: number): number {
  return Number(value.toPrecision(2));
}

function rounded(knob: NumericHyperparameter, value: number): number {
  const [min, max] = knob.range;
  const logarithmic = knob.scale === 'log';
  if (knob.kind === 'integer') return Math.min(max, Math.max(min, Math.round(value)));
  if (logarithmic) return Math.min(max, Math.max(min, significant(value)));
  const step = knob.step ?? (max - min) / 200;
  return Math.min(
    max,
    Math.max(min, Number((min + Math.round((value - min) / step) * step).toPrecision(10))),
  );
}
