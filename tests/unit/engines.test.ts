import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { engineOf, engines } from '../../src/cli/engines.ts';
import { quoted, type Sweep } from '../../src/cli/sweep.ts';

/** Tasks 3, 4 and 6 are there already. */
const sweep: Sweep = {
  name: "O'Neil's duel",
  given: "experiments/o'neil.json",
  flags: ['--per-task', '2', '--only', 'm-grpo-iqr'],
  tasks: [0, 1, 2, 5, 7],
  checkout: '/shared/the lab',
  out: '/shared/results',
  gpu: true,
};
const written = (engine: string, changes: Partial<Sweep> = {}): string =>
  engineOf(engine).write({ ...sweep, ...changes }, 'file');

/** What a program says to a text given to it; null where the machine has no such program. */
function said(program: string, words: readonly string[], input: string): string | null {
  const { error, stdout, stderr } = spawnSync(program, words, { input, encoding: 'utf8' });
  return error === undefined ? stdout + stderr : null;
}
const complaints = (shell: string) => said('bash', ['-n'], shell);
/** Words as a shell hands them on, those of a command that is only printed. */
const wordsOf = (line: string) =>
  said('bash', ['-c', `printf '%s\\n' ${line}`], '')
    ?.trim()
    .split('\n');

const task = ['node', 'scripts/cli.mjs', 'experiment', sweep.given, '--out'];
const noBash = 'no bash on this machine';
const noPython = 'no python3 on this machine';

it('an unknown engine is answered with those there are', () => {
  expect(Object.keys(engines)).toEqual(['kubernetes', 'optuna', 'ray', 'skypilot', 'slurm', 'wandb']);
  expect(() => engineOf('slrum')).toThrow('--engine can\'t be "slrum"');
  expect(() => engineOf('toString')).toThrow("--engine can't be");
});

describe('Slurm', () => {
  it('is a script of the tasks that are left, one GPU each', ({ skip }) => {
    const script = written('slurm');
    const options: unknown = Object.fromEntries(
      [...script.matchAll(/^#SBATCH --([a-z-]+)(?:=(.*))?$/gm)].map(([, name, value]) => [name, value]),
    );
    expect(options).toMatchObject({
      array: '0-2,5,7',
      chdir: "'/shared/the lab'",
      'job-name': 'o-neil-s-duel',
      signal: 'B:USR1@120',
      gres: 'gpu:1',
    });
    expect(options).toHaveProperty('requeue');
    expect(written('slurm', { gpu: false })).not.toContain('gres');
    const command = /^node .*(?= &$)/m.exec(script)?.[0] ?? '';
    if (complaints(script) === null) skip(noBash);
    expect(complaints(script)).toBe('');
    expect(wordsOf(command.replace('"$SLURM_ARRAY_TASK_ID"', '5'))).toEqual([
      ...task,
      sweep.out,
      ...sweep.flags,
      ...['--index', '5'],
    ]);
  });

  /** What the script does to Slurm when its task ends so. */
  const after = (status: number, environment: Readonly<Record<string, string>> = {}) => {
    const script = written('slurm', { checkout: '.' }).replace(/^node .*&$/m, `(exit ${status}) &`);
    const told = ['sbatch', 'scontrol'].map((name) => `${name}() { echo ${name} "$@"; }`).join('\n');
    const slurm = { SLURM_ARRAY_JOB_ID: '40', SLURM_ARRAY_TASK_ID: '5', SLURMD_NODENAME: 'n1' };
    const {
      error,
      status: code,
      stdout,
    } = spawnSync('bash', ['-c', `${told}\n${script}`], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...slurm, ...environment },
    });
    return error === undefined ? { code, told: stdout.trim() } : null;
  };

  it.each<[number, number, string]>([
    [0, 0, ''],
    [1, 1, ''],
    [64, 64, ''],
    [75, 75, 'scontrol requeue 40_5'],
    [137, 137, 'scontrol requeue 40_5'],
    [69, 0, 'sbatch --array=5 --exclude=n1'],
  ])('a task that ends with %i', (status, code, told) => {
    const found = after(status);
    if (found === null) return;
    expect(found).toEqual({ code, told: expect.stringMatching(told === '' ? /^$/ : told) as string });
  });

  it('starts none again for ever, and sends it to no node twice', ({ skip }) => {
    if (after(0) === null) skip(noBash);
    expect(after(75, { SLURM_RESTART_COUNT: '10' })).toEqual({ code: 75, told: '' });
    expect(after(69, { LAB_EXCLUDE: 'n3' })?.told).toContain('--exclude=n3,n1');
  });

  it('hands the warning on, and waits for what the task says to it', ({ skip }) => {
    const script = written('slurm', { checkout: '.' }).replace(
      /^node .*&$/m,
      // At once, before the script goes on; untold it ends by itself, as nobody would wait for it.
      `bash -c 'trap "sleep 0.1; exit 75" USR1; kill -USR1 $PPID; for i in {1..500}; do sleep 0.02; done' & sleep 0.3`,
    );
    const { error, status, stdout } = spawnSync(
      'bash',
      ['-c', `scontrol() { echo scontrol "$@"; }\n${script}`],
      {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, SLURM_ARRAY_JOB_ID: '40', SLURM_ARRAY_TASK_ID: '5' },
      },
    );
    if (error !== undefined) skip(noBash);
    // 138 were the end of a wait.
    expect({ status, told: stdout.trim() }).toEqual({ status: 75, told: 'scontrol requeue 40_5' });
  });
});

