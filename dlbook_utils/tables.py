"""Tables of results: headings, units in the headings, numbers rounded by who measured them."""

from html import escape

from IPython.display import display

Row = dict[str, object]


def show_table(rows: list[Row], caption: str) -> None:
    """Show rows that share their keys; the keys are the headings."""
    if not rows:
        raise ValueError("a table without rows shows nothing")
    headings = list(rows[0])
    if odd := [row for row in rows if list(row) != headings]:
        raise ValueError(f"every row needs the headings {headings}; this one differs: {odd[0]}")
    cells = [[str(row[heading]) for heading in headings] for row in rows]
    plain = "\n".join([caption, *(" | ".join(line) for line in [headings, *cells])])
    numbers = [all(is_number(row[heading]) for row in rows) for heading in headings]
    html = html_table(headings, [list(map(rich, line)) for line in cells], caption, numbers)
    display({"text/html": html, "text/plain": plain}, raw=True)


def html_table(
    headings: list[str], cells: list[list[str]], caption: str, numbers: list[bool]
) -> str:
    """A table as HTML. `cells` hold HTML; columns of numbers are aligned to the right."""
    align = ['class="dl-number"' if number else "" for number in numbers]
    head = "".join(
        f'<th scope="col" {a}>{rich(h)}</th>' for a, h in zip(align, headings, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td {a}>{cell}</td>" for a, cell in zip(align, line, strict=True))
        + "</tr>"
        for line in cells
    )
    # a wide table scrolls in its own box; the box can be reached by keyboard
    return (
        f'<div class="dl-table" role="region" aria-label="{escape(caption)}" tabindex="0">'
        f"<table><caption>{rich(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def rich(text: str) -> str:
    """Text as HTML, with `code` between backticks."""
    parts = escape(text).split("`")
    if len(parts) % 2 == 0:
        raise ValueError(f"a backtick is not closed in: {text}")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(parts))


def is_number(value: object) -> bool:
    """Whether a cell holds a number, as a number or as text such as "1,024" or "3.2"."""
    try:
        float(str(value).replace(",", ""))
    except ValueError:
        return False
    return True
