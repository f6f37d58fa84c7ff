"""The Python side of `npm run parity`: random models, inputs, and what torch and transformers make of them.

Usage: python scripts/parity/reference.py make FOLDER      models, inputs and expected values of every case
       python scripts/parity/reference.py verify FOLDER    reads what the engine saved and sampled in between
Needs: pip install torch transformers safetensors

Files of a case, FOLDER/<case>/: model/ (Hugging Face folder), inputs.safetensors, expected.safetensors, and after
`verify` verified.safetensors. A batch is ragged: sequence i is tokens[offsets[i] : offsets[i + 1]]; a column entry t
describes the distribution that token t was drawn from and is 0 where scored[t] is 0.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM, AutoTokenizer, LlamaConfig, PreTrainedTokenizerFast, Qwen2Config, Qwen3Config
)

VOCABULARY = 131
TOP_K = 5
LENGTHS = [7, 29, 2, 18, 40, 11]
GREEDY_TOKENS = 24
# An eps of 1e-8 would let the sign of a gradient of 1e-8, which is rounding, move a weight by a whole learning rate.
ADAM = dict(steps=3, learningRate=1e-3, beta1=0.9, beta2=0.95, eps=1e-2, weightDecay=0.1, maxGradNorm=25.0)
STRETCHED = dict(rope_type="llama3", rope_theta=10000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
                 original_max_position_embeddings=48)
CASES = {
    "llama-untied": (LlamaConfig, dict(tie_word_embeddings=False)),
    "llama-tied-mha": (LlamaConfig, dict(tie_word_embeddings=True, num_key_value_heads=4)),
    "llama3-rope": (LlamaConfig, dict(tie_word_embeddings=False, rope_parameters=STRETCHED)),
    "qwen2.5-tied": (Qwen2Config, dict(tie_word_embeddings=True)),
    "qwen2.5-untied-bf16-shards": (Qwen2Config, dict(tie_word_embeddings=False, num_key_value_heads=1)),
    "qwen3-tied": (Qwen3Config, dict(tie_word_embeddings=True, head_dim=24)),
    "qwen3-untied": (Qwen3Config, dict(tie_word_embeddings=False, head_dim=16)),
}


def make_tokenizer() -> PreTrainedTokenizerFast:
    words = ["<pad>", "<eos>"] + [f"w{i}" for i in range(2, VOCABULARY)]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")


def make_model(name: str, folder: Path):
    config_class, extra = CASES[name]
    config = config_class(**{**dict(
        vocab_size=VOCABULARY, hidden_size=48, intermediate_size=80, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=96, rms_norm_eps=1e-6, bos_token_id=None, eos_token_id=1,
        pad_token_id=0), **extra})
    model = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for key, weight in model.named_parameters():
            noise = torch.randn_like(weight)
            scale = 0.06 if "embed" in key and config.tie_word_embeddings else 0.15
            weight.copy_(1 + 0.1 * noise if "norm" in key else scale * noise)
    if "bf16" in name:
        model.to(torch.bfloat16).save_pretrained(folder, max_shard_size="60KB")
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    else:
        model.save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return model


def make_inputs() -> dict:
    offsets = torch.tensor([0, *LENGTHS]).cumsum(0)
    total = int(offsets[-1])
    scored = (torch.rand(total) < 0.8).to(torch.uint8)
    scored[offsets[:-1]] = 0
    on = scored.float()
    weights = {f"weights.adam{step}": torch.randn(total) * on * 0.1 for step in range(ADAM["steps"])}
    return dict(
        tokens=torch.randint(2, VOCABULARY, (total,), dtype=torch.int32), offsets=offsets.int(), scored=scored,
        temperature=0.5 + torch.rand(total), topKIds=torch.randint(0, VOCABULARY, (total, TOP_K), dtype=torch.int32),
        **weights, **{f"weights.{column}": torch.randn(total) * on for column in ("logProb", "entropy", "meanLogProb")},
        **{"weights.topK": torch.randn(total, TOP_K) * on[:, None]})


def log_probs(model, inputs: dict, temperature=None) -> torch.Tensor:
    """[tokens, vocabulary] Row t: the distribution that token t was drawn from; uniform rows at sequence starts."""
    tokens, offsets = inputs["tokens"].long(), inputs["offsets"].tolist()
    rows = []
    for start, end in zip(offsets, offsets[1:]):
        logits = model(tokens[None, start:end]).logits[0]
        rows.append(torch.cat([torch.zeros_like(logits[:1]), logits[:-1]]))
    logits = torch.cat(rows)
    return torch.log_softmax(logits if temperature is None else logits / temperature[:, None], -1)


def columns(rows: torch.Tensor, inputs: dict) -> dict:
    on = inputs["scored"].float()
    return dict(
        logProb=rows.gather(1, inputs["tokens"].long()[:, None])[:, 0] * on,
        entropy=-(rows.exp() * rows).sum(-1) * on,
        meanLogProb=rows.mean(-1) * on,
        topLogProb=rows.max(-1).values * on)


def gradients(model, loss: torch.Tensor, prefix: str) -> dict:
    model.zero_grad()
    loss.backward()
    return {f"{prefix}{key}": weight.grad.clone() for key, weight in model.named_parameters()}


def expected_gradients(model, inputs: dict) -> dict:
    of_token = columns(log_probs(model, inputs), inputs)["logProb"]
    result = gradients(model, (inputs["weights.logProb"] * of_token).sum(), "grad.logProb.")
    rows = log_probs(model, inputs, inputs["temperature"])
    found = columns(rows, inputs)
    loss = sum((inputs[f"weights.{name}"] * found[name]).sum() for name in ("logProb", "entropy", "meanLogProb"))
    loss = loss + (inputs["weights.topK"] * rows.gather(1, inputs["topKIds"].long())).sum()
    return {**result, **gradients(model, loss, "grad.all.")}


def greedy(model, inputs: dict) -> list:
    offsets = inputs["offsets"].tolist()
    answers = []
    for start, end in zip(offsets, offsets[1:]):
        prompt = inputs["tokens"][None, start:end].long()
        output = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False,
                                max_new_tokens=GREEDY_TOKENS)
        answers.append(output[0, end - start:].tolist())
    return answers


def trained(model, inputs: dict) -> dict:
    """AdamW with global-norm clipping; decay on matrices only. Changes the model. Returns weights and norms."""
    matrices = [weight for weight in model.parameters() if weight.dim() > 1]
    vectors = [weight for weight in model.parameters() if weight.dim() == 1]
    optimiser = torch.optim.AdamW(
        [dict(params=matrices, weight_decay=ADAM["weightDecay"]), dict(params=vectors, weight_decay=0.0)],
        lr=ADAM["learningRate"], betas=(ADAM["beta1"], ADAM["beta2"]), eps=ADAM["eps"])
    norms = []
    for step in range(ADAM["steps"]):
        optimiser.zero_grad()
        of_token = columns(log_probs(model, inputs), inputs)["logProb"]
        (inputs[f"weights.adam{step}"] * of_token).sum().backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), ADAM["maxGradNorm"]))
        optimiser.step()
    weights = {f"adam.{key}": weight.detach().clone() for key, weight in model.named_parameters()}
    return {**weights, "adamNorms": torch.stack(norms)}


def save(tensors: dict, path: Path) -> None:
    save_file({key: value.detach().contiguous() for key, value in tensors.items()}, path)


def make(folder: Path) -> None:
    cases = {}
    for index, name in enumerate(CASES):
        torch.manual_seed(1000 + index)
        model, inputs = make_model(name, folder / name / "model"), make_inputs()
        rows = log_probs(model, inputs)
        expected = {"rows": rows, **columns(rows, inputs), **expected_gradients(model, inputs)}
        cases[name] = dict(greedy=greedy(model, inputs), greedyTokens=GREEDY_TOKENS, topK=TOP_K, adam=ADAM)
        expected.update(trained(model, inputs))
        save(inputs, folder / name / "inputs.safetensors")
        save(expected, folder / name / "expected.safetensors")
    (folder / "cases.json").write_text(json.dumps(cases))


def verify(folder: Path) -> None:
    for name in CASES:
        case, found = folder / name, {}
        inputs = load_file(case / "inputs.safetensors")
        with torch.no_grad():
            for kind in ("saved-f32", "saved-bf16"):
                model = AutoModelForCausalLM.from_pretrained(case / kind, dtype=torch.float32).eval()
                found[kind] = log_probs(model, inputs)
            model = AutoModelForCausalLM.from_pretrained(case / "model", dtype=torch.float32).eval()
            sampled = json.loads((case / "sampled.json").read_text())
            batch = dict(tokens=torch.tensor(sampled["tokens"]), offsets=torch.tensor(sampled["offsets"]))
            rows = log_probs(model, batch, torch.full((len(sampled["tokens"]),), sampled["temperature"]))
            found["sampled"] = rows.gather(1, batch["tokens"][:, None])[:, 0]
        here, there = (AutoTokenizer.from_pretrained(case / kind)("w7 w11 w2") for kind in ("saved-f32", "model"))
        found["tokenizer"] = torch.tensor([int(here.input_ids == there.input_ids)], dtype=torch.int32)
        save(found, case / "verified.safetensors")


torch.set_num_threads(1)  # the models are tiny: a second thread only waits
{"make": make, "verify": verify}[sys.argv[1]](Path(sys.argv[2]))
