"""Writes packages/engine/src/testing/reference-model.fixture.json: logits of tiny models by Python transformers.

Usage: python scripts/parity/fixture.py        Needs: pip install torch transformers
Weights come from a formula that the TypeScript test repeats: value i of the t-th weight (names in the order of
`referenceShapes`) is 0.4 sin(t + 1.3 i), norms are 1 plus that. Everything runs in float64 but transformers' own
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
CASES = {
    "llama": (LlamaConfig, dict(tie_word_embeddings=False)),
    "qwen2": (Qwen2Config, dict(tie_word_embeddings=True)),
    "qwen3": (Qwen3Config, dict(tie_word_embeddings=True, head_dim=6)),
}
TOKENS = [3, 1, 4, 1, 5, 9, 2]


def order(name: str) -> tuple:
    """Sort key that gives the order of `referenceShapes`."""
    parts = ["embed_tokens", "input_layernorm", "q_proj.weight", "q_proj.bias", "k_proj.weight", "k_proj.bias",
             "v_proj.weight", "v_proj.bias", "q_norm", "k_norm", "o_proj", "post_attention_layernorm", "gate_proj",
             "up_proj", "down_proj", "model.norm", "lm_head"]
    layer = int(name.split(".")[2]) if ".layers." in name else (-1 if "embed" in name else 99)
    return layer, next(i for i, part in enumerate(parts) if part in name)


def main() -> None:
    cases = []
    for family, (config_class, extra) in CASES.items():
        config = config_class(**SHAPE, **extra)
        model = AutoModelForCausalLM.from_config(config).double().eval()
        with torch.no_grad():
            for t, (name, weight) in enumerate(sorted(model.named_parameters(), key=lambda item: order(item[0]))):
                values = [0.4 * math.sin(t + 1.3 * i) for i in range(weight.numel())]
                weight.copy_(torch.tensor(values, dtype=torch.float64).view_as(weight) + ("norm" in name))
            logits = model(torch.tensor([TOKENS])).logits[0]
        cases.append(dict(
            family=family,
            config=dict(
                vocabSize=config.vocab_size, hiddenSize=config.hidden_size, intermediateSize=config.intermediate_size,
                layers=config.num_hidden_layers, heads=config.num_attention_heads, kvHeads=config.num_key_value_heads,
                headDim=getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads,
                ropeTheta=50.0, rmsNormEps=config.rms_norm_eps, tiedEmbeddings=config.tie_word_embeddings,
                qkvBias=family == "qwen2", qkNorm=family == "qwen3"),
            tokens=TOKENS,
            logits=[[round(value, 8) for value in row] for row in logits.tolist()]))
    path = Path(__file__).parents[2] / "packages/engine/src/testing/reference-model.fixture.json"
    path.write_text(json.dumps(cases) + "\n")


main()