describe('Kubernetes', () => {
  interface Job {
    spec: {
      completions: number;
      backoffLimitPerIndex: number;
      podFailurePolicy: { rules: { action: string; onExitCodes?: { values: number[] } }[] };
      template: { spec: { containers: [{ command: string[]; resources?: unknown }] } };
    };
  }
  const job = (changes: Partial<Sweep> = {}) => parse(written('kubernetes', changes)) as Job;

  it('is an indexed job whose policy is that of the statuses', () => {
    const { spec } = job();
    expect(spec).toMatchObject({ completionMode: 'Indexed', completions: 5, backoffLimitPerIndex: 10 });
    const codes = spec.podFailurePolicy.rules.map(({ action, onExitCodes }) => [action, onExitCodes?.values]);
    expect(codes).toEqual([
      ['FailIndex', [1, 64]],
      ['Ignore', undefined],
      ['Count', [69, 75]],
    ]);
    expect(spec.template.spec.containers[0].resources).toEqual({ limits: { 'nvidia.com/gpu': 1 } });
    expect(job({ gpu: false }).spec.template.spec.containers[0]).not.toHaveProperty('resources');
  });

  it('has but fields of the published schema', () => {
    const { fields } = JSON.parse(readFileSync('tests/unit/kubernetes.fields.json', 'utf8')) as {
      fields: Record<string, Record<string, string | null>>;
    };
    const unknown: string[] = [];
    const check = (value: unknown, type: string | null, place: string): void => {
      if (Array.isArray(value)) {
        for (const entry of value) check(entry, type, place);
      } else if (type !== null && typeof value === 'object' && value !== null) {
        for (const [name, entry] of Object.entries(value)) {
          const own = fields[type] ?? {};
          if (Object.hasOwn(own, name)) check(entry, own[name] ?? null, `${place}.${name}`);
          else unknown.push(`${place}.${name}`);
        }
      }
    };
    check(job(), 'Job', 'job');
    expect(unknown).toEqual([]);
    check({ spec: { backoffLimitPerIndx: 1 } }, 'Job', 'job');
    expect(unknown).toEqual(['job.spec.backoffLimitPerIndx']);
  });

  it('a pod makes the task that its number stands for, of those that are left', ({ skip }) => {
    const script = job().spec.template.spec.containers[0].command.at(-1) ?? '';
    const printed = script.replace('exec node', "printf '%s\\n' node");
    const words = [0, 3, 4].map((index) =>
      said('bash', ['-c', `JOB_COMPLETION_INDEX=${index}; ${printed}`], '')
        ?.trim()
        .split('\n'),
    );
    if (words[0] === undefined) skip(noBash);
    expect(words[0]).toEqual([...task, '/results', ...sweep.flags, '--index', '0']);
    expect(words.map((line) => line?.at(-1))).toEqual(['0', '5', '7']);
  });

  it('takes no declaration that its image does not have', () => {
    expect(() => job({ given: '/tmp/mine.json' })).toThrow('"/tmp/mine.json" lies outside the checkout');
    expect(JSON.stringify(job({ given: '/shared/the lab/x/mine.json' }))).toContain('experiment x/mine.json');
  });

  it('has an image with everything that it starts', () => {
    const lines = readFileSync('Containerfile', 'utf8');
    expect(lines).toContain('libvulkan1');
    expect(lines).toContain('RUN npm ci');
    expect(readFileSync('.dockerignore', 'utf8').split('\n')).toContain('node_modules');
  });
});

