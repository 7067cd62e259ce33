import * as v from 'valibot';
import { quote } from '../lib/quote.ts';
import { parsePlan } from '../engine/parsePlan.ts';
import {
  Building,
  changedBy,
  mostRuns,
  type RecordedRun,
  runAdapter,
  runName,
  settingValues,
  stepNumber,
  summaryEntries,
} from './building.ts';
import { loraHead } from './lora.ts';
import { readOldLine } from './readOld.ts';
import { checked, linesOf, type RecordLine, refused } from './recordLine.ts';
import { recordVersion } from './run.ts';

/** What a file holds. */
export interface RecordFile {
  /** In the order of their headers, one at least. */
  readonly runs: readonly RecordedRun[];
  /** A sentence where the file ends early: what is read ends before that. */
  readonly truncated: string | null;
}

const runId = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const header = v.strictObject({
  type: v.literal('header'),
  version: v.literal(recordVersion),
  run: runId,
  name: runName,
  lab: v.strictObject({ version: runName, commit: v.nullable(runName) }),
  adapter: v.nullable(runAdapter),
  plan: v.unknown(),
  settings: settingValues,
  origin: v.nullable(v.strictObject({ name: runName, step: stepNumber })),
  lora: v.exactOptional(loraHead),
  metrics: v.pipe(v.array(runName), v.maxLength(1000)),
});
const change = v.strictObject({
  type: v.literal('change'),
  run: runId,
  step: stepNumber,
  by: changedBy,
  changes: settingValues,
});
const summary = v.strictObject({
  type: v.literal('summary'),
  run: runId,
  ...summaryEntries,
});

/**
 * Reads the records of one file, of this version or one before it, in time linear in the text.
 * @throws LabError `bad-file` naming the line and what is wrong with it, `bad-setting` for settings this version lacks
 */
export function readRecord(text: string): RecordFile {
  const runs = new Map<string, Building>();
  const cutLines: number[] = [];
  const cut = (line: number) => cutLines.push(line);
  for (const line of linesOf(text, cut)) {
    const { type, version, run } = line.json;
    if (type === 'header' && version !== undefined && version !== 1 && version !== recordVersion) {
      throw refused(
        line.number,
        `begins a record of version ${quote(version)}; this lab reads up to ${recordVersion}`,
      );
    }
    // Lines before version 2 name a lane.
    if (version !== recordVersion && run === undefined) readOldLine(line, runs);
    else readLine(line, runs);
    if (runs.size > mostRuns)
      throw refused(line.number, `begins run ${runs.size}; a file has at most ${mostRuns}`);
  }
  const [cutLine] = cutLines;
  if (runs.size === 0)
    throw refused(null, `holds no run${cutLine === undefined ? '' : ': its first line is cut off'}`);
  const built = [...runs.values()].map((building) => building.run());
  const short = built.find(({ dropped }) => dropped > 0)?.run;
  const truncated =
    cutLine !== undefined
      ? `Line ${cutLine} is cut off: what is read ends before it.`
      : short !== undefined
        ? `The rows of ${quote(short.name)} end at step ${short.rows.at(-1)?.step ?? 0}, before its last change: the rest is cut off.`
        : null;
  return { runs: built.map(({ run }) => run), truncated };
}

function readLine(line: RecordLine, runs: Map<string, Building>): void {
  const { type, run } = line.json;
  const key = `run ${JSON.stringify(run)}`;
  const building = runs.get(key);
  if (type === 'header') {
    const { name, lab, adapter, plan, settings, origin, lora, metrics } = checked(header, line);
    if (building !== undefined) throw refused(line.number, `is a second header of run ${quote(run)}`);
    const made = lora === undefined ? {} : { lora };
    const head = { name, lab, adapter, plan: parsePlan(plan), settings, origin, ...made };
    runs.set(key, new Building(line.number, head, recordVersion, new Set(metrics)));
    return;
  }
  if (building === undefined)
    throw refused(line.number, `is of run ${quote(run)}, which no header before it begins`);
  if (type === 'step') {
    const { type: _, run: _run, ...metrics } = line.json;
    building.addRow(line.number, metrics);
  } else if (type === 'change') {
    const { step, by, changes } = checked(change, line);
    if (step > building.lastStep) {
      throw refused(line.number, `is a change after step ${step}, above the row of that step`);
    }
    building.addChange(line.number, { step, by, changes });
  } else if (type === 'summary') {
    const { type: _, run: _run, ...figures } = checked(summary, line);
    building.addSummary(line.number, figures);
  } else
    throw refused(line.number, `is of type ${quote(type)}; a record has header, step, change and summary`);
}
