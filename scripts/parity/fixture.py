"""Writes packages/engine/src/testing/reference-model.fixture.json: logits of tiny models by Python transformers.

Usage: python scripts/parity/fixture.py        Needs: pip install torch transformers
Weights come from a formula that the TypeScript test repeats: value i of the t-th weight (names in the order of
`parameterShapes`) is 0.4 sin(t + 1.3 i), norms are 1 plus that. Everything runs in float64 but transformers' own
norms and rotary tables, which are float32: agreement to about 2e-7 is all there is.
"""

import json
import math
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config, Qwen3Config

SHAPE = dict(
    vocab_size=11, hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=32, rms_norm_eps=1e-5,
    rope_parameters={"rope_type": "default", "rope_theta": 50.0}, attn_implementation="eager",
)
STRETCHED = dict(
    rope_type="llama3", rope_theta=50.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=16,
)
CASES = {
    "llama": (LlamaConfig, dict(tie_word_embeddings=False)),
    "llama with stretched rotary frequencies": (
        LlamaConfig, dict(tie_word_embeddings=True, head_dim=8, rope_parameters=STRETCHED)
    ),
    "qwen2": (Qwen2Config, dict(tie_word_embeddings=True)),
    "qwen3": (Qwen3Config, dict(tie_word_embeddings=True, head_dim=6)),
}
TOKENS = [3, 1, 4, 1, 5, 9, 2]


def order(name: str) -> tuple:
    """Sort key that gives the order of `parameterShapes`."""
    parts = ["embed_tokens", "input_layernorm", "q_proj.weight", "q_proj.bias", "k_proj.weight", "k_proj.bias",
             "v_proj.weight", "v_proj.bias", "q_norm", "k_norm", "o_proj", "post_attention_layernorm", "gate_proj",
             "up_proj", "down_proj", "model.norm", "lm_head"]
    layer = int(name.split(".")[2]) if ".layers." in name else (-1 if "embed" in name else 99)
    return layer, next(i for i, part in enumerate(parts) if part in name)


def main() -> None:
    cases = []
    for name, (config_class, extra) in CASES.items():
        config = config_class(**{**SHAPE, **extra})
        model = AutoModelForCausalLM.from_config(config).double().eval()
        with torch.no_grad():
            for t, (key, weight) in enumerate(sorted(model.named_parameters(), key=lambda item: order(item[0]))):
                values = [0.4 * math.sin(t + 1.3 * i) for i in range(weight.numel())]
                weight.copy_(torch.tensor(values, dtype=torch.float64).view_as(weight) + ("norm" in key))
            logits = model(torch.tensor([TOKENS])).logits[0]
        cases.append(dict(
            name=name,
            config={key: value for key, value in config.to_diff_dict().items() if key != "transformers_version"},
            tokens=TOKENS,
            logits=[[round(value, 8) for value in row] for row in logits.tolist()]))
    path = Path(__file__).parents[2] / "packages/engine/src/testing/reference-model.fixture.json"
    path.write_text(json.dumps(cases) + "\n")


main()
