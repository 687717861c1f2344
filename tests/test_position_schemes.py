"""Ways to tell a transformer where a token stands."""

import pytest
import torch
from torch.testing import assert_close

from dlbook_utils.position_schemes import (
    COPY,
    FAVORITE,
    LAG,
    SCHEMES,
    SYMBOLS,
    NoPositions,
    PlacedModel,
    Rotary,
    best_losses,
    buckets,
    by_parts,
    echoes,
    losses_by_place,
    rope_frequencies,
    rotate,
    sinusoids,
    train_at,
)


def test_a_shift_turns_every_wave_by_one_angle():
    table = sinusoids(100, 8)
    moved = torch.linalg.lstsq(table[:-3], table[3:]).solution
    assert_close(table[:-3] @ moved, table[3:], atol=1e-4, rtol=0)


def test_rotated_products_depend_on_the_offset_alone():
    q, k = torch.randn(2, 1, 16, dtype=torch.float64)
    omega = rope_frequencies(16).double()

    def score(m, n):
        return (rotate(q, torch.tensor([m]), omega) * rotate(k, torch.tensor([n]), omega)).sum()

    assert_close(score(5, 3), score(105, 103))
    assert not torch.isclose(score(5, 3), score(3, 5))


def test_near_distances_have_their_own_class_and_far_ones_share_the_last():
    assert buckets(torch.arange(-2, 8)).tolist() == [0, 0, *range(8)]
    assert buckets(torch.tensor([32, 1000])).tolist() == [15, 15]


def test_pairs_that_turned_often_keep_their_speed():
    omega = rope_frequencies(8)
    parts = by_parts(omega, 4.0, 32)
    assert_close(parts[0], omega[0])
    assert_close(parts[1:], omega[1:] / 4)


@pytest.mark.parametrize("name", SCHEMES)
def test_a_token_does_not_see_the_future(name):
    model = PlacedModel(SCHEMES[name]())
    ids = torch.randint(SYMBOLS, (2, 12))
    other = ids.clone()
    other[:, 8:] = (other[:, 8:] + 1) % SYMBOLS
    assert_close(model(ids)[:, :8], model(other)[:, :8])
    assert not torch.allclose(model(ids)[:, 8:], model(other)[:, 8:])


def test_without_positions_and_mask_outputs_move_with_their_tokens():
    model = PlacedModel(NoPositions(), causal=False)
    ids, order = torch.randint(SYMBOLS, (2, 9)), torch.randperm(9)
    assert_close(model(ids[:, order]), model(ids)[:, order], atol=1e-5, rtol=1e-5)


def test_the_floor_is_the_loss_of_the_true_chances():
    ids = echoes(20_000, 12, 0)
    losses = best_losses(ids)
    other = (1 - COPY - FAVORITE) / SYMBOLS
    assert_close(losses[:, 0], torch.full((20_000,), 16.0).double().log())
    # a predictor that always says one favorite is worse
    right = ids[:, LAG:] == ids[:, :-LAG]
    naive = -torch.where(right, COPY + (1 - COPY) / SYMBOLS, (1 - COPY) / SYMBOLS).log()
    assert losses[:, LAG:].mean() < naive.mean() - 0.05
    assert other > 0


def test_the_chances_of_the_ideal_predictor_sum_to_one():
    start = echoes(1, 9, 3)
    every = torch.cat([start.expand(SYMBOLS, 9), torch.arange(SYMBOLS)[:, None]], 1)
    assert_close((-best_losses(every)[:, -1]).exp().sum(), torch.tensor(1.0).double())


def test_a_rotary_model_learns_the_echoes():
    torch.manual_seed(0)
    model, test = PlacedModel(Rotary(8)), echoes(64, 33, 5)
    before = losses_by_place(model, test).mean()
    train_at(32, model, echoes, 0.01, 40)
    assert losses_by_place(model, test).mean() < before - 0.3
