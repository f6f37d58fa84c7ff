"""Run with a reward server at TOUCHSTONE_URL: `python3 -m unittest -v` in this folder.

The suite of the repository does so with a server of its own. Verifiers: `exact`, and `loop`, which never returns.
"""

import asyncio
import importlib.util
import inspect
import os
import unittest

import touchstone_openrlhf
import touchstone_trl
import touchstone_verifiers
import touchstone_verl

os.environ["TOUCHSTONE_KIND"] = "exact"


def has(module):
    """Whether a module can be found; its parent may be absent."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def numbers(values):
    """Tensors and lists alike as a list."""
    return [float(value) for value in values]


class Verl(unittest.TestCase):
    def test_one(self):
        self.assertEqual(
            touchstone_verl.compute_score("gsm8k", "4", "4", {}), {"score": 1, "acc": 1.0, "judged": 1.0}
        )
        self.assertEqual(touchstone_verl.compute_score("gsm8k", "5", "4")["score"], 0)

    def test_keywords_of_the_reward_manager(self):
        result = touchstone_verl.compute_score(
            data_source="any", solution_str="4", ground_truth="4", extra_info={"verifier": "exact"}, reward_router_address=None
        )
        self.assertEqual(result["score"], 1)

    def test_batch_and_what_cannot_be_judged(self):
        results = touchstone_verl.compute_score_batch(
            data_sources=["a"] * 3, solution_strs=["4", "5", "4"], ground_truths=["4", "4", 4], extra_infos=[None, {}, {}]
        )
        self.assertEqual([result["score"] for result in results], [1, 0, 0])
        self.assertEqual([result["judged"] for result in results], [1.0, 1.0, 0.0])


class Trl(unittest.TestCase):
    def test_texts_and_conversations(self):
        reward = touchstone_trl.touchstone_reward("exact", column="solution")
        completions = ["4", [{"role": "assistant", "content": "4"}], [{"role": "assistant", "content": [{"type": "text", "text": "5"}]}]]
        values = reward(prompts=["q"] * 3, completions=completions, solution=["4", "4", "4"], completion_ids=[[1]] * 3)
        self.assertEqual(values, [1, 1, 0])
        self.assertEqual(reward.__name__, "touchstone_exact")

    def test_none_for_what_cannot_be_judged(self):
        reward = touchstone_trl.touchstone_reward("exact")
        self.assertEqual(reward(prompts=["q"], completions=["4"], reference=[4]), [None])

    def test_an_endless_verifier_costs_its_deadline_only(self):
        reward = touchstone_trl.touchstone_reward("loop")
        self.assertEqual(reward(prompts=["q"], completions=["4"], reference=["4"]), [None])

    def test_missing_column(self):
        with self.assertRaisesRegex(KeyError, "must have a column 'solution'"):
            touchstone_trl.touchstone_reward("exact", column="solution")(prompts=["q"], completions=["4"])


class OpenRlhf(unittest.TestCase):
    def test_rewards(self):
        result = touchstone_openrlhf.reward_func(["2+2=4", "2+2=5", "q4"], ["2+2=", "2+2=", "q"], ["4", "4", 4])
        self.assertEqual(numbers(result["rewards"]), [1, 0, 0])
        self.assertEqual(numbers(result["scores"]), [1, 0, 0])
        self.assertEqual(numbers(result["extra_logs"]["unjudged"]), [0, 0, 1])


class Verifiers(unittest.TestCase):
    completion = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "4"}]

    def ask(self, function, answer):
        return asyncio.run(function(prompt="?", completion=self.completion, answer=answer, state={}, info={}))

    def test_reward_and_metric(self):
        reward, judged = touchstone_verifiers.reward("exact"), touchstone_verifiers.judged("exact")
        self.assertEqual([self.ask(reward, "4"), self.ask(judged, "4")], [1, 1.0])
        self.assertEqual([self.ask(reward, "5"), self.ask(judged, "5")], [0, 1.0])
        self.assertEqual([self.ask(reward, 4), self.ask(judged, 4)], [0, 0.0])

    def test_score(self):
        self.assertEqual(asyncio.run(touchstone_verifiers.score("4", "4")), 1.0)
        with self.assertRaisesRegex(touchstone_verifiers.Unjudged, "unscorable"):
            asyncio.run(touchstone_verifiers.score("4", 4))

    @unittest.skipUnless(has("verifiers.v1"), "verifiers.v1 is not installed")
    def test_real_task(self):
        import verifiers.v1 as vf

        class Data(vf.TaskData):
            answer: str = ""

        class Sum(vf.Task[Data]):
            @vf.reward(weight=2.0)
            async def correct(self, trace: vf.Trace) -> float:
                return await touchstone_verifiers.score(trace.last_reply, self.data.answer)

        class Reply:
            last_reply = "4"

        task = Sum(Data(prompt="2+2=", answer="4"), vf.TaskConfig())
        self.assertEqual(asyncio.run(task.correct(Reply())), 1.0)

    @unittest.skipUnless(has("verifiers.rubrics"), "a release of verifiers with rubrics is not installed")
    def test_real_rubric(self):
        rubric = touchstone_verifiers.rubric("exact")
        row = {"prompt": "?", "completion": self.completion, "answer": "4", "info": {}}
        if "prompt" in inspect.signature(rubric.score_rollout).parameters:
            times = {"timing": {"scoring_ms": 0, "total_ms": 0}}
            self.assertEqual(asyncio.run(rubric.score_rollout(state=times, **row)).reward, 1.0)
        else:
            state = {**row, "trajectory": []}
            asyncio.run(rubric.score_rollout(state))
            self.assertEqual(state["reward"], 1.0)


class Faults(unittest.TestCase):
    def test_a_refused_request_raises_with_the_reason(self):
        with self.assertRaisesRegex(RuntimeError, r"items\[0\]\.kind"):
            touchstone_verl.compute_score("x", "4", "4", {"verifier": "no such kind"})

    def test_an_unreachable_server_raises(self):
        old = os.environ["TOUCHSTONE_URL"]
        os.environ["TOUCHSTONE_URL"] = "http://127.0.0.1:9"
        try:
            with self.assertRaisesRegex(RuntimeError, "must be reachable"):
                touchstone_verl.compute_score("x", "4", "4")
        finally:
            os.environ["TOUCHSTONE_URL"] = old


if __name__ == "__main__":
    unittest.main()
