import { statuses } from '../exitStatus.ts';
import { mostAgain, quoted, startedAgain, taskCommand, type Engine } from '../sweep.ts';

const ray: Engine = {
  title: 'Ray',
  write: (
    sweep,
    file,
  ) => `"""${sweep.name}: the tasks that are left to make, on a Ray cluster whose nodes share checkout and results.

    python ${quoted(file)}
"""

import subprocess
import sys
import time

import ray

TASKS = ${JSON.stringify(sweep.tasks)}
COMMAND = ${JSON.stringify(taskCommand(sweep, sweep.out))}
CHECKOUT = ${JSON.stringify(sweep.checkout)}
AGAIN = ${JSON.stringify(startedAgain)}  # no usable GPU here; interrupted


class Again(Exception):
    """Of a task that is to be started again, wherever there is place."""


@ray.remote(
    num_cpus=1,
    num_gpus=${sweep.gpu ? 1 : 0},
    max_retries=${mostAgain},
    retry_exceptions=[Again],
    scheduling_strategy="SPREAD",
)
def task(index):
    status = subprocess.call([*COMMAND, "--index", str(index)], cwd=CHECKOUT)
    if status in AGAIN or status < 0:
        # Whoever else has the run needs time to finish it; a full disk, to be emptied.
        time.sleep(15)
        raise Again(f"task {index} ended with {status}")
    return status


ray.init()
started = {index: task.remote(index) for index in TASKS}
failed = {}
for index, reference in started.items():
    try:
        status = ray.get(reference)
        if status != ${statuses.done}:
            failed[index] = f"ended with {status}: never again"
    except Exception as error:  # one task's; the others go on
        failed[index] = str(error).strip().splitlines()[-1]
for index, why in failed.items():
    print(f"task {index}: {why}", file=sys.stderr)
sys.exit(1 if failed else 0)
`,
};
export default ray;
