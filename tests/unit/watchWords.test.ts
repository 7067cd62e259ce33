import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { exitCode, jsonOf, linesOf } from '../../src/cli/watchWords.ts';
import { parseLog } from '../../src/records/import/parse.ts';
import { gathered } from '../../src/records/watched/gather.ts';
import { judgedRun, type JudgedRun } from '../../src/records/watched/run.ts';
import { verdictOfLab } from '../../src/records/watched/verdict.ts';

const logs = 'tests/fixtures/logs';

function judged(file: string): JudgedRun {
  const bytes = readFileSync(`${logs}/${file}`);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const [log] = parseLog(file.replace(/^.*\//, ''), text);
  return judgedRun(log ?? expect.fail());
}

it('a run that was not finite: state, since when, what it rests on, columns known and not', () => {
  const [head, ...lines] = linesOf(judged('cases/made-trl-nan-from-120.json.gz'));
  expect(head).toMatch(/^made-trl-nan.*: warning since step 120$/);
  const all = lines.join('\n');
  expect(all).toMatch(/Not finite since step 12\d: /);
  expect(all).toMatch(/rests on .*\(.+\), steps 12\d to \d+/);
  expect(all).toMatch(/Trainer state \(TRL\), \d+ rows, steps \d+ to \d+\./);
  // A reward of somebody's own need be no pseudo-reward.
  expect(all).toContain('rests on Reward (reward), steps ');
  expect(all).toMatch(/\d+ of \d+ columns known: .*kl = policy\/kl_ref/);
});

it('no run of reinforcement learning is not judged, and no alarm has no step', () => {
  const [head, reason] = linesOf(judged('cases/trl-sft-only.json.gz'));
  expect(head).toMatch(/: not judged$/);
  expect(reason).toMatch(/No run of reinforcement learning/);
});

it('the same as JSON, all of it', () => {
  const run = judged('cases/made-trl-nan-from-120.json.gz');
  expect(JSON.parse(jsonOf(run))).toMatchObject({
    state: 'warning',
    since: run.since,
    kind: 'Trainer state (TRL)',
    steps: run.steps,
    columns: { 'policy/kl_ref': 'kl' },
    reason: run.verdict.reason,
  });
});

it('an alarm decides the exit status, then what was not judged', () => {
  expect(exitCode(['healthy', 'watch'], 0)).toBe(0);
  expect(exitCode(['healthy', 'collapsed'], 1)).toBe(1);
  expect(exitCode(['healthy', 'warning', 'unjudged'], 0)).toBe(1);
  expect(exitCode(['healthy', 'unjudged'], 0)).toBe(2);
  expect(exitCode(['healthy'], 1)).toBe(2);
  expect(exitCode([], 0)).toBe(2);
});

it('charts of one run are one run', () => {
  const charts = ['entropy', 'reward'].flatMap((chart) =>
    parseLog(`${chart}.csv`, readFileSync(`${logs}/wandb_chart_${chart}.csv`, 'utf8')),
  );
  const filed = charts.map((log, at) => ({ log, files: [`/runs/${at < 2 ? 'a' : 'b'}.csv`] }));
  expect(gathered(filed).map(({ log }) => log.name)).toEqual([charts[0]?.name, charts[1]?.name]);
});

it('a run of this lab is judged as the lab does: collapse, alarm and since when', () => {
  const row = (step: number, sampled: number, overlap: number): object => ({
    step,
    'eval/sampled': sampled,
    'vote/answer_overlap': overlap,
    'reward/mean': 0.9,
  });
  const course = (accuracy: (step: number) => number, overlap: (step: number) => number): object[] =>
    Array.from({ length: 41 }, (_, step) => row(step, accuracy(step), overlap(step)));
  const holds = verdictOfLab(
    course(
      () => 0.8,
      () => 1,
    ),
  );
  expect(holds).toMatchObject({ verdict: { state: 'healthy' }, since: null });
  const warned = verdictOfLab(
    course(
      () => 0.8,
      (step) => (step < 30 ? 1 : 0.5),
    ),
  );
  expect(warned).toMatchObject({ verdict: { state: 'warning' }, since: 30 });
  const collapsed = verdictOfLab(
    course(
      (step) => (step < 30 ? 0.8 : 0.1),
      () => 1,
    ),
  );
  expect(collapsed).toMatchObject({ verdict: { state: 'collapsed' }, since: 30 });
  expect(collapsed.verdict.reason).toContain('the reward still says 0.90');
  expect(verdictOfLab([{ step: 0 }])).toMatchObject({ verdict: { state: 'unjudged' }, since: null });
});
