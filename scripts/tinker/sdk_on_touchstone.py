"""Drives `touchstone serve tinker` with the official Python SDK: create, sample, train, custom losses, save and load.

The server serves a tiny Qwen3 made here. What the SDK gets is compared with the same weights in PyTorch (transformers),
one AdamW step included. Prints one line of JSON with the largest differences; exits 1 where a check fails, 3 where the
SDK is not installed.
"""

import importlib.util
import json
import math
import os
import sys
import tempfile
from pathlib import Path

from local_server import serving, write_tiny_model

MODEL = "org/tiny"
TEXTS = ["What is 2 + 3? \\boxed{5}", "What is 4 + 1? \\boxed{5}", "Seven is more than six.", "A small model reads."] * 8
TOLERANCE = 1e-3
ADAM = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.95, "eps": 1e-8}


class Checks:
    """Largest difference under each name; a check that fails ends the script."""

    def __init__(self):
        self.differences = {}

    def close(self, name, got, wanted, tolerance=TOLERANCE):
        pairs = list(zip(got, wanted, strict=True))
        worst = max(abs(a - b) for a, b in pairs)
        self.differences[name] = max(worst, self.differences.get(name, 0.0))
        if not worst <= tolerance:
            sys.exit(f"{name}: must agree within {tolerance}, got a difference of {worst}")

    def holds(self, name, value):
        if not value:
            sys.exit(f"{name}: does not hold")


class Reference:
    """The same model in PyTorch."""

    def __init__(self, folder):
        import torch
        from transformers import AutoModelForCausalLM

        self.torch = torch
        self.model = AutoModelForCausalLM.from_pretrained(folder).float()
        # As on the server, norms do not decay; without weight decay there is no difference.
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=ADAM["learning_rate"], betas=(0.9, 0.95), eps=ADAM["eps"], weight_decay=0.0
        )

    def log_probs(self, tokens, targets):
        logits = self.model(self.torch.tensor([tokens])).logits[0]
        return self.torch.log_softmax(logits, -1)[range(len(targets)), targets]

    def step(self, loss):
        self.optimizer.zero_grad()
        loss.backward()
        squares = sum(float((p.grad**2).sum()) for p in self.model.parameters() if p.grad is not None)
        self.optimizer.step()
        return math.sqrt(squares)


def datum(types, tokens, **inputs):
    return types.Datum(
        model_input=types.ModelInput.from_ints(tokens[:-1]), loss_fn_inputs={"target_tokens": tokens[1:], **inputs}
    )


def sampling(checks, reference, client, tokens, types):
    """Log-probs of samples and prompts, top-k, targets, seeds and stops."""
    prompt = types.ModelInput.from_ints(tokens)
    params = types.SamplingParams(max_tokens=6, seed=7, temperature=0.7)
    asked = {"include_prompt_logprobs": True, "topk_prompt_logprobs": 3, "topk_sample_logprobs": 2}
    response = client.sample(prompt, num_samples=3, sampling_params=params, **asked).result()
    checks.close("prompt log-probs", response.prompt_logprobs[1:], reference.log_probs(tokens[:-1], tokens[1:]).tolist())
    checks.holds("the first token of a prompt has no log-prob", response.prompt_logprobs[0] is None)
    for row in response.topk_prompt_logprobs[1:]:
        checks.holds("three likeliest tokens, likeliest first", len(row) == 3 and row[0][1] >= row[2][1])
    for sequence in response.sequences:
        whole = tokens + list(sequence.tokens)
        wanted = reference.log_probs(whole[:-1], whole[1:])[len(tokens) - 1 :].tolist()
        checks.close("sampled log-probs", sequence.logprobs, wanted)
        checks.holds("a sequence has an id", isinstance(sequence.sequence_id, str))
    again = client.sample(prompt, num_samples=3, sampling_params=params).result()
    same = [list(a.tokens) == list(b.tokens) for a, b in zip(response.sequences, again.sequences, strict=True)]
    checks.holds("equal seeds give equal samples", all(same))
    ids = types.TensorData(data=[5, -1] * (len(tokens) - 1), dtype="int64", shape=[len(tokens) - 1, 2])
    one = types.SamplingParams(max_tokens=1)
    targets = client.sample(prompt, num_samples=1, sampling_params=one, target_prompt_logprobs=ids).result()
    got = targets.target_prompt_logprobs.to_numpy()
    checks.close("target log-probs", got[:, 0].tolist(), reference.log_probs(tokens[:-1], [5] * (len(tokens) - 1)).tolist())
    checks.close("log-probs of a prompt", client.compute_logprobs(prompt).result()[1:], response.prompt_logprobs[1:])
    first = response.sequences[0].tokens[0]
    stopped = client.sample(
        prompt, num_samples=1, sampling_params=types.SamplingParams(max_tokens=6, seed=7, temperature=0.7, stop=[first])
    ).result()
    checks.holds("a stop token ends a sample", list(stopped.sequences[0].tokens) == [first])


