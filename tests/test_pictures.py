"""Placed digits are whole, and the factors of scenes are what the pictures show."""

import pytest
import torch

from dlbook_utils.datasets import digits
from dlbook_utils.pictures import photograph, placed, scenes


def test_a_placed_digit_is_whole_wherever_it_lies():
    X = digits().X_test
    for seed in (None, 0, 1):
        canvas = placed(X, 16, seed)
        assert canvas.shape == (360, 1, 16, 16)
        assert torch.allclose(canvas.sum((1, 2, 3)), X.sum(1))
    assert torch.equal(placed(X, 16)[:, 0, 4:12, 4:12].flatten(1), X)
    assert torch.equal(placed(X, 8, seed=3).flatten(1), X)


def test_places_are_drawn_over_the_whole_canvas():
    ones = torch.ones(2000, 64)
    corners = placed(ones, 10, seed=0)[:, 0].flatten(1).argmax(1)
    assert set(corners.tolist()) == {0, 1, 2, 10, 11, 12, 20, 21, 22}


def test_a_canvas_too_small_says_so():
    with pytest.raises(ValueError, match="does not fit"):
        placed(torch.zeros(1, 64), 7)


def test_factors_are_independent_unless_tied():
    free = scenes(4000, seed=1)
    assert (free.texture == free.shape).double().mean() == pytest.approx(0.25, abs=0.03)
    assert (free.color == free.shape).double().mean() == pytest.approx(0.25, abs=0.03)
    tied = scenes(4000, seed=1, texture_tied=1.0, color_tied=0.8)
    assert torch.equal(tied.texture, tied.shape)
    assert (tied.color == tied.shape).double().mean() == pytest.approx(0.85, abs=0.03)


def test_a_scene_shows_its_factors():
    s = scenes(2000, seed=0)
    assert s.X.shape == (2000, 3, 32, 32)
    assert 0 <= s.X.min() <= s.X.max() <= 1
    area = s.inside.sum((1, 2)) / s.radius.square()
    for k in range(4):
        assert area[s.shape == k].mean() == pytest.approx(2.5, rel=0.05)
        # shapes lie whole in the picture
        assert not s.inside[s.shape == k][:, 0].any()
        assert not s.inside[s.shape == k][:, -1].any()
    rows = torch.arange(32.0)
    middle = (s.inside.sum(2) * rows).sum(1) / s.inside.sum((1, 2))
    discs = s.shape < 2  # a triangle's middle is not its center
    assert torch.allclose(middle[discs], s.center[discs, 0], atol=0.5)
    mean = torch.stack([(s.X * s.inside[:, None])[s.color == k].sum((0, 2, 3)) for k in range(4)])
    assert mean[:3].argmax(1).tolist() == [0, 1, 2]
    assert mean[3, :2].min() > 2 * mean[3, 2]  # yellow is red and green
    across = (s.X.diff(dim=3).abs().mean(1) * s.inside[:, :, 1:]).sum((1, 2))
    along = (s.X.diff(dim=2).abs().mean(1) * s.inside[:, 1:]).sum((1, 2))
    horizontal, vertical = s.texture == 0, s.texture == 1
    assert (along > 2 * across)[horizontal].double().mean() > 0.95
    assert (across > 2 * along)[vertical].double().mean() > 0.95
    assert torch.equal(s.X, scenes(2000, seed=0).X)


def test_the_photograph_is_there():
    photo = photograph()
    assert photo.shape == (3, 427, 640)
    assert 0 <= photo.min() < photo.max() <= 1
