"""Checks for the exercises of the chapter `normalization`."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from dlbook_utils.answers import agree, number, numbers, parts
from dlbook_utils.exercises import exercise, require

LEARNED = 2 * (5 + 12 + 128)


@exercise
def count_them(answer):
    """Exercise 1. Count them"""
    learned, stored = (number(n) for n in parts(answer, 2, "2 things: (learned, stored besides)"))
    require(learned != 5 + 12 + 128, "that is one number per channel: a scale and a shift are two")
    require(learned != 4 * 145, "the running statistics are not learned: no gradient reaches them")
    require(learned == LEARNED, f"two learned numbers per channel, 145 channels; got {learned:g}")
    require(
        stored != 0,
        "the running mean and variance are no parameters, but without them evaluation is garbage",
    )
    require(stored == LEARNED, f"a mean and a variance per channel, 145 channels; got {stored:g}")


@exercise
def running_statistics(answer):
    """Exercise 2. What it remembers"""
    batches = [[1.0, 2.0, 6.0], [4.0, 0.0], [3.0, 3.0, 5.0, 9.0]]

    def run(momentum=0.1, first=0.0, second=1.0, ddof=1, n=3):
        mean, var = first, second
        for batch in batches[:n]:
            mean += momentum * (np.mean(batch) - mean)
            var += momentum * (np.var(batch, ddof=ddof) - var)
        return np.array([mean, var])

    got = parts(answer([list(batch) for batch in batches]), 2, "2 things: (mean, variance)")
    got = np.array([number(v) for v in got])
    require(not agree(got[0], run(0.9)[0]), "momentum is the weight of the new batch, not the old")
    require(
        not agree(got, run(ddof=0)),
        "the batch is normalized by the variance over m; the record gets the one over m - 1",
    )
    require(
        not agree(got[1], run(second=0.0)[1]),
        "the running variance starts at 1, not at 0",
    )
    root = 1.0
    for batch in batches:
        root += 0.1 * (np.std(batch, ddof=1) - root)
    require(not agree(got[1], root), "variances are remembered, not standard deviations")
    pooled = np.concatenate(batches)
    require(
        not agree(got[0], 0.1 * pooled.mean()),
        "the layer does not see all batches at once: apply the rule once for each, in order",
    )
    require(agree(got, run()), f"expected {run().round(4).tolist()}, got {got.round(4).tolist()}")
    other = parts(answer([[1.0, 3.0]], momentum=0.5), 2, "2 things: (mean, variance)")
    require(agree([number(v) for v in other], [1.0, 1.5]), "use the momentum that you are given")


@exercise
def half_scale(answer):
    """Exercise 3. Where a norm gives up"""
    for eps in (1e-5, 0.03):
        got, right = number(answer(eps)), (eps / 3) ** 0.5
        require(
            not agree(got, eps**0.5, 1e-8),
            "at c = √ε the output's deviation is 1/√2: set c²/(c² + ε) to 1/4",
        )
        require(
            not agree(got, eps, 1e-8),
            "that is right for ε outside the root; here it stands inside: c/√(c² + ε)",
        )
        require(not agree(got, eps / 3, 1e-8), "that is the variance c²; c is its root")
        require(agree(got, right, 1e-8), f"for ε = {eps:g} expected {right:.4g}, got {got:.4g}")


@exercise
def layer_norm_gradients(answer):
    """Exercise 4. The gradient of a LayerNorm"""
    rng = np.random.default_rng(0)
    x, g = rng.normal(2, 3, (5, 7)), rng.normal(size=(5, 7))
    gamma = rng.normal(1, 0.5, 7)
    leaves = [torch.tensor(v, requires_grad=True) for v in (x, gamma, np.zeros(7))]
    y = F.layer_norm(leaves[0], (7,), leaves[1], leaves[2])
    want = [t.numpy() for t in torch.autograd.grad((y * torch.tensor(g)).sum(), leaves)]
    three = parts(answer(g.copy(), x.copy(), gamma.copy()), 3, "3 things: dx, dgamma, dbeta")
    got = [
        numbers(mine, theirs.shape, f"{name} in the shape {theirs.shape}")
        for name, mine, theirs in zip(("dx", "dgamma", "dbeta"), three, want, strict=True)
    ]
    s = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    z = (x - x.mean(axis=1, keepdims=True)) / s

    def back(h, axis=1):
        parts = (h.mean(axis=axis, keepdims=True), z * (h * z).mean(axis=axis, keepdims=True))
        return (h - parts[0] - parts[1]) / s

    h = g * gamma
    require(
        not agree(got[0], h / s),
        "mean and deviation were taken as constants: every entry of a row moves them",
    )
    require(
        not agree(got[0], (h - h.mean(axis=1, keepdims=True)) / s),
        "the mean's part is there; the deviation's, z times the mean of g z, is missing",
    )
    require(
        not agree(got[0], gamma * back(g)),
        "γ stands outside the means: multiply by it first, it differs from entry to entry",
    )
    require(not agree(got[0], back(g)), "γ is missing: what arrives at z is g times γ")
    require(
        not agree(got[0], back(h, 0)), "the means run over a row's features, not over the batch"
    )
    require(agree(got[0], want[0]), "dx is not right yet: compare with standardize_backward")
    require(
        not agree(got[1], (g * x).sum(axis=0)), "γ multiplies z, not x: its gradient sums g times z"
    )
    require(agree(got[1], want[1]), "dgamma is the sum over the batch of g times z")
    require(agree(got[2], want[2]), "dbeta is the sum over the batch of g")


@exercise
def merged_moments(answer):
    """Exercise 5. Merge the moments"""
    shares = [np.array([1.0, 2, 6]), np.array([10.0, 14]), np.array([-3.0, 0, 1, 4, 8])]
    reports = [(len(v), v.mean(), v.var()) for v in shares]
    n, means, variances = (np.array(v) for v in zip(*reports, strict=True))
    together = np.concatenate(shares)
    mean, var = (number(v) for v in parts(answer(list(reports)), 2, "2 things: (mean, variance)"))
    require(not agree(mean, means.mean()), "the counts differ: weight each mean by its count")
    require(agree(mean, together.mean()), f"mean: expected {together.mean():.4f}, got {mean:.4f}")
    require(
        not agree(var, variances.mean()) and not agree(var, n @ variances / n.sum()),
        "the spread between the devices' means is missing",
    )
    require(
        not agree(var, (variances + (means - mean) ** 2).mean()),
        "the counts differ: weight each variance by its count",
    )
    require(
        not agree(var, together.var(ddof=1)), "that is the variance over n - 1; give the one over n"
    )
    require(agree(var, together.var()), f"variance: expected {together.var():.4f}, got {var:.4f}")


@exercise
def folded_linear(answer):
    """Exercise 6. Fold it forward"""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(shape, generator=generator)

    bn, linear = nn.BatchNorm1d(6), nn.Linear(6, 4)
    with torch.no_grad():
        bn.weight.copy_(1 + 0.3 * draw(6))
        bn.bias.copy_(draw(6))
        bn.eps = 0.1  # large enough to be missed
        linear.weight.copy_(draw(4, 6))
        linear.bias.copy_(draw(4))
        bn.running_mean.copy_(draw(6))
        bn.running_var.copy_(0.5 + draw(6).abs())
        x = draw(16, 6)
        want = linear(bn.eval()(x))
        weight, bias = parts(answer(bn, linear), 2, "2 things: weight, bias")
        weight = numbers(weight, (4, 6), "the weight as (out, in) = (4, 6)")
        bias = numbers(bias, (4,), "the bias as (out,) = (4,)")
        weight, bias = torch.as_tensor(weight).float(), torch.as_tensor(bias).float()
        a = bn.weight / (bn.running_var + bn.eps).sqrt()
        c = bn.bias - a * bn.running_mean
        W, b = linear.weight, linear.bias
        no_eps = W * (bn.weight / bn.running_var.sqrt())
        require(not agree(weight, no_eps), "the layer's ε stands inside the root: add bn.eps")
        square = bn.weight / (bn.running_var + bn.eps)
        require(not agree(weight, W * square), "divide by the root of the variance")
        require(
            agree(weight, W * a, 1e-4),
            "scale the weight's columns, one for each input, by γ/√(v+ε)",
        )
        require(not agree(bias, b, 1e-4), "the shift β - aμ must go through the weight too")
        require(not agree(bias, b + W @ bn.bias, 1e-4), "the running mean is missing: c = β - aμ")
        require(
            not agree(bias, b + (W * a) @ c, 1e-4),
            "c is already scaled: send it through the old weight, not the new one",
        )
        require(agree(bias, b + W @ c, 1e-4), "the bias is b + Wc with c = β - aμ")
        require(agree(x @ weight.T + bias, want, 1e-3), "the folded layer's outputs differ")


class Part(nn.Module):
    """A part with layers of its own, and one that never stops using its batch."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout2d(0.1)
        self.forgetful = nn.BatchNorm1d(4, track_running_stats=False)
        self.group = nn.GroupNorm(2, 4)


