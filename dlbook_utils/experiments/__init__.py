"""Experiments that outgrow a chapter, and their stored results.

Each module here, such as `optimizer_comparison`, has a function `run()` that returns what JSON can
hold, its seeds among it; `tools/experiments.py` writes that beside the module. A chapter shows the
stored result, and runs the module's own functions live on a smaller scale.
"""

import ast
import hashlib
import importlib.util
import json
from pathlib import Path

FOLDER = Path(__file__).parent
PACKAGE = "dlbook_utils"
DOCUMENTED = ast.Module | ast.FunctionDef | ast.ClassDef


def stored(name: str) -> dict:
    """The stored result of the experiment `name`; a printed line says where it comes from."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(
            f"no stored result of the experiment {name!r}; in a copy of the book's repository, "
            f"python tools/experiments.py {name} computes it"
        )
    record = json.loads(path.read_text())
    made, seeds = record["made"], record["result"]["seeds"]
    print(
        f"stored result, not computed on this page: {PACKAGE}/experiments/{name}.py · "
        f"seeds {', '.join(map(str, seeds))} · {made['seconds']:.0f} s on one core · "
        f"python {made['python']} · torch {made['torch']}"
    )
    return record["result"]


def script_key(name: str) -> str:
    """A hash of the experiment's code, and of each definition that it imports from the package.

    Comments and docstrings do not count. What those definitions use in their turn does not either:
    tests of their own hold them to what they say.
    """
    tree = ast.parse((FOLDER / f"{name}.py").read_text())
    imported = [
        ast.dump(definition(node.module, alias.name))
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE)
        for alias in node.names
    ]
    text = "\n".join([ast.dump(without_docstrings(tree)), *sorted(imported)])
    return hashlib.sha256(text.encode()).hexdigest()


def definition(module: str, name: str) -> ast.AST:
    """What a module of the package calls `name`: a function, a class, or an assignment."""
    tree = without_docstrings(ast.parse(Path(importlib.util.find_spec(module).origin).read_text()))
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if name in (getattr(node, "name", None), *(ast.unparse(t) for t in targets)):
            return node
    raise LookupError(f"{module} defines no {name}; import it from the module that does")


def without_docstrings(tree: ast.Module) -> ast.Module:
    """The tree itself, with its docstrings taken out."""
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree
