"""Checks for the exercises of the chapter "Curvature: second-order steps, sharp and flat"."""

import reprlib
from math import ceil, floor, log

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from dlbook_utils.answers import agree, numbers, parts
from dlbook_utils.exercises import exercise, require


def random(*shape, seed=0) -> torch.Tensor:
    """Normal numbers, always the same."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@exercise
def newton_by_hand(answer):
    """Exercise 1. One step by hand."""
    got = numbers(answer, (2,), "a pair of numbers, (x, y)")
    x, y = 20 / 23, -5 / 23
    require(not agree(got, (x - 7, y + 4), 1e-3), "that is the step; add it to the start")
    require(not agree(got, (1.5, -1.75), 1e-3), "the mixed derivative, 1, is left out of H")
    require(not agree(got, (14 - x, -8 - y), 1e-3), "the step is minus H⁻¹g: this one goes uphill")
    require(
        agree(got, (x, y), 1e-2),
        "the step leads to where the gradient vanishes: 6x + y = 5 and x + 4y = 0",
    )


@exercise
def saddle_steps(answer):
    """Exercise 2. Off the saddle."""
    for y0, lr in ((1e-3, 0.1), (1e-8, 0.05), (0.03, 0.3)):
        growth = log(1 / y0)
        got = float(numbers(answer(y0, lr), (), "one number of steps"))
        want = ceil(growth / log(1 + 2 * lr))
        at = f"y0 = {y0:g}, lr = {lr:g}"
        require(
            got != ceil(growth / log(1 + lr)),
            f"{at}: the slope of -y² is -2y, so each step multiplies y by 1 + 2 lr",
        )
        require(
            got != ceil(growth / (2 * lr)),
            f"{at}: log(1 + 2 lr) is smaller than 2 lr; the steps are not that small",
        )
        require(
            got != floor(growth / log(1 + 2 * lr)),
            f"{at}: that step does not quite get there; round up",
        )
        require(got == int(got), f"{at}: steps are whole numbers")
        require(got == want, f"{at}: y grows by the factor 1 + 2 lr a step; {got:g} is not it")


@exercise
def saddle_free_step(answer):
    """Exercise 3. A step that no saddle attracts."""
    M = random(4, 4)
    g, H, damping = random(4, seed=1), M + M.T, 0.3
    values, Q = torch.linalg.eigh(H)

    def step(values):
        return -Q @ ((Q.T @ g) / values)

    got = numbers(answer(g.clone(), H.clone(), damping), (4,), "a step of 4 numbers")
    require(not agree(got, -step(values.abs() + damping)), "the step must go downhill: minus")
    require(
        not agree(got, step(values + damping)), "that is damped Newton: take absolute eigenvalues"
    )
    require(
        not agree(got, step((values + damping).abs())),
        "absolute values first, then the damping: |H| + λI, not |H + λI|",
    )
    require(not agree(got, step(values.abs())), "the damping is missing")
    eye = torch.eye(4, dtype=torch.float64)
    require(
        not agree(got, -torch.linalg.solve(H.abs() + damping * eye, g)),
        "|H| takes the absolute values of the eigenvalues, not of the entries",
    )
    require(agree(got, step(values.abs() + damping)), "expected -(|H| + λI)⁻¹ g")


@exercise
def fisher_sizes(answer):
    """Exercise 4. What K-FAC stores."""
    for layers in ([(64, 32), (32, 10)], [(5, 3)]):
        factors, full = (
            float(numbers(part, (), "two numbers, factors and full"))
            for part in parts(answer(layers), 2, "two numbers, factors and full")
        )
        p = sum((n + 1) * m for n, m in layers)
        require(
            factors != sum(n**2 + m**2 for n, m in layers),
            "the bias is a weight of an input that is always 1: A is (inputs + 1) wide",
        )
        require(factors != sum((n + 1) ** 2 for n, m in layers), "G is missing: outputs squared")
        require(
            factors != sum((n + 1) * m for n, m in layers),
            "that is the number of weights; A and G are square matrices",
        )
        require(
            factors == sum((n + 1) ** 2 + m**2 for n, m in layers),
            f"factors for {layers}: A is (inputs + 1)², G is outputs²",
        )
        require(
            len(layers) == 1 or full != sum(((n + 1) * m) ** 2 for n, m in layers),
            "those are the blocks of the layers; the full matrix also couples the layers",
        )
        require(full != p, "the matrix has a row and a column for each parameter: square it")
        require(full == p**2, f"full for {layers}: the square of all {p} parameters")


def sam_problem():
    """Two weights, a base optimizer, a closure, and the closure's record of the weights."""
    weights = [nn.Parameter(random(3, seed=2)), nn.Parameter(random(2, 2, seed=3))]
    base, seen = torch.optim.SGD(weights, lr=0.1), []

    def closure():
        base.zero_grad()
        loss = (weights[0] ** 4).sum() + (weights[1] ** 2).sum() * weights[0][0].exp()
        loss.backward()
        seen.append(torch.cat([w.detach().flatten().clone() for w in weights]))
        return loss.item()

    return weights, base, closure, seen