@exercise
def not_ready(answer):
    """Exercise 7. Who is still learning?"""

    def names(model):
        got = answer(model)
        require(
            isinstance(got, Iterable) and not isinstance(got, str), "return a list of the names"
        )
        return set(got)

    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.LayerNorm(4), Part())
    got = names(model.train())
    require(
        bool(got & {"3.norm", "3.drop"}), "look inside the parts as well: named_modules goes deep"
    )
    require(not got & {"", "0", "3"}, "name the layers themselves, not what merely holds them")
    require(
        not got & {"2", "3.group"}, "LayerNorm and GroupNorm do the same in both modes: leave out"
    )
    require("3.drop" in got, "Dropout2d is a dropout layer too")
    require({"1", "3.norm"} <= got, "BatchNorm1d and BatchNorm2d in training mode belong there")
    require("3.forgetful" in got, "a BatchNorm that is in training mode is missing")
    require(got <= {"1", "3.norm", "3.drop", "3.forgetful"}, f"too many: {sorted(got)}")
    got = names(model.eval())
    require(
        "3.forgetful" in got, "without running statistics a BatchNorm uses its batch even in eval()"
    )
    require(got == {"3.forgetful"}, f"in evaluation mode the rest is fit; got {sorted(got)}")
    model[3].norm.train()
    got = names(model)
    require(
        got == {"3.norm", "3.forgetful"},
        "one layer was put back into training mode: ask each layer, not the model",
    )


