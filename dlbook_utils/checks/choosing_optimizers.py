"""Checks for the exercises of the chapter `choosing_optimizers`."""

import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import nn, optim

from dlbook_utils.answers import number, numbers
from dlbook_utils.exercises import exercise, require


def close(a: float, b: float, tolerance: float = 1e-6) -> bool:
    return abs(a - b) <= tolerance * abs(b)


@exercise
def matching_rate(answer):
    """Exercise 1. The rate that matches"""
    got = number(answer(0.001, 0.05, 0.9))
    require(
        not close(got, 0.001 / 0.05),
        "that matches a single step; with momentum the velocity settles at g / (1 - mu), ten "
        "times the gradient",
    )
    require(not close(got, 0.001 * 0.1), "SGD's step grows with the gradient: divide by g")
    require(
        not close(got, 0.001 / (0.1 * 0.05)),
        "the velocity is larger than the gradient, so the rate must be smaller",
    )
    require(
        not close(got, 0.001 * 0.1 * 0.05), "a larger gradient asks for a smaller rate: divide by g"
    )
    require(close(got, 0.002), f"for lr = 0.001, g = 0.05, mu = 0.9 expected 0.002, got {got:g}")
    plain = number(answer(0.01, 2.0, 0.0))
    require(close(plain, 0.005), f"without momentum lr / g: expected 0.005, got {plain:g}")


class Mixed(nn.Module):
    """Layers of many kinds, under names that say nothing."""

    def __init__(self):
        super().__init__()
        self.table, self.a = nn.Embedding(7, 4), nn.Linear(4, 4)
        self.bias_free = nn.Linear(4, 4, bias=False)
        self.scale, self.picture = nn.LayerNorm(4), nn.Conv2d(1, 2, 3)
        self.b = nn.BatchNorm2d(2)


@exercise
def decayed_names(answer):
    """Exercise 2. What decays"""
    got = answer(Mixed())
    require(
        isinstance(got, Iterable) and not isinstance(got, str | torch.Tensor),
        "return the names as a set",
    )
    got = set(got)
    require(all(isinstance(name, str) for name in got), "names, please, not the tensors")
    require("table.weight" not in got, "an embedding has two axes, and is to be spared by its type")
    for name in ("scale.weight", "b.weight"):
        require(name not in got, f"{name} is the gain of a norm, whatever its name: one axis")
    require(
        "bias_free.weight" in got,
        "`bias_free.weight` is a matrix; a filter by the word bias loses it",
    )
    require("picture.weight" in got, "the kernels of a convolution decay as well: four axes")
    biases = sorted(name for name in got if name.endswith(".bias"))
    require(not biases, f"biases do not decay: {', '.join(biases)}")
    want = {"a.weight", "bias_free.weight", "picture.weight"}
    require(got == want, f"expected {sorted(want)}, got {sorted(got)}")


@exercise
def training_bytes(answer):
    """Exercise 3. Will it fit?"""
    got = {
        (name, master): number(answer(1000, name, master))
        for name in ("sgd", "momentum", "adam")
        for master in (False, True)
    }
    require(
        got["adam", False] != 8000, "the states are float32: 4 bytes a number, and Adam has two"
    )
    require(got["sgd", False] != 2000, "the gradients take as much as the weights: 2 bytes each")
    require(
        got["sgd", True] > got["sgd", False],
        "the master copy is missing: 4 bytes more for each weight",
    )
    require(
        got["sgd", True] - got["sgd", False] == 4000,
        "the master copy takes 4 bytes a weight, besides the bf16 weights, and has no gradient "
        "of its own",
    )
    want = {"sgd": 4000, "momentum": 8000, "adam": 12_000}
    for (name, master), value in got.items():
        require(
            value == want[name] + 4000 * master,
            f"1000 weights, {name}, master={master}: expected "
            f"{want[name] + 4000 * master:,} bytes, got {value:,.0f}",
        )


@exercise
def half_life(answer):
    """Exercise 4. The half-life of a weight"""
    got = number(answer(0.1, 0.5))
    want = math.log(0.5) / math.log(0.95)
    require(
        not close(got, math.log(2) / 0.05),
        "the exponential is an approximation: right for a small lr times wd, here 3 % off",
    )
    require(not close(got, 10), "the decay compounds: each step takes a share of what is left")
    require(got > 0, f"a number of steps is positive, got {got:.3g}")
    require(
        not close(got, math.log(0.5) / math.log(0.5)),
        "the factor per step is 1 - lr * wd: AdamW multiplies the decay by the rate",
    )
    require(
        not float(got).is_integer() or abs(got - want) > 1,
        "not rounded, please: the number is used in formulas",
    )
    require(close(got, want), f"for lr = 0.1, wd = 0.5 expected {want:.3f}, got {got:.3f}")
    small = number(answer(2e-5, 0.01))
    require(
        close(small, math.log(2) / 2e-7, 1e-5),
        f"for lr = 2e-5, wd = 0.01 expected about {math.log(2) / 2e-7:,.0f}, got {small:,.0f}",
    )


