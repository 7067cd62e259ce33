"""Starts verl so that `npm run watch` and the page Watch of M-GRPO Lab can follow it: verl's own settings, no patch.

    python verl_watch.py watch algorithm.adv_estimator=grpo data.train_files=…     # otherwise as verl.trainer.main_ppo

watch/metrics.jsonl: verl's file logger, a line a step. watch/rollouts/N.jsonl: the completions of step N (rollout_data_dir).
The KL to a running mean of the weights is not among them: verl's actors are sharded over processes that this one isn't."""

import os
import sys

folder, *overrides = sys.argv[1:]
given = next((each.split("=", 1)[1] for each in overrides if each.startswith("trainer.logger=")), '["console"]')
if "file" not in given:
    given = given.rstrip().removesuffix("]") + ',"file"]'
os.makedirs(folder, exist_ok=True)
os.environ["VERL_FILE_LOGGER_PATH"] = os.path.join(folder, "metrics.jsonl")
settings = [each for each in overrides if not each.startswith("trainer.logger=")]
settings += [f"trainer.logger={given}", f"trainer.rollout_data_dir={os.path.join(folder, 'rollouts')}"]
os.execvp(sys.executable, [sys.executable, "-m", "verl.trainer.main_ppo", *settings])
