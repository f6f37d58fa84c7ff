"""Serves a model folder with SkyRL's Tinker server and its JAX back end, from any Python that has skyrl[tinker,jax].

SkyRL starts its engine with `uv run`; here it is started with this same Python, so that a plain virtual environment will
do. The folder is copied with its compute type set, because JAX computes in the type that config.json names.

Prints one line `{"url": ...}` on stdout once the server answers; everything else goes to stderr.
"""

import argparse
import json
import os
import shutil
import sys
import threading
import time
import typing
import urllib.request
from pathlib import Path

import typing_extensions

# Pydantic reads SkyRL's typed dictionaries below Python 3.12 only where they come from typing_extensions.
typing.TypedDict = typing_extensions.TypedDict

ENGINE = """
import runpy, sys, typing, typing_extensions
typing.TypedDict = typing_extensions.TypedDict
sys.argv[0] = "skyrl.tinker.engine"
runpy.run_module("skyrl.tinker.engine", run_name="__main__")
"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, type=Path, help="folder in the layout of Hugging Face")
    parser.add_argument("--work", required=True, type=Path, help="where checkpoints and the request database go")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"], help="compute type")
    parser.add_argument("--rank", type=int, default=32, help="highest LoRA rank")
    parser.add_argument("--train-batch", type=int, default=16, help="sequences a pass; fewer shapes to compile")
    parser.add_argument("--sample-batch", type=int, default=64, help="completions side by side")
    parser.add_argument("--adapters", type=int, default=4, help="models at a time, and one for the base model")
    return parser.parse_args()


def with_dtype(folder, work, dtype):
    """A copy of the folder whose config.json asks for `dtype`."""
    copy = work / "base-model"
    if not copy.exists():
        shutil.copytree(folder, copy)
    path = copy / "config.json"
    config = json.loads(path.read_text())
    config.pop("dtype", None)
    path.write_text(json.dumps({**config, "torch_dtype": dtype}, indent=2))
    return copy


def announce(port, out):
    url = f"http://127.0.0.1:{port}"
    while True:
        try:
            with urllib.request.urlopen(f"{url}/api/v1/healthz", timeout=2):
                break
        except OSError:
            time.sleep(0.2)
    print(json.dumps({"url": url}), file=out, flush=True)


def main():
    options = arguments()
    # SkyRL and its engine log to stdout, which is for the address alone.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    options.work.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("JAX_PLATFORMS", "cpu")

    import uvicorn
    from skyrl.tinker import api
    from skyrl.tinker.config import EngineConfig, config_to_argv
    from skyrl.utils.log import get_uvicorn_log_config

    api._build_uv_run_cmd_engine = lambda _parent, config: [
        sys.executable,
        "-c",
        ENGINE,
        *config_to_argv(config),
    ]
    api.app.state.engine_config = EngineConfig(
        base_model=str(with_dtype(options.model.resolve(), options.work, options.dtype)),
        backend="jax",
        backend_config={
            "max_lora_adapters": options.adapters,
            "max_lora_rank": options.rank,
            "train_micro_batch_size": options.train_batch,
            "sample_max_num_sequences": options.sample_batch,
        },
        checkpoints_base=options.work.resolve() / "checkpoints",
        database_url=f"sqlite:///{options.work.resolve() / 'tinker.db'}",
    )
    threading.Thread(target=announce, args=(options.port, out), daemon=True).start()
    uvicorn.run(api.app, host="127.0.0.1", port=options.port, log_config=get_uvicorn_log_config())


main()
