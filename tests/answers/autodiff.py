"""Answers to the exercises of `autodiff`: right ones and mistakes."""

import numpy as np
import torch


def cheaper(inputs, outputs):
    return "forward" if inputs < outputs else "reverse"


def program(steps, values):
    known = dict(values)
    for name, sign, (left, right) in steps:
        a, b = known[left], known[right]
        known[name] = {"+": a + b, "-": a - b, "*": a * b}[sign]
    return known[name]


def program_recursive(steps, values):
    made_by = {name: (sign, reads) for name, sign, reads in steps}

    def value(name):
        if name in values:
            return values[name]
        sign, (left, right) = made_by[name]
        a, b = value(left), value(right)
        return a + b if sign == "+" else a - b if sign == "-" else a * b

    return value(steps[-1][0])


def program_in_place(steps, values):
    for name, sign, (left, right) in steps:
        a, b = values[left], values[right]
        values[name] = {"+": a + b, "-": a - b, "*": a * b}[sign]
    return values[name]


def program_without_difference(steps, values):
    return program([(n, "+" if s == "-" else s, r) for n, s, r in steps], values)


def program_turned(steps, values):
    return program([(n, s, r[::-1] if s == "-" else r) for n, s, r in steps], values)


def program_largest(steps, values):
    made = [program(steps[: n + 1], values) for n in range(len(steps))]
    return max(made + list(values.values()))


def program_rounded(steps, values):
    return int(program(steps, values))


def program_f(steps, values):
    return {steps[-1][0]: program(steps, values)}["f"]


def program_sum_only(steps, values):
    return program([(n, "+", r) for n, s, r in steps], values)


def tape(entries, n, add=True, seed=1.0, back=True, root=None):
    adjoints = [0.0] * n
    adjoints[entries[-1][0] if root is None else root] = seed
    for out, reads in reversed(entries) if back else entries:
        for i, slope in reads:
            adjoints[i] = (adjoints[i] if add else 0.0) + slope * adjoints[out]
    return adjoints


def layers(W1, W2, x, y, mask=True, mean=True):
    z1 = x @ W1.T
    a1 = np.maximum(z1, 0)
    miss = a1 @ W2.T - y
    d2 = 2 * miss / (miss.size if mean else 1)
    d1 = (d2 @ W2) * (z1 > 0 if mask else 1)
    return (miss**2).mean(), d1.T @ x, d2.T @ a1


def layers_by_torch(W1, W2, x, y):
    T1, T2 = (torch.tensor(w, requires_grad=True) for w in (W1, W2))
    loss = ((torch.tensor(x) @ T1.T).relu() @ T2.T - torch.tensor(y)).square().mean()
    return loss, *torch.autograd.grad(loss, (T1, T2))


def layers_transposed(*inputs):
    loss, dW1, dW2 = layers(*inputs)
    return loss, dW1.T, dW2.T


def scaled_slope(*inputs_and_times):
    *inputs, times = inputs_and_times
    loss, dW1, dW2 = layers(*inputs)
    return loss, dW1 * times, dW2 * times


def without_relu(W1, W2, x, y):
    loss, dW1, _ = layers(W1, W2, x, y)
    z1 = x @ W1.T
    d2 = 2 * (np.maximum(z1, 0) @ W2.T - y) / y.size
    return loss, dW1, d2.T @ z1


def first_layer_transposed(*inputs):
    loss, dW1, dW2 = layers(*inputs)
    return loss, dW1.T, dW2


def summed_loss(*inputs):
    loss, dW1, dW2 = layers(*inputs)
    return loss * 21, dW1, dW2


def softplus(x):
    value = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return value, lambda g: g * (0.5 + 0.5 * np.tanh(x / 2))


def softplus_by_numpy(x):
    return np.logaddexp(0, x), lambda g: g * np.exp(-np.logaddexp(0, -x))


def softplus_naive(x):
    return np.log(1 + np.exp(x)), lambda g: g / (1 + np.exp(-x))


def convolution(n, k, c_in, c_out, forward=1, backward=2):
    cost = n * n * k * k * c_in * c_out
    return forward * cost, backward * cost


def branch(v):
    return torch.where(v.sum() > 0, v * 2, v - 1)


def directions(p, c):
    return c * c * (p + 1) / (1 - c * c)


SOLUTIONS = {
    "find_the_slip": [(7, -1), [7.0, -1.0], torch.tensor([7.0, -1.0])],
    "cheaper_mode": [
        cheaper,
        lambda n, m: "reverse" if m <= n else "forward",
        lambda n, m: cheaper(n, m).capitalize(),
    ],
    "run_program": [program, program_recursive],
    "run_tape": [tape, lambda t, n: np.array(tape(t, n))],
    "two_layer_gradients": [layers, layers_by_torch],
    "softplus_rule": [softplus, softplus_by_numpy],
    "convolution_cost": [convolution, lambda side, size, i, o: convolution(side, size, i, o)],
    "static_branch": [
        branch,
        lambda v: torch.cond(v.sum() > 0, lambda v: v * 2, lambda v: v - 1, (v,)),
        lambda v: (v.sum() > 0) * (v + 1) + v - 1,
    ],
    "directions_needed": [
        directions,
        lambda p, c: p / (1 / c**2 - 1),
        lambda p, c: round(directions(p, c)),
    ],
}

