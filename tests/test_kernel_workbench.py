"""The kernel workbench computes in the page what its twin computes, and what F.conv2d does."""

import numpy as np
import pytest
import torch
from node import results
from torch.nn import functional as F

from dlbook_utils.kernel_workbench import (
    KERNELS,
    as_gray,
    draw_kernel,
    respond,
    small_photograph,
    workbench_data,
)

INPUTS = [
    {"kernel": kernel, "spread": spread, "flipped": flipped}
    for kernel in [*KERNELS.values(), [0.3, -1.7, 2, 0, 0.25, 9, -8, 1, 0]]
    for spread, flipped in [(1, False), (4, True)]
]


def test_the_page_computes_what_its_twin_computes():
    picture = small_photograph() / 255
    data = workbench_data()
    inputs = [[data, given] for given in INPUTS]
    for given, got in zip(INPUTS, results("kernel_workbench", inputs, ".compute"), strict=True):
        want = respond(picture, **given)
        np.testing.assert_allclose(got["response"], want["response"].ravel(), atol=1e-9)
        assert got["sum"] == pytest.approx(want["sum"])
        assert got["alternating"] == pytest.approx(want["alternating"])
        assert got["sentence"] == want["sentence"]


@pytest.mark.parametrize("given", INPUTS)
def test_the_response_is_a_correlation_or_a_convolution(given):
    picture = small_photograph() / 255
    weight = torch.tensor(given["kernel"], dtype=torch.float64).view(1, 1, 3, 3)
    if given["flipped"]:
        weight = weight.flip(2, 3)
    spread = given["spread"]
    wide = F.pad(torch.tensor(picture)[None, None], (spread,) * 4, mode="replicate")
    want = F.conv2d(wide, weight, dilation=spread)[0, 0]
    np.testing.assert_allclose(respond(picture, **given)["response"], want, atol=1e-12)


def test_zero_is_medium_gray_where_the_weights_cancel():
    response = np.array([-2.0, 0.0, 1.0])
    np.testing.assert_allclose(as_gray(response, 0.0), [0.0, 0.5, 0.75])
    np.testing.assert_allclose(as_gray(response, 1.0), [0.0, 0.0, 1.0])


@pytest.mark.usefixtures("book_style")
def test_the_drawing_says_what_it_shows():
    fig, sentence = draw_kernel("Laplace", 1, "correlation")
    assert len(fig.axes) == 2
    assert sentence.startswith("Laplace, correlation, spread 1. The nine weights sum to 0.00")
