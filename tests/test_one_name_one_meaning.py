"""A name that the book defines twice, in a chapter or in the package, is one thing."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from freshness import code_of

BOOK = Path(__file__).parents[1]
CHAPTERS = sorted((BOOK / "chapters").glob("*.ipynb"))
DEFINITION = ast.FunctionDef | ast.ClassDef


def definitions(source: str) -> dict[str, str]:
    """Each top-level function and class, as code without docstrings: prose may differ, code not."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, DEFINITION):
            for n in ast.walk(node):
                if isinstance(n, DEFINITION) and ast.get_docstring(n):
                    n.body = n.body[1:] or [ast.Pass()]
            found[node.name] = ast.unparse(node)
    return found


def in_package() -> Iterator[tuple[str, str]]:
    for path in sorted((BOOK / "dlbook_utils").glob("*.py")):
        yield from definitions(path.read_text()).items()


def in_chapter(path: Path) -> dict[str, str]:
    return {name: code for cell in code_of(path) for name, code in definitions(cell).items()}


PACKAGE = dict(in_package())


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_shows_what_the_package_holds(path):
    for name, code in in_chapter(path).items():
        assert code == PACKAGE.get(name, code), name


def test_something_is_held_equal():
    assert any(in_chapter(path).keys() & PACKAGE for path in CHAPTERS)


def test_no_two_modules_define_one_name():
    times = Counter(name for name, _ in in_package())
    assert not [name for name, n in times.items() if n > 1]


def test_a_changed_line_is_noticed_and_a_changed_docstring_is_not():
    one, other_words, other_code = (
        definitions(f"def f(x):\n    '{doc}'\n    return {result}")
        for doc, result in [("one", "x"), ("another", "x"), ("one", "x + 1")]
    )
    assert one == other_words != other_code
