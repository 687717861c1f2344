"""A chapter starts the same way each time, and a wrong profile says what to do."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from dlbook_utils.profiles import pick, profile, start


@pytest.fixture(autouse=True)
def _restore_style():
    with plt.rc_context():
        yield


def test_the_start_seeds_every_generator():
    def numbers():
        start(seed=3)
        return torch.rand(1).item(), np.random.rand()

    assert numbers() == numbers()


def test_the_start_says_one_line(capsys):
    device = start(seed=3)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert f"profile cpu · device cpu · seed 3 · torch {torch.__version__}" in out
    assert device == torch.device("cpu")
    assert matplotlib.rcParams["svg.fonttype"] == "none"


def test_the_profile_picks_the_size(monkeypatch):
    assert pick(cpu=1, gpu=2) == 1
    monkeypatch.setenv("DLBOOK_PROFILE", "gpu")
    assert pick(cpu=1, gpu=2) == 2


def test_an_unknown_profile_is_refused(monkeypatch):
    monkeypatch.setenv("DLBOOK_PROFILE", "tpu")
    with pytest.raises(ValueError, match="'tpu'; it can be cpu or gpu"):
        profile()


def test_a_gpu_profile_without_a_gpu_is_refused(monkeypatch):
    monkeypatch.setenv("DLBOOK_PROFILE", "gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match="no CUDA device"):
        start()
