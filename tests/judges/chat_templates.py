"""What transformers writes by the chat templates of tests/fixtures/chat: the facts in its rendered.json.

Usage: python tests/judges/chat_templates.py > tests/fixtures/chat/rendered.json
Needs transformers and jinja2; no test of the lab does. The templates are the lab's own, of the constructs that published
ones have: loops, macros, namespaces, slices, filters, tests, whitespace control, exceptions, special tokens.
"""
import json
import pathlib
import sys

import transformers
from transformers.utils.chat_template_utils import render_jinja_template

folder = pathlib.Path(__file__).resolve().parents[1] / "fixtures/chat"
tokens = {"bos_token": "<s>", "eos_token": "</s>"}
prompts = [
    "What is 6 times 7?",
    "  two lines\nand a tab\there, spaces around  ",
    'quotes "double" and \'single\', {{ braces }} and {% tags %}, <b>&amp;</b>',
    "Größe 3 × 4 — 你好 😀",
]
rendered = {"transformers": transformers.__version__, "tokens": tokens, "templates": {}}
for path in sorted(folder.glob("*.jinja")):
    rendered["templates"][path.name] = [
        {
            "prompt": prompt,
            "text": render_jinja_template(
                [[{"role": "user", "content": prompt}]],
                chat_template=path.read_text(),
                add_generation_prompt=True,
                **tokens,
            )[0][0],
        }
        for prompt in prompts
    ]
json.dump(rendered, sys.stdout, indent=1, ensure_ascii=False)
print()
