"""A real browser on the built pages, with the network blocked."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

HTML = Path(__file__).parents[2] / "_build" / "html"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HINT = "no Chromium found; on Debian or Ubuntu: sudo apt-get install chromium"
# the browser's own calls home would be refused here, many at a time
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def chromium() -> str | None:
    """Where the browser is: CHROMIUM, or a usual name on the path."""
    found = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES)]
    return next(filter(None, found), None)


def without_browser() -> None:
    """Skip with the install hint; where nobody reads hints, in CI, fail."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(HINT)


@pytest.fixture(scope="session")
def browser():
    path = chromium()
    if path is None:
        without_browser()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser):
    """open_page(path, width, theme) -> (page, what it asked for, what it complained of).

    Without `mathematics` a page is there sooner: MathJax, which takes longest, is not loaded.
    """
    contexts = []

    def open_(path: Path, width: int = 1280, theme: str = "light", mathematics: bool = True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
        )
        contexts.append(context)
        page, asked, complaints = context.new_page(), [], []
        context.route(lambda url: not url.startswith("file:"), lambda route: route.abort())
        if not mathematics:
            context.route("**/*mathjax*/**", lambda route: route.fulfill(body=""))
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.goto(path.resolve().as_uri())
        page.wait_for_function("document.readyState === 'complete'")
        wait_for_mathematics(page)
        return page, asked, complaints

    yield open_
    for context in contexts:
        context.close()


def wait_for_mathematics(page) -> None:
    """Until MathJax, where a page has it, has set everything."""
    page.evaluate("() => window.MathJax?.startup?.promise")


def pytest_generate_tests(metafunc):
    """A test with an argument `path` runs for every page of the book."""
    if "path" in metafunc.fixturenames:
        pages = [p for p in sorted(HTML.rglob("*.html")) if "_static" not in p.parts]
        metafunc.parametrize("path", pages, ids=[str(p.relative_to(HTML)) for p in pages])
