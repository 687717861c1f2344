"""Answers to the exercises of `image_training`: right ones and mistakes."""

import torch
from torch import nn


def denormalized(x, mean, std):
    return x * std.view(-1, 1, 1) + mean.view(-1, 1, 1)


def by_loop(x, mean, std):
    x = x.clone()
    for c in range(3):
        x[:, c] = x[:, c] * std[c] + mean[c]
    return x.numpy()


def in_place(x, mean, std):
    return x.mul_(std.view(-1, 1, 1)).add_(mean.view(-1, 1, 1))


def mirrored_boxes(boxes, width):
    x1, y1, x2, y2 = boxes.T
    return torch.stack([width - x2, y1, width - x1, y2], dim=1)


def as_lists(boxes, width):
    return [[width - x2, y1, width - x1, y2] for x1, y1, x2, y2 in boxes.tolist()]


def kept_share(H, W, row, column, h, w):
    rows = min(row + h, H) - max(row - h, 0)
    columns = min(column + w, W) - max(column - w, 0)
    return 1 - rows * columns / (H * W)


def counted(H, W, row, column, h, w):
    mask = torch.ones(H, W)
    mask[max(row - h, 0) : row + h, max(column - w, 0) : column + w] = 0
    return mask.mean()


def layer_groups(model, lr, decay, frozen=False, empty=False, backward=False):
    layers = [[p for p in child.parameters() if frozen or p.requires_grad] for child in model]
    layers = [params for params in layers if params or empty]
    n = len(layers)
    return [
        {"params": params, "lr": lr * decay ** (i if backward else n - 1 - i)}
        for i, params in enumerate(layers)
    ]


def by_parameter(model, lr, decay):
    rates = {0: 0.25, 4: 0.5, 5: 1}
    return [
        {"params": p, "lr": lr * rate} for i, rate in rates.items() for p in model[i].parameters()
    ]


def with_changes(model, lr, decay, change):
    groups = layer_groups(model, lr, decay)
    change(groups)
    return groups


class HeldStill(nn.Module):
    def __init__(self, body, head, freeze=True, hold=True):
        super().__init__()
        self.body, self.head, self.hold = body.requires_grad_(not freeze), head, hold
        self.train()

    def train(self, mode=True):
        super().train(mode)
        if self.hold:
            self.body.eval()
        return self

    def forward(self, x):
        return self.head(self.body(x))


class AllStill(HeldStill):
    def train(self, mode=True):
        return super().train(False)


class NoBatch(HeldStill):
    """Holds BatchNorm, and forgets dropout."""

    def train(self, mode=True):
        nn.Module.train(self, mode)
        self.body[1].eval()
        return self


class Ungraded(HeldStill):
    """No gradient arrives, but the parameters still ask for one."""

    def forward(self, x):
        with torch.no_grad():
            features = self.body(x)
        return self.head(features)


class Detached(HeldStill):
    def forward(self, x):
        return self.head(self.body(x)).detach().requires_grad_()


class Skipped(HeldStill):
    def forward(self, x):
        return self.head(2 * self.body(x))


def body_first(body, head):
    body.requires_grad_(False).eval()
    return nn.Sequential(body, head)


def class_changes(model, X, y, alter, classes, rows=True, altered=True, true_first=True):
    guess = model(alter(X) if altered else X).argmax(1)
    counts = torch.zeros(classes, classes)
    for i, j in zip(y, guess, strict=True):
        counts[i, j] += 1
    counts = counts / counts.sum(1 if rows else 0, keepdim=True)
    return counts if true_first else counts.T


def raw_counts(model, X, y, alter, classes):
    guess = model(alter(X)).argmax(1)
    return [[int(((y == i) & (guess == j)).sum()) for j in range(2)] for i in range(2)]


SOLUTIONS = {
    "what_arrives": [(1018, 2), [1018.0, 2.0], torch.tensor([1018.0, 2.0])],
    "denormalized": [denormalized, by_loop],
    "mirrored_boxes": [mirrored_boxes, as_lists],
    "kept_share": [kept_share, counted],
    "layer_groups": [layer_groups, by_parameter],
    "held_still": [HeldStill],
    "class_changes": [class_changes],
}