@exercise
def batch_renorm(answer):
    """Exercise 8. Batch renormalization"""
    generator = torch.Generator().manual_seed(1)
    x = 2 * torch.randn((8, 5), generator=generator, dtype=torch.float64) + 1
    x.requires_grad_()
    mean = torch.tensor([0.0, 1.0, 8.0, -8.0, 0.5], dtype=torch.float64)
    std = torch.tensor([1.0, 2.0, 2.0, 0.1, 60.0], dtype=torch.float64)
    got = answer(x, mean, std, 1e9, 1e9)
    require(isinstance(got, torch.Tensor), "return a tensor, so that a gradient can flow")
    require(got.shape == x.shape, f"one z for each entry: {tuple(x.shape)}")
    z = (x - x.mean(0)) / (x.var(0, correction=0) + 1e-5).sqrt()
    require(not agree(got, z), "that is BatchNorm: r and d are missing")
    require(
        agree(got, (x - mean) / std),
        "without the clips it equals (x - mean)/std with the running ones: check r and d, "
        "and that σ_B is the root of the variance over B, plus ε",
    )
    got = answer(x, mean, std, 3.0, 5.0)
    r = ((x.var(0, correction=0) + 1e-5).sqrt() / std).detach()
    d = ((x.mean(0) - mean) / std).detach()
    require(
        not agree(got, z * r.clamp(max=3) + d.clamp(-5, 5)), "r has a lower limit as well: 1/r_max"
    )
    require(not agree(got, z * r + d), "the clips are missing: r to [1/r_max, r_max], d to ±d_max")
    r, d = r.clamp(1 / 3, 3), d.clamp(-5, 5)
    require(agree(got, z * r + d), "with r_max = 3 and d_max = 5 the values are not right")
    g = torch.randn((8, 5), generator=generator, dtype=torch.float64)
    [mine] = torch.autograd.grad((got * g).sum(), x)
    [theirs] = torch.autograd.grad(((z * r + d) * g).sum(), x)
    require(agree(mine, theirs), "no gradient flows through r and d: detach them, and only them")
