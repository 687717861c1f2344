"""Fashion-MNIST is read where it is, checked, and asked for where it is not."""

import gzip
import hashlib

import pytest
import torch

from dlbook_utils import fashion_mnist as module
from dlbook_utils.fashion_mnist import MD5, fashion_mnist, read_idx


def idx(values: torch.Tensor) -> bytes:
    shape = b"".join(n.to_bytes(4, "big") for n in values.shape)
    head = bytes([0, 0, 8, values.dim()])
    return gzip.compress(head + shape + bytes(values.flatten().tolist()), mtime=0)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Three pictures of 2 by 2 pixels and one of the test, with checksums of their own."""
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    parts = [
        torch.arange(12).view(3, 2, 2) * 23,
        torch.tensor([9, 0, 4]),
        torch.full((1, 2, 2), 255),
        torch.tensor([7]),
    ]
    sums = {}
    for name, part in zip(MD5, parts, strict=True):
        (raw / name).write_bytes(idx(part))
        sums[name] = hashlib.md5((raw / name).read_bytes()).hexdigest()
    monkeypatch.setattr(module, "MD5", sums)
    return tmp_path


def test_pictures_come_with_a_channel_and_lie_between_0_and_1(small):
    data = fashion_mnist(small)
    assert data.X_train.shape == (3, 1, 2, 2)
    assert data.X_train.dtype == torch.float32
    assert data.X_train[1, 0, 0, 1].item() == pytest.approx(5 * 23 / 255)
    assert data.X_test.max() == 1


def test_labels_are_class_numbers(small):
    data = fashion_mnist(small)
    assert data.y_train.tolist() == [9, 0, 4]
    assert data.y_train.dtype == torch.int64
    assert len(module.CLASSES) == 10


def test_the_folder_can_come_from_the_environment(small, monkeypatch):
    monkeypatch.setenv("DLBOOK_DATA", str(small))
    assert len(fashion_mnist().X_test) == 1


def test_absent_files_are_asked_for_and_not_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "fetch", lambda root: pytest.fail("nobody allowed it"))
    monkeypatch.delenv("DLBOOK_DOWNLOAD", raising=False)
    with pytest.raises(FileNotFoundError, match=r"download=True.*DLBOOK_DOWNLOAD=1"):
        fashion_mnist(tmp_path)


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_it_is_fetched_where_that_is_allowed(small, tmp_path, monkeypatch, how):
    raw = small / "FashionMNIST" / "raw"
    hidden = raw.rename(tmp_path / "hidden")
    monkeypatch.setattr(module, "fetch", lambda root: hidden.rename(raw))
    monkeypatch.setenv("DLBOOK_DOWNLOAD", "1" if how == "environment" else "0")
    data = fashion_mnist(small, download=True if how == "argument" else None)
    assert len(data.X_train) == 3


def test_a_changed_file_is_refused(small):
    path = small / "FashionMNIST" / "raw" / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(idx(torch.tensor([6])))
    with pytest.raises(ValueError, match="not the published file"):
        fashion_mnist(small)


def test_what_is_no_idx_file_is_refused():
    with pytest.raises(ValueError, match="not an IDX file"):
        read_idx(gzip.compress(b"<html>404</html>"))


def test_the_checksums_are_those_that_torchvision_knows():
    datasets = pytest.importorskip("torchvision.datasets")
    assert dict(datasets.FashionMNIST.resources) == MD5
