import * as v from 'valibot';
import { quote } from '../lib/quote.ts';
import { parsePlan } from '../engine/parsePlan.ts';
import { Building, changedBy, figure, runAdapter, runName, settingValues, stepNumber } from './building.ts';
import { checked, type RecordLine, refused } from './recordLine.ts';
import { interruption } from './run.ts';

/*
 * The formats before version 2. Written headless: one header that names all lanes, and lanes by name in every line.
 * Exported from the page: a header per lane, lanes by number, changes above rows, no summary.
 */

/** The metrics of that time: a header did not say. */
const known: ReadonlySet<string> = new Set(
  `step policy/entropy policy/entropy_p10 policy/entropy_p50 policy/entropy_p90 anchor/entropy reward/mean reward/std
  reward/zero_std_groups vote/agreement vote/unanimous vote/distinct_answers vote/label_diversity vote/top_label_share
  vote/anchor_disagreement vote/answer_overlap vote/anchor_changed_label vote/no_answer vote/no_label vote/tied
  filter/dropped filter/dropped_policy filter/dropped_anchor filter/threshold filter/iqr policy/kl_ref policy/kl_anchor
  anchor/distance optim/grad_norm optim/lr optim/loss optim/clipped completion/length completion/truncated warning/score
  guard/rolled_back_to truth/accuracy truth/label_accuracy truth/reward_gap eval/greedy eval/sampled eval/ood
  eval/majority eval/anchor_greedy perf/step_ms perf/rollout_ms perf/vote_ms perf/train_ms perf/readback_ms
  perf/tokens_per_s`.split(/\s+/),
);

const lane = v.union([runName, v.number()]);
const adapter = v.fallback(v.nullable(runAdapter), null);
const headless = v.looseObject({
  version: v.optional(v.literal(1), 1),
  lanes: v.pipe(
    v.array(v.looseObject({ name: runName, settings: settingValues, plan: v.optional(v.unknown()) })),
    v.maxLength(100),
  ),
  adapter,
  versions: v.fallback(v.looseObject({ lab: runName }), { lab: 'unknown' }),
});
const ofPage = v.looseObject({
  lane: v.number(),
  name: runName,
  settings: settingValues,
  origin: v.optional(v.nullable(v.looseObject({ name: runName, step: stepNumber })), null),
  plan: v.optional(v.unknown()),
  adapter,
});
const change = v.looseObject({ lane, step: stepNumber, by: changedBy, changes: settingValues });
const summary = v.looseObject({
  steps: stepNumber,
  base: figure,
  peak: figure,
  peakStep: stepNumber,
  final: figure,
  retention: figure,
  collapseStep: v.nullable(stepNumber),
  seconds: v.number(),
  interventions: v.exactOptional(stepNumber),
  stopped: v.exactOptional(v.string()),
});

/** Reads a line of the formats before version 2 into the run of its lane. @throws LabError naming the line */
export function readOldLine(line: RecordLine, runs: Map<string, Building>): void {
  const { type } = line.json;
  if (type === 'header') {
    readHeader(line, runs);
    return;
  }
  const lane = line.json['lane'];
  const building = runs.get(keyOf(lane));
  if (building === undefined) {
    throw refused(line.number, `is of lane ${quote(lane)}, which no header before it names`);
  }
  if (type === 'step') {
    const { type: _, lane: _lane, ...metrics } = line.json;
    // The page wrote null for what is not finite.
    const measured = Object.entries(metrics).filter(([, value]) => value !== null);
    building.addRow(line.number, Object.fromEntries(measured));
  } else if (type === 'change') {
    const { step, by, changes } = checked(change, line);
    building.addChange(line.number, { step, by, changes });
  } else if (type === 'summary') addSummary(line, building);
  else throw refused(line.number, `is of type ${quote(type)}; a record has header, step, change and summary`);
}

function readHeader(line: RecordLine, runs: Map<string, Building>): void {
  const add = (lane: unknown, ...begun: ConstructorParameters<typeof Building>): void => {
    const key = keyOf(lane);
    if (runs.has(key)) throw refused(line.number, `names lane ${quote(lane)} a second time`);
    runs.set(key, new Building(...begun));
  };
  if (line.json['lanes'] === undefined) {
    const { lane, plan, name, settings, origin, adapter } = checked(ofPage, line);
    const lab = { version: 'unknown', commit: null };
    add(lane, line.number, { name, settings, origin, adapter, plan: parsePlan(plan), lab }, 1, known);
    return;
  }
  const { lanes, adapter, versions } = checked(headless, line);
  const lab = { version: versions.lab, commit: null };
  for (const { name, settings, plan } of lanes) {
    add(name, line.number, { name, settings, origin: null, adapter, plan: parsePlan(plan), lab }, 1, known);
  }
}

/** What such a summary did not say follows from the rows. */
function addSummary(line: RecordLine, building: Building): void {
  const { steps, base, peak, peakStep, final, retention, collapseStep, ...rest } = checked(summary, line);
  const { seconds, interventions } = rest;
  const stopped = rest.stopped ?? (steps < building.settings.steps ? interruption : undefined);
  building.addSummary(line.number, {
    // A step that failed was counted.
    steps: rest.stopped === undefined ? steps : building.lastStep,
    ...{ base, peak, peakStep, final, retention, collapseStep, seconds },
    finalStep: building.lastEvaluation,
    ...(interventions === undefined ? {} : { interventions }),
    ...(stopped === undefined ? {} : { stopped }),
  });
}

function keyOf(lane: unknown): string {
  return `lane ${JSON.stringify(lane)}`;
}