@exercise
def repaired_sam(answer):
    """Exercise 5. Repair SAM."""
    is_class = isinstance(answer, type) and issubclass(answer, torch.optim.Optimizer)
    require(is_class, f"expected a subclass of torch.optim.Optimizer, not {reprlib.repr(answer)}")
    weights, base, closure, seen = sam_problem()
    closure()
    norms = [w.grad.norm() for w in weights]
    g = torch.cat([w.grad.flatten() for w in weights])
    start = seen.pop()
    sam = answer(weights, base, 0.05)
    require(hasattr(sam, "param_groups"), "no param_groups: call super().__init__(params, {...})")
    losses = sam.step(closure)
    require(len(seen) == 2, f"SAM takes two gradients a step; the closure ran {len(seen)} times")
    moved = seen[1] - start
    require(moved.norm() > 0, "both gradients were taken at the same point: move the weights")
    require(
        not agree(moved, 0.05 * g / sum(norms)),
        "divide by the global norm: the root of the sum of squares, not the sum of the norms",
    )
    require(
        not agree(
            moved,
            torch.cat(
                [0.05 * (w / n).flatten() for w, n in zip((g[:3], g[3:]), norms, strict=True)]
            ),
        ),
        "one norm for all parameters together, not one for each",
    )
    require(not agree(moved, -0.05 * g / g.norm()), "the worst point lies uphill: plus")
    require(agree(moved, 0.05 * g / g.norm()), "move the weights by rho g / ‖g‖")
    second = torch.cat([w.grad.flatten() for w in weights])
    end = torch.cat([w.detach().flatten() for w in weights])
    require(
        not agree(end, seen[1] - 0.1 * second),
        "put the weights back before the step: it starts from w, not from the worst point",
    )
    require(agree(end, start - 0.1 * second), "step from w with the gradient of the worst point")
    got = numbers(losses, (2,), "both losses, as a pair")
    require(got[1] > got[0], "return the loss at w first, then the one at the worst point")


@exercise
def softmax_fisher(answer):
    """Exercise 6. The true Fisher matrix."""
    W, X = random(3, 4), random(6, 4, seed=1)
    p = (X @ W.T).softmax(1)
    outer = p[:, :, None] * p[:, None]

    def mean(S, layout="nij,na,nb->iajb"):
        return torch.einsum(layout, S, X, X).reshape(12, 12) / len(X)

    want = mean(torch.diag_embed(p) - outer)
    got = numbers(answer(W.clone(), X.clone()), (12, 12), "a matrix (12, 12) for 3 classes")
    require(not agree(got, want * len(X)), "the mean over the rows of X, not the sum")
    require(not agree(got, mean(torch.diag_embed(p))), "diag(p) alone: the part - p pᵀ is missing")
    require(not agree(got, -want), "the sign: F is a mean of squares, and positive")
    require(
        not agree(got, mean(torch.diag_embed(p) - outer, "nij,na,nb->aibj")),
        "W is flattened row by row: first the class, then the input",
    )
    require(
        not agree(got, mean(torch.diag_embed(p * (1 - p)))),
        "the classes are coupled: the off-diagonal of diag(p) - p pᵀ is not zero",
    )
    require(agree(got, want), "expected the mean of (diag(p) - p pᵀ) ⊗ x xᵀ")