@exercise
def fair_sweep(answer):
    """Exercise 5. A sweep that does not end at its edge"""

    def problem(best, limit):
        tried = []

        def train(lr):
            tried.append(float(lr))
            require(len(tried) < 40, "that does not end: stop when the best rate is inside")
            if lr > limit:
                return math.nan, math.nan
            off = math.log10(lr / best)
            return off**2, (off + 1) ** 2  # the test part would choose a tenth of it

        return train, tried

    for best, limit, words in [
        (0.1, 1e9, "inside from the start"),
        (1e-4, 1e9, "far below 0.01"),
        (1e2, 1e9, "far above 1"),
        (0.1, 0.5, "and diverging at 1"),
        (1e-4, 5e-3, "and diverging at all three first rates"),
    ]:
        train, tried = problem(best, limit)
        got = answer(train)
        require(
            isinstance(got, tuple | list) and len(got) == 2, "return two things: the rate, the loss"
        )
        lr, loss = numbers(got, (2,), "two numbers, the rate and its loss")
        case = f"best at {best:g}, {words}"
        require(not math.isnan(loss), f"{case}: nan compares as false; leave out what diverged")
        require(
            close(lr, best) or not close(lr, best / 10),
            f"{case}: chosen by the test loss; choose by the first number, report the second",
        )
        require(
            close(lr, best),
            f"{case}: expected that rate, got {lr:g}"
            + (", which is at the edge" if lr in (min(tried), max(tried)) else ""),
        )
        require(loss != 0, f"{case}: report the test loss, not the validation loss")
        require(close(loss, 1), f"{case}: expected the test loss 1, got {loss:g}")
        require(
            any(close(t, best * 10) for t in tried) and any(close(t, best / 10) for t in tried),
            f"{case}: the rates next to it were not tried, so it is at the edge",
        )


@exercise
def state_by_name(answer):
    """Exercise 6. A state with names"""
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3))
    for w in model[2].parameters():
        w.requires_grad_(False)  # never trained: no state
    names = ["1.weight", "0.bias", "0.weight", "1.bias"]
    params = dict(model.named_parameters())
    for i, name in enumerate(names):
        params[name].grad = torch.full_like(params[name], i + 1.0)
    groups = [{"params": [params[n]]} for n in names]
    optimizer = optim.SGD(groups, lr=0.1, momentum=0.9)
    optimizer.step()
    got = answer(model, optimizer)
    require(isinstance(got, dict), "return a dictionary: {name: state}")
    require(
        all(isinstance(name, str) for name in got),
        "the keys are names of parameters, not tensors or numbers",
    )
    require(
        not any(name.startswith("2.") for name in got),
        "`2.weight` was never trained and has no state: leave it out",
    )
    require(set(got) == set(names), f"expected the names {sorted(names)}, got {sorted(got)}")
    for i, name in enumerate(names):
        state = got[name]
        require(
            isinstance(state, dict) and "momentum_buffer" in state,
            f"{name}: its whole state, a dictionary",
        )
        require(
            bool((state["momentum_buffer"] == i + 1).all()),
            f"{name} got the state of another parameter: the optimizer's order is not the model's",
        )


@exercise
def winner_shares(answer):
    """Exercise 7. Would another five seeds agree?"""
    # the seeds differ far more than the methods do, but in each the first method is better
    paired = np.array([[1.0, 5.0, 9.0, 20.0, 3.0], [1.1, 5.1, 9.1, 20.1, 3.1]])
    got = numbers(answer(paired.copy()), (2,), "one share for each method, an array (2,)")
    require(not close(got.sum(), 1000), "shares, please: divide by the number of draws")
    require(
        got[0] > 0.999 or got[0] < 0.6 + 0.2 or got.sum() < 0.99,
        "each method has drawn seeds of its own; those of one seed belong together",
    )
    require(got[0] > got[1], "the lowest loss wins, not the highest")
    require(
        got[0] > 0.99,
        "the first is better in every seed, so it wins every draw: draw the same seeds for all "
        "methods",
    )
    split = np.array([[1.0, 1.0, 1.0, 1.0, 2.0], [1.2, 1.2, 1.2, 1.2, 0.5], [9.0] * 5])
    what = "three shares: a method that never wins has the share 0, and is listed"
    got = numbers(answer(split.copy()), (3,), what)
    require(abs(got.sum() - 1) < 1e-6, f"the shares add up to one, these to {got.sum():.3f}")
    # the first wins with none of the fifth seed (0.328); with one or more the second does
    require(
        not np.allclose(got[:2], [0.8, 0.2]),
        "that counts single seeds; the question is about means of five",
    )
    require(
        abs(got[0] - 0.328) < 0.06 and got[2] == 0,
        f"expected about (0.33, 0.67, 0), got {np.round(got, 2)}: five seeds, with replacement",
    )


@exercise
def learned_rates(answer):
    """Exercise 8. A rate that learns itself"""
    h = torch.tensor([1.0, 0.25], dtype=torch.float64)

    def reference(sign=1, first=0.0, steps=6):
        w, lr, before, rates = torch.tensor([2.0, -4.0], dtype=torch.float64), 0.1, None, []
        for _ in range(steps):
            g = h * w
            if before is not None:
                lr += sign * 0.01 * (g @ before).item()
            else:
                lr += first * 0.01 * (g @ g).item()
            w, before = w - lr * g, g
            rates.append(lr)
        return np.array(rates)

    start = torch.tensor([2.0, -4.0], dtype=torch.float64)
    got = answer(lambda w: h * w, start, 0.1, 0.01, 6)
    got = numbers(got, (6,), "one rate for each of the 6 steps")
    require(bool((start == torch.tensor([2.0, -4.0])).all()), "do not change w in place")
    require(
        not np.allclose(got, 0.1), "the rate never changes: add beta times the product of gradients"
    )
    require(
        not np.allclose(got, reference(sign=-1)),
        "the sign: two gradients that agree ask for a larger rate",
    )
    require(
        not np.allclose(got, reference(first=1.0)),
        "before the first step there is no earlier gradient, so no change",
    )
    require(
        not np.allclose(got[:5], reference()[1:]),
        "the first rate in the list is the one of the first step, lr itself",
    )
    require(
        np.allclose(got, reference()),
        f"expected {np.round(reference(), 4)}, got {np.round(got, 4)}: change the rate before "
        "the step, by the product of this gradient and the last",
    )
