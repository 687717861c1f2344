"""The book in one file: as a zip that opens from disk, and as an EPUB.

python tools/editions.py zip     _build/html -> _build/deep-learning-tested.zip
python tools/editions.py epub    _build/epub/deep-learning-tested.epub, checked with EPUBCheck
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

NAME = "deep-learning-tested"
# sources of scripts, and the theme's icon font, which no page loads
NOT_NEEDED = (".map", "fontawesome.js")
JARS = ("/usr/share/java/epubcheck.jar",)  # where Debian's package puts it


def write_zip(book: Path) -> Path:
    """Pack the built pages; unpacked, index.html opens from disk."""
    html, target = book / "_build" / "html", book / "_build" / f"{NAME}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for file in sorted(f for f in html.rglob("*") if f.is_file()):
            if not file.name.endswith(NOT_NEEDED):
                packed.write(file, Path(NAME, file.relative_to(html)))
    return target


def write_epub(book: Path) -> Path:
    """Build the EPUB from nothing; a warning stops it, as it stops the pages."""
    folder = book / "_build" / "epub"
    shutil.rmtree(folder, ignore_errors=True)
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    how = ["build", ".", "--builder", "custom", "--custom-builder", "epub", "-n", "-W"]
    log = book / "_build" / "epub.log"
    with log.open("w") as output:
        run = subprocess.run([jupyter_book, *how], cwd=book, stdout=output, stderr=output)
    if run.returncode:
        sys.exit(f"{log.read_text()[-2000:]}\nThe EPUB could not be built; see {log}")
    return folder / f"{NAME}.epub"


def checker() -> list[str] | None:
    """The command that runs EPUBCheck, or None where it is not installed."""
    jar = next(filter(os.path.exists, [os.environ.get("EPUBCHECK_JAR", ""), *JARS]), None)
    return ["java", "-jar", jar] if jar and shutil.which("java") else None


def check(epub: Path) -> None:
    """Run EPUBCheck; say so where there is none."""
    command = checker()
    if command is None:
        print("not checked: EPUBCheck is not here (on Debian or Ubuntu: apt-get install epubcheck)")
        return
    run = subprocess.run([*command, "--failonwarnings", epub], capture_output=True, text=True)
    if run.returncode:
        found = [line[:200] for line in run.stderr.splitlines() if line.startswith("ERROR")]
        sys.exit("\n".join([*found[:20], f"EPUBCheck found {len(found)} faults in {epub}"]))
    print("EPUBCheck found no faults")


def main(kind: str, book: Path) -> None:
    made = {"zip": write_zip, "epub": write_epub}[kind](book)
    print(f"{made.relative_to(book)}, {made.stat().st_size / 1e6:.1f} MB")
    if kind == "epub":
        check(made)


if __name__ == "__main__":
    main(sys.argv[1], Path.cwd())
