"""The digits are all there, apart, and the same each time."""

import torch

from dlbook_utils.datasets import digits, help_text


def test_every_digit_is_in_one_part_of_the_split():
    data = digits()
    assert data.X_train.shape == (1437, 64)
    assert data.X_test.shape == (360, 64)
    assert data.X_train.dtype == torch.float32
    assert data.y_train.dtype == torch.int64
    assert 0 == data.X_train.min() < data.X_train.max() == 1
    counts = torch.cat([data.y_train, data.y_test]).bincount()
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_another_seed_makes_another_split():
    assert torch.equal(digits(0).X_test, digits(0).X_test)
    assert not torch.equal(digits(0).X_test, digits(1).X_test)


def test_pixels_and_labels_belong_together():
    data = digits()
    means = torch.stack([data.X_train[data.y_train == c].mean(0) for c in range(10)])
    nearest = torch.cdist(data.X_test, means).argmin(dim=1)
    assert (nearest == data.y_test).double().mean() > 0.85


def test_the_help_text_is_english_and_can_be_read_back():
    ids, vocabulary = help_text()
    assert ids.dtype == torch.int64
    assert len(ids) > 300_000
    assert sorted(set(vocabulary)) == list(vocabulary)
    text = "".join(vocabulary[i] for i in ids)
    assert text.count(" the ") > 2000
    assert "lambda" in text
