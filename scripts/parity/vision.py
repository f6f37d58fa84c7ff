"""
The Python side of scripts/parity/vision.mjs: `pixels FOLDER` writes what transformers' image processors make of pictures,
`models FOLDER` exports random tiny vision models to ONNX with their own scores, `constants FOLDER` prints the pixels that
the unit tests of resizing hold. Needs torch, transformers, Pillow, onnx.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import AddedToken, CLIPConfig, CLIPModel, CLIPTokenizer, Dinov2Config, Dinov2Model
from transformers import PreTrainedTokenizerFast, SiglipConfig, SiglipModel
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

CAPTIONS = ["a red circle", "Two  BLUE squares!", "é 3 green lines, one under the other " * 12, "", "zebra"]


def picture(size, seed):
    """Smooth waves with hard edges; the same arithmetic as in vision.mjs and resize.test.ts."""
    y, x, c = np.mgrid[0:size, 0:size, 0:3]
    wave = (x * (seed + 3) * 7 + y * (c + 2) * 11 + (x * y * (c + seed + 1)) % 97) % 256
    edge = ((x // 3 + y // 5 + c + seed) % 3 == 0) * 255
    return np.where((x + y) % (size // 2) < size // 4, wave, edge).astype(np.uint8)


def processors(side):
    """One of each kind, and the switches one by one."""
    clip = {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}
    yield "clip", CLIPImageProcessorPil(**clip)
    yield "bit", BitImageProcessorPil(size={"shortest_edge": side + 4}, crop_size={"height": side, "width": side - 1})
    yield "siglip", SiglipImageProcessorPil(size={"height": side, "width": side})
    yield "vit", ViTImageProcessorPil(size={"height": side, "width": side})
    for resample in range(6):
        yield f"resample {resample}", SiglipImageProcessorPil(size={"height": side, "width": side}, resample=resample)
    # Drawings have the larger side, so that one pass is all: Pillow 13 orders two by their cost, older ones do not.
    yield "not square", ViTImageProcessorPil(size={"height": side, "width": side // 2 + 1})
    yield "no resize", CLIPImageProcessorPil(**clip, do_resize=False)
    yield "no crop", CLIPImageProcessorPil(**clip, do_center_crop=False)
    yield "no rescale", CLIPImageProcessorPil(**clip, do_rescale=False)
    yield "no normalize", CLIPImageProcessorPil(**clip, do_normalize=False)
    yield "other factor", SiglipImageProcessorPil(size={"height": side, "width": side}, rescale_factor=1 / 127.5)


def pixels(folder):
    """Each case: a preprocessor_config.json, the size and seed of a picture, the values as float32."""
    cases, values = [], []
    for seed, (size, side) in enumerate([(20, 7), (24, 24), (16, 31), (128, 56), (300, 28)]):
        for name, processor in processors(side):
            if name == "no resize" and size < side or name == "not square" and size != side:
                continue
            image = Image.fromarray(picture(size, seed))
            made = processor(images=image, return_tensors="np")["pixel_values"][0].astype(np.float32)
            cases.append({"name": name, "config": processor.to_dict(), "size": size, "seed": seed, "shape": made.shape})
            values.append(made.ravel())
    (folder / "cases.json").write_text(json.dumps(cases, default=str))
    np.concatenate(values).tofile(folder / "values.bin")


def constants(_):
    """Pixels of a picture that Pillow resized, in hexadecimal, by filter; then a few values after all steps of CLIP."""
    for resample in range(6):
        for size, side in [(12, 5), (5, 7)]:
            made = Image.fromarray(picture(size, 1)).resize((side, side), resample)
            print(resample, size, side, np.asarray(made).tobytes().hex())
    processor = CLIPImageProcessorPil(size={"shortest_edge": 7}, crop_size={"height": 4, "width": 5})
    print(processor(images=Image.fromarray(picture(12, 1)), return_tensors="np")["pixel_values"][0, :, 1, 2].tolist())


def export(model, run, inputs, outputs, file):
    """Writes what `run` computes with the model, with the names that exporters use."""

    class Graph(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *values):
            return run(*values)

    axes = {name: {0: "batch"} for name in [*inputs, *outputs]}
    torch.onnx.export(
        Graph().eval(), tuple(inputs.values()), str(file), input_names=list(inputs), output_names=outputs,
        dynamic_axes=axes, opset_version=18, dynamo=False,
    )


def clip_tokenizer(folder):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    trained = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    trained.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    trainer = trainers.BpeTrainer(vocab_size=400, end_of_word_suffix="</w>", show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    trained.train_from_iterator([each.lower() for each in CAPTIONS] * 4, trainer)
    state = json.loads(trained.to_str())["model"]
    vocab = dict(state["vocab"])
    for letter in pre_tokenizers.ByteLevel.alphabet():
        vocab.setdefault(letter, len(vocab))
        vocab.setdefault(letter + "</w>", len(vocab))
    for special in ["<|startoftext|>", "<|endoftext|>"]:
        vocab[special] = len(vocab)
    tokenizer = CLIPTokenizer(vocab=vocab, merges=[tuple(each) for each in state["merges"]])
    tokenizer.save_pretrained(folder)
    return tokenizer


def siglip_tokenizer(folder):
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    trained = Tokenizer(models.Unigram())
    punctuation = Regex(r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]""")
    trained.normalizer = normalizers.Sequence([
        normalizers.Lowercase(), normalizers.Replace(punctuation, ""), normalizers.Replace(Regex(r"\s+"), " "),
        normalizers.Strip(),
    ])
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=60, special_tokens=["<unk>", "</s>"], unk_token="<unk>", show_progress=False)
    trained.train_from_iterator(CAPTIONS * 4, trainer)
    trained.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    special = AddedToken("</s>", lstrip=True, rstrip=True, normalized=False, special=True)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=trained, eos_token=special, pad_token=special, unk_token="<unk>",
                                        model_max_length=64)
    tokenizer.save_pretrained(folder)
    return tokenizer


