"""torchvision works beside a torch that was built without its operators."""

import subprocess
import sys

import pytest

pytest.importorskip("torchvision")

USE = """
import torch
from torchvision.models import resnet18
from torchvision.transforms import v2
image = v2.Resize(8)(torch.zeros(3, 16, 16))
print(image.shape[-1], resnet18(num_classes=7).eval()(torch.zeros(1, 3, 32, 32)).shape[-1])
"""


def test_models_and_transforms_work_after_the_package_is_imported():
    code = "import dlbook_utils" + USE
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.split() == ["8", "7"], run.stderr


def test_importing_the_package_does_not_import_torchvision():
    code = "import dlbook_utils, sys; print('torchvision' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
