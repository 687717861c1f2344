"""The workbench of the next token computes in the page what PyTorch computes, and says the same."""

import itertools
import json
from copy import deepcopy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from node import results
from torch.testing import assert_close

from dlbook_utils.gpt import GPT, GPTConfig, next_token_loss
from dlbook_utils.next_token import (
    SAMPLE_TEXTS,
    SETTINGS,
    cut_probs,
    logits_and_attention,
    next_token,
    next_token_drawer,
    page_data,
    token_label,
    uniform_number,
)
from dlbook_utils.small_gpt import load_model, load_tokenizer

LONG = "The list is sorted in place, and the method returns None. " * 12
INPUTS = [
    {"text": ""},
    {"text": "", "temperature": 2.0, "n": 3, "layer": 2},
    {"text": "a"},
    {"text": SAMPLE_TEXTS[0], "layer": 2, "head": 4, "temperature": 0.1},
    {"text": SAMPLE_TEXTS[1], "temperature": 2.0, "k": 10, "p": 0.05, "n": 1},
    {"text": SAMPLE_TEXTS[3], "k": 1, "place": 3, "n": 7},
    {"text": SAMPLE_TEXTS[6], "p": 0.05, "head": 2},
    {"text": "naïve — 日本語 🙂\n\tx\x85\x00", "p": 0.5, "head": 3, "place": 0, "n": 2},
    {"text": LONG, "layer": 2, "temperature": 0.5, "k": 50, "p": 0.9, "n": 12345},
    {"text": LONG, "place": 500, "k": 5},
    {"text": "The", "added": [163, 98, 300, 1023], "k": 2000, "n": 4},
]


@pytest.fixture(scope="module")
def pocket():
    return load_model("pocket"), load_tokenizer()


def test_the_page_computes_what_pytorch_computes(pocket):
    model, tokenizer = pocket
    exact, data = deepcopy(model).double(), page_data(*pocket)
    defaults = {"layer": 1, "head": 1, "temperature": 1.0, "k": 1024, "p": 1.0}
    calls = [[data, {**defaults, **wanted}] for wanted in INPUTS]
    for wanted, got in zip(INPUTS, results("next_token", calls, ".compute"), strict=True):
        want = next_token(exact, tokenizer, **wanted)
        for name in ("map", "before", "after", "loss"):
            np.testing.assert_allclose(got[name], np.ravel(want[name]), atol=1e-8)
        for name in ("ids", "text", "order", "kept", "drawn", "sentence"):
            assert got[name] == want[name]
        single = next_token(model, tokenizer, **wanted)
        np.testing.assert_allclose(got["before"], single["before"], atol=1e-4)
        np.testing.assert_allclose(got["map"], single["map"].ravel(), atol=1e-4)


def test_the_page_cuts_any_text_into_the_same_tokens(pocket):
    _, tokenizer = pocket
    texts = []

    @settings(max_examples=400, database=None, derandomize=True)
    @given(st.text() | st.text("ab \t\n\r\x1c\x85\xa0\u2003\u3000\ufeff1.,éß𝛼") | st.text("the re"))
    def collect(text):
        texts.append(text)

    collect()
    texts += [LONG, *SAMPLE_TEXTS, "".join(map(chr, range(0x3100)))]
    [got] = results("next_token", [[tokenizer.merges, texts]], ".encode")
    assert got == [tokenizer.encode(text) for text in texts]


def test_the_logits_are_the_models_and_attention_mixes_the_past(pocket):
    model, _ = pocket
    ids = torch.arange(40) * 7
    logits, maps = logits_and_attention(model, ids)
    assert_close(logits, model(ids[None])[0].detach())
    assert maps.shape == (2, 4, 40, 40)
    assert_close(maps.sum(-1), torch.ones(2, 4, 40))
    assert maps.triu(1).abs().max() == 0


def test_the_weights_shown_are_those_that_mix_the_values(pocket):
    block, x = pocket[0].blocks[0], None
    ids = torch.arange(9) * 11
    x = block.norm1(pocket[0].tokens(ids) + pocket[0].places.weight[:9])[None]
    v = block.attention.qkv(x).view(9, 3, 4, 12)[:, 2].transpose(0, 1)
    mixed = (logits_and_attention(pocket[0], ids)[1][0] @ v).transpose(0, 1).reshape(9, 48)
    assert_close(block.attention.out(mixed), block.attention(x)[0])


