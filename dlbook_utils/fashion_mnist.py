"""Fashion-MNIST, where it lies on this machine or may be fetched. No chapter needs it.

Xiao, Rasul and Vollgraf (2017): 70,000 gray pictures of clothes, 28 by 28 pixels, ten classes.
"""

import gzip
import hashlib
import os
from pathlib import Path

import torch
from torch import Tensor

from dlbook_utils.datasets import Split

CLASSES = (
    *("T-shirt/top", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)
MD5 = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
UNSIGNED_BYTES = 8  # the third byte of an IDX file says how its numbers are stored


def fashion_mnist(root: str | Path | None = None, download: bool | None = None) -> Split:
    """60,000 training and 10,000 test pictures: X is (N, 1, 28, 28) float32 in [0, 1].

    root: the folder that holds, or shall hold, FashionMNIST/raw; without it, the environment's
    DLBOOK_DATA, or ~/.cache/dlbook. download: whether torchvision may fetch what is missing
    (30 MB); without it, whether the environment says DLBOOK_DOWNLOAD=1. Raises FileNotFoundError,
    which says what to do, where the files are absent, and ValueError where one is not the
    published one.
    """
    root = Path(root or os.environ.get("DLBOOK_DATA") or Path.home() / ".cache" / "dlbook")
    raw = root / "FashionMNIST" / "raw"
    if download is None:
        download = os.environ.get("DLBOOK_DOWNLOAD") == "1"
    missing = [name for name in MD5 if not (raw / name).exists()]
    if missing and not download:
        raise FileNotFoundError(
            f"Fashion-MNIST is not in {raw}: {len(missing)} of {len(MD5)} files are missing."
            " Call fashion_mnist(download=True), or set DLBOOK_DOWNLOAD=1, to fetch 30 MB"
            " through torchvision; or put the four .gz files there yourself"
        )
    if missing:
        fetch(root)
    X_train, y_train, X_test, y_test = (read_idx(checked(raw / name)) for name in MD5)
    return Split(pictures(X_train), y_train.long(), pictures(X_test), y_test.long())


def fetch(root: Path) -> None:
    """Let torchvision download the four files into root/FashionMNIST/raw."""
    from torchvision.datasets import FashionMNIST  # here, because readers may lack torchvision

    FashionMNIST(root, download=True)


def checked(path: Path) -> bytes:
    """The file's bytes, if they are the published ones."""
    packed = path.read_bytes()
    found = hashlib.md5(packed, usedforsecurity=False).hexdigest()
    if found != MD5[path.name]:
        raise ValueError(
            f"{path} is not the published file (MD5 {found}, expected {MD5[path.name]}):"
            " delete it and fetch it again"
        )
    return packed


def read_idx(packed: bytes) -> Tensor:
    """A gzip-packed IDX file of unsigned bytes as a uint8 tensor.

    The format: two zero bytes, the kind of number, the count of axes; the length of each axis in
    four bytes, highest first; then the numbers.
    """
    data = gzip.decompress(packed)
    zero, kind, axes = int.from_bytes(data[:2], "big"), data[2], data[3]
    if zero != 0 or kind != UNSIGNED_BYTES:
        raise ValueError(f"not an IDX file of unsigned bytes: it begins with {data[:4].hex()}")
    ends = [4 + 4 * axis for axis in range(axes + 1)]
    shape = [int.from_bytes(data[i : i + 4], "big") for i in ends[:-1]]
    return torch.frombuffer(bytearray(data[ends[-1] :]), dtype=torch.uint8).view(shape)


def pictures(bytes_: Tensor) -> Tensor:
    """(N, 28, 28) uint8 -> (N, 1, 28, 28) float32 in [0, 1]."""
    return bytes_[:, None].float() / 255
