"""Offer to launch a chapter elsewhere only where readers could get it: no dead buttons."""

from sphinx.application import Sphinx
from sphinx.config import Config


def only_with_an_address(app: Sphinx, config: Config) -> None:
    """Without the repository's address in _config.yml, take the launch buttons out."""
    options = config.html_theme_options
    if not options.get("repository_url"):
        for name in ("repository_url", "launch_buttons"):
            options.pop(name, None)


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", only_with_an_address)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
