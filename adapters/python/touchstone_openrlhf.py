"""Touchstone as the reward function of OpenRLHF.

    --remote_rm_url /path/to/touchstone_openrlhf.py

Or without this file: `--remote_rm_url http://127.0.0.1:8077/openrlhf?kind=math`. OpenRLHF has no place for a missing
reward, so a response that could not be judged scores 0, and `unjudged` in the extra logs counts it.

One file, no dependencies: copy it where your trainer finds it. It asks a reward server, which you start beside it with
`npx touchstone serve rewards`. Settings are environment variables: TOUCHSTONE_URL (default http://127.0.0.1:8077),
TOUCHSTONE_TOKEN, TOUCHSTONE_KIND (the verifier, default math), TOUCHSTONE_TIMEOUT (seconds a request may take, default
120). A server that cannot be reached raises after a few attempts: it never becomes a reward of 0.
"""

import json
import os
import time
import urllib.error
import urllib.request


def _judge(items, policy):
    """Verdicts for items of kind, response and reference, in their order; each has a `reward` (None: left out)."""
    body = json.dumps({"items": items, "policy": policy}).encode()
    headers = {"Content-Type": "application/json"}
    if os.environ.get("TOUCHSTONE_TOKEN"):
        headers["Authorization"] = "Bearer " + os.environ["TOUCHSTONE_TOKEN"]
    url = os.environ.get("TOUCHSTONE_URL", "http://127.0.0.1:8077").rstrip("/") + "/verify"
    timeout = float(os.environ.get("TOUCHSTONE_TIMEOUT", "120"))
    for attempt in range(4):
        try:
            request = urllib.request.Request(url, data=body, headers=headers)
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                return json.load(reply)["verdicts"]
        except urllib.error.HTTPError as error:
            message = error.read().decode(errors="replace")
            if error.code != 503:
                raise RuntimeError(f"touchstone: {url} refused the request: {message}") from error
        except OSError as error:
            message = str(error)
        time.sleep(0.25 * 2**attempt)
    raise RuntimeError(f"touchstone: {url} must be reachable, got {message}; start `npx touchstone serve rewards`")


def _tensor(values):
    """OpenRLHF expects tensors; a list serves where torch is absent."""
    try:
        import torch
    except ImportError:
        return values
    return torch.tensor(values, dtype=torch.float32)


def reward_func(queries, prompts, labels, **_):
    kind = os.environ.get("TOUCHSTONE_KIND", "math")
    items = []
    for query, prompt, label in zip(queries, prompts, labels):
        # A query is the prompt with the response behind it.
        response = query[len(prompt) :] if query.startswith(prompt) else query
        items.append({"kind": kind, "response": response, "reference": label})
    verdicts = _judge(items, "zero")
    unjudged = [float(verdict["outcome"] not in ("correct", "incorrect")) for verdict in verdicts]
    return {
        "rewards": _tensor([verdict["reward"] for verdict in verdicts]),
        "scores": _tensor([verdict["score"] for verdict in verdicts]),
        "extra_logs": {"unjudged": _tensor(unjudged)},
    }
