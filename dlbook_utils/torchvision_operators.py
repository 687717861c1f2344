"""Let a torchvision compiled for CUDA be imported beside a torch without it.

Such a torchvision fails to load its compiled operators, and its import then dies with `operator
torchvision::nms does not exist`, because it attaches shape rules to two operators that nobody
declared. Declaring their schemas first is enough for models, transforms and datasets. Where the
compiled operators load, nothing is declared here. This is the one import of the package that has
an effect.
"""

import importlib.util
import warnings
from pathlib import Path

import torch

SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def operators_load() -> bool:
    """Whether torchvision's compiled operators can be loaded here (True without torchvision)."""
    found = importlib.util.find_spec("torchvision")
    if found is None:
        return True
    library = next(Path(found.submodule_search_locations[0]).glob("_C*"), None)
    if library is None:
        return False
    try:
        torch.ops.load_library(str(library))
    except OSError:
        return False
    return True


def declare() -> "torch.library.Library | None":
    """Declare `nms` and `qnms` unless the compiled ones load; the caller keeps the result alive."""
    if operators_load():
        return None
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}{SCHEMA}")
    # torchvision says at its import that its C++ extension is missing: that is what we handle here.
    warnings.filterwarnings("ignore", message="Failed to load image Python extension")
    return library


KEPT_ALIVE = declare()  # the declaration goes with the object that made it