@exercise
def attack(answer):
    """Exercise 7. An adversarial image."""
    model = nn.Linear(6, 3).double()
    with torch.no_grad():
        model.weight.copy_(random(3, 6))
        model.bias.zero_()
    x, y, size = random(5, 6, seed=1).sigmoid(), torch.tensor([0, 1, 2, 0, 1]), 0.4
    image = x.clone().requires_grad_()
    [g] = torch.autograd.grad(cross_entropy(model(image), y), image)
    given = x.clone()
    got = answer(model, given, y, size)
    require(agree(given, x, 1e-12), "x itself was changed: work on a copy")
    numbers(got, (5, 6), "images in the shape of x")
    got = got.detach()
    require((got - x).abs().max() < size + 1e-9, f"a pixel changed by more than {size}")
    require(got.min() > -1e-9, "a pixel is below 0: clamp to [0, 1]")
    require(got.max() < 1 + 1e-9, "a pixel is above 1: clamp to [0, 1]")
    with torch.no_grad():
        before, after, best = (
            cross_entropy(model(v), y) for v in (x, got, (x + size * g.sign()).clamp(0, 1))
        )
    require(after > before, "the loss did not rise: go up the gradient of the loss in x")
    require(
        after > 0.95 * best,
        "each pixel may move by `size`: use the sign of its slope, not the slope itself",
    )


@exercise
def balanced(answer):
    """Exercise 8. A balanced network."""
    W1, b1, W2, x = random(5, 3), random(5, seed=1), 7 * random(2, 5, seed=2), random(9, 3, seed=4)
    got = parts(answer(W1.clone(), b1.clone(), W2.clone()), 3, "three results: W1, b1, W2")
    shapes = ((5, 3), (5,), (2, 5))
    V1, c1, V2 = (
        torch.tensor(numbers(part, shape, f"a result of shape {shape}"))
        for part, shape in zip(got, shapes, strict=True)
    )
    same = agree((x @ V1.T + c1).relu() @ V2.T, (x @ W1.T + b1).relu() @ W2.T)
    require(same or not agree(c1, b1), "scale b1 with W1: it stands inside the ReLU, too")
    require(same, "the function has changed: what multiplies layer 1 must divide layer 2")
    norms = f"{V1.norm():.3f} and {V2.norm():.3f}"
    require(
        agree(V1.norm(), V2.norm()), f"the norms are {norms}; c² = ‖W2‖ / ‖W1‖ makes them equal"
    )


@exercise
def rounds_needed(answer):
    """Exercise 9. Which polynomial."""
    muon, cubic = (3.4445, -4.7750, 2.0315), (1.5, -0.5, 0.0)

    def count(coefficients, s, target, powers=(1, 3, 5)):
        for k in range(100):
            if s > target:
                return k
            s = sum(c * s**n for c, n in zip(coefficients, powers, strict=True))
        return 100

    for coefficients, s, target in ((muon, 0.001, 0.7), (cubic, 0.001, 0.7), (cubic, 0.3, 0.99)):
        got = float(numbers(answer(coefficients, s, target), (), "one number of rounds"))
        want = count(coefficients, s, target)
        at = f"from s = {s:g} to {target:g} with {coefficients}"
        require(got != want - 1, f"{at}: after {got:g} rounds it is not there yet")
        require(got != want + 1, f"{at}: one round too many is counted")
        require(
            got != count(coefficients, s, target, (0, 1, 2)),
            f"{at}: the powers are 1, 3 and 5; the polynomial is odd",
        )
        require(got == want, f"{at}: {want} rounds, not {got:g}")
