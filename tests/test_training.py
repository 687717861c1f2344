"""The loop learns, repeats itself, and shuffles; a band knows its range."""

from itertools import repeat

import numpy as np
import pytest
import torch
from torch import nn

from dlbook_utils.training import Band, accuracy, batches, fit, over_seeds


def a_run(seed=0, steps=200, lr=0.1):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
    x = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    xor = torch.tensor([[0.0], [1], [1], [0]])
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    return fit(model, repeat((x, xor), steps), nn.functional.mse_loss, optimizer)


def test_one_batch_can_be_learned_by_heart():
    assert a_run()[-1] < 1e-3


def test_the_same_seed_gives_the_same_curve():
    assert a_run() == a_run()
    assert a_run() != a_run(seed=1)


def test_without_a_learning_rate_nothing_is_learned():
    losses = a_run(steps=5, lr=0.0)
    assert losses == [losses[0]] * 5


def test_a_model_left_in_eval_mode_comes_out_in_train_mode():
    model = nn.Linear(1, 1).eval()
    fit(model, [], nn.functional.mse_loss, torch.optim.SGD(model.parameters(), lr=1.0))
    assert model.training


def test_accuracy_is_the_share_of_right_answers_and_leaves_the_mode_alone():
    model = nn.Sequential(nn.Dropout(0.99), nn.Identity()).train()
    logits, y = torch.eye(4)[[0, 1, 2, 2]], torch.tensor([0, 1, 2, 3])
    assert accuracy(model, logits, y) == 0.75
    assert model.training


def test_a_pass_over_the_data_sees_each_example_once():
    X = torch.arange(12)
    first, second = (list(batches(X, -X, 4, steps=6, seed=0))[i : i + 3] for i in (0, 3))
    for epoch in (first, second):
        assert torch.cat([x for x, _ in epoch]).sort().values.tolist() == list(range(12))
    assert not torch.equal(first[0][0], second[0][0])
    assert all(torch.equal(x, -y) for x, y in first)


def test_batches_follow_their_seed_alone():
    def order(seed):
        return torch.cat([x for x, _ in batches(torch.arange(50), torch.arange(50), 10, 5, seed)])

    one = order(0)
    torch.rand(7)
    assert torch.equal(one, order(0))
    assert not torch.equal(one, order(1))


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(ValueError, match="a batch of 5 cannot be taken from 4"):
        next(batches(torch.zeros(4), torch.zeros(4), 5, steps=1))


def test_runs_are_stacked_in_the_order_of_their_seeds():
    np.testing.assert_array_equal(
        over_seeds(lambda seed: [seed, -seed], 3), [[0, 0], [1, -1], [2, -2]]
    )


def test_bands_that_overlap_are_not_apart():
    low, middle, high = Band([1, 2, 3]), Band([2.5, 4, 5]), Band([6, 7, 8])
    assert high.above(low)
    assert not middle.above(low)
    assert not low.above(high)
    assert str(low) == "2 (1 to 3, 3 seeds)"


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [[1.0, 2.0, 3.0]]])
def test_one_lucky_run_is_not_a_band(values):
    with pytest.raises(ValueError, match="three or more seeds"):
        Band(values)
