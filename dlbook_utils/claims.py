"""A claim: a sentence people say, what was measured, and a verdict to match.

Every claim carries its cases, each a situation that was tried and whether the sentence was true in
it. The verdict follows from the cases; the author writes it down as well, and where the two differ
the chapter stops.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from IPython.display import display

from dlbook_utils.tables import html_table, rich

VERDICTS = {
    "holds": "true in every case tried",
    "depends": "true in some of the cases, on the condition that they name",
    "fails": "true in no case tried",
    "outdated": "true once, and in no case tried today",
}
SIGNS = {True: "✓", False: "✗"}


@dataclass(frozen=True)
class Claim:
    """One claim, checked when it is made.

    id: unique in the book, small letters and hyphens, the chapter's name first.
    sentence: what people say.
    verdict: one of VERDICTS.
    cases: what was tried and measured -> whether the sentence was true there.
    seeds: over how many seeds the cases were measured, where chance plays a part.
    since: for an outdated claim, what changed and when.
    """

    id: str
    sentence: str
    verdict: str
    cases: dict[str, bool]
    seeds: int | None = None
    since: str | None = None

    def __post_init__(self):
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", self.id):
            raise ValueError(f"a claim's id is small letters and hyphens, not {self.id!r}")
        if self.verdict not in VERDICTS:
            raise ValueError(f"{self.id}: {self.verdict!r} is not one of {', '.join(VERDICTS)}")
        if not self.cases:
            raise ValueError(f"{self.id}: a claim without a case is only told")
        if (self.verdict == "outdated") != bool(self.since):
            raise ValueError(f"{self.id}: `since` says what changed, for outdated claims only")
        # numpy's and torch's booleans become plain ones, so that the record can be written as JSON
        object.__setattr__(self, "cases", {case: bool(true) for case, true in self.cases.items()})
        if self.verdict not in self.allowed():
            raise AssertionError(
                f"{self.id}: measured, the verdict is not {self.verdict!r}:\n{self}"
            )

    def allowed(self) -> set[str]:
        """The verdicts that the cases allow."""
        match set(self.cases.values()):
            case s if s == {True}:
                return {"holds"}
            case s if s == {False}:
                return {"fails", "outdated"}
            case _:
                return {"depends"}

    def __str__(self) -> str:
        cases = [f"  {SIGNS[true]} {case}" for case, true in self.cases.items()]
        return "\n".join([f"“{self.sentence}” {self.verdict}{self.footnote()}", *cases])

    def footnote(self) -> str:
        """Seeds and history, where there are any."""
        parts = [f"{self.seeds} seeds"] if self.seeds else []
        parts += [f"since {self.since}"] if self.since else []
        return f" ({'; '.join(parts)})" if parts else ""

    def html_cases(self) -> str:
        """The cases as a list; the sign is also said in words, for those who do not see it."""
        words = {True: "true", False: "not true"}
        return "".join(
            f'<li class="dl-{words[true].replace(" ", "-")}">'
            f'<span class="dl-sign" role="img" aria-label="{words[true]}:">{SIGNS[true]}</span> '
            f"{rich(case)}</li>"
            for case, true in self.cases.items()
        )

    def html_verdict(self) -> str:
        """The verdict as a small label."""
        return f'<span class="dl-verdict dl-{self.verdict}">{self.verdict}</span>'

    def record(self) -> dict:
        """What the ledger of all claims keeps."""
        return {
            "id": self.id,
            "sentence": self.sentence,
            "verdict": self.verdict,
            # a list, because notebooks are stored with the keys of their objects sorted
            "cases": [{"tried": case, "true": true} for case, true in self.cases.items()],
            "seeds": self.seeds,
            "since": self.since,
        }


def claim(
    id: str,
    sentence: str,
    verdict: str,
    cases: dict[str, bool],
    seeds: int | None = None,
    since: str | None = None,
) -> None:
    """Show a claim as a card; stop the chapter where the cases contradict the verdict.

    Arguments as for `Claim`. Raises AssertionError on a contradiction.
    """
    made = Claim(id, sentence, verdict, cases, seeds, since)
    card = (
        f'<section class="dl-claim" id="{made.id}" aria-label="Claim, {made.verdict}">'
        f'<p class="dl-said">{made.html_verdict()} “{rich(made.sentence)}”</p>'
        f"<ul>{made.html_cases()}</ul>"
        f'<p class="dl-note">{escape(made.footnote().strip(" ()"))}</p></section>'
    )
    show_claims([made], card, str(made))


def audit(claims: Iterable[Claim]) -> None:
    """Show many claims as one table, a row each."""
    claims = list(claims)
    ids = [c.id for c in claims]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise ValueError(f"these ids stand twice: {', '.join(twice)}")
    rows = [
        [
            f'<span id="{c.id}">{rich(c.sentence)}</span>',
            c.html_verdict(),
            f"<ul>{c.html_cases()}</ul>{escape(c.footnote().strip(' ()'))}",
        ]
        for c in claims
    ]
    headings = ["What people say", "Verdict", "What was tried"]
    table = html_table(headings, rows, f"Audit of {len(rows)} claims", [False] * 3)
    show_claims(claims, table, "\n".join(map(str, claims)))


def show_claims(claims: list[Claim], html: str, plain: str) -> None:
    """Display claims; the ledger finds their records in the output's metadata."""
    metadata = {"dlbook": {"claims": [c.record() for c in claims]}}
    display({"text/html": html, "text/plain": plain}, raw=True, metadata=metadata)
