"""Answers to the exercises of `normalization`: right ones and mistakes."""

import numpy as np
import torch
from torch import nn

BATCH = nn.modules.batchnorm._BatchNorm
DROP = nn.modules.dropout._DropoutNd


def running_statistics(batches, momentum=0.1, first=1.0, ddof=1):
    mean, var = 0.0, first
    for batch in batches:
        mean += momentum * (np.mean(batch) - mean)
        var += momentum * (np.var(batch, ddof=ddof) - var)
    return mean, var


def by_torch(batches, momentum=0.1):
    layer = nn.BatchNorm1d(1, momentum=momentum)
    for batch in batches:
        layer(torch.tensor(batch)[:, None])
    return layer.running_mean, layer.running_var


def deviations(batches, momentum=0.1):
    std = 1.0
    for batch in batches:
        std += momentum * (np.std(batch, ddof=1) - std)
    return running_statistics(batches)[0], std


def of_all(batches, momentum=0.1):
    values = np.concatenate(batches)
    return 0.1 * values.mean(), 0.9 + 0.1 * values.var(ddof=1)


def layer_norm_gradients(g, x, gamma, eps=1e-5, axis=1, first=True, inside=True):
    s = np.sqrt(x.var(axis=1, keepdims=True) + eps)
    z = (x - x.mean(axis=1, keepdims=True)) / s
    h = g * gamma if inside else g
    dx = h - z * (h * z).mean(axis=axis, keepdims=True)
    if first:
        dx = dx - h.mean(axis=axis, keepdims=True)
    return dx / s, (g * z).sum(axis=0), g.sum(axis=0)


def by_autograd(g, x, gamma, eps=1e-5):
    x, gamma = (torch.tensor(v, requires_grad=True) for v in (x, gamma))
    beta = torch.zeros_like(gamma, requires_grad=True)
    y = torch.nn.functional.layer_norm(x, x.shape[1:], gamma, beta, eps)
    return torch.autograd.grad((y * torch.tensor(g)).sum(), (x, gamma, beta))


def replaced(part, value):
    """The right gradients, but the one in place `part` is `value(g, x, gamma)`."""

    def gradients(g, x, gamma):
        parts = list(layer_norm_gradients(g, x, gamma))
        parts[part] = value(g, x, gamma)
        return parts

    return gradients


def deviation_of_rows(x):
    return np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)


def centered(h):
    return h - h.mean(axis=1, keepdims=True)


def merged_moments(reports):
    n = sum(count for count, _, _ in reports)
    mean = sum(count * mu for count, mu, _ in reports) / n
    return mean, sum(count * (var + (mu - mean) ** 2) for count, mu, var in reports) / n


def with_variance(variance):
    """The right mean and `variance(n, means, variances, mean)`."""

    def moments(reports):
        n, means, variances = (np.array(v, dtype=float) for v in zip(*reports, strict=True))
        mean = n @ means / n.sum()
        return mean, variance(n, means, variances, mean)

    return moments


def unbiased(n, means, variances, mean):
    return n @ (variances + (means - mean) ** 2) / (n.sum() - 1)


def straight_line(bn):
    a = bn.weight / (bn.running_var + bn.eps).sqrt()
    return a, bn.bias - a * bn.running_mean


def folded_linear(bn, linear):
    a, c = straight_line(bn)
    return linear.weight * a, linear.bias + linear.weight @ c


def with_bias(bias):
    return lambda bn, linear: (folded_linear(bn, linear)[0], bias(bn, linear))


def not_ready(model):
    return [
        name
        for name, layer in model.named_modules()
        if (isinstance(layer, BATCH | DROP) and layer.training)
        or (isinstance(layer, BATCH) and not layer.track_running_stats)
    ]


def in_training(*kinds):
    def names(model):
        return [n for n, m in model.named_modules() if isinstance(m, kinds) and m.training]

    return names


def only_if_the_model_trains(model):
    if model.training:
        return not_ready(model)
    return [n for n, m in model.named_modules() if isinstance(m, BATCH) and m.running_mean is None]


