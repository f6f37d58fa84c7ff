"""The loop of tinker.mjs with the official Python SDK. Reads its plan as JSON from argv, prints seconds a step as JSON."""

import json
import os
import sys
import time

os.environ.setdefault("TINKER_API_KEY", "tml-bench")
os.environ.setdefault("TINKER_TELEMETRY", "0")

import tinker
from tinker import types


def main():
    plan = json.loads(sys.argv[1])
    service = tinker.ServiceClient(base_url=plan["url"])
    client = service.create_lora_training_client(base_model=plan["baseModel"], rank=8).result()
    prompts = [types.ModelInput.from_ints(tokens) for tokens in plan["prompts"]]
    adam = types.AdamParams(learning_rate=0.0)
    seconds, tokens = [], 0
    for _ in range(plan["steps"]):
        started = time.perf_counter()
        sampler = client.save_weights_and_get_sampling_client()
        sampler = sampler.result() if hasattr(sampler, "result") else sampler
        asked = [
            sampler.sample(
                prompt,
                num_samples=plan["group"],
                sampling_params=types.SamplingParams(max_tokens=plan["maxNewTokens"], seed=plan["seed"], temperature=1.0),
            )
            for prompt in prompts
        ]
        data = []
        for prompt, future in zip(plan["prompts"], asked, strict=True):
            for sequence in future.result().sequences:
                tokens += len(sequence.tokens)
                whole = prompt + list(sequence.tokens)
                weights = [0.0] * (len(prompt) - 1) + [1.0] * len(sequence.tokens)
                data.append(
                    types.Datum(
                        model_input=types.ModelInput.from_ints(whole[:-1]),
                        loss_fn_inputs={
                            "target_tokens": types.TensorData(data=whole[1:], dtype="int64", shape=[len(whole) - 1]),
                            "weights": types.TensorData(data=weights, dtype="float32", shape=[len(weights)]),
                        },
                    )
                )
        gradients = client.forward_backward(data, "cross_entropy")
        step = client.optim_step(adam)
        gradients.result()
        step.result()
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"seconds": seconds, "tokens": tokens}))


main()