def train_step(checks, name, client, reference, types, future, wanted_log_probs, wanted_loss):
    """One step on both sides: log-probs, loss and gradient norm."""
    output = future.result()
    stepped = client.optim_step(types.AdamParams(**ADAM)).result()
    for got, wanted in zip(output.loss_fn_outputs, wanted_log_probs, strict=True):
        checks.close(f"{name}: log-probs", got["logprobs"].tolist(), wanted.tolist())
    checks.close(f"{name}: loss", [output.metrics["loss:sum"]], [float(wanted_loss.detach())], 1e-2)
    norm = reference.step(wanted_loss)
    checks.close(f"{name}: gradient norm, relative", [stepped.metrics["grad_norm"] / norm], [1.0])


def training(checks, reference, client, batch, types):
    """Cross-entropy, importance sampling, PPO and a custom loss, one step each."""
    torch = reference.torch
    scored = lambda: [reference.log_probs(tokens[:-1], tokens[1:]) for tokens in batch]
    data = [datum(types, tokens, weights=[0.0] + [1.0] * (len(tokens) - 2)) for tokens in batch]
    now = scored()
    loss = -sum(lp[1:].sum() for lp in now)
    train_step(checks, "cross_entropy", client, reference, types, client.forward_backward(data, "cross_entropy"), now, loss)

    for name in ("importance_sampling", "ppo"):
        now = scored()
        old = [[value - 0.3 + 0.1 * t for t, value in enumerate(lp.tolist())] for lp in now]
        advantages = [[(-1.0) ** i * (1 + 0.1 * t) for t in range(len(lp))] for i, lp in enumerate(now)]
        data = [
            datum(types, tokens, logprobs=old[i], advantages=advantages[i]) for i, tokens in enumerate(batch)
        ]
        ratios = [torch.exp(lp - torch.tensor(old[i])) for i, lp in enumerate(now)]
        loss = torch.zeros(())
        for ratio, advantage in zip(ratios, map(torch.tensor, advantages), strict=True):
            free = ratio * advantage
            bounded = torch.clamp(ratio, 0.8, 1.2) * advantage
            loss = loss - (torch.minimum(free, bounded) if name == "ppo" else free).sum()
        train_step(checks, name, client, reference, types, client.forward_backward(data, name), now, loss)

    now = scored()
    data = [datum(types, tokens) for tokens in batch]
    square = lambda log_probs: sum((lp.mean() + 2.0) ** 2 for lp in log_probs)
    output = client.forward_backward_custom(data, lambda _, log_probs: (square(log_probs), {"answer": 42.0})).result()
    checks.holds("a custom loss keeps its metrics", output.metrics["answer"] == 42.0)
    stepped = client.optim_step(types.AdamParams(**ADAM)).result()
    norm = reference.step(square(now))
    checks.close("custom: gradient norm, relative", [stepped.metrics["grad_norm"] / norm], [1.0])
    for got, wanted in zip(client.forward(data, "cross_entropy").result().loss_fn_outputs, scored(), strict=True):
        checks.close("log-probs after four steps", got["logprobs"].tolist(), wanted.tolist(), 5e-3)


