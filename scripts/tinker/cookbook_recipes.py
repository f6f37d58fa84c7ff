"""Runs the recipes sl_loop and rl_loop of tinker-cookbook, as they are, against `touchstone serve tinker`.

Both load what they need by name. The names resolve to folders below the working directory: Qwen/Qwen3-8B-Base is a tiny
Qwen3, openai/gsm8k and HuggingFaceH4/no_robots hold sums of two digits in the format of those data sets. First sl_loop
teaches the tiny model to answer in a box; the server then serves what it saved as the base model, on which rl_loop takes
its steps. Prints one line of JSON with the curves; exits 1 where a check fails, 3 where the cookbook is not installed.
"""

import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from local_server import serving, write_tiny_model

MODEL = "Qwen/Qwen3-8B-Base"
SUFFIX = " Provide a numerical answer without units, written inside \\boxed{}."
FEW_SHOT = [
    {"role": "user", "content": "How many r's are in strawberry?" + SUFFIX},
    {
        "role": "assistant",
        "content": "Let's spell the word out and number all the letters: 1) s 2) t 3) r 4) a 5) w 6) b 7) e 8) r 9) r"
        " 10) y. We have r's at positions 3, 8, and 9. \\boxed{3}",
    },
]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="keep everything here; default: a folder that is removed")
    parser.add_argument("--sl-steps", type=int, default=150)
    parser.add_argument("--rl-steps", type=int, default=5)
    return parser.parse_args()


def write_jsonl(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_data(work, sl_rows):
    """The two data sets, and every text in them. Sums stay below ten, so that guessing is sometimes right."""
    draw = random.Random(0)
    sums = [(a, b) for a in range(1, 6) for b in range(1, 5)]
    problems = [draw.choice(sums) for _ in range(sl_rows)]
    chats = [
        {
            "messages": [
                *FEW_SHOT,
                {"role": "user", "content": f"What is {a} + {b}?{SUFFIX}"},
                {"role": "assistant", "content": f"\\boxed{{{a + b}}}"},
            ]
        }
        for a, b in problems
    ]
    rows = [{"question": f"What is {a} + {b}?", "answer": f"{a} + {b} = {a + b}\n#### {a + b}"} for a, b in problems]
    write_jsonl(work / "HuggingFaceH4" / "no_robots" / "train.jsonl", chats)
    write_jsonl(work / "openai" / "gsm8k" / "main" / "train.jsonl", rows)
    config = "configs:\n- config_name: main\n  data_files:\n  - split: train\n    path: main/train.jsonl\n"
    (work / "openai" / "gsm8k" / "README.md").write_text(f"---\n{config}---\n")
    return [message["content"] for chat in chats for message in chat["messages"]]


def run_recipe(name, url, work, **settings):
    """The metrics that the recipe wrote, step by step."""
    log = work / f"log-{name}"
    given = {"base_url": url, "model_name": MODEL, "log_path": log, "save_every": 0, **settings}
    command = [sys.executable, "-m", f"tinker_cookbook.recipes.{name}", *(f"{key}={value}" for key, value in given.items())]
    environment = {
        **os.environ,
        "TINKER_API_KEY": os.environ.get("TINKER_API_KEY", "tml-local"),
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(work / "huggingface"),
    }
    with open(work / f"{name}.txt", "w") as output:
        code = subprocess.run(command, cwd=work, env=environment, stdout=output, stderr=subprocess.STDOUT).returncode
    if code != 0:
        tail = "\n".join((work / f"{name}.txt").read_text().splitlines()[-30:])
        sys.exit(f"{tail}\n{name}: must end with exit code 0, got {code}")
    rows = [json.loads(line) for line in (log / "metrics.jsonl").read_text().splitlines()]
    checkpoints = [json.loads(line) for line in (log / "checkpoints.jsonl").read_text().splitlines()]
    return rows, checkpoints[-1]


def folder_of(state, path):
    """Where the server keeps `tinker://<model>/<kind>/<name>`."""
    model, kind, name = path.removeprefix("tinker://").split("/")
    return state / model.replace(":", "%3A") / kind / name


def check(rule, holds):
    if not holds:
        sys.exit(f"cookbook: {rule}")


def run(work, sl_steps, rl_steps):
    texts = write_data(work, sl_rows=8 * sl_steps)
    write_tiny_model(work / MODEL, texts)
    state = work / "state"
    with serving(work / MODEL, MODEL, state) as url:
        supervised, saved = run_recipe(
            "sl_loop", url, work, batch_size=8, max_steps=sl_steps, learning_rate=0.006, max_length=512
        )
    nll = [row["train_mean_nll"] for row in supervised]
    check(f"{sl_steps} supervised steps, got {len(nll)}", len(nll) == sl_steps)
    check(f"the loss of sl_loop must fall to a quarter, got {nll[0]:.2f} then {nll[-1]:.2f}", nll[-1] < nll[0] / 4)
    base = folder_of(state, saved["state_path"])
    with serving(base, MODEL, state) as url:
        reinforced, _ = run_recipe(
            "rl_loop",
            url,
            work,
            batch_size=8,
            group_size=8,
            max_tokens=16,
            max_steps=rl_steps,
            learning_rate=0.0002,
            loss_fn="importance_sampling",
        )
    rewards = [row["reward/total"] for row in reinforced]
    norms = [row.get("grad_norm") for row in reinforced]
    check(f"{rl_steps} steps of rl_loop, got {len(rewards)}", len(rewards) == rl_steps)
    check(f"rl_loop must earn rewards between none and all, got {rewards}", any(0 < reward < 1 for reward in rewards))
    check(f"rl_loop must step along finite gradients, got norms {norms}", all(norm is None or norm > 0 for norm in norms))
    seconds = [row["time/total"] for row in reinforced]
    return {"sl_nll": [nll[0], nll[-1]], "rl_reward": rewards, "rl_grad_norm": norms, "rl_seconds": seconds}


def main():
    given = arguments()
    if importlib.util.find_spec("tinker_cookbook") is None:
        print("cookbook: skipped, tinker-cookbook is not installed in this Python", file=sys.stderr)
        sys.exit(3)
    if given.work is not None:
        given.work.mkdir(parents=True, exist_ok=True)
        print(json.dumps(run(given.work.resolve(), given.sl_steps, given.rl_steps)))
        return
    with tempfile.TemporaryDirectory() as work:
        print(json.dumps(run(Path(work).resolve(), given.sl_steps, given.rl_steps)))


if __name__ == "__main__":
    main()
