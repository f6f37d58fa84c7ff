"""Starts `touchstone serve tinker` for the scripts beside this one, and makes the tiny model that it serves."""

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CLI = REPOSITORY / "packages" / "touchstone" / "bin" / "touchstone.js"


@contextlib.contextmanager
def serving(model, name, state, *options):
    """The address of a server over the folder `model`, ended on leaving the block."""
    command = ["node", CLI, "serve", "tinker", "--model", model, "--name", name, "--state", state, "--port", "0", "--json"]
    server = subprocess.Popen([*map(str, command), *options], stdout=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline()
        if line == "":
            sys.exit(f"touchstone serve tinker: must print its address, got exit code {server.wait()}; see above")
        # Whatever it prints later must not fill the pipe.
        threading.Thread(target=server.stdout.read, daemon=True).start()
        yield json.loads(line)["url"]
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()


def write_tiny_model(folder, texts, hidden=64, layers=2, context=1024):
    """A Qwen3 of random weights (seed 0) with a byte-pair tokenizer of 512 tokens trained on `texts`."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    end = "<|endoftext|>"
    pairs = ByteLevelBPETokenizer()
    pairs.train_from_iterator(texts, vocab_size=512, special_tokens=[end], show_progress=False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=pairs._tokenizer, eos_token=end, pad_token=end)
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=hidden // 4,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        pad_token_id=None,
    )
    Qwen3ForCausalLM(config).float().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
