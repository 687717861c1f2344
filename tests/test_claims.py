"""A verdict is what the cases say, or the chapter stops."""

import json

import numpy as np
import pytest
import torch

from dlbook_utils import claims
from dlbook_utils.claims import Claim, audit, claim


@pytest.fixture
def shown(monkeypatch):
    """What was displayed: a list of (data, metadata)."""
    seen = []
    monkeypatch.setattr(
        claims, "display", lambda data, raw, metadata: seen.append((data, metadata))
    )
    return seen


@pytest.mark.parametrize(
    ("verdict", "cases", "since"),
    [
        ("holds", {"a": True, "b": True}, None),
        ("fails", {"a": False}, None),
        ("depends", {"on one side": True, "on the other": False}, None),
        ("outdated", {"today": False}, "release 2, when the default changed"),
    ],
)
def test_a_verdict_that_the_cases_bear_out_is_shown(shown, verdict, cases, since):
    claim("test-one", "Water is wet.", verdict, cases, since=since)
    [(data, _)] = shown
    assert verdict in data["text/html"]
    assert "Water is wet." in data["text/html"]
    assert all(case in data["text/html"] for case in cases)


@pytest.mark.parametrize(
    ("verdict", "cases", "since"),
    [
        ("holds", {"a": True, "b": False}, None),
        ("holds", {"a": False}, None),
        ("fails", {"a": True}, None),
        ("fails", {"a": True, "b": False}, None),
        ("depends", {"a": True, "b": True}, None),
        ("depends", {"a": False}, None),
        ("outdated", {"a": True}, "release 2"),
    ],
)
def test_a_verdict_that_the_cases_contradict_stops_the_chapter(shown, verdict, cases, since):
    with pytest.raises(AssertionError, match="test-one: measured, the verdict is not"):
        claim("test-one", "Water is wet.", verdict, cases, since=since)
    assert shown == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"cases": {}}, "only told"),
        ({"verdict": "true"}, "not one of"),
        ({"id": "Test One"}, "small letters and hyphens"),
        ({"since": "release 2"}, "outdated claims only"),
        ({"verdict": "outdated", "cases": {"a": False}}, "what changed"),
    ],
)
def test_a_claim_that_is_not_well_formed_is_refused(wrong, says):
    right = {"id": "test-one", "sentence": "s", "verdict": "holds", "cases": {"a": True}}
    with pytest.raises(ValueError, match=says):
        Claim(**right | wrong)


def test_the_record_of_a_claim_can_be_written_as_json(shown):
    claim("test-one", "s", "holds", {"a": np.bool_(True), "b": torch.tensor(True)}, seeds=5)
    [(_, metadata)] = shown
    [record] = json.loads(json.dumps(metadata))["dlbook"]["claims"]
    assert record["cases"] == [{"tried": "a", "true": True}, {"tried": "b", "true": True}]
    assert record["seeds"] == 5


def test_markup_in_a_sentence_stays_text_and_backticks_become_code(shown):
    claim("test-one", "`x < 1` & <b>", "holds", {"a": True})
    [(data, _)] = shown
    assert "<code>x &lt; 1</code> &amp; &lt;b&gt;" in data["text/html"]


def test_an_audit_shows_a_row_for_each_claim(shown):
    audit([Claim(f"test-{n}", f"Sentence {n}.", "holds", {"a": True}) for n in "abc"])
    [(data, metadata)] = shown
    assert data["text/html"].count("<tr>") == 1 + 3
    assert [r["id"] for r in metadata["dlbook"]["claims"]] == ["test-a", "test-b", "test-c"]


def test_an_id_stands_once_in_an_audit():
    twice = Claim("test-one", "s", "holds", {"a": True})
    with pytest.raises(ValueError, match="stand twice: test-one"):
        audit([twice, twice])
