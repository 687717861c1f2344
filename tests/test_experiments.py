"""A stored result was computed by the script that lies beside it, as that script is today."""

import json

import pytest

from dlbook_utils import experiments
from dlbook_utils.experiments import FOLDER, definition, script_key, stored

NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
SCRIPT = '''
"""A docstring."""
from dlbook_utils.training import accuracy

def run():
    """Another."""
    return {"seeds": [0, 1, 2], "value": 1}  # a comment
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(experiments, "FOLDER", tmp_path)
    (tmp_path / "small.py").write_text(SCRIPT)
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_the_script_has_not_changed_since_it_wrote_its_result(name):
    made = json.loads((FOLDER / f"{name}.json").read_text())["made"]
    assert made["key"] == script_key(name), (
        f"{name}.py, or a definition that it imports, has changed since {name}.json was written: "
        f"python tools/experiments.py {name}"
    )


def test_every_result_has_its_script():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(NAMES)


def test_the_key_follows_the_code_and_not_the_words(folder):
    key = script_key("small")
    words = SCRIPT.replace("A docstring", "Other words").replace("a comment", "another")
    (folder / "small.py").write_text(words)
    assert script_key("small") == key
    (folder / "small.py").write_text(SCRIPT.replace("1}", "2}"))
    assert script_key("small") != key


def test_the_key_follows_an_imported_definition(folder, monkeypatch):
    key = script_key("small")
    other = definition("dlbook_utils.training", "fit")
    monkeypatch.setattr(experiments, "definition", lambda module, name: other)
    assert script_key("small") != key


def test_an_import_of_an_import_is_refused(folder):
    (folder / "small.py").write_text("from dlbook_utils.training import nn\n")
    with pytest.raises(LookupError, match="import it from the module that does"):
        script_key("small")


def test_a_result_says_where_it_comes_from(folder, capsys):
    made = {"key": "", "seconds": 12.3, "python": "3.11.7", "torch": "2.13.0"}
    record = {"made": made, "result": {"seeds": [0, 1, 2], "value": 1}}
    (folder / "small.json").write_text(json.dumps(record))
    assert stored("small")["value"] == 1
    assert "seeds 0, 1, 2 · 12 s on one core" in capsys.readouterr().out


def test_a_missing_result_names_the_command(folder):
    with pytest.raises(FileNotFoundError, match="python tools/experiments.py small"):
        stored("small")
