"""The committed language models: their files, their record, and the same logits elsewhere."""

import hashlib
import json

import pytest
import torch

from dlbook_utils.experiments import FOLDER as EXPERIMENTS
from dlbook_utils.gpt import GPT, GPTConfig, nats_per_byte
from dlbook_utils.python_prose import prose
from dlbook_utils.small_gpt import (
    CONFIGS,
    FOLDER,
    from_gpt2,
    gpt2_config,
    load_model,
    load_tokenizer,
    to_gpt2,
)

RECORD = json.loads((EXPERIMENTS / "small_language_models.json").read_text())["result"]


@pytest.mark.parametrize("name", CONFIGS)
def test_the_files_are_those_of_the_record(name):
    weights = (FOLDER / name / "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == RECORD["models"][name]["sha256"]
    assert len(weights) < 5_000_000
    assert json.loads((FOLDER / name / "config.json").read_text()) == gpt2_config(CONFIGS[name])


@pytest.mark.parametrize("name", CONFIGS)
def test_transformers_gives_the_same_logits(name):
    transformers = pytest.importorskip("transformers")
    theirs = transformers.GPT2LMHeadModel.from_pretrained(FOLDER / name, dtype=torch.float32)
    ids = torch.randint(1024, (2, CONFIGS[name].context))
    with torch.no_grad():
        difference = load_model(name)(ids) - theirs.eval()(ids).logits
    assert difference.abs().max() < 1e-4


def test_names_and_shapes_go_both_ways():
    model = GPT(GPTConfig(vocabulary=9, context=5, d_model=6, n_layers=3, n_heads=2))
    weights = model.state_dict()
    back = from_gpt2(to_gpt2(weights), weights)
    assert back.keys() == weights.keys()
    assert all(torch.equal(back[name], weights[name]) for name in weights)


def test_the_models_know_the_language():
    tokenizer = load_tokenizer()
    text = "\n\n".join(prose("held out"))[:40_000]
    ids = torch.tensor([tokenizer.end, *tokenizer.encode(text)])
    loss = {name: nats_per_byte(load_model(name), ids, len(text.encode())) for name in CONFIGS}
    untrained = nats_per_byte(GPT(CONFIGS["pocket"]), ids, len(text.encode()))
    assert loss["small"] < loss["pocket"] < untrained / 1.5


def test_an_unknown_model_is_refused():
    with pytest.raises(ValueError, match="there are small, pocket"):
        load_model("large")
