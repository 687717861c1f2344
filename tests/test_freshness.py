"""Which changes make a stored result untrue, and which do not."""

import pytest
from freshness import chapters_of, code_of, dependency_key, everything_hash, modules_used
from stub_book import write_book, write_chapter


@pytest.fixture
def book(tmp_path):
    return write_book(tmp_path)


def key(book):
    return dependency_key(book, book / "chapters" / "one.ipynb")


def used(book, *code):
    return {file.relative_to(book / "dlbook_utils").as_posix() for file in modules_used(code, book)}


def test_the_contents_name_the_chapters(book):
    write_chapter(book, "draft", "1 / 0")
    assert [path.stem for path in chapters_of(book)] == ["one", "two"]


def test_a_module_is_used_through_another(book):
    code = code_of(book / "chapters" / "one.ipynb")
    assert used(book, *code) == {"__init__.py", "answers.py", "numbers.py"}


@pytest.mark.parametrize(
    "code",
    [
        "import dlbook_utils.checks.deep",
        "from dlbook_utils.checks import deep as checks",
        "from dlbook_utils.checks.deep import exercise",
        "def later():\n    from dlbook_utils.checks import deep",
    ],
)
def test_each_form_of_import_is_seen(book, code):
    checks = book / "dlbook_utils" / "checks"
    checks.mkdir()
    (checks / "__init__.py").write_text("")
    (checks / "deep.py").write_text("from ..numbers import answer\nexercise = answer\n")
    assert used(book, code) == {"__init__.py", "checks/__init__.py", "checks/deep.py", "numbers.py"}


def test_code_that_cannot_be_read_depends_on_the_whole_package(book):
    assert used(book, "from dlbook_utils import (") == {
        f"{name}.py" for name in ("__init__", "answers", "numbers", "unrelated")
    }


def test_magics_are_no_obstacle(book):
    write_chapter(book, "one", "%matplotlib inline\n!ls", "import dlbook_utils.unrelated")
    assert used(book, *code_of(book / "chapters" / "one.ipynb")) == {"__init__.py", "unrelated.py"}


@pytest.mark.parametrize(
    "file",
    ["dlbook_utils/numbers.py", "dlbook_utils/page.html", "data/new", "requirements.txt"],
)
def test_a_change_of_what_a_chapter_uses_is_noticed(book, file):
    before = key(book)
    (book / file).write_text("answer = 43\n")
    assert key(book) != before


def test_another_profile_is_another_result(book, monkeypatch):
    before = key(book)
    monkeypatch.setenv("DLBOOK_PROFILE", "gpu")
    assert key(book) != before


def test_a_change_of_what_a_chapter_does_not_use_is_not_noticed(book):
    before = key(book)
    (book / "dlbook_utils" / "unrelated.py").write_text("colour = 'red'\n")
    (book / "index.md").write_text("# Another title\n")
    assert key(book) == before


def test_a_lint_setting_is_no_dependency_and_the_package_version_is_one(book):
    def with_project(version, line_length):
        text = f"[project]\nversion = '{version}'\n[tool.ruff]\nline-length = {line_length}\n"
        (book / "pyproject.toml").write_text(text)
        return key(book)

    assert with_project("1.0", 100) == with_project("1.0", 80) != with_project("1.1", 80)


@pytest.mark.parametrize("file", ["index.md", "_config.yml", "_static/new.css", "references.bib"])
def test_pages_are_built_again_when_a_source_changes(book, file):
    before = everything_hash(book)
    (book / file).parent.mkdir(exist_ok=True)
    (book / file).write_text("changed")
    assert everything_hash(book) != before


def test_what_a_build_leaves_behind_is_no_source(book):
    before = everything_hash(book)
    for left in ("_build/html/a.html", "dlbook_utils/__pycache__/a.pyc", ".venv/a", "text/one.md"):
        (book / left).parent.mkdir(parents=True, exist_ok=True)
        (book / left).write_text("left")
    assert everything_hash(book) == before


def test_a_stored_experiment_is_a_dependency_of_the_chapters_that_import_it(book):
    folder = book / "dlbook_utils" / "experiments"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "sweep.json").write_text("1")
    before = key(book)
    (folder / "sweep.json").write_text("2")
    assert key(book) == before
    write_chapter(book, "one", "from dlbook_utils.experiments import stored")
    before = key(book)
    (folder / "sweep.json").write_text("3")
    assert key(book) != before
