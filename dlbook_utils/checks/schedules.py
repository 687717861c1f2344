"""Checks for the exercises of the chapter `schedules`."""

import torch

from dlbook_utils.answers import number, numbers
from dlbook_utils.exercises import exercise, require


def close(a: float, b: float, rel: float = 1e-6) -> bool:
    return abs(a - b) <= rel * max(abs(b), 1e-12)


@exercise
def parabola_factors(answer):
    """Exercise 1. Three rates on a parabola."""
    got = numbers(answer, (3,), "3 numbers")
    right = [0.98, 0.8, -1.4]
    require(
        not all(close(g, 1 - lr) for g, lr in zip(got, (0.01, 0.1, 1.2), strict=True)),
        "the slope of w² is 2w, not w",
    )
    require(
        not all(close(g, abs(r)) for g, r in zip(got, right, strict=True)),
        "the sign belongs to it: at the last rate the weight jumps across the minimum",
    )
    for g, r, lr in zip(got, right, (0.01, 0.1, 1.2), strict=True):
        require(close(g, r, 1e-3), f"rate {lr}: one step takes w to w - {lr} * 2w, not to {g:g} w")


@exercise
def cycle_peak(answer):
    """Exercise 2. When is the peak?"""
    step, first, last = numbers(answer, (3,), "3 numbers")
    require(step != 62, "the cycle covers all epochs, not one")
    require(step != 250, "steps count from 0, and the peak is the last step of the first phase")
    require(close(step, 249), f"a quarter of 1,000 steps go up; the peak is not at step {step:g}")
    require(
        not close(first, 0.004, 1e-3), "that is the first rate; a fraction of max_lr is asked for"
    )
    require(close(first, 1 / 25, 1e-3), "the first rate is max_lr / div_factor, by default 25")
    require(
        not close(last, 1e-4, 1e-3),
        "final_div_factor divides the first rate, not the peak",
    )
    require(
        close(last, 4e-6, 1e-3),
        f"the last rate is the first one divided by 10,000, not {last:g} of the peak",
    )


@exercise
def warmup_cosine(answer):
    """Exercise 3. Warm-up and cosine, without the three mistakes."""
    W, T, final = 10, 110, 0.1

    def at(t):
        return number(answer(t, W, T, final))

    require(at(0) != 0, "the first update has the rate 0 and is lost: start above zero")
    require(not close(at(0), 1), "the first update has the full rate: that is what it must not")
    require(close(at(0), 0.1), f"a straight line over 10 steps begins with 1/10, not {at(0):g}")
    require(close(at(4), 0.5), f"step 4 of 10 is half way: expected 0.5, got {at(4):g}")
    require(close(at(W - 1), 1), f"at t = warmup - 1 the factor is 1, not {at(W - 1):g}")
    require(close(at(W), 1), f"the cosine begins after the warm-up: 1 at t = warmup, not {at(W):g}")
    require(
        not close(at(60), 0.5, 1e-3),
        "half way the cosine is in the middle between 1 and final, not between 1 and 0",
    )
    require(close(at(60), 0.55), f"half way expected 0.55, got {at(60):g}")
    require(close(at(T), final), f"at t = total the factor is final, not {at(T):g}")
    require(
        close(at(T + 50), final),
        f"past the end the factor is {at(T + 50):g}: clamp the progress, or the cosine climbs",
    )
    require(
        close(number(answer(35, W, T, 0.0)), (1 + 0.5**0.5) / 2),
        "a quarter of the way it is not the cosine's value",
    )


