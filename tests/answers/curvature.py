"""Answers to the exercises of `curvature`: right ones and mistakes."""

from math import ceil, floor, log

import torch
from torch.nn.functional import cross_entropy


def steps(y0, lr, bend=2):
    return ceil(log(1 / y0) / log(1 + bend * lr))


def eigen_step(g, H, change, sign=-1):
    values, Q = torch.linalg.eigh(H)
    return sign * Q @ ((Q.T @ g) / change(values))


def saddle_free(g, H, damping):
    return eigen_step(g, H, lambda v: v.abs() + damping)


def saddle_free_by_root(g, H, damping):
    values, Q = torch.linalg.eigh(H @ H)
    return -torch.linalg.solve(Q @ torch.diag(values.sqrt()) @ Q.T + damping * torch.eye(len(g)), g)


def entries(g, H, damping):
    return -torch.linalg.solve(H.abs() + damping * torch.eye(len(g)), g)


def sizes(layers, bias=1, outputs=True, blocks=False, squared=True):
    weights = [(n + 1) * m for n, m in layers]
    factors = sum((n + bias) ** 2 + (m**2 if outputs else 0) for n, m in layers)
    full = sum(w**2 for w in weights) if blocks else sum(weights) ** (2 if squared else 1)
    return factors, full


class Sam(torch.optim.Optimizer):
    """Right; each subclass makes one mistake."""

    def __init__(self, params, base, rho=0.05):
        params = list(params)
        super().__init__(params, {"rho": rho})
        self.params, self.base, self.rho = params, base, rho

    def directions(self):
        norm = torch.cat([w.grad.flatten() for w in self.params]).norm()
        return [w.grad / norm for w in self.params]

    @torch.no_grad()
    def move(self):
        kept = [w.clone() for w in self.params]
        for w, d in zip(self.params, self.directions(), strict=True):
            w += self.rho * d
        return kept

    @torch.no_grad()
    def restore(self, kept):
        for w, old in zip(self.params, kept, strict=True):
            w.copy_(old)

    def step(self, closure):
        loss = closure()
        kept = self.move()
        sharp_loss = closure()
        self.restore(kept)
        self.base.step()
        return loss, sharp_loss


class ByGroups(Sam):
    """Right, in another way: subtracts what it added."""

    def step(self, closure):
        loss = closure()
        with torch.no_grad():
            added = [self.rho * d for d in self.directions()]
            for w, e in zip(self.param_groups[0]["params"], added, strict=True):
                w.add_(e)
        sharp_loss = closure()
        with torch.no_grad():
            for w, e in zip(self.param_groups[0]["params"], added, strict=True):
                w.sub_(e)
        self.base.step()
        return [loss, sharp_loss]


class SumOfNorms(Sam):
    def directions(self):
        return [w.grad / sum(v.grad.norm() for v in self.params) for w in self.params]


class OwnNorms(Sam):
    def directions(self):
        return [w.grad / w.grad.norm() for w in self.params]


class Downhill(Sam):
    def directions(self):
        return [-d for d in super().directions()]


class TwiceAsFar(Sam):
    def directions(self):
        return [2 * d for d in super().directions()]


class NotRestored(Sam):
    def restore(self, kept):
        pass


class Still(Sam):
    def move(self):
        return [w.detach().clone() for w in self.params]


class Backward(Sam):
    def step(self, closure):
        return super().step(closure)[::-1]


class Silent(Sam):
    def step(self, closure):
        super().step(closure)


class OneGradient(Sam):
    def step(self, closure):
        loss = closure()
        self.base.step()
        return loss, loss


class TwoSteps(Sam):
    def step(self, closure):
        losses = super().step(closure)
        self.base.step()
        return losses


class NoInit(Sam):
    def __init__(self, params, base, rho=0.05):
        self.params, self.base, self.rho = list(params), base, rho


def fisher(W, X, outer=True, layout="nij,na,nb->iajb", n=None):
    p = (X @ W.T).softmax(1)
    S = torch.diag_embed(p) - outer * p[:, :, None] * p[:, None]
    return torch.einsum(layout, S, X, X).reshape(W.numel(), W.numel()) / (n or len(X))


def fisher_by_classes(W, X):
    p, F = (X @ W.T).softmax(1), 0
    for k in range(len(W)):
        delta = torch.eye(len(W), dtype=X.dtype)[k] - p
        rows = (delta[:, :, None] * X[:, None]).flatten(1)
        F = F + rows.T @ (rows * p[:, k : k + 1]) / len(X)
    return F


def fisher_uncoupled(W, X):
    p = (X @ W.T).softmax(1)
    S = torch.diag_embed(p * (1 - p))
    return torch.einsum("nij,na,nb->iajb", S, X, X).reshape(12, 12) / len(X)


def slope(model, x, y):
    image = x.clone().requires_grad_()
    return torch.autograd.grad(cross_entropy(model(image), y), image)[0]


def attack(model, x, y, size):
    return (x + size * slope(model, x, y).sign()).clamp(0, 1)


def attack_in_place(model, x, y, size):
    return x.add_(size * slope(model, x, y).sign()).clamp_(0, 1)


def attack_by_gradient(model, x, y, size):
    g = slope(model, x, y)
    return (x + size * g / g.norm()).clamp(0, 1)


def balance(W1, b1, W2, power=0.5):
    c = (W2.norm() / W1.norm()) ** power
    return c * W1, c * b1, W2 / c


def count(coefficients, s, target=0.7, powers=(1, 3, 5)):
    k = 0
    while s <= target and k < 100:
        s, k = sum(c * s**n for c, n in zip(coefficients, powers, strict=True)), k + 1
    return k


