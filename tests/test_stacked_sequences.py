"""Stacked training of small sequence models: each run is what it would be alone."""

import torch
from torch import nn
from torch.nn import functional

from dlbook_utils.stacked_sequences import IGNORED, sequence_losses, train_stacked


def make():
    return nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 5))


def draw(generator, step):
    x = torch.randint(5, (8, 4), generator=generator)
    return x[:, :-1], x[:, 1:]


def test_a_run_is_what_it_would_be_alone():
    both = train_stacked(make, draw, [0.01, 0.1], [0, 1], 20)
    alone = train_stacked(make, draw, [0.1], [1], 20)
    for name, weight in alone.weights.items():
        torch.testing.assert_close(both.weights[name][1], weight[0])


def test_targets_that_do_not_count_change_nothing():
    logits, targets = torch.randn(2, 3, 4, 5), torch.randint(5, (2, 3, 4))
    targets[:, 0, :2] = IGNORED
    for run, loss in enumerate(sequence_losses(logits, targets)):
        want = functional.cross_entropy(logits[run].flatten(0, 1), targets[run].flatten())
        torch.testing.assert_close(loss, want)


def test_training_lowers_the_loss_of_what_can_be_learned():
    def after(generator, step):
        x = torch.randint(5, (16, 6), generator=generator)
        return x, (x + 1) % 5

    seen = []
    stack = train_stacked(make, after, [0.05] * 2, [0, 1], 150, lambda t, _: seen.append(t))
    x, y = after(torch.Generator().manual_seed(9), 0)
    assert sequence_losses(stack.logits(x), y.expand(2, -1, -1)).max() < 0.2
    assert seen == list(range(150))


def test_decay_shrinks_matrices():
    plain, shrunk = (
        train_stacked(make, draw, [0.01], [0], 30, decay=d).weights["1.weight"].norm()
        for d in (0.0, 1.0)
    )
    assert shrunk < plain