MISTAKES = {
    "what_arrives": [
        ((2, 1018), "other way round"),
        ((2, 2), "changes the type, not the values"),
        ((1020, 2), "subtracts the mean"),
        ((1018, 1), "before Normalize"),
        ((1017, 2), "got 1017"),
        ((1018, 4), "got 4"),
        (1018, "2 numbers"),
        (("all", "one"), "one number"),
    ],
    "denormalized": [
        (lambda x, m, s: (x + m.view(-1, 1, 1)) * s.view(-1, 1, 1), "in the other order"),
        (lambda x, m, s: (x - m.view(-1, 1, 1)) / s.view(-1, 1, 1), "a second time"),
        (lambda x, m, s: x * s + m, "meets the last axis"),
        (lambda x, m, s: x * 0.3 + 0.2, "not the picture"),
        (lambda x, m, s: x[0], "a batch of (2, 3, 4, 3)"),
        (in_place, "itself was changed"),
        (lambda x: x, "3 arguments"),
    ],
    "mirrored_boxes": [
        (
            lambda b, w: torch.stack([w - b[:, 0], b[:, 1], w - b[:, 2], b[:, 3]], 1),
            "have changed places",
        ),
        (
            lambda b, w: torch.stack([w - 1 - b[:, 2], b[:, 1], w - 1 - b[:, 0], b[:, 3]], 1),
            "edges, not pixel numbers",
        ),
        (
            lambda b, w: torch.stack([b[:, 0], w - b[:, 3], b[:, 2], w - b[:, 1]], 1),
            "top and bottom",
        ),
        (lambda b, w: b, "did not move"),
        (lambda b, w: b + 1, "expected [[70"),
        (lambda b, w: b[0], "one row of four"),
    ],
    "kept_share": [
        (lambda *a: 1 - kept_share(*a), "share of the other picture"),
        (lambda H, W, r, c, h, w: 1 - h * w / (H * W), "half of the sides"),
        (lambda H, W, r, c, h, w: 1 - 4 * h * w / (H * W), "at the border is cut off"),
        (lambda *a: 0.5, "24 of 200"),
        (
            lambda H, W, r, c, h, w: (
                1 - (r + h - max(r - h, 0)) * (min(c + w, W) - c + w) / (H * W)
            ),
            "all four borders",
        ),
        (
            lambda H, W, r, c, h, w: (
                1 - (min(r + h, H) - max(r - h, 0)) * (c + w - max(c - w, 0)) / (H * W)
            ),
            "2 rows and 4 columns",
        ),
        (lambda *a: "most", "one number"),
    ],
    "layer_groups": [
        (lambda m, lr, d: layer_groups(m, lr, d, frozen=True), "frozen parameter"),
        (lambda m, lr, d: layer_groups(m, lr, d, empty=True), "do not count"),
        (lambda m, lr, d: layer_groups(m, lr, d, backward=True), "reversed"),
        (lambda m, lr, d: layer_groups(m, lr, 0.9), "0.025, 0.05, 0.1"),
        (lambda m, lr, d: layer_groups(m, lr, d)[1:], "in no group"),
        (lambda m, lr, d: 2 * layer_groups(m, lr, d), "in two groups"),
        (
            lambda m, lr, d: [*layer_groups(m, lr, d), {"params": [torch.ones(1)], "lr": lr}],
            "no parameter of the model",
        ),
        (lambda m, lr, d: [{"params": ["0.weight"], "lr": lr}], "not their names"),
        (lambda m, lr, d: [lr, lr], "expected a list of"),
        (lambda m, lr, d: [{"params": 5, "lr": lr}], "a list, even of one"),
    ],
    "held_still": [
        (body_first, "running statistics moved"),
        (lambda b, h: HeldStill(b, h, hold=False), "running statistics moved"),
        (lambda b, h: HeldStill(b, h, freeze=False), "still gets gradients"),
        (lambda b, h: Ungraded(b, h, freeze=False), "2 in all, not 6"),
        (NoBatch, "dropout in the body"),
        (AllStill, "head must follow"),
        (Detached, "the head gets no gradient"),
        (Skipped, "not head(body(x))"),
        (lambda b, h: h(b.eval()(torch.ones(2, 3))), "return a module"),
    ],
    "class_changes": [
        (lambda *a: class_changes(*a, altered=False), "unaltered pictures"),
        (raw_counts, "divide each row"),
        (lambda *a: class_changes(*a, rows=False), "columns sum to one"),
        (lambda *a: class_changes(*a, true_first=False), "other way round"),
        (lambda *a: torch.tensor(raw_counts(*a)) / 6, "divided by all pictures"),
        (lambda *a: torch.full((2, 2), 0.5), "expected [[0.75"),
        (lambda *a: 0.5, "a matrix (2, 2)"),
    ],
}
