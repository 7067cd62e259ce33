import * as v from 'valibot';
import { judgedPlan, type NextLane, type PilotCell } from './openCells.ts';

/** A declaration as it stands in its file; that it can be made `parseExperiment` has said. */
const declaredSchema = v.object({
  lanes: v.array(
    v.looseObject({ name: v.string(), settings: v.optional(v.record(v.string(), v.unknown()), {}) }),
  ),
  settings: v.record(v.string(), v.unknown()),
  untilCollapse: v.optional(v.boolean(), false),
  keep: v.unknown(),
});
type Declared = v.InferOutput<typeof declaredSchema>;

/** What the file of a pilot holds, by its name. */
export type Raw = (pilot: string) => unknown;

/**
 * Declares the runs that alarms are judged on: a row a step, on seeds that nothing else has.
 * @param cells some, as `judgedCells` chose them
 */
export function judgedDeclaration(cells: readonly PilotCell[], raw: Raw): string {
  const { settings, untilCollapse } = first(cells, raw);
  return declarationText({
    title: 'Runs of open outcome, which alarms are judged on',
    lanes: cells.map((cell) => laneOf(cell, raw)),
    settings,
    split: { judge: judgedPlan.seeds },
    untilCollapse,
    keep: { rows: ['eval/sampled', ...judgedPlan.columns], digits: 3 },
  });
}

/** Declares a pilot at other learning rates. @param lanes some, as `nextLanes` chose them */
export function nextDeclaration(lanes: readonly NextLane[], seeds: readonly number[], raw: Raw): string {
  const { settings, untilCollapse, keep } = first(
    lanes.map(({ like }) => like),
    raw,
  );
  return declarationText({
    title: 'Where is the outcome open? The next pilot',
    lanes: lanes.map(({ like, learningRate }) => {
      const lane = laneOf(like, raw);
      const name = `${lane.name.replace(/, learning rate .*$/, '')}, learning rate ${learningRate}`;
      return { ...lane, name, settings: { ...lane.settings, learningRate } };
    }),
    settings,
    split: { pilot: seeds },
    untilCollapse,
    keep,
  });
}

/** What is said of all lanes of the pilot that the first of them is from. */
function first(cells: readonly PilotCell[], raw: Raw): Declared {
  return v.parse(declaredSchema, raw(cells[0]?.pilot.name ?? ''));
}

function laneOf({ pilot, lane }: PilotCell, raw: Raw): Declared['lanes'][number] {
  const declared = v.parse(declaredSchema, raw(pilot.name)).lanes.find(({ name }) => name === lane.name);
  if (declared === undefined) throw new RangeError(`${pilot.name} declares ${lane.name}`);
  return declared;
}

/** As declarations of experiments/ are written: a lane a line. */
function declarationText({
  title,
  lanes,
  ...others
}: Readonly<Record<'settings' | 'split' | 'untilCollapse' | 'keep', unknown>> & {
  readonly title: string;
  readonly lanes: readonly object[];
}): string {
  const parts = [
    `  "title": ${JSON.stringify(title)}`,
    `  "lanes": [\n${lanes.map((lane) => `    ${JSON.stringify(lane)}`).join(',\n')}\n  ]`,
    ...Object.entries(others).map(([key, value]) => `  "${key}": ${JSON.stringify(value)}`),
  ];
  return `{\n${parts.join(',\n')}\n}\n`;
}
