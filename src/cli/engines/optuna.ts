import { statuses } from '../exitStatus.ts';
import { mostAgain, plainName, quoted, startedAgain, taskCommand, type Engine } from '../sweep.ts';

const optuna: Engine = {
  title: 'Optuna',
  write: (
    sweep,
    file,
  ) => `"""${sweep.name}: the tasks that are left to make, as trials; the value of one is the seconds it took.

    python ${quoted(file)} [STORAGE]

Start it as often as there are GPUs, all with one storage (postgresql://…, or sqlite:///… on one machine).
"""

import subprocess
import sys
import time

import optuna
from optuna.trial import TrialState

TASKS = ${JSON.stringify(sweep.tasks)}
COMMAND = ${JSON.stringify(taskCommand(sweep, sweep.out))}
CHECKOUT = ${JSON.stringify(sweep.checkout)}
AGAIN = ${JSON.stringify(startedAgain)}  # no usable GPU here; interrupted
MOST_AGAIN = ${mostAgain}


class Failed(Exception):
    """Of a trial whose task did not end well."""


def objective(trial):
    index = trial.suggest_int("index", 0, max(TASKS))
    begun = time.monotonic()
    status = subprocess.call([*COMMAND, "--index", str(index)], cwd=CHECKOUT)
    if status == ${statuses.done}:
        return time.monotonic() - begun
    starts = trial.user_attrs.get("again", 0)
    if (status in AGAIN or status < 0) and starts < MOST_AGAIN:
        # Another worker may take it. Whoever else has the run needs time to finish it.
        time.sleep(15)
        trial.study.enqueue_trial({"index": index}, user_attrs={"again": starts + 1})
    raise Failed(f"task {index} ended with {status}")


def trials(*states):
    return study.get_trials(deepcopy=False, states=states)


def complete():
    return {trial.params["index"] for trial in trials(TrialState.COMPLETE)}


study = optuna.create_study(
    study_name="${plainName(sweep.name)}",
    storage=sys.argv[1] if len(sys.argv) > 1 else None,
    sampler=optuna.samplers.RandomSampler(),  # of what is queued nothing is left to sample
    load_if_exists=True,
)
if not trials(TrialState.WAITING, TrialState.RUNNING):  # no other worker is at it
    for index in sorted(set(TASKS) - complete()):
        study.enqueue_trial({"index": index})
while trials(TrialState.WAITING):
    study.optimize(objective, n_trials=1, catch=(Failed,))

missing = sorted(set(TASKS) - complete() - {trial.params.get("index") for trial in trials(TrialState.RUNNING)})
if missing:
    print(f"not made: {missing}", file=sys.stderr)
sys.exit(1 if missing else 0)
`,
};
export default optuna;
