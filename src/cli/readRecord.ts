import { readFileSync, statSync } from 'node:fs';
import * as v from 'valibot';
import type { Plan } from '../engine/plan.ts';
import { LabError } from '../lib/labError.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { validateSettings } from '../settings/settings.ts';
import { metricIds, type MetricRow } from '../spec/metrics.ts';
import { parsePlan } from '../engine/parsePlan.ts';
import type { LiveChange } from '../records/run.ts';

/** One lane of a record: what it began with, what was changed on the way, and what was measured. */
export interface RecordedRun {
  readonly name: string;
  readonly settings: Settings;
  /** Null where the record names none that this version has. */
  readonly plan: Plan | null;
  readonly changes: readonly LiveChange[];
  readonly rows: readonly Partial<MetricRow>[];
}

/** A record of four lanes of 10,000 steps has some 60 MB. */
const largestBytes = 256 * 2 ** 20;

const settings = v.record(v.string(), v.unknown());
const step = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Written headless: all lanes in one header, and lanes by name in every line. */
const header = v.looseObject({
  type: v.literal('header'),
  lanes: v.array(v.looseObject({ name: v.string(), settings, plan: v.unknown() })),
});
/** Exported from the page: a header per lane, and lanes by number in every line. */
const pageHeader = v.looseObject({
  type: v.literal('header'),
  lane: v.number(),
  name: v.string(),
  settings,
  plan: v.unknown(),
});
const laneKey = v.union([v.string(), v.number()]);
const change = v.looseObject({
  type: v.literal('change'),
  lane: laneKey,
  step,
  changes: settings,
  by: v.picklist(['reader', 'guard', 'checkpoint']),
});
const row = v.looseObject({ type: v.literal('step'), lane: laneKey, step });
const summary = v.looseObject({ type: v.literal('summary') });
const anyLine = v.union([header, pageHeader, change, row, summary]);

interface Building extends RecordedRun {
  readonly changes: LiveChange[];
  readonly rows: Partial<MetricRow>[];
}

/**
 * Reads JSON lines written by `npm run train -- --out` or exported from the page.
 * @throws LabError `bad-file` naming the line that is none of a record, `bad-setting` for settings this version lacks
 */
export function readRecord(path: string): readonly RecordedRun[] {
  const runs = new Map<string | number, Building>();
  textOf(path)
    .split('\n')
    .forEach((text, index) => {
      if (text.trim() === '') return;
      const refused = (why: string): LabError => refusal(path, `line ${index + 1} ${why}`);
      const line = v.safeParse(anyLine, json(text));
      if (!line.success) throw refused('is none of a record');
      const { output } = line;
      if (output.type === 'summary') return;
      if (output.type === 'header') {
        if (v.is(header, output)) for (const lane of output.lanes) runs.set(lane.name, begun(lane));
        else runs.set(output.lane, begun(output));
        return;
      }
      const run = runs.get(output.lane);
      if (run === undefined) throw refused(`is of lane "${output.lane}", which no header names`);
      if (output.type === 'change') {
        const { step: after, changes, by } = output;
        // Against the settings it began with: knob for knob, which is all that can be said before it is replayed.
        const checked = validateSettings(changes, run.settings);
        const keys = Object.keys(changes) as (keyof Settings)[];
        run.changes.push({
          step: after,
          by,
          changes: Object.fromEntries(keys.map((key) => [key, checked[key]])),
        });
      } else run.rows.push(metricsOf(output));
    });
  if (runs.size === 0) throw refusal(path, 'it holds no run');
  return [...runs.values()];
}

type Lane = Pick<v.InferOutput<typeof pageHeader>, 'name' | 'settings' | 'plan'>;

function begun(lane: Lane): Building {
  return {
    name: lane.name,
    settings: validateSettings(lane.settings),
    plan: parsePlan(lane.plan),
    changes: [],
    rows: [],
  };
}

function metricsOf(line: Readonly<Record<string, unknown>>): Partial<MetricRow> {
  return Object.fromEntries(
    metricIds.flatMap((id) => {
      const value = line[id];
      return typeof value === 'number' ? [[id, value]] : [];
    }),
  );
}

function textOf(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > largestBytes) throw new Error(`it has ${Math.round(size / 2 ** 20)} MB, more than 256`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw refusal(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refusal(path: string, why: string, cause?: unknown): LabError {
  return new LabError(
    'bad-file',
    `"${path}" can't be read as a record: ${why}.`,
    'Name a file written by npm run train -- --out, or exported from the page, by this version.',
    cause,
  );
}