def batch_renorm(x, mean, std, r_max, d_max, eps=1e-5):
    batch_std = (x.var(0, correction=0) + eps).sqrt()
    r = (batch_std / std).detach().clamp(1 / r_max, r_max)
    d = ((x.mean(0) - mean) / std).detach().clamp(-d_max, d_max)
    return (x - x.mean(0)) / batch_std * r + d


def batch_renorm_with_graph(x, mean, std, r_max, d_max):
    batch_std = (x.var(0, correction=0) + 1e-5).sqrt()
    r = (batch_std / std).clamp(1 / r_max, r_max)
    return (x - x.mean(0)) / batch_std * r + ((x.mean(0) - mean) / std).clamp(-d_max, d_max)


def batch_renorm_half_clipped(x, mean, std, r_max, d_max):
    batch_std = (x.var(0, correction=0) + 1e-5).sqrt()
    r = (batch_std / std).detach().clamp(max=r_max)
    d = ((x.mean(0) - mean) / std).detach().clamp(-d_max, d_max)
    return (x - x.mean(0)) / batch_std * r + d


def plain(x):
    return (x - x.mean(0)) / (x.var(0, correction=0) + 1e-5).sqrt()


SOLUTIONS = {
    "count_them": [(290, 290), [290.0, 290], np.array([290, 290])],
    "running_statistics": [running_statistics, by_torch],
    "half_scale": [lambda eps: (eps / 3) ** 0.5, lambda eps: torch.tensor(eps / 3).sqrt()],
    "layer_norm_gradients": [layer_norm_gradients, by_autograd],
    "merged_moments": [merged_moments, lambda reports: torch.tensor(merged_moments(reports))],
    "folded_linear": [
        folded_linear,
        lambda bn, linear: (
            folded_linear(bn, linear)[0].numpy(),
            linear(straight_line(bn)[1]),
        ),
    ],
    "not_ready": [not_ready, lambda model: set(not_ready(model))],
    "batch_renorm": [batch_renorm],
}

