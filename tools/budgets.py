"""The last lines of `make test`: what each chapter cost in the run that made the pages.

The budgets are a contract with the reader: a chapter that breaks one fails the test run.
"""

import json
import sys
from pathlib import Path

TYPICAL, MOST = 60, 120  # seconds on one core
MEMORY = 2 * 1024  # MiB


def verdict(data: dict) -> str:
    """What the budgets say of one chapter; a broken one is in capitals."""
    if data["execution_seconds"] > MOST:
        return "TOO SLOW"
    if data["peak_mib"] > MEMORY:
        return "TOO MUCH MEMORY"
    return "ok" if data["execution_seconds"] <= TYPICAL else "ok, slower than typical"


def table(runs: dict[str, dict]) -> str:
    rows = [f"{'chapter':<24}{'cells':>7}{'seconds':>10}{'peak MiB':>10}"]
    for name, data in runs.items():
        numbers = f"{data['cells']:>7}{data['execution_seconds']:>10.1f}{data['peak_mib']:>10}"
        rows.append(f"{name:<24}{numbers}  {verdict(data)}")
    rows.append(f"{'budget':<24}{'':>7}{f'{TYPICAL}, {MOST}':>10}{MEMORY:>10}  typical, at most")
    return "\n".join(rows)


def main(book: Path) -> int:
    runs = json.loads((book / "_build" / "run.json").read_text())
    print(table(runs))
    return any(verdict(data).isupper() for data in runs.values())


if __name__ == "__main__":
    sys.exit(main(Path.cwd()))
