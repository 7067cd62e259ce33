"""How far a folder that the lab wrote with an adapter in its weights is from what PEFT merges.

Usage: npm run export -- --from ADAPTER --base BASE --format hf --out MERGED
       python tests/judges/merged.py BASE ADAPTER MERGED
Needs torch, transformers and peft; no test of the lab does.
"""
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

base, adapter, merged = sys.argv[1:]
model = AutoModelForCausalLM.from_pretrained(base, dtype="auto")
before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
theirs = PeftModel.from_pretrained(model, adapter).merge_and_unload().state_dict()
ours = AutoModelForCausalLM.from_pretrained(merged, dtype="auto").state_dict()
assert theirs.keys() == ours.keys()

apart, moved, changed = 0.0, 0.0, 0
for name, tensor in theirs.items():
    assert tensor.dtype == ours[name].dtype, (name, tensor.dtype, ours[name].dtype)
    apart = max(apart, (tensor.double() - ours[name].double()).abs().max().item())
    move = (tensor.double() - before[name].double()).abs().max().item()
    moved, changed = max(moved, move), changed + (move > 0)
print(f"{changed} of {len(theirs)} tensors changed, by up to {moved:.3f}; numbers at most {apart:.1e} apart")
