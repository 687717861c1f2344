"""English technical prose that every reader has: the interpreter's own documentation.

Its help topics and the docstrings of its standard library, without doctests: about 1.4 million
characters. Documentation repeats itself, so each paragraph is here once: otherwise a third of what
is held out would stand in the training text, word for word. Another version of Python brings a
slightly different text; a document stays on its side of the split, because its name decides.
"""

import ast
import re
import sysconfig
import zlib
from functools import cache
from pathlib import Path
from pydoc_data.topics import topics

LEFT_OUT = {"site-packages", "test", "idlelib", "lib2to3", "tkinter", "turtledemo", "encodings"}
SHORTEST = 100  # characters; a shorter docstring is a caption, not prose
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@cache
def documents() -> dict[str, str]:
    """Each help topic and each documented module, without repetitions: name to text."""
    return once(with_repetitions())


def with_repetitions() -> dict[str, str]:
    """Each help topic and each documented module of the standard library, as it stands there."""
    library = Path(sysconfig.get_paths()["stdlib"])
    found = {f"topic {name}": cleaned(text) for name, text in sorted(topics.items())}
    for path in sorted([*library.glob("*.py"), *library.glob("*/*.py")]):
        parts = path.relative_to(library).with_suffix("").parts
        if LEFT_OUT.isdisjoint(parts):
            text = docstrings(path.read_text(encoding="utf-8"))
            if text:
                found[f"module {'.'.join(parts)}"] = text
    return found


def once(found: dict[str, str]) -> dict[str, str]:
    """Each paragraph where it stands first; what is for training comes before what is held out."""
    seen, kept = set(), {}
    for name in sorted(found, key=held_out):
        new = []
        for paragraph in found[name].split("\n\n"):
            words = " ".join(paragraph.split())
            if words not in seen:
                seen.add(words)
                new.append(paragraph)
        if new:
            kept[name] = "\n\n".join(new)
    return kept


def docstrings(source: str) -> str:
    """The longer docstrings of a module in the order of its source, one empty line between them."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, DOCUMENTED)]
    nodes.sort(key=lambda node: getattr(node, "lineno", 0))
    texts = [cleaned(ast.get_docstring(node) or "") for node in nodes]
    return "\n\n".join(text for text in texts if len(text) >= SHORTEST)


def cleaned(text: str) -> str:
    """Without paragraphs that hold a doctest, and without white space at ends of lines."""
    paragraphs = re.split(r"\n\s*\n", text)
    kept = [p for p in paragraphs if ">>>" not in p]
    return "\n\n".join(re.sub(r"[ \t]+\n", "\n", p.rstrip()) for p in kept).strip("\n")


def held_out(name: str) -> bool:
    """Whether the document of this name is for testing: about one in ten."""
    return zlib.crc32(name.encode()) % 10 == 0


def prose(part: str) -> list[str]:
    """The documents of the part "train" or "held out"."""
    if part not in ("train", "held out"):
        raise ValueError(f"part is 'train' or 'held out', not {part!r}")
    return [text for name, text in documents().items() if held_out(name) == (part == "held out")]
