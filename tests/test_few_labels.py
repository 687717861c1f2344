"""The stored experiments on few labels and on dropped blocks, and the functions that made them."""

import json
import math

import pytest
import torch

from dlbook_utils.experiments import FOLDER, drop_blocks, few_labels


def result_of(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text())["result"]


def test_each_picture_moves_by_its_own_amount():
    x = torch.rand(1, 1, 8, 8).expand(6, 1, 8, 8)
    moved = few_labels.moved(x, degrees=30, pixels=1)
    assert moved.shape == x.shape
    assert len(moved.flatten(1).unique(dim=0)) == 6
    torch.testing.assert_close(few_labels.moved(x), x)


def test_an_erased_square_is_whole():
    holes = few_labels.erased(torch.ones(50, 2, 8, 8)) == 0
    assert holes.sum((2, 3)).unique().tolist() == [9]
    assert torch.equal(holes[:, 0], holes[:, 1])


def test_mixed_labels_sum_to_one():
    x, y = torch.rand(10, 1, 8, 8), torch.arange(10)
    for method in few_labels.PAIRS:
        for _ in range(20):
            mixed, soft = few_labels.altered(method, x, y)
            assert mixed.shape == x.shape
            torch.testing.assert_close(soft.sum(1), torch.ones(10))


def test_cutmix_labels_follow_the_area():
    x = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 1, 8, 8)
    y = torch.eye(4)
    mixed, soft = few_labels.cutmix(x, y, (slice(0, 4), slice(6, 8)))
    assert (mixed[1] == 0).double().mean() == soft[1, 0] == 8 / 64


def test_a_box_covers_what_lambda_says_where_it_lies_inside():
    boxes = [few_labels.cut_box(100, 0.75) for _ in range(200)]
    areas = [len(range(100)[rows]) * len(range(100)[columns]) for rows, columns in boxes]
    assert max(areas) == 2500
    assert min(areas) > 0


def test_rates_are_half_decades():
    assert few_labels.neighbor(0.003, up=True) == 0.01
    assert few_labels.neighbor(0.001, up=False) == 0.0003


@pytest.mark.parametrize("best", [0.0003, 0.003, 0.01, 0.1])
def test_a_sweep_goes_on_until_the_best_lies_inside(best):
    asked = []

    def accuracies(rate):
        asked.append(rate)
        return [-abs(math.log(rate / best))]

    assert few_labels.tuned(accuracies, [0.003, 0.01, 0.03]) == best
    assert min(asked) < best < max(asked)


def test_a_frozen_body_does_not_move(monkeypatch):
    monkeypatch.setattr(few_labels, "REUSE_STEPS", 3)
    base = few_labels.pretrained(0, steps=2)
    before = [p.clone() for p in base.parameters()]
    for way in few_labels.WAYS:
        few_labels.reused(way, base, 20, 0, 0.01)
        assert all(torch.equal(p, q) for p, q in zip(base.parameters(), before, strict=True))


def test_fewer_labels_are_among_the_more():
    assert set(few_labels.chosen(20, 600, 1).tolist()) < set(few_labels.chosen(50, 600, 1).tolist())


def test_the_stored_result_has_every_method():
    result = result_of("few_labels")
    for table in result["augmentation"].values():
        assert list(table) == [*few_labels.PICTURES, *few_labels.PAIRS]
    assert list(result["transfer"]["ways"]) == list(few_labels.WAYS)


@pytest.mark.parametrize("size", [1, 3, 4, 7])
def test_blocks_drop_about_the_share_that_is_asked_for(size):
    mask = drop_blocks.block_mask((300, 2, 14, 14), 0.1, size)
    assert mask.shape == (300, 2, 14, 14)
    assert abs((mask == 0).double().mean() - 0.1) < 0.02


def test_drop_block_keeps_the_mean_and_does_nothing_in_evaluation():
    layer, x = drop_blocks.DropBlock(0.2, 3), torch.ones(20, 3, 8, 8)
    torch.testing.assert_close(layer(x).mean(), torch.tensor(1.0))
    assert torch.equal(layer.eval()(x), x)


def test_the_share_rises():
    model = torch.nn.Sequential(*[torch.nn.Identity()] * 2, drop_blocks.DropBlock(0, 3))
    shares = [model[2].p for _ in drop_blocks.rising(model, iter(range(drop_blocks.STEPS)))]
    assert shares[0] == 0 < shares[1] < shares[-1] < drop_blocks.P


def test_the_stored_blocks_have_every_method():
    tables = result_of("drop_blocks")["labels"]
    assert all(list(table) == list(drop_blocks.METHODS) for table in tables.values())
