"""Update rules as functions of weight, gradient and state, and the optimizer that applies one.

The chapter `gradient_descent` writes out the optimizer and `sgd`, the chapter
`optimizers` the rest, and proves it equal to torch.optim.

A rule takes a weight `w`, its gradient `g` of the same shape, and a dict `state` that it may fill.
It returns the direction d; the optimizer then takes the step w <- w - lr * d.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer

Rule = Callable[[Tensor, Tensor, dict], Tensor]


class RuleOptimizer(Optimizer):
    """w <- (1 - lr * weight_decay) * w - lr * rule(w, g, state), for each parameter.

    The weight decay is the decoupled one of Loshchilov and Hutter (2019), as in AdamW.
    """

    def __init__(self, params: Iterable, rule: Rule, lr: float, weight_decay: float = 0.0):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})
        self.rule = rule

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            lr, decay = group["lr"], group["weight_decay"]
            for w in group["params"]:
                if w.grad is not None:
                    w.mul_(1 - lr * decay)
                    w.sub_(self.rule(w, w.grad, self.state[w]), alpha=lr)


def running_mean(state: dict, name: str, x: Tensor, beta: float) -> Tensor:
    """state[name] <- beta * state[name] + (1 - beta) * x, which begins at zero."""
    if name not in state:
        state[name] = torch.zeros_like(x)
    return state[name].mul_(beta).add_(x, alpha=1 - beta)


def count(state: dict) -> int:
    """The number of this step: 1, 2, ..."""
    state["t"] = state.get("t", 0) + 1
    return state["t"]


def sgd(
    w: Tensor,
    g: Tensor,
    state: dict,
    momentum: float = 0.0,
    dampening: float = 0.0,
    nesterov: bool = False,
) -> Tensor:
    """Momentum (Polyak, 1964), or in Nesterov's form; as torch.optim.SGD."""
    if momentum == 0:
        return g
    if "v" not in state:
        state["v"] = g.clone()  # the first gradient is not dampened
    else:
        state["v"].mul_(momentum).add_(g, alpha=1 - dampening)
    return g + momentum * state["v"] if nesterov else state["v"]


def adagrad(w: Tensor, g: Tensor, state: dict, eps: float = 1e-10) -> Tensor:
    """Duchi, Hazan and Singer (2011), the diagonal form."""
    if "sum" not in state:
        state["sum"] = torch.zeros_like(g)
    state["sum"] += g * g
    return g / (state["sum"].sqrt() + eps)


def rmsprop(w: Tensor, g: Tensor, state: dict, beta: float = 0.99, eps: float = 1e-8) -> Tensor:
    """Tieleman and Hinton (2012)."""
    return g / (running_mean(state, "v", g * g, beta).sqrt() + eps)


def adam(
    w: Tensor,
    g: Tensor,
    state: dict,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> Tensor:
    """Kingma and Ba (2015), algorithm 1."""
    t = count(state)
    m = running_mean(state, "m", g, beta1) / (1 - beta1**t)
    v = running_mean(state, "v", g * g, beta2) / (1 - beta2**t)
    return m / (v.sqrt() + eps)


def lion(w: Tensor, g: Tensor, state: dict, beta1: float = 0.9, beta2: float = 0.99) -> Tensor:
    """Chen et al. (2023), algorithm 2: the sign of one mixture, the memory of another."""
    if "m" not in state:
        state["m"] = torch.zeros_like(g)
    direction = torch.sign(beta1 * state["m"] + (1 - beta1) * g)
    running_mean(state, "m", g, beta2)
    return direction


def root_mean_square(x: Tensor) -> float:
    """The size of a typical entry."""
    return x.square().mean().sqrt().item()


def adafactor(
    w: Tensor, g: Tensor, state: dict, decay: float = 0.8, clip: float = 1.0, eps: float = 1e-3
) -> Tensor:
    """Shazeer and Stern (2018), with the floors of torch.optim.Adafactor.

    Of a matrix it keeps the mean squares of rows and columns only. The step is relative to the
    weight's own size. The paper's cap of the rate, 1 / sqrt(t), is left to a schedule.
    """
    beta, tiny = 1 - count(state) ** -decay, torch.finfo(g.dtype).eps
    if g.dim() > 1:
        rows = running_mean(state, "rows", (g * g).mean(-1, keepdim=True), beta)
        columns = running_mean(state, "columns", (g * g).mean(-2, keepdim=True), beta)
        v = rows @ columns / rows.mean(-2, keepdim=True).clamp(min=tiny)
    else:
        v = running_mean(state, "v", g * g, beta)
    update = g / v.sqrt().clamp(min=tiny)
    update /= max(1.0, root_mean_square(update) / clip)
    return update * max(eps, root_mean_square(w))
