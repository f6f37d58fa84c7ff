"""Touchstone as the custom reward function of verl.

    custom_reward_function.path=/path/to/touchstone_verl.py custom_reward_function.name=compute_score

`compute_score` judges one response; `compute_score_batch` fits verl's batch reward manager and needs one request a
batch. A row's `extra_info` may name its own verifier as `verifier`. verl has no place for a missing reward, so a
response that could not be judged scores 0 here, and `judged` in the logged extras says how many did.

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


def _item(solution_str, ground_truth, extra_info):
    kind = (extra_info or {}).get("verifier") or os.environ.get("TOUCHSTONE_KIND", "math")
    return {"kind": kind, "response": solution_str, "reference": ground_truth}


def _score(verdict):
    judged = verdict["outcome"] in ("correct", "incorrect")
    return {"score": verdict["reward"], "acc": float(verdict["outcome"] == "correct"), "judged": float(judged)}


def compute_score(data_source, solution_str, ground_truth, extra_info=None, **_):
    return _score(_judge([_item(solution_str, ground_truth, extra_info)], "zero")[0])


def compute_score_batch(data_sources, solution_strs, ground_truths, extra_infos=None, **_):
    extras = extra_infos if extra_infos is not None else [None] * len(solution_strs)
    items = [_item(*row) for row in zip(solution_strs, ground_truths, extras)]
    return [_score(verdict) for verdict in _judge(items, "zero")]