def vectors(found):
    """Of what `get_image_features` and the like give: a tensor, or an output with one."""
    return found if isinstance(found, torch.Tensor) else found.pooler_output


def expected(folder, model, processor, tokenizer, length):
    """Scores of transformers itself: unit vectors of pictures and captions."""
    images = [Image.fromarray(picture(48, seed)) for seed in range(3)]
    values = processor(images=images, return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        if tokenizer is None:
            found, texts = model(pixel_values=values).last_hidden_state[:, 0], None
        else:
            found = vectors(model.get_image_features(pixel_values=values))
            rows = tokenizer(CAPTIONS, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
            seen = {"attention_mask": rows["attention_mask"]} if model.config.model_type == "clip" else {}
            texts = vectors(model.get_text_features(input_ids=rows["input_ids"], **seen))
    def unit(rows):
        return None if rows is None else torch.nn.functional.normalize(rows, dim=-1).tolist()

    ids = None if tokenizer is None else rows["input_ids"].tolist()
    (folder / "expected.json").write_text(json.dumps({"images": unit(found), "texts": unit(texts), "ids": ids}))


def two_towers(folder, model, processor, tokenizer, length, both):
    folder.mkdir(parents=True)
    (folder / "onnx").mkdir()
    clip = model.config.model_type == "clip"
    model.config.save_pretrained(folder)
    processor.save_pretrained(folder)
    tokens = tokenizer(folder)
    side = model.config.vision_config.image_size
    image = {"pixel_values": torch.rand(1, 3, side, side)}
    ids = torch.randint(3, len(tokens), (1, length))
    ids[0, -1] = tokens.eos_token_id
    text = {"input_ids": ids, **({"attention_mask": torch.ones_like(ids)} if clip else {})}
    names = ["image_embeds", "text_embeds"] if clip or both else ["pooler_output", "pooler_output"]

    def see(values):
        return vectors(model.get_image_features(pixel_values=values))

    def read(ids, mask=None):
        return vectors(model.get_text_features(input_ids=ids, attention_mask=mask))

    def see_and_read(*inputs):
        return see(inputs[-1]), read(*inputs[:-1])

    if both:
        export(model, see_and_read, {**text, **image}, names, folder / "onnx" / "model.onnx")
    else:
        export(model, see, image, names[:1], folder / "onnx" / "vision_model.onnx")
        export(model, read, text, names[1:], folder / "onnx" / "text_model.onnx")
    expected(folder, model, processor, tokens, length)


def models(folder):
    torch.manual_seed(1)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    vision = {**sizes, "image_size": 32, "patch_size": 8}
    crop = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    for both in [False, True]:
        name = "one graph" if both else "two graphs"
        length = 77
        probe = folder / "probe"
        probe.mkdir(exist_ok=True)
        tokens = clip_tokenizer(probe)
        ends = {"eos_token_id": tokens.eos_token_id, "bos_token_id": tokens.bos_token_id, "pad_token_id": tokens.pad_token_id}
        config = CLIPConfig(text_config={**sizes, "vocab_size": len(tokens), **ends}, vision_config=vision, projection_dim=24)
        two_towers(folder / f"clip in {name}", CLIPModel(config).eval(), CLIPImageProcessorPil(**crop), clip_tokenizer, length, both)
        length = 64
        tokens = siglip_tokenizer(probe)
        config = SiglipConfig(text_config={**sizes, "vocab_size": len(tokens), "projection_size": 32}, vision_config=vision)
        processor = SiglipImageProcessorPil(size={"height": 32, "width": 32})
        two_towers(folder / f"siglip in {name}", SiglipModel(config).eval(), processor, siglip_tokenizer, length, both)
    dino = folder / "dinov2"
    (dino / "onnx").mkdir(parents=True)
    config = Dinov2Config(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, image_size=32, patch_size=8)
    model = Dinov2Model(config).eval()
    processor = BitImageProcessorPil(size={"shortest_edge": 36}, crop_size={"height": 32, "width": 32})
    config.save_pretrained(dino)
    processor.save_pretrained(dino)
    export(model, lambda values: model(pixel_values=values).last_hidden_state, {"pixel_values": torch.rand(1, 3, 32, 32)},
           ["last_hidden_state"], dino / "onnx" / "model.onnx")
    expected(dino, model, processor, None, 0)


if __name__ == "__main__":
    {"constants": constants, "pixels": pixels, "models": models}[sys.argv[1]](Path(sys.argv[2]))
