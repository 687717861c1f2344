"""Answers to the exercises of `interpreting_cnns`: right ones and mistakes."""

import numpy as np
import torch
from torch.nn import functional as F


def edge_likeness(filters, detectors, center=True, absolute=True, length=True):
    a, b = (v.reshape(len(v), -1) for v in (filters, detectors))
    a = a - a.mean(axis=1, keepdims=True) if center else a
    a = a / np.linalg.norm(a, axis=1, keepdims=True) if length else a
    cosines = a @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T
    return (np.abs(cosines) if absolute else cosines).max(axis=1)


def grad_cam_map(a, g):
    return np.maximum(np.tensordot(g.mean(axis=(1, 2)), a, 1), 0)


def grad_cam_in_torch(a, g):
    a, g = torch.tensor(a), torch.tensor(g)
    return (g.mean((1, 2), keepdim=True) * a).sum(0).relu()


def path_attribution(gradient, x, baseline, steps=200, shift=0.5):
    times = (np.arange(steps) + shift) / steps
    mean = np.mean([gradient(baseline + t * (x - baseline)) for t in times], axis=0)
    return (x - baseline) * mean


def trapezoids(gradient, x, baseline):
    times = np.linspace(0, 1, 201)
    values = np.array([gradient(baseline + t * (x - baseline)) for t in times])
    return (x - baseline) * (values[1:] + values[:-1]).mean(axis=0) / 2


def worst_margin(w, b, x, y, eps):
    return y * (w @ x + b) - eps * np.abs(w).sum()


def by_the_attack(w, b, x, y, eps):
    return y * (w @ (x - eps * y * np.sign(w)) + b)


def class_maps(maps, labels):
    return np.stack([maps[labels == k].mean(axis=0) for k in np.unique(labels)]) - maps.mean(axis=0)


def of_class_means(maps, labels):
    means = class_maps(maps, labels)
    return means - means.mean(axis=0)


def pointing_by_outcome(maps, inside, right):
    hit = np.array([w.ravel()[m.argmax()] for m, w in zip(maps, inside, strict=True)])
    return hit[right].mean(), hit[~right].mean()


def of_all_pictures(maps, inside, right):
    hit = np.array([w.ravel()[m.argmax()] for m, w in zip(maps, inside, strict=True)])
    return (hit & right).mean(), (hit & ~right).mean()


def by_share(maps, inside, right):
    share = (maps * inside).sum(axis=(1, 2)) / maps.sum(axis=(1, 2))
    return share[right].mean(), share[~right].mean()


def margin(logits, labels):
    true = logits.gather(1, labels[:, None])[:, 0]
    return (logits.scatter(1, labels[:, None], -torch.inf).amax(1) - true).sum()


def unmasked_attack(model, x, labels, eps, loss=margin, steps=20, size=2.5):
    z = x.clone()
    for _ in range(steps):
        z.requires_grad_()
        g = torch.autograd.grad(loss(model(z), labels), z)[0]
        z = (z.detach() + size * eps / steps * g.sign()).clamp(x - eps, x + eps).clamp(0, 1)
    return z


def at_a_lower_temperature(model, x, labels, eps):
    return unmasked_attack(
        model, x, labels, eps, lambda logits, labels: F.cross_entropy(logits / 3e4, labels)
    )


def unprojected(model, x, labels, eps):
    z = x.clone().requires_grad_()
    return x + 3 * eps * torch.autograd.grad(margin(model(z), labels), z)[0].sign()


def out_of_range(model, x, labels, eps):
    z = x.clone().requires_grad_()
    return x + eps * torch.autograd.grad(margin(model(z), labels), z)[0].sign()


SOLUTIONS = {
    "occlusion_passes": [170, 170.0, torch.tensor(170)],
    "edge_likeness": [edge_likeness, lambda f, d: torch.tensor(edge_likeness(f, d))],
    "grad_cam_map": [grad_cam_map, grad_cam_in_torch],
    "path_attribution": [path_attribution, trapezoids],
    "worst_margin": [worst_margin, by_the_attack],
    "class_maps": [class_maps, lambda maps, labels: list(class_maps(maps, labels))],
    "pointing_by_outcome": [
        pointing_by_outcome,
        lambda *given: np.array(pointing_by_outcome(*given)),
    ],
    "unmasked_attack": [unmasked_attack, at_a_lower_temperature],
}

