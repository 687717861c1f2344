"""Checks for the exercises of the chapter "Gradient descent and momentum"."""

import math

import numpy as np

from dlbook_utils.answers import agree, array, call, number, numbers, parts
from dlbook_utils.exercises import exercise, require


@exercise
def three_steps(answer):
    """Exercise 1. Three steps uphill."""
    place, limit = numbers(answer, (2,), "a pair of numbers, (place, limit of the rate)")
    require(
        not agree((limit, place), (-5.488, 1 / 3), 1e-2),
        "right numbers, other order: first the place, then the limit",
    )
    require(
        not agree(limit, 2 / 3, 1e-2),
        "3x² has the curvature 6: the limit is 2 / λ, with the second derivative, not the factor 3",
    )
    require(
        not agree(limit, 1 / 6, 1e-2),
        "1 / λ is the rate that arrives in one step; the limit is twice that",
    )
    require(not agree(place, 5.488, 1e-3), "right size, wrong side: the factor 1 − ηλ is negative")
    require(
        not agree(place, 2 * (-0.2) ** 3, 1e-2),
        "the slope of 3x² is 6x, so a step multiplies by 1 − 0.4 · 6",
    )
    for steps in (1, 2, 4):
        require(
            not agree(place, 2 * (-1.4) ** steps, 1e-3),
            f"that is the place after {steps} step{'s' * (steps > 1)}; three are asked for",
        )
    require(agree(limit, 1 / 3, 1e-2), "the limit is 2 / λ; what is the second derivative of 3x²?")
    require(agree(place, -5.488, 1e-3), "each step multiplies x by 1 − ηλ; three steps, from 2")


@exercise
def nth_step(answer):
    """Exercise 2. The step under a constant gradient."""
    for lr, beta, n in [(0.1, 0.9, 5), (0.1, 0.9, 1), (0.01, 0.5, 3), (0.3, 0.99, 300)]:
        got = number(call(answer, lr, beta, n), "one number, the length of step n")

        def length(n, lr=lr, beta=beta):
            return lr * (1 - beta**n) / (1 - beta)

        for wrong, message in [
            (
                length(n) * (1 - beta),
                "that is the moving average; PyTorch does not multiply the gradient by 1 − β",
            ),
            (length(math.inf), "lr / (1 − β) is where the steps arrive; the n-th is shorter"),
            (length(n - 1), "steps count from 1: the first has the length lr"),
            (length(n + 1), "steps count from 1: the first has the length lr"),
            (length(n) / lr, "that is the velocity; the step is lr times as long"),
            (-length(n), "a length is positive"),
            (
                sum(length(k) for k in range(1, n + 1)),
                "that is the whole way of n steps; the n-th step alone is asked for",
            ),
        ]:
            require(n == 1 or not agree(got, wrong, 1e-5), message)
        require(
            agree(got, length(n), 1e-5),
            f"for lr {lr}, β {beta}, n = {n}: the velocity is 1 + β + … + β^(n − 1)",
        )


@exercise
def memory(answer):
    """Exercise 3. How long is the memory."""
    for beta, share in [(0.9, 0.9), (0.99, 0.5), (0.5, 0.6), (0.9, 0.651), (0.5, 0.75)]:
        got = number(call(answer, beta, share), "one whole number")
        require(got == round(got), f"a number of gradients is whole, not {got:g}")
        want = 1
        while 1 - beta**want < share:
            want += 1
        require(
            got == want or got != round(1 / (1 - beta)),
            "1 / (1 − β) is the memory's time constant; the share of the weight decides here",
        )
        require(got != 1, "the weights 1, β, β², … add up to 1 / (1 − β): the share is of that")
        require(got != want - 1, "that many carry less than the share: round up")
        require(
            got == want,
            f"for β = {beta} and the share {share}: the newest n carry 1 − β^n of the weight; "
            "the first n that reaches the share is asked for",
        )


