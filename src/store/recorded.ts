import { failureOf } from '../lib/failure.ts';
import type { RunRecord } from '../records/run.ts';
import type { PresetName } from '../settings/presets.ts';
import { metricIds, toRow } from '../spec/metrics.ts';
import { appendRows } from './append.ts';
import { createLab, freshLane, type Lane, settingsAt } from './lanes.ts';
import { loadPart } from './loadPart.ts';
import type { Recorded, RecordedRollouts } from './readRecorded.ts';

/** Presets of which a run comes with the lab, in public/examples; docs/page.md says what made them. */
export const recordedPresets = ['entropy', 'duel'] as const satisfies readonly PresetName[];

/** What is shown where nothing can be trained: runs that were trained elsewhere. */
export const recordedLab = createLab({ recorded: true, state: 'finished' });

/** Rows judged in one task: some 15 ms. */
const batch = 100;

let rollouts: readonly RecordedRollouts[] = [];
let asked = 0;

/**
 * Shows the recorded run of a preset. Resolves when it is drawn: to false where it failed, which `failure` tells, or
 * another was asked for meanwhile.
 * @param base address of the page
 */
export async function openRecorded(preset: PresetName, base: string): Promise<boolean> {
  const mine = ++asked;
  const name = recordedPresets.find((each) => each === preset) ?? recordedPresets[0];
  recordedLab.setState({ preset: name, failure: null });
  try {
    const address = new URL(`examples/${name}.jsonl`, base);
    const [{ readRecorded }, text] = await Promise.all([
      loadPart(() => import('./readRecorded.ts')),
      fetchText(address),
    ]);
    return mine === asked && (await show(readRecorded(text), () => mine === asked));
  } catch (error) {
    if (mine !== asked) return false;
    const sentence = `The recorded run can’t be shown: ${failureOf(error).sentence.replace(/\.$/, '')}.`;
    const remedy = 'Check the connection, and try it once more.';
    recordedLab.setState({ failure: { code: 'bad-file', sentence, remedy } });
    return false;
  }
}

async function fetchText(address: URL): Promise<string> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address.pathname} is not there (${answer.status})`);
  return answer.text();
}

/** @param wanted whether nothing else was asked for meanwhile; returned is whether it was still wanted in the end */
async function show(recorded: Recorded, wanted: () => boolean): Promise<boolean> {
  const lanes: Lane[] = [];
  for (const [slot, run] of recorded.runs.entries()) {
    const lane = await laneOfRun(run, slot, wanted);
    if (lane === null) return false;
    lanes.push(lane);
    recordedLab.setState({ adapter: run.adapter });
  }
  ({ rollouts } = recorded);
  recordedLab.setState(({ version, watched }) => ({
    lanes: lanes.map((lane, index) => ({ ...lane, group: groupOf(index, watched) })),
    selected: 0,
    version: version + 1,
  }));
  return true;
}

/**
 * A recorded run as a lane, judged anew row by row.
 * @param slot whose colour it has
 * @param wanted whether nothing else was asked for meanwhile; null is returned where something was
 */
export async function laneOfRun(
  { name, settings, plan, rows, changes, origin, lora }: RunRecord,
  slot: number,
  wanted: () => boolean,
): Promise<Lane | null> {
  let lane: Lane = { ...freshLane({ name, settings }, slot), standing: 'there', plan, changes, origin };
  lane = { ...lane, settings: settingsAt(lane, Infinity), ...(lora === undefined ? {} : { lora }) };
  for (let at = 0; at < rows.length; at += batch) {
    await new Promise((resolve) => setTimeout(resolve));
    if (!wanted()) return null;
    const some = rows.slice(at, at + batch);
    const packed = new Float64Array(some.length * metricIds.length);
    some.forEach((row, index) => {
      packed.set(toRow(row), index * metricIds.length);
    });
    lane = { ...lane, ...appendRows(lane, packed, some.length) };
  }
  return lane;
}

// The rollouts of another step, or another prompt.
recordedLab.subscribe(({ watched, lanes }, before) => {
  if (watched === before.watched) return;
  recordedLab.setState({
    lanes: lanes.map((lane, index) => ({ ...lane, group: groupOf(index, watched) })),
  });
});

/** A group of the newest recorded step that is not after the one watched; the first there is where all are later. */
function groupOf(lane: number, { step, prompt }: { readonly step: number | null; readonly prompt: number }) {
  const ofLane = rollouts.filter(({ run }) => run === lane + 1);
  const groups = (ofLane.findLast((each) => each.step <= (step ?? Infinity)) ?? ofLane[0])?.groups ?? [];
  return groups[Math.min(prompt, groups.length - 1)] ?? null;
}