MISTAKES = {
    "count_them": [
        (290, "expected 2 things"),
        ((145, 290), "a scale and a shift are two"),
        ((580, 0), "no gradient reaches them"),
        ((34, 290), "145 channels"),
        ((290, 0), "no parameters, but"),
        ((290, 3), "a mean and a variance per channel"),
        (("many", "more"), "expected one number"),
    ],
    "running_statistics": [
        (lambda b, momentum=0.1: running_statistics(b, 1 - momentum), "weight of the new batch"),
        (lambda b, momentum=0.1: running_statistics(b, momentum, ddof=0), "over m - 1"),
        (lambda b, momentum=0.1: running_statistics(b, momentum, first=0.0), "starts at 1"),
        (deviations, "not standard deviations"),
        (of_all, "once for each"),
        (lambda b, momentum=0.1: (0.0, 1.0), "expected"),
        (lambda b, momentum=0.1: 0.3, "expected 2 things"),
        (lambda b, momentum=0.1: running_statistics(b), "that you are given"),
    ],
    "half_scale": [
        (lambda eps: eps**0.5, "1/√2"),
        (lambda eps: eps, "outside the root"),
        (lambda eps: eps / 3, "the variance c²"),
        (lambda eps: (eps / 4) ** 0.5, "expected"),
    ],
    "layer_norm_gradients": [
        (lambda g, x, gamma: g, "expected 3 things"),
        (replaced(0, lambda g, x, gamma: g * gamma / deviation_of_rows(x)), "as constants"),
        (
            replaced(0, lambda g, x, gamma: centered(g * gamma) / deviation_of_rows(x)),
            "the deviation's",
        ),
        (
            replaced(
                0, lambda g, x, gamma: gamma * layer_norm_gradients(g, x, gamma, inside=False)[0]
            ),
            "outside the means",
        ),
        (lambda g, x, gamma: layer_norm_gradients(g, x, gamma, inside=False), "γ is missing"),
        (lambda g, x, gamma: layer_norm_gradients(g, x, gamma, axis=0), "not over the batch"),
        (lambda g, x, gamma: layer_norm_gradients(g, x, gamma, first=False), "dx is not right"),
        (replaced(1, lambda g, x, gamma: (g * x).sum(axis=0)), "γ multiplies z, not x"),
        (replaced(1, lambda g, x, gamma: g.mean(axis=0)), "dgamma is the sum"),
        (replaced(2, lambda g, x, gamma: g.mean(axis=0)), "dbeta is the sum"),
        (replaced(2, lambda g, x, gamma: g), "expected dbeta in the shape"),
    ],
    "merged_moments": [
        (lambda reports: 3.0, "expected 2 things"),
        (lambda reports: (np.mean([mu for _, mu, _ in reports]), 1.0), "weight each mean"),
        (lambda reports: (1.0, 1.0), "mean: expected"),
        (with_variance(lambda n, means, variances, mean: variances.mean()), "between the devices"),
        (
            with_variance(lambda n, means, variances, mean: n @ variances / n.sum()),
            "between the devices",
        ),
        (
            with_variance(
                lambda n, means, variances, mean: (variances + (means - mean) ** 2).mean()
            ),
            "weight each variance",
        ),
        (with_variance(unbiased), "over n - 1"),
        (with_variance(lambda *_: 2.0), "variance: expected"),
    ],
    "folded_linear": [
        (lambda bn, linear: linear, "expected 2 things"),
        (lambda bn, linear: (linear.weight.T, linear.bias), "expected the weight"),
        (lambda bn, linear: (linear.weight, linear.weight), "expected the bias"),
        (
            lambda bn, linear: (linear.weight * bn.weight / bn.running_var.sqrt(), linear.bias),
            "add bn.eps",
        ),
        (
            lambda bn, linear: (linear.weight * bn.weight / (bn.running_var + bn.eps), linear.bias),
            "divide by the root",
        ),
        (lambda bn, linear: (linear.weight, linear.bias), "scale the weight's columns"),
        (with_bias(lambda bn, linear: linear.bias), "go through the weight"),
        (
            with_bias(lambda bn, linear: linear.bias + linear.weight @ bn.bias),
            "running mean is missing",
        ),
        (
            with_bias(
                lambda bn, linear: linear.bias + folded_linear(bn, linear)[0] @ straight_line(bn)[1]
            ),
            "through the old weight",
        ),
        (with_bias(lambda bn, linear: torch.zeros(4)), "the bias is b"),
    ],
    "not_ready": [
        (lambda model: model.training, "return a list"),
        (
            lambda model: [n for n, m in model.named_children() if m.training],
            "look inside the parts",
        ),
        (lambda model: [n for n, m in model.named_modules() if m.training], "name the layers"),
        (in_training(BATCH, DROP, nn.LayerNorm), "do the same in both modes"),
        (in_training(BATCH, nn.Dropout), "Dropout2d"),
        (in_training(nn.BatchNorm2d, DROP), "BatchNorm1d and BatchNorm2d"),
        (in_training(BATCH, DROP), "uses its batch even"),
        (
            lambda model: [n for n in in_training(BATCH, DROP)(model) if n != "3.forgetful"],
            "is missing",
        ),
        (lambda model: [*not_ready(model), "4"], "too many"),
        (lambda model: ["1", "3.norm", "3.drop", "3.forgetful"], "the rest is fit"),
        (only_if_the_model_trains, "ask each layer"),
    ],
    "batch_renorm": [
        (lambda x, *_: x.detach().numpy(), "return a tensor"),
        (lambda x, *_: x.mean(0), "one z for each entry"),
        (lambda x, *_: plain(x), "r and d are missing"),
        (lambda x, mean, std, *_: plain(x) * std + mean, "without the clips it equals"),
        (lambda x, mean, std, *_: batch_renorm(x, mean, std, 1e9, 1e9), "the clips are missing"),
        (batch_renorm_half_clipped, "a lower limit"),
        (
            lambda x, mean, std, r_max, d_max: batch_renorm(x, mean, std, r_max, 1e9),
            "the values are not right",
        ),
        (batch_renorm_with_graph, "detach them"),
    ],
}
