"""The book in one file leaves nothing out that a page needs, and passes no faulty EPUB."""

import zipfile

import editions
import epub_edition
import pytest
from sphinx.errors import ExtensionError

MANIFEST = """<manifest>
    <item id="a" href="chapters/one.xhtml" media-type="application/xhtml+xml" />
    <item id="b" href="_static/book.css" media-type="text/css" />
    <item id="c" href="_static/theme.css" media-type="text/css" />
</manifest>
"""


def test_a_zip_holds_the_pages_in_one_folder(tmp_path):
    html = tmp_path / "_build" / "html"
    (html / "_static").mkdir(parents=True)
    for name in ("index.html", "_static/book.css", "_static/fontawesome.js", "_static/a.js.map"):
        (html / name).write_text(name)
    with zipfile.ZipFile(editions.write_zip(tmp_path)) as packed:
        assert packed.namelist() == [
            f"{editions.NAME}/{n}" for n in ("_static/book.css", "index.html")
        ]
        assert packed.read(f"{editions.NAME}/index.html") == b"index.html"


def test_without_epubcheck_it_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(editions, "JARS", ())
    monkeypatch.delenv("EPUBCHECK_JAR", raising=False)
    editions.check(tmp_path / "book.epub")
    assert "not checked: EPUBCheck is not here" in capsys.readouterr().out


def test_a_faulty_epub_is_refused(tmp_path):
    if editions.checker() is None:
        pytest.skip("EPUBCheck is not here (on Debian or Ubuntu: apt-get install epubcheck)")
    bad = tmp_path / "book.epub"
    with zipfile.ZipFile(bad, "w") as epub:
        epub.writestr("mimetype", "application/epub+zip")
    with pytest.raises(SystemExit, match="EPUBCheck found"):
        editions.check(bad)


def test_a_page_with_formulas_is_declared():
    manifest = epub_edition.with_properties(
        MANIFEST, {"chapters/one.xhtml": "<p><math/><svg/></p>"}
    )
    assert 'media-type="application/xhtml+xml" properties="svg mathml"' in manifest
    assert epub_edition.with_properties(MANIFEST, {"chapters/one.xhtml": "<p/>"}) == MANIFEST


def test_an_aligned_formula_becomes_a_table_in_mathml():
    formula = epub_edition.mathml(r"\begin{aligned} a &= b \\ &< c \end{aligned}", "block")
    assert 'display="block"' in formula
    assert formula.count("<mtr>") == 2
    assert "<mi>&</mi>" not in formula


def test_a_formula_that_the_converter_does_not_know_stops_the_build():
    with pytest.raises(ExtensionError, match=r"no MathML for \\qwertz"):
        epub_edition.mathml(r"a \qwertz b")


def test_what_no_page_uses_is_left_out_of_the_manifest():
    kept = epub_edition.without_unused(MANIFEST)
    assert "theme.css" not in kept
    assert "book.css" in kept
    assert "one.xhtml" in kept


def test_a_folded_cell_is_named_by_text_and_other_summaries_stay():
    html = "<summary>Numbers</summary><p>x</p><summary a='b'>\n<p c>Show</p><p>Hide</p>\n</summary>"
    assert epub_edition.with_plain_summaries(html) == (
        "<summary>Numbers</summary><p>x</p><summary a='b'>Show</summary>"
    )