MISTAKES = {
    "find_the_slip": [
        ((2, 4), "with the slip"),
        ((-1, 7), "wrong order"),
        ((7, 9), "y is -1"),
        ((5, -5), "product rule"),
        ({"x": 7, "y": -1}, "a pair of numbers"),
        ((7, -1, 10), "a pair of numbers"),
        ("seven", "a pair of numbers"),
    ],
    "cheaper_mode": [
        (lambda n, m: "reverse", "one pass per input"),
        (lambda n, m: "forward" if n > m else "reverse", "one pass per input"),
        (lambda n, m: "reverse" if m == 1 else "forward", "for 50 inputs and 3 outputs"),
        (lambda n, m: "forward" if n < 10 and m > 10 else "reverse", "for 30 inputs"),
        (lambda n, m: "both", "'forward' or 'reverse'"),
    ],
    "run_program": [
        (program_in_place, "work on a copy"),
        (program_sum_only, "is 18"),
        (program_without_difference, "is 9"),
        (program_turned, "left minus right"),
        (program_largest, "what the last step made"),
        (program_rounded, "is -4.5"),
        (program_f, "named 'r'"),
        (lambda steps, values: {"f": 18}, "one number"),
    ],
    "run_tape": [
        (lambda t, n: tape(t, n, add=False), "added, not replaced"),
        (lambda t, n: tape(t, n, seed=0.0), "where the tape starts"),
        (lambda t, n: tape(t, n, back=False), "from its end"),
        (lambda t, n: [8, 8, 1] if n == 3 else [6, 3, 1, 1], "6, 2, 1, 1"),
        (lambda t, n: [8, 4, 1], "8, 8, 1"),
        (lambda t, n: tape(t, n, root=n - 1), "output of the last entry"),
        (lambda t, n: [int(v) for v in tape(t, n)], "not [2.0, 0.0, 1.0, 0.0"),
        (lambda t, n: dict(enumerate(tape(t, n))), "a list of numbers"),
        (lambda t, n: tape(t, n)[0], "a list of numbers"),
    ],
    "two_layer_gradients": [
        (lambda *a: layers(*a, mask=False), "mask is missing"),
        (lambda *a: layers(*a, mean=False), "the mean divides"),
        (lambda *a: scaled_slope(*a, 3), "not by the 7 rows"),
        (lambda *a: scaled_slope(*a, 1.5), "and the square has a 2"),
        (lambda *a: scaled_slope(*a, 10.5), "and the square has a 2"),
        (lambda *a: scaled_slope(*a, 0.5), "the 2 of the square"),
        (without_relu, "not z1"),
        (lambda *a: layers(*a)[1:], "three results"),
        (lambda *a: ("loss", *layers(*a)[1:]), "as one number"),
        (layers_transposed, "shape of W2"),
        (first_layer_transposed, "shape of W1"),
        (summed_loss, "mean over all entries"),
        (lambda *a: (layers(*a)[0], layers(*a)[1], layers(*a)[2] * 4), "at the output"),
        (lambda *a: (layers(*a)[0], layers(*a)[1] * 3, layers(*a)[2]), "back through W2"),
    ],
    "softplus_rule": [
        (softplus_naive, "overflows"),
        (lambda x: softplus(x)[0], "two results"),
        (lambda x: (softplus(x)[0], softplus(x)[0]), "no function"),
        (lambda x: (softplus(x)[0], lambda g: 1.0), "in the shape of x"),
        (lambda x: (softplus(x)[0] + 1, softplus(x)[1]), "log"),
        (lambda x: (softplus(x)[0], lambda g: g * np.exp(x) / (1 + np.exp(x))), "pull overflows"),
        (lambda x: (softplus(x)[0], lambda g: 0.5 + 0.5 * np.tanh(x / 2)), "multiplies"),
        (lambda x: (softplus(x)[0], lambda g: g * np.tanh(x)), "sigmoid"),
    ],
    "convolution_cost": [
        (lambda n, k, c_in, c_out: (n * n * k * k * c_out, 0), "c_in is missing"),
        (lambda n, k, c_in, c_out: (n * n * 9 * c_in * c_out, n * n * 18 * c_in * c_out), "k·k"),
        (lambda *a: convolution(*a)[0], "two numbers"),
        (lambda *a: convolution(*a, forward=2), "as one"),
        (lambda *a: convolution(*a, forward=3), "output entry"),
        (lambda *a: convolution(*a, backward=1), "two gradients"),
        (lambda *a: convolution(*a, backward=3), "two convolutions"),
    ],
    "static_branch": [
        (lambda v: v * 2 if v.sum() > 0 else v - 1, "met `if`"),
        (lambda v: torch.where(torch.tensor(v.sum().item() > 0), v * 2, v - 1), "`.item()`"),
        (lambda v: torch.where(v.sum() >= 0, v * 2, v - 1), "0 is not positive"),
        (lambda v: np.where(v.numpy().sum() > 0, v.numpy() * 2, v.numpy() - 1), "PyTorch only"),
        (lambda v: branch(v).sum(), "shape of v"),
        (lambda v: v * 2, "both must be"),
        (lambda v: torch.where(v > 0, v * 2, v - 1), "not on each entry"),
        (lambda v: v - 1, "other branch"),
        (lambda v: v, "expected"),
    ],
    "directions_needed": [
        (lambda p, c: c * p, "square root"),
        (lambda p, c: c * c * p, "below the fraction bar"),
        (lambda p, c: 7, "about"),
        (lambda p, c: (directions(p, c), c), "one number"),
    ],
}