def checkpoints(checks, service, client, batch, types):
    """What is saved loads: with its optimiser, without, and for sampling."""
    data = [datum(types, tokens) for tokens in batch]
    saved = client.save_state("kept").result().path
    for_sampling = client.save_weights_for_sampler("published").result().path
    log_probs = lambda of: [row["logprobs"].tolist() for row in of.forward(data, "cross_entropy").result().loss_fn_outputs]
    before = log_probs(client)
    loaded = service.create_training_client_from_state_with_optimizer(saved).result()
    checks.holds("a loaded model has the saved weights", log_probs(loaded) == before)
    for trained in (client, loaded):
        trained.forward_backward(data, "cross_entropy").result()
        trained.optim_step(types.AdamParams(**ADAM)).result()
    checks.holds("a loaded model goes on as the saved one", log_probs(loaded) == log_probs(client))
    plain = service.create_training_client_from_state(saved).result()
    checks.holds("weights load without their optimiser", log_probs(plain) == before)
    sampler = service.create_sampling_client(model_path=for_sampling)
    prompt = types.ModelInput.from_ints(batch[0])
    checks.close("a saved sampler", sampler.compute_logprobs(prompt).result()[1:], before[0])
    names = {each.checkpoint_id for each in service.create_rest_client().list_checkpoints(client.model_id).result().checkpoints}
    checks.holds(f"both checkpoints are listed, got {names}", names == {"weights/kept", "sampler_weights/published"})


def errors(checks, service, client, types):
    """A wrong request is refused with a sentence, and the client goes on."""
    import tinker

    wrong = datum(types, [1, 2, 3], weights=[1.0, 1.0])
    try:
        client.forward_backward([wrong], "stable_reinforce").result()
        checks.holds("a loss that the server does not have is refused", False)
    except tinker.BadRequestError as error:
        checks.holds(f"a refusal names the field, got {error}", "loss_fn: must be one of" in str(error))
    try:
        service.create_lora_training_client(base_model="org/huge").result()
        checks.holds("another base model is refused", False)
    except tinker.BadRequestError as error:
        checks.holds(f"a refusal names the model, got {error}", MODEL in str(error))


def run(work):
    import tinker
    from tinker import types
    from transformers import AutoTokenizer

    write_tiny_model(work / "model", TEXTS)
    tokenizer = AutoTokenizer.from_pretrained(work / "model")
    batch = [tokenizer.encode(text) for text in TEXTS[:4]]
    checks = Checks()
    reference = Reference(work / "model")
    with serving(work / "model", MODEL, work / "state", "--threads", "1") as url:
        service = tinker.ServiceClient(base_url=url)
        client = service.create_lora_training_client(base_model=MODEL, rank=8).result()
        info = client.get_info()
        checks.holds("the server says that it trains all weights", info.is_lora is False)
        checks.holds("the tokenizer of the model loads", client.get_tokenizer().encode(TEXTS[0]) == batch[0])
        sampling(checks, reference, service.create_sampling_client(base_model=MODEL), batch[0], types)
        training(checks, reference, client, batch, types)
        sampling(checks, reference, client.save_weights_and_get_sampling_client().result(), batch[1], types)
        checkpoints(checks, service, client, batch, types)
        errors(checks, service, service.create_lora_training_client(base_model=MODEL).result(), types)
    return checks.differences


def main():
    if importlib.util.find_spec("tinker") is None:
        print("sdk: skipped, tinker is not installed in this Python", file=sys.stderr)
        sys.exit(3)
    os.environ.setdefault("TINKER_API_KEY", "tml-local")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with tempfile.TemporaryDirectory() as work:
        print(json.dumps(run(Path(work))))


if __name__ == "__main__":
    main()