MISTAKES = {
    "occlusion_passes": [
        (169, "without any square"),
        (196, "end inside"),
        (144, "one more"),
        (13, "both directions"),
        (200, "13 times 13"),
        ("many", "expected one number"),
    ],
    "edge_likeness": [
        (lambda f, d: edge_likeness(f, d, center=False), "an offset detects no edge"),
        (lambda f, d: edge_likeness(f, d, absolute=False), "a filter and its negative"),
        (lambda f, d: edge_likeness(f, d, length=False), "divide by both lengths"),
        (lambda f, d: np.zeros(6), "expected"),
        (lambda f, d: "six", "expected 6 numbers"),
        (lambda f: f, "called with 2 arguments"),
    ],
    "grad_cam_map": [
        (lambda a, g: np.tensordot(g.mean(axis=(1, 2)), a, 1), "the ReLU is missing"),
        (lambda a, g: np.tensordot(g.mean(axis=(1, 2)).clip(0), a, 1), "after the sum"),
        (lambda a, g: (g * a).sum(axis=0).clip(0), "averaged over positions first"),
        (lambda a, g: np.tensordot(g.sum(axis=(1, 2)), a, 1).clip(0), "not the sum"),
        (lambda a, g: a.mean(axis=0), "weighted sum"),
        (lambda a, g: a, "a map of shape"),
    ],
    "path_attribution": [
        (lambda gradient, x, b: gradient(x) * x, "gradient × input"),
        (lambda gradient, x, b: gradient(x) * (x - b), "one gradient is not enough"),
        (lambda gradient, x, b: path_attribution(gradient, x, b) / (x - b), "how far each"),
        (lambda gradient, x, b: path_attribution(gradient, x, 0 * b), "not at zero"),
        (lambda gradient, x, b: path_attribution(gradient, x, b, 3, 1.0), "off by"),
        (lambda gradient, x, b: path_attribution(gradient, x, b)[::-1], "the parts are not"),
        (lambda gradient, x, b: "complete", "expected 5 numbers"),
    ],
    "worst_margin": [
        (lambda w, b, x, y, eps: y * (w @ x + b) - eps * np.linalg.norm(w), "bounded length"),
        (lambda w, b, x, y, eps: y * (w @ x + b) + eps * np.abs(w).sum(), "lowers the margin"),
        (lambda w, b, x, y, eps: y * (w @ x + b) - eps * w.sum(), "for each entry"),
        (lambda w, b, x, y, eps: w @ x + b - eps * np.abs(w).sum(), "y times the score"),
        (lambda w, b, x, y, eps: y * (w @ x + b), "expected"),
    ],
    "class_maps": [
        (lambda m, y: class_maps(m, y) + m.mean(axis=0), "common to all classes"),
        (of_class_means, "classes differ in size"),
        (
            lambda m, y: np.stack([m[y == k].sum(axis=0) for k in range(3)]) - m.mean(axis=0),
            "divide by the size",
        ),
        (lambda m, y: -class_maps(m, y), "minus the mean"),
        (lambda m, y: m, "a (3, 2, 3, 3) array"),
    ],
    "pointing_by_outcome": [
        (lambda *given: pointing_by_outcome(*given)[::-1], "first the pictures"),
        (of_all_pictures, "not by all pictures"),
        (by_share, "its largest value"),
        (lambda *given: (0.5, 0.5), "expected"),
        (lambda *given: 0.5, "expected 2 numbers"),
    ],
    "unmasked_attack": [
        (lambda *given: unmasked_attack(*given, F.cross_entropy), "exactly zero"),
        (unprojected, "more than eps"),
        (out_of_range, "stay in [0, 1]"),
        (lambda *given: unmasked_attack(*given, steps=20, size=0.35), "with all of eps"),
        (lambda model, x, labels, eps: "done", "expected (200, 64)"),
    ],
}
