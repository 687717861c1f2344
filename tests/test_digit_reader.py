"""The digit reader computes in the page what PyTorch computes, and reads what it should."""

import gzip
import json

import numpy as np
import pytest
import torch
from node import results

from dlbook_utils.datasets import digits
from dlbook_utils.digit_reader import (
    PREPARATIONS,
    DigitReader,
    block_counts,
    drawer,
    inked,
    read_drawing,
    reader_data,
    samples,
    side_by_side,
    trained_reader,
)
from dlbook_utils.training import accuracy

DRAWINGS = [*samples().values(), [], [[[5.0, 60.0]]], [[[3.3, 7.1], [60.2, 9.9], [12.5, 61.0]]]]
INPUTS = [
    {"strokes": strokes, "pen": pen, "preparation": preparation}
    for strokes in DRAWINGS
    for pen in (3, 7)
    for preparation in PREPARATIONS
]


def test_the_page_computes_what_pytorch_computes():
    torch.manual_seed(0)
    reader = DigitReader()
    data = reader_data(reader)
    calls = [[data, given] for given in INPUTS]
    for given, got in zip(INPUTS, results("digit_reader", calls, ".compute"), strict=True):
        want = read_drawing(reader, **given)
        for name in ("bitmap", "pixels", "first", "second", "probs"):
            np.testing.assert_allclose(got[name], want[name].ravel(), atol=1e-5)
        assert got["sentence"] == want["sentence"]


def test_a_trained_reader_reads_digits_and_drawings():
    reader = trained_reader(steps=400)
    _, _, X_test, y_test = digits()
    assert accuracy(reader, X_test.view(-1, 1, 8, 8), y_test) > 0.96
    found = [
        read_drawing(reader, s, 7, PREPARATIONS[0])["probs"].argmax() for s in samples().values()
    ]
    assert (np.array(found) == range(10)).mean() >= 0.8
    assert len(gzip.compress(json.dumps(reader_data(reader)).encode())) < 40_000


def test_a_drawing_is_cropped_stretched_and_counted():
    bitmap = np.zeros((64, 64), dtype=bool)
    bitmap[10:42, 30:52] = True  # 32 rows, 22 columns: neither stretched nor shrunk
    want = np.zeros((8, 32))
    want[:, 5:27] = 1
    np.testing.assert_allclose(block_counts(bitmap), want.reshape(8, 8, 4).mean(axis=2))
    moved = np.roll(bitmap, (-10, 12), (0, 1))
    np.testing.assert_allclose(block_counts(moved), block_counts(bitmap))
    assert block_counts(np.zeros((64, 64), dtype=bool)).max() == 0


def test_a_pen_leaves_ink_within_half_its_width():
    assert inked([[[32.0, 32.0]]], 4).sum() == pytest.approx(4 * np.pi, abs=1)
    line = inked([[[10.0, 32.0], [50.0, 32.0]]], 6)
    assert line[:, 30].sum() == 6


@pytest.mark.usefixtures("book_style")
def test_the_drawing_says_what_it_shows():
    fig, sentence = drawer(DigitReader())("3", 7, PREPARATIONS[0])
    assert len(fig.axes) == 4
    assert sentence.startswith("3, pen 7, as the data were made. Read as")


def test_maps_stand_side_by_side():
    maps = np.arange(16 * 4, dtype=float).reshape(16, 2, 2)
    got = side_by_side(maps)
    assert got.shape == (2 * 4, 8 * 4)
    np.testing.assert_allclose(got[5:7, 1:3], maps[8] / maps[8].max())
