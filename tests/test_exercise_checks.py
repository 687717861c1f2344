"""Each check of an exercise accepts right answers and names the usual mistakes."""

from importlib import import_module
from pathlib import Path

import pytest

from dlbook_utils import checks
from dlbook_utils.exercises import NotYet

# torch's forward mode still uses its own deprecated compiler
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")

CHAPTERS = sorted(p.stem for p in Path(checks.__file__).parent.glob("*.py") if p.stem[0] != "_")
CHECKS = {chapter: import_module(f"dlbook_utils.checks.{chapter}") for chapter in CHAPTERS}
ANSWERS = {chapter: import_module(f"answers.{chapter}") for chapter in CHAPTERS}


def entries(table):
    """Each entry of a table, with the check that it is for."""
    return [
        pytest.param(getattr(CHECKS[chapter], name), entry, id=f"{chapter}-{name}-{i}")
        for chapter, answers in ANSWERS.items()
        for name, given in getattr(answers, table).items()
        for i, entry in enumerate(given)
    ]


def stub(*_):
    """What it must do."""
    ...


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_check_has_right_answers_and_mistakes(chapter):
    names = {name for name, f in vars(CHECKS[chapter]).items() if hasattr(f, "__wrapped__")}
    assert names == set(ANSWERS[chapter].SOLUTIONS) == set(ANSWERS[chapter].MISTAKES)
    assert all(ANSWERS[chapter].SOLUTIONS.values())
    assert all(ANSWERS[chapter].MISTAKES.values())


@pytest.mark.parametrize(("check", "answer"), entries("SOLUTIONS"))
def test_a_right_answer_passes(check, answer, capsys):
    check(answer)
    assert "correct" in capsys.readouterr().out


@pytest.mark.parametrize(("check", "mistake"), entries("MISTAKES"))
def test_a_usual_mistake_is_named(check, mistake):
    wrong, words = mistake
    with pytest.raises(NotYet) as caught:
        check(wrong)
    assert words in str(caught.value)


@pytest.mark.parametrize("untouched", [..., stub])
@pytest.mark.parametrize(
    "check",
    [
        pytest.param(getattr(CHECKS[chapter], name), id=f"{chapter}-{name}")
        for chapter, answers in ANSWERS.items()
        for name in answers.SOLUTIONS
    ],
)
def test_an_untouched_stub_is_not_attempted(check, untouched, capsys):
    check(untouched)
    assert "not attempted" in capsys.readouterr().out
