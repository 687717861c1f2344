"""`make experiments`: compute the stored results of dlbook_utils/experiments anew.

Names as arguments choose some of them. A result replaces the old one only when it is complete.
"""

import argparse
import importlib
import json
import os
import platform
import sys
import time
from pathlib import Path

BOOK = Path(__file__).parents[1]
sys.path.insert(0, str(BOOK))

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy and torch: a result should not depend on the cores

from dlbook_utils.experiments import FOLDER, script_key  # noqa: E402


def experiments(folder: Path = FOLDER) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


def compute(name: str, folder: Path = FOLDER) -> Path:
    """Run one experiment and store its result with where it came from."""
    import torch

    torch.set_num_threads(1)
    key = script_key(name)  # before the run: a script edited meanwhile makes the result stale
    began = time.monotonic()
    result = importlib.import_module(f"dlbook_utils.experiments.{name}").run()
    made = {
        "key": key,
        "seconds": round(time.monotonic() - began, 1),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    path = folder / f"{name}.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"made": made, "result": result}, separators=(",", ":")) + "\n")
    part.replace(path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(experiments())}; all if none")
    names = parser.parse_args().names or experiments()
    if unknown := set(names) - set(experiments()):
        parser.error(f"no experiment {', '.join(unknown)}; there are {', '.join(experiments())}")
    for name in names:
        print(f"{name} ...", flush=True)
        path = compute(name)
        print(f"  {path.relative_to(BOOK)}, {path.stat().st_size / 1000:.0f} KB", flush=True)


if __name__ == "__main__":
    main()
