"""What transformers makes of the lab's models: the facts in tests/fixtures/base-models/answers.json.

Usage: python tests/judges/transformers_answers.py [FOLDER ...] > answers.json
Without folders: every base model of public/models. Needs torch and transformers; no test of the lab does.
Each folder is opened by AutoTokenizer and AutoModelForCausalLM alone, generates greedily for prompts of different
length in one batch, is saved again, and opened once more: the answers must stay the same.
"""
import json
import pathlib
import sys
import tempfile

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

transformers.logging.set_verbosity_error()
root = pathlib.Path(__file__).resolve().parents[2]
folders = [pathlib.Path(f) for f in sys.argv[1:]] or sorted((root / "public/models").iterdir())
prompts = {
    "sort": ["52907=", "31=", "4444=", "98765=", "7="],
    "add": ["12+34=", "7+8=", "99+1=", "50+5="],
    "chain": ["3+4-2=", "9-1=", "1+2+3=", "8*2="],
    "words": [
        "Ana has 7 cups. Ana buys 5 more. How many cups does Ana have now?",
        "Ben has 9 keys. Ben gives Mia 2 away. Mia brings as many again. How many keys does Ben have now?",
        "Zoe has 3 nuts. Tom gives Zoe 8. How many nuts does Zoe have now?",
    ],
}


def answers(folder, asked):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    batch = tokenizer(asked, return_tensors="pt", padding=True)
    with torch.no_grad():
        out = model.generate(**batch, max_new_tokens=12, do_sample=False)
        first = tokenizer(asked[:1], return_tensors="pt")
        logits = model(**first).logits[0, -1].tolist()
    completions = [
        tokenizer.decode([t for t in row[batch["input_ids"].shape[1]:].tolist() if t != tokenizer.pad_token_id])
        for row in out
    ]
    return tokenizer, model, {
        "tokens": len(tokenizer),
        "end": tokenizer.eos_token_id,
        "padding": tokenizer.pad_token_id,
        "prompts": asked,
        "greedy": completions,
        "logits": logits,
    }


result = {"transformers": transformers.__version__, "torch": torch.__version__, "models": {}}
for folder in folders:
    asked = next((each for task, each in prompts.items() if folder.name.startswith(task)), prompts["sort"])
    tokenizer, model, found = answers(folder, asked)
    with tempfile.TemporaryDirectory() as again:
        model.save_pretrained(again)
        tokenizer.save_pretrained(again)
        assert answers(again, asked)[2] == found, f"{folder.name} answers otherwise once it was saved again"
    result["models"][folder.name] = found
json.dump(result, sys.stdout, indent=1)
print()
