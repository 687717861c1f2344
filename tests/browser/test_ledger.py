"""The ledger lists every claim, links to it, and can be filtered."""

import json

import pytest
from conftest import HTML


@pytest.fixture
def records():
    return json.loads((HTML / "pages" / "claims.json").read_text())


def test_every_claim_of_the_ledger_stands_where_it_says(open_page, records):
    pages = {}
    for record in records:
        name, anchor = record["page"].split("#")
        if name not in pages:
            pages[name] = open_page(HTML / name)[0]
        assert pages[name].locator(f"[id='{anchor}']").count() == 1, record["page"]


def test_the_ledger_can_be_filtered(open_page, records):
    page, *_ = open_page(HTML / "pages" / "claims.html")
    rows = page.locator(".dl-ledger tbody tr:visible")
    assert rows.count() == len(records)
    verdict = records[0]["verdict"]
    page.get_by_label("Verdict").select_option(verdict)
    wanted = [r for r in records if r["verdict"] == verdict]
    assert rows.count() == len(wanted) < len(records)
    assert page.locator(".dl-filter output").inner_text() == (
        f"{len(wanted)} of {len(records)} claims"
    )
    page.get_by_label("Words").fill("no claim says this")
    assert rows.count() == 0
