import * as v from 'valibot';
import { LabError } from '../lib/labError.ts';
import { quote } from '../lib/quote.ts';
import { hyperparameters, type Settings } from '../settings/hyperparameters.ts';
import { validateSettings } from '../settings/settings.ts';
import { metricIds, type MetricRow } from '../spec/metrics.ts';
import { refused } from './recordLine.ts';
import type { LiveChange, recordVersion, RunHead, RunRecord, RunSummary } from './run.ts';
import { changed } from './settingsAfter.ts';

/** Runs of a file at most. */
export const mostRuns = 10_000;

const [, mostSteps] = hyperparameters.steps.range;

/** A step that a run can have. */
export const stepNumber = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(mostSteps));
export const runName = v.pipe(v.string(), v.maxLength(200));
/** JSON has no NaN. */
export const figure = v.pipe(
  v.nullable(v.number()),
  v.transform((value) => value ?? NaN),
);
const word = v.pipe(v.string(), v.maxLength(1000));
export const runAdapter = v.strictObject({
  vendor: word,
  architecture: word,
  description: word,
  software: v.boolean(),
  features: v.pipe(v.array(word), v.maxLength(1000)),
});
/** Of a summary: every reader's. */
export const summaryEntries = {
  steps: stepNumber,
  base: figure,
  peak: figure,
  peakStep: stepNumber,
  final: figure,
  finalStep: stepNumber,
  retention: figure,
  collapseStep: v.nullable(stepNumber),
  seconds: figure,
  interventions: v.exactOptional(stepNumber),
  stopped: v.exactOptional(v.pipe(v.string(), v.maxLength(100_000))),
};
export const changedBy = v.picklist(['reader', 'guard', 'checkpoint']);
/** Knobs of any name; which there are and what they may be is for `validateSettings` to say. */
export const settingValues = v.record(
  v.pipe(v.string(), v.maxLength(100)),
  v.union([v.number(), v.string(), v.boolean()]),
);

const isMetric: ReadonlySet<string> = new Set(metricIds);

/** A run as a record holds it. */
export interface RecordedRun extends RunRecord {
  /** Of the format; 1 for all before 2. */
  readonly version: 1 | typeof recordVersion;
  /** The metrics that its writer knew: where one of these is absent, it was not measured. */
  readonly known: ReadonlySet<string>;
}

/** A header whose settings are still unchecked. */
export type UncheckedHead = Omit<RunHead, 'settings'> & { readonly settings: object };

/** A run of a record while its lines are read, each checked against those before it. */
export class Building {
  readonly #head: RunHead;
  readonly #version: RecordedRun['version'];
  readonly #known: ReadonlySet<string>;
  readonly #changes: LiveChange[] = [];
  readonly #rows: Partial<MetricRow>[] = [];
  #settings: Settings;
  #summary: RunSummary | null = null;

  /**
   * @param line of the header
   * @param known metrics of which the header says that its writer knew them
   * @throws LabError for settings that this version lacks, or that can't be
   */
  constructor(
    line: number,
    head: UncheckedHead,
    version: RecordedRun['version'],
    known: ReadonlySet<string>,
  ) {
    this.#version = version;
    this.#settings = ofLine(line, () => validateSettings(head.settings));
    this.#head = { ...head, settings: this.#settings };
    this.#known = known;
  }

  /** The step of the newest row, 0 before there is one. */
  get lastStep(): number {
    return this.#rows.at(-1)?.step ?? 0;
  }

  /** After the changes so far. */
  get settings(): Settings {
    return this.#settings;
  }

  /** The step of the newest row with `eval/sampled`, 0 before there is one. */
  get lastEvaluation(): number {
    return this.#rows.findLast((row) => row['eval/sampled'] !== undefined)?.step ?? 0;
  }

  /** @param row still unchecked. @throws LabError for a step that can't come here, or a value that is no metric's */
  addRow(line: number, row: Readonly<Record<string, unknown>>): void {
    this.#refuseAfterSummary(line);
    const { step } = row;
    if (!v.is(stepNumber, step)) {
      throw refused(line, `has step ${quote(step)}; a step is a whole number from 0 to ${mostSteps}`);
    }
    if (this.#rows.length > 0 && step <= this.lastStep) {
      throw refused(line, `is of step ${step}, after a row of step ${this.lastStep}: steps ascend`);
    }
    const metrics: Record<string, number> = {};
    for (const [id, value] of Object.entries(row)) {
      if (!this.#known.has(id) || !isMetric.has(id)) {
        throw refused(line, `has ${quote(id)}, which is no metric that this record and this lab know`);
      }
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        throw refused(line, `has ${quote(value)} as ${quote(id)}; a metric is a finite number`);
      }
      metrics[id] = value;
    }
    this.#rows.push(metrics);
  }

  /** @param change its values still unchecked. @throws LabError where it is out of order, or can't be made */
  addChange(
    line: number,
    { step, by, changes }: Omit<LiveChange, 'changes'> & { readonly changes: object },
  ): void {
    this.#refuseAfterSummary(line);
    const before = this.#changes.at(-1)?.step ?? 0;
    if (step < before) {
      throw refused(line, `is a change after step ${step}, and comes below one after step ${before}`);
    }
    const settings = ofLine(line, () => changed(this.#settings, { by, changes }));
    const keys = Object.keys(changes) as (keyof Settings)[];
    this.#changes.push({ step, by, changes: Object.fromEntries(keys.map((key) => [key, settings[key]])) });
    this.#settings = settings;
  }

  addSummary(line: number, summary: RunSummary): void {
    this.#refuseAfterSummary(line);
    this.#summary = summary;
  }

  /** The run once all lines are read: with the changes up to its last row. */
  run(): { readonly run: RecordedRun; readonly dropped: number } {
    const changes = this.#changes.filter(({ step }) => step <= this.lastStep);
    return {
      run: {
        ...this.#head,
        changes,
        rows: this.#rows,
        summary: this.#summary,
        version: this.#version,
        known: this.#known,
      },
      dropped: this.#changes.length - changes.length,
    };
  }

  #refuseAfterSummary(line: number): void {
    if (this.#summary !== null) throw refused(line, `is of ${quote(this.#head.name)}, below its summary`);
  }
}

/** What is said of settings, with the line they stand in. */
function ofLine(line: number, check: () => Settings): Settings {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new LabError(error.code, `Line ${line} of the record: ${error.message}`, error.remedy, error);
  }
}