SOLUTIONS = {
    "newton_by_hand": [(20 / 23, -5 / 23), [0.8696, -0.2174], torch.tensor([20 / 23, -5 / 23])],
    "saddle_steps": [steps, lambda y0, lr: float(steps(y0, lr))],
    "saddle_free_step": [saddle_free, saddle_free_by_root],
    "fisher_sizes": [sizes, lambda layers: list(sizes(layers))],
    "repaired_sam": [Sam, ByGroups],
    "softmax_fisher": [fisher, fisher_by_classes],
    "attack": [attack, lambda m, x, y, size: attack(m, x, y, size).requires_grad_()],
    "balanced": [balance, lambda *w: [v.numpy() for v in balance(*w)]],
    "rounds_needed": [count],
}

MISTAKES = {
    "newton_by_hand": [
        ((20 / 23 - 7, -5 / 23 + 4), "that is the step"),
        ((1.5, -1.75), "mixed derivative"),
        ((14 - 20 / 23, -8 + 5 / 23), "uphill"),
        ((20 / 23, 5 / 23), "gradient vanishes"),
        (3, "a pair of numbers"),
    ],
    "saddle_steps": [
        (lambda y0, lr: steps(y0, lr, bend=1), "by 1 + 2 lr"),
        (lambda y0, lr: ceil(log(1 / y0) / (2 * lr)), "smaller than 2 lr"),
        (lambda y0, lr: floor(log(1 / y0) / log(1 + 2 * lr)), "round up"),
        (lambda y0, lr: log(1 / y0) / log(1 + 2 * lr), "whole numbers"),
        (lambda y0, lr: 7, "is not it"),
        (lambda y0, lr: "many", "one number"),
    ],
    "saddle_free_step": [
        (lambda g, H, d: -saddle_free(g, H, d), "downhill"),
        (lambda g, H, d: eigen_step(g, H, lambda v: v + d), "damped Newton"),
        (lambda g, H, d: eigen_step(g, H, lambda v: (v + d).abs()), "then the damping"),
        (lambda g, H, d: eigen_step(g, H, torch.abs), "damping is missing"),
        (entries, "not of the entries"),
        (lambda g, H, d: -g, "expected"),
        (lambda g, H, d: H, "a step of 4"),
    ],
    "fisher_sizes": [
        (lambda layers: sizes(layers, bias=0), "the bias is a weight"),
        (lambda layers: sizes(layers, outputs=False), "G is missing"),
        (lambda layers: (sum((n + 1) * m for n, m in layers), 0), "square matrices"),
        (lambda layers: (1, sizes(layers)[1]), "factors for"),
        (lambda layers: sizes(layers, blocks=True), "couples the layers"),
        (lambda layers: sizes(layers, squared=False), "square it"),
        (lambda layers: (sizes(layers)[0], 5), "full for"),
        (lambda layers: sizes(layers)[0], "two numbers"),
    ],
    "repaired_sam": [
        (NoInit, "super().__init__"),
        (OneGradient, "ran 1 times"),
        (Still, "at the same point"),
        (SumOfNorms, "not the sum of the norms"),
        (OwnNorms, "not one for each"),
        (Downhill, "uphill: plus"),
        (TwiceAsFar, "by rho g"),
        (NotRestored, "put the weights back"),
        (TwoSteps, "step from w"),
        (Backward, "at w first"),
        (Silent, "both losses"),
        (object, "a subclass"),
    ],
    "softmax_fisher": [
        (lambda W, X: fisher(W, X, n=1), "not the sum"),
        (lambda W, X: fisher(W, X, outer=False), "- p pᵀ is missing"),
        (lambda W, X: -fisher(W, X), "sign"),
        (lambda W, X: fisher(W, X, layout="nij,na,nb->aibj"), "row by row"),
        (fisher_uncoupled, "coupled"),
        (lambda W, X: torch.eye(12), "expected the mean"),
        (lambda W, X: fisher(W, X)[0], "a matrix (12, 12)"),
    ],
    "attack": [
        (attack_in_place, "work on a copy"),
        (lambda m, x, y, size: attack(m, x, y, 2 * size), "changed by more"),
        (lambda m, x, y, size: x + size * slope(m, x, y).sign(), "clamp to"),
        (lambda m, x, y, size: (x + size * slope(m, x, y).sign()).clamp(max=1), "below 0"),
        (lambda m, x, y, size: (x + size * slope(m, x, y).sign()).clamp(min=0), "above 1"),
        (lambda m, x, y, size: (x - size * slope(m, x, y).sign()).clamp(0, 1), "did not rise"),
        (attack_by_gradient, "use the sign"),
        (lambda m, x, y, size: x[0], "images in the shape"),
    ],
    "balanced": [
        (lambda W1, b1, W2: (*(balance(W1, b1, W2)[:1]), b1, balance(W1, b1, W2)[2]), "scale b1"),
        (lambda W1, b1, W2: (*balance(W1, b1, W2)[:2], W2), "must divide layer 2"),
        (lambda *w: balance(*w, power=-0.5), "the norms are"),
        (lambda *w: balance(*w, power=1), "the norms are"),
        (lambda *w: balance(*w)[0], "three results"),
        (lambda W1, b1, W2: (W1, W2, b1), "a result of shape"),
    ],
    "rounds_needed": [
        (lambda *a: count(*a) - 1, "not there yet"),
        (lambda *a: count(*a) + 1, "one round too many"),
        (lambda *a: count(*a, powers=(0, 1, 2)), "powers are 1, 3 and 5"),
        (lambda *a: 40, "rounds, not 40"),
        (lambda *a: "few", "one number"),
    ],
}
