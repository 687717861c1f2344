"""Checks for the exercises of the chapter "Adaptive optimizers"."""

import math
import reprlib

import numpy as np
import torch

from dlbook_utils.answers import finite
from dlbook_utils.exercises import exercise, require
from dlbook_utils.update_rules import adam, lion

BETAS = [(0.9, 0.999), (0.0, 0.99), (0.95, 0.9), (0.5, 0.5)]


def function(answer) -> None:
    """Ask for a function where something else came."""
    require(callable(answer), f"expected a function, not {reprlib.repr(answer)}")


def near(got, want, tolerance=1e-6) -> bool:
    """Whether both agree, but for rounding."""
    return bool(np.allclose(got, want, rtol=tolerance, atol=1e-12))


@exercise
def two_steps(answer):
    """Exercise 1. Two steps of Adam by hand."""
    first, second = finite(answer, (2,), "two numbers: where the weight stands after each step")
    require(
        not near(first, -0.1 * 0.1 / math.sqrt(0.001), 1e-3),
        "that is the first step without bias correction: divide both means by 1 - beta^t",
    )
    require(
        not near(abs(first), 1),
        "the first is the direction: multiply it by the rate, and go against the gradient",
    )
    require(not near(first, 0.1, 1e-3), "the step goes against the gradient")
    require(near(first, -0.1, 1e-6), "the first direction is the sign of the gradient: 1")
    step = 0.1 * 0.01 / 0.19
    require(
        not near(second, -0.2, 1e-3) and abs(second) > 1e-3,
        "the second step does not have the size of the rate: the two gradients nearly cancel in m",
    )
    require(
        not near(second, step, 1e-3), "that is the second step alone; where does the weight stand?"
    )
    require(
        not near(second, -0.1 - step, 1e-3),
        "the second direction is negative, as the last gradient: m after two steps is -0.01",
    )
    require(
        near(second, -0.1 + step, 1e-3),
        "m is 0.9 * 0.1 - 0.1 = -0.01, divided by 1 - 0.81; v is corrected to 1 in both steps",
    )


@exercise
def too_long(answer):
    """Exercise 2. How long is too long."""
    function(answer)
    for beta1, beta2 in BETAS:
        for t in (1, 7, 100):
            got = finite(answer(t, beta1, beta2), (), "one number")
            first, second = 1 - beta1**t, 1 - beta2**t
            want = first / math.sqrt(second)
            if near(got, want):
                continue
            require(
                not near(got, 1 / want),
                "that is corrected by uncorrected; the question is the other way round",
            )
            require(not near(got, first / second), "v stands under a root in the step")
            require(
                not near(got, first),
                "that is the first moment's factor alone; the second moment is too small as well",
            )
            require(near(got, want), f"t = {t}, betas ({beta1}, {beta2}): expected {want:.4f}")


@exercise
def corrected_rmsprop(answer):
    """Exercise 3. RMSProp without the early leap."""
    function(answer)
    generator = torch.Generator().manual_seed(0)
    for beta, scale in ((0.99, 1.0), (0.9, 1e-7)):
        ours, theirs = {}, {}
        for t in range(1, 31):
            g = scale * torch.randn(5, dtype=torch.float64, generator=generator)
            given = g.clone()
            want = adam(g, g, theirs, beta1=0.0, beta2=beta)
            got = finite(answer(g, given, ours, beta=beta), (5,), "a direction with g's shape")
            require(torch.equal(given, g), "the gradient is not yours to change")
            if t == 1 and beta == 0.99:
                require(
                    not near(got, g / (0.1 * g.abs() + 1e-8), 1e-4),
                    "the first step is still ten rates long: divide the mean square by 1 - beta^t",
                )
                require(
                    not near(got, 100 * g / g.abs(), 1e-4),
                    "divide the mean square by 1 - beta^t; do not multiply by it",
                )
                require(
                    near(got, want, 1e-5), "the first direction must be the sign of the gradient"
                )
            require(
                near(got, want, 1e-5) or beta == 0.99,
                "right for beta = 0.99 and gradients of about 1, not for beta = 0.9 and 1e-7: is "
                "`beta` used, is all memory in `state`, and is eps added to the corrected root?",
            )
            require(
                near(got, want, 1e-5),
                f"right at first, not at step {t}: is t counted in `state`, and is the raw mean "
                "kept there? A corrected mean that is stored is corrected again in the next step",
            )


@exercise
def taken(answer):
    """Exercise 4. Decay by hand."""
    function(answer)
    for w, lr, decay in ((10.0, 1e-3, 0.01), (0.1, 0.01, 0.1), (-3.0, 0.1, 0.5)):
        first, second = finite(answer(w, lr, decay), (2,), "two numbers, (from Adam, from AdamW)")
        sign = math.copysign(1, w)
        require(
            not (near(second, lr * sign) and near(first, lr * decay * w)),
            "those are the right amounts in the wrong order: (from Adam, from AdamW)",
        )
        require(
            not near(second, w - lr * decay * w),
            "those are the new weights: return what was taken, old minus new",
        )
        require(
            not near(first, lr * decay * w),
            "in Adam lambda * w is the gradient, and its size is divided out again",
        )
        require(not near(second, decay * w), "AdamW's decay is tied to the rate: lr * weight_decay")
        require(
            not near(first, lr * decay * sign),
            "the strength cancels as well: after the division only a sign is left",
        )
        require(
            not (w < 0 and near(first, lr)),
            "a negative weight moves up: what is taken from it is negative",
        )
        require(near(first, lr * sign, 1e-4), f"Adam takes {lr * sign} from {w} at the rate {lr}")
        require(near(second, lr * decay * w, 1e-4), f"AdamW takes {lr * decay * w:g} from {w}")


