"""The table that ends `make test` fails where a chapter breaks a hard budget."""

import json

import pytest
from budgets import MEMORY, MOST, TYPICAL, main, table


def cost(seconds=10.0, peak=500):
    return {"cells": 40, "execution_seconds": seconds, "peak_mib": peak}


@pytest.mark.parametrize(
    ("chapter", "says", "fails"),
    [
        (cost(), "ok", False),
        (cost(seconds=TYPICAL + 1), "ok, slower than typical", False),
        (cost(seconds=MOST + 1), "TOO SLOW", True),
        (cost(peak=MEMORY + 1), "TOO MUCH MEMORY", True),
    ],
)
def test_a_broken_budget_fails(tmp_path, capsys, chapter, says, fails):
    (tmp_path / "_build").mkdir()
    runs = {"fine": cost(), "this": chapter}
    (tmp_path / "_build" / "run.json").write_text(json.dumps(runs))
    assert main(tmp_path) == fails
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("this")]
    assert line.endswith(f"  {says}")


def test_the_columns_stand_under_their_headings():
    heading, row, budget = table({"a-chapter": cost(seconds=123.4)}).splitlines()
    for name, value in [("cells", "40"), ("seconds", "123.4"), ("peak MiB", "500")]:
        assert heading.index(name) + len(name) == row.index(value) + len(value)
    assert budget.startswith("budget")
