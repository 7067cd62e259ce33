import { statuses } from '../exitStatus.ts';
import { mostAgain, plainName, quoted, taskCommand, type Engine, type Sweep } from '../sweep.ts';

const wandb: Engine = {
  title: 'W&B',
  write: (sweep, file) => `# ${sweep.name}: a sweep over the tasks that are left to make.
#   wandb sweep ${quoted(file)}
#   wandb agent …            as often as there are GPUs, in ${sweep.checkout}
# An agent starts a task once, so that the command itself starts one again that was interrupted (${statuses.again}) or killed. One that
# ended with ${statuses.unusable} wants another machine: write the sweep anew, then it has what is missing.
name: ${plainName(sweep.name)}
program: scripts/cli.mjs
method: grid
parameters:
  index:
    values: [${sweep.tasks.join(', ')}]
command:
  - \${env}
  - bash
  - -c
  - ${JSON.stringify(script(sweep))}
  - task
  - \${args}
`,
};
export default wandb;

/** What the agent starts, with "--index=3" as its argument. */
function script(sweep: Sweep): string {
  const command = taskCommand(sweep, sweep.out).map(quoted).join(' ');
  const tries = Array.from({ length: mostAgain }, (_, i) => i + 1).join(' ');
  return `for try in ${tries}; do ${command} "$@"; s=$?; [ $s = ${statuses.again} ] || [ $s -gt 128 ] || exit $s; sleep 15; done; exit $s`;
}
