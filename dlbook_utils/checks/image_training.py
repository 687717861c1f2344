"""Checks for the exercises of the chapter `image_training`."""

from collections.abc import Iterable

import torch
from torch import nn

from dlbook_utils.answers import agree, call, number, numbers, parts
from dlbook_utils.exercises import exercise, require


@exercise
def what_arrives(answer):
    """Exercise 1. What arrives"""
    without, scaled = (number(v) for v in parts(answer, 2, "2 numbers: (without, with scale)"))
    require(not agree([without, scaled], [2, 1018]), "those are the two the other way round")
    require(
        not agree(without, 2),
        "ToDtype alone changes the type, not the values: 255 stays 255 before Normalize",
    )
    require(
        not agree(without, 255 / 0.25), "Normalize subtracts the mean before it divides: 255 - 0.5"
    )
    require(agree(without, 1018), f"without scale: (255 - 0.5) / 0.25; got {without:g}")
    require(not agree(scaled, 1), "that is the pixel before Normalize: it still subtracts 0.5")
    require(agree(scaled, 2), f"with scale the pixel is 1, then (1 - 0.5) / 0.25; got {scaled:g}")


@exercise
def denormalized(answer):
    """Exercise 2. Undo it"""
    generator = torch.Generator().manual_seed(0)
    mean, std = torch.tensor([0.5, 0.2, 0.1]), torch.tensor([0.2, 0.3, 0.4])
    column = (-1, 1, 1)
    x = torch.rand(2, 3, 4, 3, generator=generator)
    z = (x - mean.view(column)) / std.view(column)
    given = z.clone()
    got = numbers(call(answer, given, mean, std), tuple(x.shape), f"a batch of {tuple(x.shape)}")
    require(torch.equal(given, z), "the batch itself was changed: return another one")
    require(
        not agree(got, (z + mean.view(column)) * std.view(column), 1e-4),
        "backwards means in the other order: first times the deviation, then plus the mean",
    )
    require(
        not agree(got, (z - mean.view(column)) / std.view(column), 1e-4),
        "that normalizes a second time",
    )
    require(
        not agree(got, z * std + mean, 1e-4),
        "(C,) meets the last axis, the columns: give mean and std the shape (C, 1, 1)",
    )
    require(
        agree(got, x, 1e-4),
        "that is not the picture that was normalized: x std + mean, a mean and std per channel",
    )


@exercise
def mirrored_boxes(answer):
    """Exercise 3. The boxes, mirrored"""
    boxes = torch.tensor([[10, 5, 30, 45], [0, 0, 100, 8], [60, 20, 61, 22]])
    x1, y1, x2, y2 = boxes.T
    got = numbers(call(answer, boxes.clone(), 100), (3, 4), "one row of four numbers for each box")
    require(
        not agree(got, torch.stack([100 - x1, y1, 100 - x2, y2], 1)),
        "left and right have changed places: now x1 > x2",
    )
    require(
        not agree(got, torch.stack([99 - x2, y1, 99 - x1, y2], 1)),
        "coordinates are edges, not pixel numbers: an edge x goes to width - x",
    )
    require(
        not agree(got, torch.stack([x1, 100 - y2, x2, 100 - y1], 1)),
        "that mirrors top and bottom: left and right change x",
    )
    require(not agree(got, boxes), "the boxes did not move")
    want = torch.stack([100 - x2, y1, 100 - x1, y2], 1)
    require(agree(got, want), f"expected {want.tolist()}, got {got.tolist()}")


@exercise
def kept_share(answer):
    """Exercise 4. The label of a CutMix"""
    inside = number(call(answer, 10, 20, 5, 10, 2, 3))
    require(
        not agree(inside, 4 * 6 / 200), "that is the share of the other picture: one minus this"
    )
    require(
        not agree(inside, 1 - 2 * 3 / 200), "h and w are half of the sides: the box has 2h rows"
    )
    require(agree(inside, 1 - 24 / 200), f"24 of 200 pixels are pasted, not {200 * (1 - inside):g}")
    corner = number(call(answer, 10, 20, 0, 19, 2, 3))
    require(not agree(corner, 1 - 24 / 200), "a box at the border is cut off: use what lies inside")
    require(
        agree(corner, 1 - 2 * 4 / 200),
        f"at row 0 and column 19, 2 rows and 4 columns lie inside; got a share of {corner:g}",
    )
    low = number(call(answer, 10, 20, 9, 1, 3, 3))
    require(
        agree(low, 1 - 4 * 4 / 200),
        "cut the box at all four borders: at row 9 and column 1, 4 rows and 4 columns lie inside",
    )


def sample_model() -> nn.Sequential:
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2)),
        nn.ReLU(),
        nn.Conv2d(2, 3, 3).requires_grad_(False),
        nn.Flatten(),
        nn.Linear(3, 4),
        nn.Linear(4, 2),
    )


