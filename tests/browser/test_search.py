"""The search finds what stands in a chapter, offline and at once."""

from conftest import HTML


def test_a_term_of_a_chapter_is_found(open_page):
    page, _, complaints = open_page(HTML / "search.html")
    page.goto(f"{(HTML / 'search.html').as_uri()}?q=checkpointing")
    # results come one by one
    found = page.locator("#search-results li a", has_text="Gradients in PyTorch")
    found.first.wait_for(timeout=10_000)
    assert complaints == []


def test_a_search_takes_less_than_a_tenth_of_a_second(open_page):
    page, *_ = open_page(HTML / "search.html")
    milliseconds = page.evaluate(
        """() => {
          const began = performance.now();
          const query = Search._parseQuery("gradient");
          const results = Search._performSearch(...query);
          if (!results.length) throw new Error("nothing found");
          return performance.now() - began;
        }"""
    )
    assert milliseconds < 100