describe('SkyPilot', () => {
  it('is a managed job that recovers as the statuses ask for', ({ skip }) => {
    const file = parse(written('skypilot')) as Record<string, unknown>;
    expect(file).toMatchObject({
      name: 'o-neil-s-duel',
      resources: { job_recovery: { max_restarts_on_errors: 0, recover_on_exit_codes: [69, 75] } },
      volumes: { '/results': 'lab-results' },
      envs: { LAB_INDEX: '0' },
    });
    expect(written('skypilot')).toContain('for i in 0 1 2 5 7; do sky jobs launch');
    if (complaints('') === null) skip(noBash);
    expect(complaints(`${String(file.setup)}\n${String(file.run)}`)).toBe('');
    expect(wordsOf(String(file.run).replace('exec ', ''))).toEqual([...task, '/results', ...sweep.flags]);
  });
});

describe('W&B', () => {
  it('is a grid over the tasks that are left, whose command starts again what was interrupted', ({
    skip,
  }) => {
    const file = parse(written('wandb')) as { command: string[] };
    expect(file).toMatchObject({ method: 'grid', parameters: { index: { values: [0, 1, 2, 5, 7] } } });
    // As an agent fills it in, with a task that ends so.
    const ends = (status: number) => {
      const words = file.command
        .filter((word) => word !== '${env}')
        .map((word) => (word === '${args}' ? '--index=5' : word));
      const script = (words[2] ?? '').replaceAll('sleep 15', 'true');
      const told = `node() { echo "$@" >&2; return ${status}; }\n`;
      const {
        error,
        status: code,
        stderr,
      } = spawnSync('bash', ['-c', told + script, ...words.slice(3)], {
        encoding: 'utf8',
      });
      return error === undefined ? { code, starts: stderr.trim().split('\n') } : null;
    };
    if (ends(0) === null) skip(noBash);
    expect(ends(0)?.starts).toEqual([[...task.slice(1), sweep.out, ...sweep.flags, '--index=5'].join(' ')]);
    for (const status of [0, 1, 64, 69])
      expect(ends(status)).toMatchObject({ code: status, starts: { length: 1 } });
    for (const status of [75, 137])
      expect(ends(status)).toMatchObject({ code: status, starts: { length: 10 } });
  });
});

describe.each(['ray', 'optuna'])('%s', (engine) => {
  const script = written(engine);
  const assigned = (name: string) =>
    JSON.parse(new RegExp(`^${name} = (\\[.*?\\])`, 'm').exec(script)?.[1] ?? 'null') as unknown;

  it('has the tasks that are left, and starts again what asks for it', () => {
    expect(assigned('TASKS')).toEqual([0, 1, 2, 5, 7]);
    expect(assigned('AGAIN')).toEqual([69, 75]);
    expect(assigned('COMMAND')).toEqual([...task, sweep.out, ...sweep.flags]);
  });

  it('is Python', ({ skip }) => {
    const found = said('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], script);
    if (found === null) skip(noPython);
    expect(found).toBe('');
  });
});

it('words are quoted as a shell takes them', () => {
  expect(['a', '/b/c.json', "it's", 'two words', '$x', ''].map(quoted)).toEqual([
    ...['a', '/b/c.json', String.raw`'it'\''s'`, "'two words'", "'$x'", "''"],
  ]);
});
