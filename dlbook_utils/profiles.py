"""The start of a chapter: seed, device, profile and plot style, said in one printed line."""

import os
import random

import matplotlib
import numpy as np
import torch

from dlbook_utils.figures import STYLE

PROFILES = ("cpu", "gpu")


def profile() -> str:
    """The profile that the variable DLBOOK_PROFILE names: "cpu" (the default) or "gpu"."""
    name = os.environ.get("DLBOOK_PROFILE", "cpu")
    if name not in PROFILES:
        raise ValueError(f"DLBOOK_PROFILE is {name!r}; it can be {' or '.join(PROFILES)}")
    return name


def pick(*, cpu, gpu):
    """The value for the present profile: one code, two sizes."""
    return {"cpu": cpu, "gpu": gpu}[profile()]


def start(seed: int = 0) -> torch.device:
    """Seed every generator, set the book's plot style, and return the device of the profile."""
    name = profile()
    if name == "gpu" and not torch.cuda.is_available():
        raise RuntimeError("DLBOOK_PROFILE is gpu, but torch sees no CUDA device: unset it")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    matplotlib.rcParams.update(STYLE)
    device = torch.device("cuda" if name == "gpu" else "cpu")
    print(
        f"profile {name} · device {device} · seed {seed} · "
        f"torch {torch.__version__} · numpy {np.__version__}"
    )
    return device
