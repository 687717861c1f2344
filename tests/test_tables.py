"""Tables have headings, align numbers, and refuse what does not fit."""

import pytest

from dlbook_utils import tables
from dlbook_utils.tables import is_number, rich, show_table


@pytest.fixture
def shown(monkeypatch):
    seen = []
    monkeypatch.setattr(tables, "display", lambda data, raw: seen.append(data))
    return seen


def test_a_table_shows_each_row_under_its_headings(shown):
    show_table([{"layer": "`conv`", "KiB": 1.5}, {"layer": "linear", "KiB": "1,024"}], "Sizes")
    [data] = shown
    assert "<caption>Sizes</caption>" in data["text/html"]
    assert "<code>conv</code>" in data["text/html"]
    assert data["text/html"].count('<td class="dl-number">') == 2
    assert data["text/plain"].splitlines()[1:3] == ["layer | KiB", "`conv` | 1.5"]


def test_rows_with_other_headings_are_refused():
    with pytest.raises(ValueError, match="needs the headings"):
        show_table([{"a": 1}, {"b": 2}], "Odd")
    with pytest.raises(ValueError, match="without rows"):
        show_table([], "Empty")


def test_markup_is_text():
    assert rich("a < b & `c > d`") == "a &lt; b &amp; <code>c &gt; d</code>"
    with pytest.raises(ValueError, match="not closed"):
        rich("one ` only")


@pytest.mark.parametrize(("value", "number"), [(3, True), ("1,024.5", True), ("3 ms", False)])
def test_a_number_is_told_from_words(value, number):
    assert is_number(value) is number