@exercise
def rate_for_floor(answer):
    """Exercise 4. Which rate for which floor."""
    for m, h, sigma in ((0.1, 1.0, 1.0), (0.5, 2.0, 3.0), (2.0, 0.5, 0.7)):
        got = number(answer(m, h, sigma))
        require(
            not close(got, 2 * m * h / sigma**2),
            "that is the approximation for small rates: the 2 - ηh in the floor contains η, too",
        )
        require(
            not close(got, 2 * m * h / (sigma + m * h**2)) or sigma == 1,
            "the floor holds the variance sigma², not sigma",
        )
        floor = got * sigma**2 / (h * (2 - got * h)) if h * (2 - got * h) else float("inf")
        require(
            close(floor, m),
            f"with h = {h}, sigma = {sigma} your rate {got:.4g} has the floor {floor:.4g}, not {m}",
        )


@exercise
def clip(answer):
    """Exercise 5. Clip, and refuse."""
    grads = [torch.full((5,), 0.9), torch.tensor([[-2.0]])]
    norm = (5 * 0.81 + 4) ** 0.5
    kept = [g.clone() for g in grads]
    got = answer(grads, 1.0)
    require(
        all(torch.equal(a, b) for a, b in zip(grads, kept, strict=True)),
        "the gradients that came in were changed; return new ones",
    )
    require(isinstance(got, list | tuple) and len(got) == 2, "return as many gradients as came in")
    got = [torch.as_tensor(g) for g in got]
    require(
        not torch.allclose(got[1], torch.tensor([[-1.0]]), rtol=1e-4)
        or not torch.allclose(got[0], kept[0]),
        "that cuts entries one by one and turns the gradient: scale all by one factor",
    )
    require(
        not torch.allclose(got[1].abs(), torch.ones(1, 1), rtol=1e-4),
        "each tensor got a norm of its own; one norm belongs to all of them together",
    )
    for g, k in zip(got, kept, strict=True):
        require(
            torch.allclose(g, k / norm, rtol=1e-4),
            "every gradient is multiplied by limit / norm of all, where that is below 1",
        )
    short = answer([torch.tensor([0.3]), torch.tensor([0.4])], 1.0)
    require(
        torch.allclose(torch.cat(list(short)), torch.tensor([0.3, 0.4]), rtol=1e-5),
        "gradients shorter than the limit stay as they are",
    )
    for bad in (float("nan"), float("inf")):
        try:
            answer([torch.tensor([bad]), torch.tensor([1.0])], 1.0)
        except ValueError:
            continue
        require(False, f"a gradient of {bad} went through; its norm is not finite")


@exercise
def noise_scale_from_two(answer):
    """Exercise 6. The noise scale without single gradients."""
    for G2, trace, small, big in ((2.0, 100.0, 8, 64), (0.3, 45.0, 1, 500)):
        squares = {B: G2 + trace / B for B in (small, big)}
        got = number(answer(small, squares[small], big, squares[big]))
        require(
            not close(got, G2 / trace), "upside down: the noise stands above, the gradient below"
        )
        require(
            not close(got, trace), "that is the trace of the covariance; divide by the length of G"
        )
        require(
            not close(got, trace / squares[big]),
            "the gradient of the big batch still holds noise: solve for |G|², too",
        )
        require(close(got, trace / G2), f"expected {trace / G2:.4g}, got {got:.4g}")


@exercise
def forgetting_mean(answer):
    """Exercise 7. A mean that forgets its start."""
    require(close(number(answer(1, 0)), 1), "the first mean is the first iterate: c_1 = 1")
    require(close(number(answer(4, 0)), 1 / 4), "with r = 0 it is the plain mean: c_t = 1 / t")
    require(
        not close(number(answer(3, 2)), 9.0),
        "the weights must be divided by the sum of all weights so far",
    )
    zs, r = [1.0, -2.0, 5.0, 0.5], 2
    x = 0.0
    for t, z in enumerate(zs, start=1):
        c = number(answer(t, r))
        x = (1 - c) * x + c * z
    weights = [t**r for t in range(1, 5)]
    right = sum(w * z for w, z in zip(weights, zs, strict=True)) / sum(weights)
    require(
        close(x, right),
        f"with r = 2 the mean of {zs} becomes {x:.4g}; with weights 1, 4, 9, 16 it is {right:.4g}",
    )