@exercise
def nesterov_step(answer):
    """Exercise 4. Nesterov from the textbook."""

    def slope(theta):
        return np.array([1.0, 25.0]) * theta + 0.1 * theta**3

    theta, v = np.array([1.0, -0.5]), np.array([0.3, 0.2])
    lr, beta = 0.02, 0.9
    got = call(answer, slope, theta.copy(), v.copy(), lr, beta)
    got = parts(got, 2, "two things: weights, velocity")
    new, velocity = (numbers(g, (2,), "weights and velocity, as arrays of 2") for g in got)
    want = beta * v + lr * slope(theta - beta * v)
    require(
        not agree((velocity, new), (theta - want, want)),
        "right numbers, other order: the weights come first",
    )
    for wrong, message in [
        (
            beta * v - lr * slope(theta - beta * v),
            "the new gradient is added to the velocity, which is then subtracted from θ",
        ),
        (
            beta * v - lr * slope(theta + beta * v),
            "here v points uphill: add the gradient to it, look ahead at θ − βv, step to θ − v",
        ),
        (
            beta * v + slope(theta),
            "that is PyTorch's form; here the gradient is taken at θ − βv, and the rate is inside",
        ),
        (
            beta * v + slope(theta - lr * beta * v),
            "in this form the rate stands inside the velocity",
        ),
        (beta * v + lr * slope(theta), "the gradient is taken where the roll would lead, θ − βv"),
        (beta * v + lr * slope(theta + beta * v), "v is subtracted: look ahead at θ − βv, not +"),
        (beta * v + lr * slope(theta - v), "the look-ahead is βv long, not v"),
        (beta * v + slope(theta - beta * v), "in this form the rate stands inside the velocity"),
        (
            beta * v + (1 - beta) * lr * slope(theta - beta * v),
            "the new gradient is not weighed by 1 − β in this form",
        ),
    ]:
        require(not agree(velocity, wrong), message)
    require(agree(velocity, want), "v = βv + η ∇L(θ − βv)")
    require(not agree(new, theta + want), "the velocity is subtracted from the weights")
    require(not agree(new, theta - lr * want), "the rate is in the velocity already: θ − v")
    require(
        not agree(new, theta - beta * v - want),
        "subtract the velocity from θ, not from the look-ahead point",
    )
    require(agree(new, theta - want), "θ = θ − v, with the new velocity")


def ravine_path(kind, lr, beta, textbook=False):
    """The weights (1001, 2) on curvatures 1 and 25; Nesterov's as PyTorch has them, or not."""
    lam, theta, v = np.array([1.0, 25.0]), np.ones(2), np.zeros(2)
    beta = 0.0 if kind == "plain" else beta
    path = [theta]
    for _ in range(1000):
        if textbook:
            v = beta * v + lr * lam * (theta - beta * v)
            theta = theta - v
        else:
            g = lam * theta
            v = beta * v + g
            theta = theta - lr * (g + beta * v if kind == "Nesterov" else v)
        path.append(theta)
    return np.array(path)


def first(small) -> int:
    """The first step at which it is small, or 1000."""
    return int(small.argmax()) if small.any() else 1000


def ravine_steps(kind, lr, beta, textbook=False):
    """The steps until both coordinates are below 1e-6, or 1000."""
    return first((abs(ravine_path(kind, lr, beta, textbook)) < 1e-6).all(axis=1))


@exercise
def count_steps(answer):
    """Exercise 5. Side by side."""
    for kind, lr, beta in [
        ("plain", 2 / 26, 0.0),
        ("plain", 0.03, 0.9),
        ("heavy ball", 0.03, 0.9),
        ("heavy ball", 1 / 9, 4 / 9),
        ("Nesterov", 0.03, 0.9),
        ("Nesterov", 0.01, 0.5),
        ("plain", 0.09, 0.0),
    ]:
        with np.errstate(all="ignore"):
            got = call(answer, kind, lr, beta)
        path = abs(ravine_path(kind, lr, beta))
        want = first((path < 1e-6).all(axis=1))
        case = f"{kind}, lr {lr:.3g}, β = {beta:.3g}"
        if want == 1000:
            beyond = got is None or (array(got) is not None and not np.all(array(got) <= 1000))
            require(not beyond, f"{case}: return 1000 where 1000 steps are not enough")
        got = number(got, "one whole number, the steps")
        require(
            kind != "plain" or beta == 0 or got != ravine_steps("heavy ball", lr, beta),
            "plain gradient descent has no momentum, whatever β is given",
        )
        if kind == "Nesterov":
            require(
                got != ravine_steps("heavy ball", lr, beta),
                "that is the heavy ball's count; Nesterov's step is lr · (g + βv)",
            )
            require(
                got == want or got != ravine_steps(kind, lr, beta, textbook=True),
                "those are the textbook's weights; take PyTorch's form, lr · (g + βv)",
            )
        require(
            beta == 0 or kind == "plain" or got != ravine_steps(kind, lr * (1 - beta), beta),
            "that is the moving average; here the gradient is not weighed by 1 − β",
        )
        require(
            want < 1000 or got >= 1000, f"{case}: this rate is above the limit; it never arrives"
        )
        settled = 1001 - first((path >= 1e-6).any(axis=1)[::-1])
        for wrong, message in [
            (first((path < 1e-6).any(axis=1)), "both coordinates have to be small, not one"),
            (first(np.hypot(*path.T) < 1e-6), "each coordinate is asked for, not the distance"),
            (first(path**2 @ (0.5, 12.5) < 1e-6), "the coordinates are asked for, not the loss"),
            (settled, "the first time counts, even if the ball swings out once more"),
        ]:
            require(got == want or got != wrong, f"{case}: {message}")
        require(
            got not in (want - 1, want + 1),
            f"{case}: one step off; the count is 1 after the first step",
        )
        require(got == want, f"{case}: expected {want} steps, got {got:g}")


