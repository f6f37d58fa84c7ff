"""The Python side of `node scripts/parity/folders.mjs`: model folders, tokenizers and chat templates.

Usage: python scripts/parity/folders.py make FOLDER      random models in every storage, tokenizers, expected values
       python scripts/parity/folders.py verify FOLDER    loads what the engine saved; prints one JSON line
Needs: pip install torch transformers safetensors tokenizers

Files of a model case, FOLDER/models/<case>/: model/ (as transformers writes it), expected.bin (all weights as f32,
in the order of the names in expected.json), and from the engine saved-f32/, saved-bf16/, saved-f16/.
FOLDER/tokenizers/<case>/: tokenizer.json and expected.json. FOLDER/templates.json: templates with their renderings.
"""

import json
import os
import random
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config, Qwen3Config
from transformers.utils.chat_template_utils import render_jinja_template

FAMILIES = {"llama": LlamaConfig, "qwen2": Qwen2Config, "qwen3": Qwen3Config}
STORAGES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


# --- models -----------------------------------------------------------------------------------------------------------


def make_model(folder: Path, family: str, tied: bool, storage: str, sharded: bool, older: bool) -> None:
    config = FAMILIES[family](
        vocab_size=97, hidden_size=32, intermediate_size=56, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, tie_word_embeddings=tied, eos_token_id=[3, 5],
        **({"head_dim": 12} if family == "qwen3" else {}))
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.3)
            # Subnormals of f16, values that round up to the next power of two, and signed zeros.
            weight.view(-1)[:4] = torch.tensor([3e-7, -1.9999, -0.0, 6.1e-5])
    model = model.to(STORAGES[storage])
    model.save_pretrained(folder / "model", max_shard_size="8KB" if sharded else "1GB")
    if older:
        rewrite_as_version_4(folder / "model" / "config.json")
    names = sorted(name for name, _ in model.named_parameters())
    weights = dict(model.named_parameters())
    (folder / "expected.bin").write_bytes(b"".join(weights[n].detach().float().numpy().tobytes() for n in names))
    (folder / "expected.json").write_text(json.dumps(names))


def rewrite_as_version_4(file: Path) -> None:
    config = json.loads(file.read_text())
    rope = config.pop("rope_parameters")
    config.update(rope_theta=rope["rope_theta"], rope_scaling=None, torch_dtype=config.pop("dtype"))
    file.write_text(json.dumps(config))


def verify_model(folder: Path) -> dict:
    """For each saved folder the largest difference of weights and logits from the original, rounded likewise."""
    original = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32).eval()
    ids = torch.arange(40)[None] % 97
    errors = {}
    for storage, dtype in STORAGES.items():
        saved = AutoModelForCausalLM.from_pretrained(folder / f"saved-{storage}", dtype=torch.float32).eval()
        rounded = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=dtype).to(torch.float32).eval()
        theirs, ours = dict(rounded.named_parameters()), dict(saved.named_parameters())
        same_names = theirs.keys() == ours.keys()
        with torch.no_grad():
            weights = max(float((ours[n] - w).abs().max()) for n, w in theirs.items()) if same_names else float("inf")
            logits = float((saved(ids).logits - rounded(ids).logits).abs().max())
        same_config = saved.config.rope_parameters == original.config.rope_parameters \
            and saved.generation_config.eos_token_id == original.generation_config.eos_token_id
        errors[storage] = max(weights, logits) if same_config else float("inf")
    return errors


# --- tokenizers -------------------------------------------------------------------------------------------------------

WORDS = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}DIGITS| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CORPUS = Path(__file__).read_text().splitlines(keepends=True)


def byte_level(pre_tokenizer, normalizer=None, post_processor=None, ignore_merges=False) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=900, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    tokenizer.post_processor = post_processor or processors.ByteLevel(trim_offsets=False)
    tokenizer.add_tokens([AddedToken("<think>", normalized=False), AddedToken("</think>", normalized=False)])
    return tokenizer


def split_words(digits: str):
    split = pre_tokenizers.Split(Regex(WORDS.replace("DIGITS", digits)), "isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def sentence_piece() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    symbols = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=700, special_tokens=symbols, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    written = json.loads(tokenizer.to_str())
    written["added_tokens"] = [token for token in written["added_tokens"] if token["id"] < 3]
    return Tokenizer.from_str(json.dumps(written))


def make_tokenizers() -> dict:
    begin = processors.Sequence([processors.ByteLevel(trim_offsets=True), processors.TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)])])
    digits = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    return {
        "qwen": byte_level(split_words(""), normalizers.NFC()),
        "llama3": byte_level(split_words("{1,3}"), post_processor=begin, ignore_merges=True),
        "smollm2": byte_level(digits),
        "llama2": sentence_piece(),
    }


