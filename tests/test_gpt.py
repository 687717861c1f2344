"""The GPT: its start, its causality, its count of weights, and the way its loss is measured."""

import math

import pytest
import torch

from dlbook_utils.gpt import GPT, GPTConfig, nats_per_byte, next_token_loss

TINY = GPTConfig(vocabulary=50, context=16, d_model=24, n_layers=2, n_heads=3)


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    return GPT(TINY).eval()


def test_it_starts_at_the_loss_of_a_fair_guess(tiny):
    loss = next_token_loss(tiny, torch.randint(50, (8, 17))).item()
    assert loss == pytest.approx(math.log(50), abs=0.05)


def test_no_logit_depends_on_a_later_token(tiny):
    ids = torch.randint(50, (1, 16))
    changed = ids.clone()
    changed[0, 10] = (ids[0, 10] + 1) % 50
    difference = (tiny(ids) - tiny(changed)).abs().amax(2)[0]
    assert difference[:10].max() == 0
    assert difference[10:].min() > 0


def test_its_weights_are_counted_by_the_formula():
    V, T, C, L = 1024, 256, 128, 4
    blocks = L * (12 * C * C + 13 * C)  # matrices; biases and norms
    assert sum(w.numel() for w in GPT(GPTConfig()).parameters()) == blocks + (V + T) * C + 2 * C


def test_a_text_beyond_the_context_is_refused(tiny):
    with pytest.raises(ValueError, match="keep the last ones"):
        tiny(torch.zeros(1, 17, dtype=torch.long))


@pytest.mark.parametrize("length", [2, 9, 17, 18, 24, 25, 26, 60])
def test_each_token_after_the_first_counts_once(length):
    even = lambda ids: torch.zeros(*ids.shape, 50)  # noqa: E731
    even.config = TINY
    total = nats_per_byte(even, torch.randint(50, (length,)), 1)
    assert total == pytest.approx((length - 1) * math.log(50), rel=1e-5)


def test_one_window_is_the_plain_loss(tiny):
    ids = torch.randint(50, (17,))
    assert nats_per_byte(tiny, ids, 16) == pytest.approx(next_token_loss(tiny, ids[None]).item())
