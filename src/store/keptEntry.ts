import type { KeptEntry, KeptLab } from '../storage/kept.ts';
import { type Lane, stepOf } from './lanes.ts';
import { stateInWords } from './status.ts';

/** What the list says of a lane. @param run what it is kept under */
export function entryOf(lane: Lane, run: string, { id, preset, updated }: KeptLab): KeptEntry {
  const { name, status, history } = lane;
  const verdict = stateInWords(status);
  const spark = sparkOf(history.column('eval/sampled'));
  return { id: run, lab: id, name, preset, updated, step: stepOf(lane), verdict, spark };
}

/** Values of a small picture of a run. */
const sparkPoints = 40;

function sparkOf(column: Float64Array): readonly number[] {
  const measured = column.filter((value) => !Number.isNaN(value));
  const every = Math.max(1, measured.length / sparkPoints);
  const count = Math.min(measured.length, sparkPoints);
  return Array.from({ length: count }, (_, at) => measured[Math.floor(at * every)] ?? NaN);
}
