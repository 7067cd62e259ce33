"""Whether scripts written by `npm run export -- --format trl` are Python, and their config one that TRL takes.

Usage: python tests/judges/trl_scripts.py SCRIPT...
Needs torch, transformers, datasets and trl; no test of the lab does.
"""
import ast
import sys

import trl

for path in sys.argv[1:]:
    tree = ast.parse(open(path, encoding="utf8").read(), path)
    # All but what loads a model and trains.
    at = next(i for i, node in enumerate(tree.body) if isinstance(node, ast.Assign) and node.targets[0].id == "config")
    scope = {}
    exec(compile(ast.Module(tree.body[: at + 1], []), path, "exec"), scope)
    config = scope["config"]
    print(f"{path}: trl {trl.__version__}, {config.num_generations} completions a prompt, {len(scope['PROMPTS'])} prompts")