@exercise
def late_ball(answer):
    """Exercise 6. Late gradients with momentum."""
    for a, beta, d in [(0.3, 0.9, 3), (0.2, 0.5, 1), (0.7, 0.0, 2), (0.1, 0.9, 6)]:
        M = numbers(
            call(answer, a, beta, d), (d + 1, d + 1), f"a matrix ({d + 1}, {d + 1}) for d = {d}"
        )
        want = np.eye(d + 1, k=-1)
        want[0, 0] += 1 + beta
        want[0, 1] -= beta
        want[0, d] -= a
        require(
            not agree(M, want[::-1, ::-1]) and not agree(M, want.T),
            "right numbers, other order: the newest weight comes first, a row for each result",
        )
        require(
            agree(M[1:], want[1:]),
            "every row but the first only shifts: the weight of step t becomes that of step t − 1",
        )
        early = want[0].copy()
        early[d] += a
        early[d - 1] -= a
        require(
            not agree(M[0], early),
            "the oldest of the d + 1 weights, of step t − d, is the one whose gradient arrives",
        )
        newest = want[0].copy()
        newest[d] += a
        newest[0] -= a
        require(
            not agree(M[0], newest),
            "−a at the newest weight is the gradient in time; the late one is of step t − d",
        )
        if d == 1:
            require(
                not agree(M[0], [1 + beta, -a]),
                "for d = 1 two terms meet in one entry: −β and −a add up",
            )
        require(agree(M[0], want[0]), "the first row is 1 + β, then −β, and −a in the last place")


@exercise
def rate_for_floor(answer):
    """Exercise 7. A rate for a floor."""
    for target, lam, s2, B in [(0.1, 1.0, 1.0, 1), (0.02, 3.0, 2.0, 16), (5.0, 0.5, 1.0, 4)]:
        got = number(call(answer, target, lam, s2, B), "one number, the rate")
        want = 2 * lam * target / (s2 / B + lam**2 * target)
        case = f"target {target}, λ {lam}, s² {s2}, B = {B}"
        require(
            B == 1 or not agree(got, 2 * lam * target / (s2 + lam**2 * target)),
            "the mean of B draws has the variance s² / B",
        )
        require(
            not agree(got, 2 * lam * target * B / s2),
            "that is the rule for small rates; the exact floor has 2 − ηλ in its denominator",
        )
        require(
            B == 1 or not agree(got, 2 * lam * target / (s2 / math.sqrt(B) + lam**2 * target)),
            "1 / √B is for the standard deviation; a variance falls like 1 / B",
        )
        require(agree(got, want, 1e-3), f"{case}: solve V = η s² / (B λ (2 − ηλ)) for η")


@exercise
def mean_square_after(answer):
    """Exercise 8. A rate that falls."""
    for n, lam, sigma2 in [(10, 1.0, 3.0), (7, 2.5, 1.0), (1000, 0.5, 2.0), (1, 1.0, 1.0)]:
        got = number(call(answer, n, lam, sigma2), "one number, the mean square")
        want = sigma2 / (lam**2 * n)
        require(
            lam == 1 or not agree(got, sigma2 / (lam * n)),
            "each step carries 1 / λ, and the mean square has it twice",
        )
        require(
            lam == 1 or not agree(got, sigma2 / n),
            "the noise enters through the rate, which has 1 / λ in it",
        )
        require(
            n == 1 or not agree(got, sigma2 / (lam**2 * n**2)),
            "variances add up: the sum of n noises has n σ², before you divide by n²",
        )
        require(
            n == 1 or not agree(got, sigma2 / (lam**2 * (n + 1))),
            "after n steps the last rate was 1 / (λ n): n noises, not n + 1",
        )
        require(n == 1 or not agree(got, sigma2 / lam**2), "the noises average out as n grows")
        require(
            agree(got, want),
            f"n = {n}, λ {lam}, σ² {sigma2}, got {got:.3g}: multiply step t by t + 1 and add up; "
            "λ n θ_n is minus the sum of n noises",
        )