def test_the_loss_is_that_of_the_model_per_byte(pocket):
    model, tokenizer = pocket
    text = "Return the number of items."
    ids = torch.tensor([[tokenizer.end, *tokenizer.encode(text)]])
    nats = next_token_loss(model, ids).item() * (ids.shape[1] - 1)
    assert next_token(model, tokenizer, text)["loss"] == pytest.approx(nats / len(text), rel=1e-5)


def test_cuts_keep_the_likeliest_and_their_limits_keep_one_or_all():
    logits = torch.tensor([0.1, 0.4, 0.3, 0.2], dtype=torch.float64).log()
    before, after, kept = cut_probs(logits, 1.0, 3, 0.6)
    assert_close(before, logits.exp())
    assert_close(after, torch.tensor([0, 4 / 7, 3 / 7, 0], dtype=torch.float64))
    assert kept == 2
    assert_close(cut_probs(logits, 1.0, 4, 1.0)[1], before)
    for temperature, k, p in [(1.0, 1, 1.0), (1.0, 4, 0.01), (0.01, 4, 1.0)]:
        after = cut_probs(logits, temperature, k, p)[1]
        assert_close(after, torch.eye(4, dtype=torch.float64)[1], atol=1e-6, rtol=0)


@pytest.mark.parametrize("cut", [(0.0, 1, 1.0), (1.0, 0, 1.0), (1.0, 1, 0.0), (1.0, 1, 1.5)])
def test_a_setting_out_of_range_is_refused_in_words(cut):
    with pytest.raises(ValueError, match="the temperature is above 0, k at least 1"):
        cut_probs(torch.zeros(4), *cut)


def test_uniform_numbers_are_uniform_and_apart():
    numbers = np.array([uniform_number(n) for n in range(4000)])
    counts = np.histogram(numbers, 10, (0, 1))[0]
    assert (np.abs(counts - 400) < 5 * 20).all()
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.06


def test_draws_follow_the_probabilities(pocket):
    found = [next_token(*pocket, "If the", k=3, n=n) for n in range(300)]
    share = np.mean([f["drawn"] == f["order"][0] for f in found])
    assert share == pytest.approx(found[0]["after"][found[0]["order"][0]].item(), abs=0.1)


def test_a_token_is_shown_with_marks_or_as_bytes():
    shown = [
        token_label(raw) for raw in (b" the", b"\n\n", b"\t", b"\xc3", b"\x07", "é".encode(), b"")
    ]
    assert shown == ["␣the", "↵↵", "⇥", r"\xc3", r"\x07", "é", "‹end›"]


def test_the_sentence_says_what_the_model_sees(pocket):
    def says(text):
        return next_token(*pocket, text)["sentence"]

    assert says("").startswith("No text: the model sees only the mark ‹end›")
    assert says("a").startswith("1 token. Likeliest")
    assert "tokens, of which the model sees the last 64." in says(LONG)


def test_the_data_are_small_and_hold_half_precision(pocket):
    assert len(json.dumps(page_data(*pocket))) < 310_000
    torch.manual_seed(0)
    rough = GPT(GPTConfig(vocabulary=8, context=4, d_model=4, n_layers=1, n_heads=2))
    with pytest.raises(ValueError, match="round the model's weights first"):
        page_data(rough, pocket[1])


@pytest.mark.usefixtures("book_style")
def test_the_drawing_says_what_it_shows(pocket):
    draw = next_token_drawer(*pocket)
    firsts = {name: values[0] for name, values in SETTINGS.items()}
    fig, sentence = draw(**firsts)
    assert len(fig.axes) == 2
    assert sentence.startswith(f"After “{SAMPLE_TEXTS[0]}”: ")
    layer_head = itertools.product(SETTINGS["layer"], SETTINGS["head"])
    assert len({draw(**{**firsts, "layer": a, "head": b})[1] for a, b in layer_head}) == 8
