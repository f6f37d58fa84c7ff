"""Touchstone as a reward function of TRL.

    from touchstone_trl import touchstone_reward
    trainer = GRPOTrainer(..., reward_funcs=touchstone_reward("math", column="solution"))

`column` names the column of the data set that holds the right answer. A response that could not be judged is None,
which TRL leaves out of its means.

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


def _text(completion):
    """A completion as text: the last message of a conversation."""
    if isinstance(completion, str):
        return completion
    content = completion[-1]["content"] if completion else ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or [])


def touchstone_reward(kind=None, column="reference", options=None, policy="exclude"):
    """A function for `reward_funcs` that judges completions by `kind` against `column`."""
    verifier = kind or os.environ.get("TOUCHSTONE_KIND", "math")
    extra = {} if options is None else {"options": options}

    def reward(prompts, completions, **columns):
        if column not in columns:
            raise KeyError(f"touchstone: the data set must have a column {column!r}, got {sorted(columns)}")
        rows = zip(completions, columns[column])
        items = [{"kind": verifier, "response": _text(text), "reference": truth, **extra} for text, truth in rows]
        return [verdict["reward"] for verdict in _judge(items, policy)]

    reward.__name__ = f"touchstone_{verifier}"
    return reward