def make_texts() -> list:
    texts = ["", " ", "\n", "a", "  leading", "trailing  ", "tabs\tand\r\nnewlines\n\n\n  x", "It's I'LL they'Ve 'sS 'ſ",
             "1234567890 3.14 1,000 ½ ² ٣  ½", "naïve café e\u0301 \u1e9b\u0323", "日本語 漢字", "🙂👩‍👩‍👧‍👦🇺🇳",
             "\u200b\ufeff\u00a0\u3000\u2028x\u0085y", "<|im_start|>user\nhi<|im_end|>\n<think>ok</think>", "\x00\x01\x7f",
             "a" * 1000, "  \n \n  a", "$\\frac{1}{2}$ \\boxed{42}", "مرحبا", "ß ẞ ſ İ ı ﬁ Å", "</s><s>", "x̂ȳ", "__init__"]
    draw = random.Random(5)
    alphabet = "abcXYZ 019'\n\t.,!?$%&éßЖ漢字🙂\u200d\u00a0\u3000<|>_-\r\u0301½"
    texts += ["".join(draw.choice(alphabet) for _ in range(draw.randrange(1, 40))) for _ in range(800)]
    return texts + CORPUS


def tokenizer_case(tokenizer: Tokenizer, texts: list) -> dict:
    draw = random.Random(6)
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    # Invalid bytes are left out for SentencePiece: after one the two libraries replace different neighbours.
    drawn = [] if "byte_fallback\": true" in tokenizer.to_str(pretty=True) else [
        [draw.randrange(tokenizer.get_vocab_size() + 3) for _ in range(draw.randrange(1, 30))] for _ in range(300)]
    return {
        "texts": texts, "ids": ids, "withSpecial": [tokenizer.encode(text).ids for text in texts],
        "decoded": [[i, tokenizer.decode(i), tokenizer.decode(i, skip_special_tokens=False)] for i in ids + drawn],
    }


# --- chat templates ---------------------------------------------------------------------------------------------------

CHATML = """{%- if messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nBe helpful.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or
           (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
THINKING = """{%- set ns = namespace(last=messages|length - 1, searching=true) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.searching and message.role == "user" and message.content is string %}
        {%- set ns.searching = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if message.role == 'assistant' and '</think>' in content %}
        {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- if loop.index0 > ns.last %}
            {%- set content = '<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' + content %}
        {%- endif %}
    {%- endif %}
    {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if tools %}{{- tools[0] | tojson }}{%- endif %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""
HEADERS = ("{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start|>' + "
           "message['role'] + '<|end|>\n\n'+ message['content'] | trim + '<|eot|>' %}{% if loop.index0 == 0 %}"
           "{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
           "{% if add_generation_prompt %}{{ '<|start|>assistant<|end|>\n\n' }}{% endif %}\n")
CHATS = [
    [{"role": "user", "content": "1 + 1?"}],
    [{"role": "system", "content": " Be brief.\n"}, {"role": "user", "content": "häé \"x\" <b>"}],
    [{"role": "user", "content": "a"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nb"},
     {"role": "user", "content": "c"}, {"role": "assistant", "content": "<think>\nso\n</think>\n\nd"}],
]


def make_templates() -> list:
    rows = []
    for template in (CHATML, THINKING, HEADERS):
        for messages in CHATS:
            for generation in (True, False):
                for tools, variables in ((None, {}), ([{"name": "f", "n": [1, 2.5, None, True]}], {"enable_thinking": False})):
                    rendered, _ = render_jinja_template(
                        conversations=[messages], chat_template=template, tools=tools,
                        add_generation_prompt=generation, bos_token="<s>", **variables)
                    rows.append(dict(template=template, messages=messages, generation=generation, tools=tools,
                                     variables=variables, rendered=rendered[0]))
    return rows


def make(folder: Path) -> None:
    torch.manual_seed(0)
    for i, family in enumerate(FAMILIES):
        for tied in (True, False):
            for j, storage in enumerate(STORAGES):
                sharded, older = (i + j + tied) % 2 == 0, (i + j) % 2 == 0
                name = "-".join([family, "tied" if tied else "untied", storage] + ["shards"] * sharded + ["v4"] * older)
                case = folder / "models" / name
                case.mkdir(parents=True)
                make_model(case, family, tied, storage, sharded, older)
    texts = make_texts()
    for name, tokenizer in make_tokenizers().items():
        case = folder / "tokenizers" / name
        case.mkdir(parents=True)
        tokenizer.save(str(case / "tokenizer.json"))
        (case / "expected.json").write_text(json.dumps(tokenizer_case(tokenizer, texts)))
    (folder / "templates.json").write_text(json.dumps(make_templates()))


def verify(folder: Path) -> None:
    print(json.dumps({case.name: verify_model(case) for case in sorted((folder / "models").iterdir())}))


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("make", "verify"):
        sys.exit(__doc__)
    {"make": make, "verify": verify}[sys.argv[1]](Path(sys.argv[2]))
