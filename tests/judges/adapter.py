"""How far what PEFT computes through a LoRA adapter of the lab is from what the lab sampled through it.

Usage: npm run lora -- --model BASE --prompts FILE.jsonl --save ADAPTER …
       npm run ask -- --model BASE --adapter ADAPTER --prompts FILE.jsonl --out asked.jsonl
       python tests/judges/adapter.py BASE ADAPTER asked.jsonl
Needs torch, transformers and peft; no test of the lab does.
"""
import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

base, adapter, asked = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(base)
model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), adapter).eval()


@torch.no_grad()
def log_probs(prompt, tokens):
    """ln π of each token of a completion at temperature 1, [tokens]."""
    logits = model(torch.tensor([prompt + tokens])).logits[0, len(prompt) - 1 : -1]
    return torch.log_softmax(logits.double(), -1).gather(1, torch.tensor(tokens)[:, None])[:, 0]


count, apart, moved = 0, 0.0, 0.0
for line in open(asked):
    said = json.loads(line)
    prompt = tokenizer(said["prompt"], add_special_tokens=False).input_ids
    through = log_probs(prompt, said["tokens"])
    with model.disable_adapter():
        beside = log_probs(prompt, said["tokens"])
    count += len(said["tokens"])
    apart = max(apart, (through - torch.tensor(said["log_probs"])).abs().max().item())
    moved = max(moved, (through - beside).abs().max().item())
print(f"{count} tokens: log-probabilities at most {apart:.1e} apart; the adapter moves them by up to {moved:.2f} nats")
