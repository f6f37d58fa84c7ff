"""Touchstone as a reward of the verifiers library.

With tasks (verifiers.v1):

    class MyTask(vf.Task[MyData]):
        @vf.reward(weight=1.0)
        async def correct(self, trace: vf.Trace) -> float:
            return await touchstone_verifiers.score(trace.last_reply, self.data.answer)

`score` raises `Unjudged` for a response that could not be judged, which the library records as an error of the rollout.

With rubrics (older releases):

    rubric = touchstone_verifiers.rubric("math")

or `vf.Rubric(funcs=[touchstone_verifiers.reward("math")])` beside reward functions of your own; the right answer is the
`answer` of the row. Rubrics turn exceptions into 0, so a response that could not be judged scores 0 there, and the
metric `touchstone_judged` of `rubric` tells it from a wrong answer.

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
        read = message.get if isinstance(message, dict) else lambda name, of=message: getattr(of, name, None)
        if read("role") == "assistant":
            return read("content") if isinstance(read("content"), str) else ""
    return ""


class Unjudged(RuntimeError):
    """The verifier gave no verdict: an unreadable reference, a deadline, a crash."""


def _kind(kind):
    return kind or os.environ.get("TOUCHSTONE_KIND", "math")


async def _verdict(response, answer, kind, options):
    item = {"kind": _kind(kind), "response": response, "reference": answer}
    if options is not None:
        item["options"] = options
    # The request waits in a thread, so that one slow answer does not stop the other rollouts.
    return (await asyncio.to_thread(_judge, [item], "zero"))[0]


async def score(response, answer, kind=None, options=None):
    """The score of a response in [0, 1]."""
    verdict = await _verdict(response, answer, kind, options)
    if verdict["outcome"] not in ("correct", "incorrect"):
        raise Unjudged(f"touchstone: {verdict['outcome']} ({verdict['reason']}) {verdict['feedback']}".strip())
    return float(verdict["score"])


def reward(kind=None, options=None):
    """A reward function for rubrics: the score of the verdict, 0 where there is none."""

    async def touchstone_reward(completion, answer, **_):
        return (await _verdict(_text(completion), answer, kind, options))["reward"]

    return touchstone_reward


def judged(kind=None, options=None):
    """A metric for rubrics: 1 where the response is judged, 0 where it cannot be."""

    async def touchstone_judged(completion, answer, **_):
        # Rubrics may call their functions at the same time, so this asks for itself.
        verdict = await _verdict(_text(completion), answer, kind, options)
        return float(verdict["outcome"] in ("correct", "incorrect"))

    return touchstone_judged


def rubric(kind=None, options=None):
    """A `vf.Rubric` of the reward with weight 1 and the metric with weight 0."""
    import verifiers as vf

    return vf.Rubric(funcs=[reward(kind, options), judged(kind, options)], weights=[1.0, 0.0])
