"""What onnxruntime makes of the lab's ONNX files: the facts in tests/fixtures/base-models/onnx.json.

Usage: for m in public/models/*; do npm run export -- --from $m --format onnx --out DIR/$(basename $m).onnx; done
       python tests/judges/onnx_answers.py DIR > onnx.json
Needs torch, transformers, onnx and onnxruntime; no test of the lab does.
Each file is checked by onnx.checker, and answers as transformers does with the model's folder: logits of padded
prompts, all at once and token by token through the KV cache, within 1e-4, and the same greedy completions.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

transformers.logging.set_verbosity_error()
root = pathlib.Path(__file__).resolve().parents[2]
asked = json.loads((root / "tests/fixtures/base-models/answers.json").read_text())["models"]
new_tokens = 12


def call(session, tokens, mask, past):
    """Logits [B, S, V] and the cache after `tokens` [B, S], `mask` being of these and of all before."""
    positions = np.maximum(np.cumsum(mask, 1) - 1, 0)[:, -tokens.shape[1]:]
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(None, {
        "input_ids": tokens, "attention_mask": mask, "position_ids": positions.astype(np.int64), **past,
    })))
    return found["logits"], {n.replace("present", "past_key_values"): v for n, v in found.items() if n != "logits"}


def answers(path, folder, prompts):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""}, "operators of ONNX's own alone"
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    empty = {i.name: np.zeros((len(prompts), i.shape[1], 0, i.shape[3]), np.float32)
             for i in session.get_inputs() if i.name.startswith("past")}
    tokenizer = AutoTokenizer.from_pretrained(folder)
    reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    batch = tokenizer(prompts, return_tensors="pt", padding=True)
    tokens, mask = (batch[k].numpy().astype(np.int64) for k in ("input_ids", "attention_mask"))
    with torch.no_grad():
        out = reference.generate(**batch, max_new_tokens=new_tokens, do_sample=False)[:, tokens.shape[1]:].numpy()
        wanted = reference(**batch).logits.numpy()

    whole, cache = call(session, tokens, mask, empty)
    real = mask.astype(bool)
    worst = float(np.abs(whole - wanted)[real].max())
    past, stepwise = empty, []
    for at in range(tokens.shape[1]):
        logits, past = call(session, tokens[:, at:at + 1], mask[:, :at + 1], past)
        stepwise.append(logits)
    cached = float(np.abs(np.concatenate(stepwise, 1) - whole)[real].max())
    assert worst <= 1e-4 and cached <= 1e-4, (path, worst, cached)

    logits, ended, completions = whole, np.zeros(len(prompts), bool), []
    for _ in range(out.shape[1]):
        chosen = np.where(ended, tokenizer.pad_token_id, logits[:, -1].argmax(-1))
        completions.append(chosen)
        ended |= chosen == tokenizer.eos_token_id
        mask = np.concatenate([mask, np.ones((len(prompts), 1), np.int64)], 1)
        logits, cache = call(session, chosen[:, None].astype(np.int64), mask, cache)
    greedy = np.stack(completions, 1)
    assert (greedy == out).all(), f"{path} answers otherwise than transformers"
    first, _ = call(session, np.array([tokenizer.encode(prompts[0])], np.int64),
                    np.ones((1, len(tokenizer.encode(prompts[0]))), np.int64),
                    {name: value[:1] for name, value in empty.items()})
    return {
        "opset": model.opset_import[0].version,
        "prompts": prompts,
        "greedy": [tokenizer.decode([t for t in row.tolist() if t != tokenizer.pad_token_id]) for row in greedy],
        "logits": first[0, -1].tolist(),
        "fromTransformers": worst,
        "fromWhole": cached,
    }


result = {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__, "models": {}}
for name, of in asked.items():
    path = pathlib.Path(sys.argv[1]) / f"{name}.onnx"
    result["models"][name] = answers(str(path), root / "public/models" / name, of["prompts"])
json.dump(result, sys.stdout, indent=1)
print()
