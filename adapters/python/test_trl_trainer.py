"""One step of TRL's real GRPOTrainer with a model of a few thousand parameters; skipped where TRL is absent."""

import importlib.util
import tempfile
import unittest

import touchstone_trl


@unittest.skipUnless(importlib.util.find_spec("trl"), "TRL is not installed")
class RealTrainer(unittest.TestCase):
    def test_a_step_with_rewards_from_the_server(self):
        from datasets import Dataset
        from tokenizers import Tokenizer, models, pre_tokenizers
        from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
        from trl import GRPOConfig, GRPOTrainer

        words = ["<pad>", "<eos>", *"0123456789+="]
        tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<pad>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
        fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")
        shape = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
        model = LlamaForCausalLM(LlamaConfig(vocab_size=len(words), pad_token_id=0, eos_token_id=1, **shape))
        with tempfile.TemporaryDirectory() as folder:
            trainer = GRPOTrainer(
                model=model,
                processing_class=fast,
                reward_funcs=touchstone_trl.touchstone_reward("exact", column="solution"),
                train_dataset=Dataset.from_list([{"prompt": "2+2=", "solution": "4"}] * 4),
                args=GRPOConfig(
                    output_dir=folder,
                    per_device_train_batch_size=4,
                    num_generations=4,
                    max_completion_length=3,
                    max_steps=1,
                    use_cpu=True,
                    bf16=False,
                    logging_steps=1,
                    report_to=[],
                ),
            )
            trainer.train()
            logged = [entry for entry in trainer.state.log_history if "rewards/touchstone_exact/mean" in entry]
        self.assertEqual(len(logged), 1)
        self.assertGreaterEqual(logged[0]["rewards/touchstone_exact/mean"], 0.0)


if __name__ == "__main__":
    unittest.main()
