import { ranges } from '../../experiments/indices.ts';
import { statuses } from '../exitStatus.ts';
import { mostAgain, plainName, quoted, taskCommand, type Engine, type Sweep } from '../sweep.ts';

const slurm: Engine = {
  title: 'Slurm',
  write: (sweep, file) => `#!/bin/bash
# ${sweep.name}: an array of what is left to make. Give it to Slurm with
#   sbatch ${quoted(file)}
#SBATCH --job-name=${plainName(sweep.name)}
#SBATCH --array=${ranges(sweep.tasks)}
#SBATCH --chdir=${quoted(sweep.checkout)}
#SBATCH --output=%x-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
${gpu(sweep)}
# Before the time is up Slurm warns this script alone, by USR1: the task keeps a checkpoint and exits ${statuses.again}.
# What Slurm ends for itself (preemption, scancel) is told to task and script, by TERM: this waits for the checkpoint.
told=0 ended=0
trap 'told=1; kill -USR1 "$!"' USR1
trap 'told=1; ended=1' TERM

${taskCommand(sweep, sweep.out).map(quoted).join(' ')} --index "$SLURM_ARRAY_TASK_ID" &
task=$!
while
  told=0
  wait "$task"
  status=$?
  # A signal ends a wait, not the task.
  [ "$told" = 1 ] && [ "$status" -gt 128 ]
do :; done
[ "$ended" = 1 ] && exit "$status"

case $status in
  ${statuses.unusable})
    # No usable GPU here: the task goes to another node, as long as there is one.
    export LAB_EXCLUDE="\${LAB_EXCLUDE:+$LAB_EXCLUDE,}$SLURMD_NODENAME"
    sbatch --array="$SLURM_ARRAY_TASK_ID" --exclude="$LAB_EXCLUDE" "$0" && exit 0
    ;;
  ${statuses.again} | 12[7-9] | 1[3-9][0-9])
    # Interrupted or killed: again, on any node.
    if [ "\${SLURM_RESTART_COUNT:-0}" -lt ${mostAgain} ]; then
      scontrol requeue "\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" && exit "$status"
    fi
    ;;
esac
# ${statuses.wrong} and all else: never again.
exit "$status"
`,
};
export default slurm;

const gpu = (sweep: Sweep): string => (sweep.gpu ? '#SBATCH --gres=gpu:1\n' : '');
