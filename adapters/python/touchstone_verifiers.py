"""Touchstone as a rubric of the verifiers library.

    import touchstone_verifiers
    rubric = touchstone_verifiers.rubric("math")

or `vf.Rubric(funcs=[touchstone_verifiers.reward("math")])` beside reward functions of your own. The right answer is the
`answer` of the row. The library turns an exception of a reward function into 0; a response that could not be judged
scores 0 as well, and the metric `touchstone_judged` of `rubric` tells the two from wrong answers.

One file, no dependencies: copy it where your trainer finds it. It asks a reward server, which you start beside it with
`npx touchstone serve rewards`. Settings are environment variables: TOUCHSTONE_URL (default http://127.0.0.1:8077),
TOUCHSTONE_TOKEN, TOUCHSTONE_KIND (the verifier, default math), TOUCHSTONE_TIMEOUT (seconds a request may take, default
120). A server that cannot be reached raises after a few attempts: it never becomes a reward of 0.
"""

import asyncio
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
    """A completion as text: the last message of the assistant."""
    if isinstance(completion, str):
        return completion
    for message in reversed(completion or []):
        role, content = (message.get("role"), message.get("content")) if isinstance(message, dict) else (
            getattr(message, "role", None),
            getattr(message, "content", None),
        )
        if role == "assistant":
            return content if isinstance(content, str) else ""
    return ""


async def _verdict(kind, options, completion, answer):
    item = {"kind": kind, "response": _text(completion), "reference": answer}
    if options is not None:
        item["options"] = options
    # The request waits in a thread, so that one slow answer does not stop the other rollouts.
    return (await asyncio.to_thread(_judge, [item], "zero"))[0]


def reward(kind=None, options=None):
    """A reward function: the score of the verdict, 0 where there is none."""
    verifier = kind or os.environ.get("TOUCHSTONE_KIND", "math")

    async def touchstone_reward(completion, answer, state=None, **_):
        verdict = await _verdict(verifier, options, completion, answer)
        if isinstance(state, dict):
            state["touchstone"] = verdict
        return verdict["reward"]

    return touchstone_reward


async def touchstone_judged(state, **_):
    """1 where the last response was judged, 0 where it was not."""
    verdict = state.get("touchstone") or {}
    return float(verdict.get("outcome") in ("correct", "incorrect"))


def rubric(kind=None, options=None):
    """A `vf.Rubric` of the reward with weight 1 and the metric with weight 0."""
    import verifiers as vf

    return vf.Rubric(funcs=[reward(kind, options), touchstone_judged], weights=[1.0, 0.0])