@exercise
def lion_step(answer):
    """Exercise 5. One step of Lion."""
    function(answer)
    generator = torch.Generator().manual_seed(1)
    w, g, m = torch.randn(3, 200, dtype=torch.float64, generator=generator)
    g[0] = m[0] = 0  # a pixel that is always blank: its sign is 0
    state = {"m": m.clone()}
    direction = lion(w, g, state)
    before = m.clone()
    got = answer(w.clone(), g.clone(), m, 0.1, 0.2)
    require(isinstance(got, tuple | list) and len(got) == 2, "expected two things: new w and new m")
    new_w, new_m = (finite(part, (200,), "the shape of w") for part in got)
    require(
        not near(new_m, 0.9 * before + 0.1 * g),
        "the memory is updated with beta2; beta1 belongs to the step",
    )
    require(
        not near(new_m, 0.99 * before + 0.01 * (g + 0.2 * w)),
        "that is an L2 penalty: the decay does not enter the memory, it shrinks the weight",
    )
    require(near(new_m, state["m"]), "the new memory is beta2 * m + (1 - beta2) * g")
    require(
        not near(new_w, w - 0.1 * direction), "the decay is missing: lr * weight_decay * w as well"
    )
    require(
        not near(new_w, w - 0.1 * direction - 0.2 * w),
        "the decay is multiplied by the rate, like the sign",
    )
    late = torch.sign(0.9 * state["m"] + 0.1 * g)
    require(
        not near(new_w, w - 0.1 * (late + 0.2 * w)),
        "the step mixes the old memory with g, not the new",
    )
    require(
        not near(new_w, w - 0.1 * (torch.sign(state["m"]) + 0.2 * w)),
        "the step takes the sign of beta1 * m + (1 - beta1) * g, not of the new memory",
    )
    require(
        near(new_w, w - 0.1 * (direction + 0.2 * w)),
        "expected w - lr * (sign(beta1 * m + (1 - beta1) * g) + weight_decay * w)",
    )
    state = {"m": before.clone()}
    want = w - 0.1 * lion(w, g, state, beta1=0.5, beta2=0.8)
    new_w, new_m = (
        finite(part, (200,), "the shape of w")
        for part in answer(w.clone(), g.clone(), before.clone(), 0.1, 0.0, 0.5, 0.8)
    )
    require(
        near(new_w, want) and near(new_m, state["m"]),
        "right with the defaults, not with beta1 = 0.5 and beta2 = 0.8: are they used?",
    )


@exercise
def state_numbers(answer):
    """Exercise 6. Count the state."""
    function(answer)
    for shapes in ([(3, 5)], [(32, 64), (32,), (10, 32), (10,)], [(8, 4, 3, 3), (8,)]):
        got = finite(answer(shapes), (2,), "two numbers, (AdamW, Adafactor)")
        adamw = 2 * sum(math.prod(shape) for shape in shapes)
        vectors = sum(math.prod(shape) for shape in shapes if len(shape) == 1)
        matrices = [shape for shape in shapes if len(shape) > 1]
        whole = [math.prod(shape) for shape in matrices]
        factored = sum(
            size // s[-1] + size // s[-2] for size, s in zip(whole, matrices, strict=True)
        )
        require(
            got[0] != factored + vectors or got[1] != adamw, "the other order: (AdamW, Adafactor)"
        )
        require(got[0] != adamw / 2, "AdamW keeps two numbers for each weight: both means")
        require(got[0] == adamw, f"AdamW keeps {adamw} for {shapes}")
        require(not (vectors and got[1] == factored), "vectors are not factored, but they are kept")
        require(
            got[1] != vectors + sum(s[-1] + s[-2] for s in matrices)
            or got[1] == vectors + factored,
            "with more than two axes there is a row and a column for each of the leading entries",
        )
        require(got[1] == factored + vectors, f"Adafactor keeps {factored + vectors} for {shapes}")


@exercise
def largest_beta2(answer):
    """Exercise 7. The longest step."""
    got = float(finite(answer, (), "one number"))
    require(
        abs(got - 0.9975) > 2e-4,
        "that leaves the gap between beta1 squared and beta2 out: (1 - b1)/sqrt(1 - b2) is "
        "the uncorrected first step",
    )
    # (1 - b)(1 - 0.81 / b) = 0.0025, the larger root
    want = (1.8075 + math.sqrt(1.8075**2 - 4 * 0.81)) / 2
    other = 0.81 / want
    require(
        abs(got - other) > 2e-3, "the bound is 2 there too, but it is the smaller of two solutions"
    )
    require(got < 0.9999, "with a longer memory the bound grows: at 0.999 it is already 7.3")
    require(abs(got - want) < 6e-4, "solve (1 - b1) / sqrt((1 - b2)(1 - b1^2 / b2)) = 2 for b2")


@exercise
def verdict(answer):
    """Exercise 8. Does Adam generalize worse?"""
    function(answer)
    cases = [
        ([0.96, 0.97, 0.98], [0.93, 0.95, 0.94], "a"),
        ([0.93, 0.95, 0.94], [0.97, 0.96, 0.98], "b"),
        ([0.97, 0.96, 0.98], [0.95, 0.965, 0.94], "cannot tell"),
        ([0.95, 0.965, 0.94], [0.97, 0.96, 0.98], "cannot tell"),
        ([0.97, 0.96, 0.98], [0.96, 0.94, 0.95], "cannot tell"),
    ]
    for a, b, want in cases:
        got = answer(a, b)
        require(
            got in ("a", "b", "cannot tell"), f'expected "a", "b" or "cannot tell", not {got!r}'
        )
        require(
            got == want or want != "cannot tell",
            f"{a} and {b} overlap: a higher mean is not yet a difference",
        )
        require(got == want, f"{a} against {b}: expected {want!r}")
