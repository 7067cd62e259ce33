"""Writes what `npm run watch` and the page Watch of M-GRPO Lab read, beside a GRPOTrainer or RLOOTrainer of TRL.

    trainer.add_callback(LabWatch(trainer, "watch", ema=0.99))    # before trainer.train(); docs/watch-live.md

watch/metrics.jsonl: a line for each log, under TRL's names; with `ema`, the KL to a running mean of the weights as well.
watch/completions.jsonl: a line for each completion of that step; with `answer`, what your function finds in its text."""

import json, os
import torch
from transformers import TrainerCallback

class LabWatch(TrainerCallback):
    def __init__(self, trainer, folder, ema=None, answer=None, rows=16):  # rows: completions the KL is measured on
        self.trainer, self.folder, self.decay, self.answer, self.rows = trainer, folder, ema, answer, rows
        self.mean = self.kl = None

    def write(self, name, rows):
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(self.folder, name), "a", encoding="utf-8") as file:
            file.writelines(json.dumps(row, default=float) + "\n" for row in rows)

    def on_train_begin(self, args, state, control, model=None, **_):
        self.trained = [p for p in model.parameters() if p.requires_grad]
        size = sum(p.numel() * p.element_size() for p in self.trained)
        room = torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else 3 * size
        if self.decay is not None and 2 * size < room:  # half of the free memory at most
            self.mean = [p.detach().clone() for p in self.trained]

    def swap(self):
        for p, mean in zip(self.trained, self.mean):
            p.data, mean.data = mean.data, p.data

    @torch.no_grad()
    def on_pre_optimizer_step(self, args, state, control, model=None, **_):
        if self.mean is None or (state.global_step + 1) % max(1, int(state.logging_steps)): return
        batch = {name: rows[: self.rows] for name, rows in self.trainer._buffered_inputs[0].items() if name.endswith(("ids", "mask"))}
        ids, mask = (torch.cat([batch[f"prompt_{of}"], batch[f"completion_{of}"]], 1) for of in ("ids", "mask"))
        tokens, log_probs = batch["completion_mask"], []
        model.eval()
        for _ in range(2):  # of the policy, then of its mean, whose weights are in its place meanwhile
            logits = model(input_ids=ids, attention_mask=mask).logits[:, -tokens.shape[1] - 1 : -1].float() / self.trainer.temperature
            log_probs.append(logits.log_softmax(-1).gather(-1, batch["completion_ids"][..., None])[..., 0])
            self.swap()
        model.train()
        apart = log_probs[1] - log_probs[0]  # k3 of each token, at most 10, as the lab's policy/kl_anchor
        self.kl = float(((apart.exp() - apart - 1).clamp(max=10) * tokens).sum() / tokens.sum())

    @torch.no_grad()
    def on_step_end(self, args, state, control, **_):
        for p, mean in zip(self.trained, self.mean or []):
            mean.lerp_(p.detach(), 1 - self.decay)

    def on_log(self, args, state, control, logs=None, **_):
        if not state.is_world_process_zero: return
        self.write("metrics.jsonl", [{"step": state.global_step, **logs, **({} if self.kl is None else {"policy/kl_anchor": self.kl})}])
        texts, names, weights, self.kl = self.trainer._logs, self.trainer.reward_func_names, self.trainer.reward_weights.tolist(), None
        if "reward" in logs:  # no evaluation, and not the summary at the end
            self.write("completions.jsonl", [
                {"step": state.global_step, "prompt": prompt, "completion": completion, "advantage": advantage,
                 "reward": sum(w * r for w, r in zip(weights, rewards) if r == r), **({"answer": self.answer(completion)} if self.answer else {})}
                for prompt, completion, advantage, *rewards in zip(texts["prompt"], texts["completion"], texts["advantages"], *(texts["rewards"][n] for n in names))])
