"""The paths of the interactive figure are those of torch.optim."""

import pytest
import torch

from dlbook_utils.trajectories import FAR, LANDSCAPES, OPTIMIZERS, draw_trajectory, trajectory

TORCH = {
    "gradient descent": lambda w, lr: torch.optim.SGD([w], lr),
    "heavy ball": lambda w, lr: torch.optim.SGD([w], lr, momentum=0.9),
    "Nesterov": lambda w, lr: torch.optim.SGD([w], lr, momentum=0.9, nesterov=True),
    "AdaGrad": lambda w, lr: torch.optim.Adagrad([w], lr, eps=1e-8),
    "RMSProp": lambda w, lr: torch.optim.RMSprop([w], lr),
    "Adam": lambda w, lr: torch.optim.Adam([w], lr),
}


@pytest.mark.parametrize("landscape", LANDSCAPES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_path_is_that_of_torch(landscape, optimizer):
    height, _, start, _ = LANDSCAPES[landscape]
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    step = TORCH[optimizer](w, 0.01)
    for point in trajectory(landscape, optimizer, 0.01, 0.9, 50):
        torch.testing.assert_close(w.detach(), torch.tensor(point).double(), rtol=1e-5, atol=1e-6)
        step.zero_grad()
        height(*w).backward()
        step.step()


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_the_slope_is_zero_at_the_marked_place(landscape):
    place = LANDSCAPES[landscape]
    assert place.slopes(*place.flat) == (0, 0)


def test_a_path_that_comes_far_out_is_over(book_style):
    points = trajectory("ravine", "gradient descent", 0.1, 0.9, 100)
    assert max(map(abs, points[-2])) <= FAR < max(map(abs, points[-1]))
    _, sentence = draw_trajectory("ravine", "gradient descent", 0.1)
    assert sentence.endswith(f"diverged after {len(points) - 1} steps.")
    _, sentence = draw_trajectory("saddle", "heavy ball", 0.1)
    assert "escapes downhill" in sentence


def test_an_unknown_optimizer_is_named():
    with pytest.raises(ValueError, match="'adam' is not one of"):
        trajectory("ravine", "adam", 0.1, 0.9, 1)