@exercise
def layer_groups(answer):
    """Exercise 5. Every parameter once"""
    model = sample_model()
    groups = parts_of(call(answer, model, 0.1, 0.5))
    found = [id(p) for group in groups for p in group["params"]]
    frozen = {id(p) for p in model.parameters() if not p.requires_grad}
    wanted = {id(p) for p in model.parameters() if p.requires_grad}
    require(len(found) == len(set(found)), "a parameter stands in two groups")
    require(not frozen & set(found), "a frozen parameter is in a group: weight decay would move it")
    lost = [name for name, p in model.named_parameters() if id(p) in wanted - set(found)]
    require(not lost, f"these are in no group and would never be updated: {', '.join(lost)}")
    require(set(found) == wanted, "a group holds what is no parameter of the model")
    rates = {id(p): number(group["lr"]) for group in groups for p in group["params"]}
    first, middle, last = (rates[id(model[i].get_parameter(name))] for i, name in NAMED)
    require(
        not (agree(first, 0.1) and last < first),
        "the last child gets lr, the first the least: the order is reversed",
    )
    require(
        not agree([middle, first], [0.05, 0.1 * 0.5**5]),
        "children without trainable parameters do not count as steps",
    )
    require(
        agree([last, middle, first], [0.1, 0.05, 0.025]),
        "for three layers with lr 0.1 and decay 0.5 the rates are 0.025, 0.05, 0.1, first to last;"
        f" got {first:g}, {middle:g}, {last:g}",
    )


NAMED = [(0, "0.weight"), (4, "weight"), (5, "weight")]


def parts_of(groups) -> list[dict]:
    """The groups, each with its parameters in a list."""
    fits = isinstance(groups, list | tuple) and all(
        isinstance(group, dict) and {"params", "lr"} <= set(group) for group in groups
    )
    require(fits, 'expected a list of {"params": [...], "lr": rate}')
    made = []
    for group in groups:
        params = group["params"]
        params = [params] if torch.is_tensor(params) else params
        require(isinstance(params, Iterable), "params holds parameters: a list, even of one")
        params = list(params)
        require(all(torch.is_tensor(p) for p in params), "params holds parameters, not their names")
        made.append({"params": params, "lr": group["lr"]})
    return made


@exercise
def held_still(answer):
    """Exercise 6. Hold it still"""
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    body[1].running_mean.fill_(0.3)
    head = nn.Sequential(nn.Linear(4, 2), nn.Dropout(0.5))
    model = call(answer, body, head)
    require(isinstance(model, nn.Module), "return a module, as nn.Sequential is one")
    x = torch.randn(8, 3)
    before = body[1].running_mean.clone()
    around = nn.Sequential(model, nn.Identity())
    around.train()
    around(x).sum().backward()
    require(
        torch.equal(body[1].running_mean, before),
        "after train() the running statistics moved: train() must leave the body in evaluation",
    )
    require(not body[2].training, "dropout in the body still fires after train()")
    require(head[1].training, "the head must follow train(): its dropout is off")
    require(
        all(p.grad is None or not p.grad.any() for p in body.parameters()),
        "the body still gets gradients: set requires_grad to False in all its parameters",
    )
    require(head[0].weight.grad is not None, "the head gets no gradient: it is what shall learn")
    around.eval()
    require(not head[1].training, "eval() must reach the head")
    with torch.no_grad():
        require(agree(model(x), head(body(x)), 1e-5), "the answer is not head(body(x))")
    trainable = sum(p.requires_grad for p in model.parameters())
    require(
        trainable == 2,
        "an optimizer must find the head's parameters, and of the body none that asks for"
        f" a gradient: 2 in all, not {trainable}",
    )


class Bright(nn.Module):
    """Two classes: is the mean at least one half?"""

    def forward(self, x):
        bright = x.flatten(1).mean(1) - 0.5
        return torch.stack([-bright, bright], dim=1)


@exercise
def class_changes(answer):
    """Exercise 7. Is this augmentation true of your data?"""
    X = torch.tensor([0.1, 0.2, 0.4, 0.3, 0.9, 0.6]).view(-1, 1, 1, 1)
    y = torch.tensor([0, 0, 0, 0, 1, 1])
    got = numbers(call(answer, Bright(), X, y, lambda x: x + 0.15, 2), (2, 2), "a matrix (2, 2)")
    want = torch.tensor([[0.75, 0.25], [0.0, 1.0]])
    require(not agree(got, torch.eye(2)), "the model was shown the unaltered pictures")
    require(
        not agree(got, torch.tensor([[3.0, 1.0], [0.0, 2.0]])), "counts: divide each row by its sum"
    )
    require(
        not agree(got, torch.tensor([[1.0, 1 / 3], [0.0, 2 / 3]])),
        "the columns sum to one: rows are true classes, and each row sums to one",
    )
    require(
        not agree(got, want.T) and not agree(got, torch.tensor([[1.0, 0.0], [1 / 3, 2 / 3]])),
        "rows are the true classes, columns the classes read: yours is the other way round",
    )
    require(
        not agree(got, torch.tensor([[0.5, 1 / 6], [0.0, 1 / 3]])),
        "divided by all pictures: each class is divided by its own number",
    )
    require(agree(got, want), f"expected {want.tolist()}, got {got.tolist()}")
