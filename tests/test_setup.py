"""The set-up: done once, mended when broken, clear when it cannot be done."""

import contextlib
import subprocess
import sys
from types import SimpleNamespace

import pytest
import setup


@pytest.fixture
def book(tmp_path):
    (tmp_path / "requirements.txt").write_text("torch==2.13.0\n")
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


@pytest.fixture(autouse=True)
def a_quick_venv(monkeypatch):
    """Environments without pip: the tests install nothing."""
    run = subprocess.run

    def quick(command, **options):
        if command[1:3] == ["-m", "venv"]:
            command = [*command, "--without-pip"]
        return run(command, **options)

    monkeypatch.setattr(setup.subprocess, "run", quick)


def install(python, book):
    (book / ".venv" / "installed").write_text((book / "requirements.txt").read_text())


def no_install(python, book):
    raise AssertionError("there was nothing to install")


def no_network(python, book):
    raise subprocess.CalledProcessError(1, "pip")


def interrupted(python, book):
    raise KeyboardInterrupt


def test_a_finished_set_up_is_left_alone(book):
    assert setup.set_up(book, install) == 0
    assert setup.set_up(book, no_install) == 0


def test_without_a_network_one_sentence_says_what_to_do(book, capsys):
    assert setup.set_up(book, no_network) == 1
    assert "needs the network" in capsys.readouterr().err


@pytest.mark.parametrize("failing", [no_network, interrupted])
def test_half_an_environment_is_made_anew(book, failing):
    with contextlib.suppress(KeyboardInterrupt):
        setup.set_up(book, failing)
    (book / ".venv" / "half a package").touch()
    assert setup.set_up(book, install) == 0
    assert (book / ".venv" / "installed").exists()
    assert not (book / ".venv" / "half a package").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(book):
    setup.set_up(book, install)
    (book / ".venv" / "bin" / "python").unlink()
    assert setup.set_up(book, install) == 0
    assert setup.runs(book / ".venv" / "bin" / "python")


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_changed_pins_are_installed_over_the_old_ones(book, name):
    setup.set_up(book, install)
    (book / ".venv" / "old package").touch()
    (book / name).write_text("# changed")
    assert setup.set_up(book, install) == 0
    assert (book / ".venv" / "installed").read_text() == (book / "requirements.txt").read_text()
    assert (book / ".venv" / "old package").exists()
    assert setup.set_up(book, no_install) == 0


def test_half_an_update_is_made_anew(book):
    setup.set_up(book, install)
    (book / ".venv" / "old package").touch()
    (book / "requirements.txt").write_text("torch==2.14.0\n")
    with pytest.raises(KeyboardInterrupt):
        setup.set_up(book, interrupted)
    assert setup.set_up(book, install) == 0
    assert not (book / ".venv" / "old package").exists()


def test_an_environment_does_not_move_with_its_folder(book, tmp_path_factory):
    setup.set_up(book, install)
    moved = book.rename(tmp_path_factory.mktemp("elsewhere") / "book")
    with pytest.raises(AssertionError, match="nothing to install"):
        setup.set_up(moved, no_install)


def test_an_old_python_is_told_what_to_do(book, monkeypatch, capsys):
    monkeypatch.setattr(setup, "OLDEST", (99, 1))
    assert setup.set_up(book, no_install) == 1
    assert "needs Python 99.1 or newer" in capsys.readouterr().err


def test_a_python_without_venv_is_told_what_to_do(book, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert setup.set_up(book, no_install) == 1
    assert "python3-venv" in capsys.readouterr().err


def test_a_full_disk_is_said_before_anything_is_made(book, monkeypatch, capsys):
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda folder: SimpleNamespace(free=1e9))
    assert setup.set_up(book, no_install) == 1
    assert "1.0 GB are free" in capsys.readouterr().err
    assert not (book / ".venv").exists()
