"""Make the book's environment in .venv, once, and mend it where it is broken.

Runs on the system's Python with the standard library alone. The file .venv/.ready is written last
and says what the environment was made from: without it a set-up was interrupted and starts anew;
with it, and nothing changed since, there is nothing to do and nothing touches the network.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

BOOK = Path(__file__).resolve().parents[1]
OLDEST = (3, 11)
ROOM = 6  # GB that an environment with PyTorch needs while it is being installed


def fingerprint(book):
    """What an environment is made from: the pinned packages, this Python, and this very folder."""
    parts = [sys.version, sys.prefix, str(book)]  # scripts of an environment hold its own path
    parts += [(book / name).read_text() for name in ("requirements.txt", "pyproject.toml")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def obstacle(book):
    """Say in a sentence why a set-up cannot work here, or nothing."""
    if sys.version_info < OLDEST:
        wanted, here = ".".join(map(str, OLDEST)), sys.version.split()[0]
        return (
            f"The book needs Python {wanted} or newer; {sys.executable} is {here}. "
            f"Install a newer one and say which: make book PYTHON=python{wanted}"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return (
            "This Python cannot make virtual environments. "
            "On Debian or Ubuntu: sudo apt-get install python3-venv"
        )
    free = shutil.disk_usage(book).free / 1e9
    if free < ROOM:
        return f"The environment needs about {ROOM} GB of disk; {free:.1f} GB are free here."


def runs(python):
    """Does this interpreter start? It does not when the system's Python was moved or removed."""
    try:
        return subprocess.call([str(python), "-c", ""], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def install(python, book):
    """Install the pinned packages, naming each as it comes, then the book's own package."""
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install"]
    pinned = [*pip, "--progress-bar", "off", "-r", "requirements.txt"]
    with subprocess.Popen(pinned, cwd=book, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if sys.stdout.isatty() and line.startswith(("Collecting", "Processing", "Installing")):
                print("\r\x1b[K  " + line.split(" (from")[0].strip()[:76], end="", flush=True)
    print()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, pinned)
    own = ["--quiet", "--no-deps", "--no-build-isolation", "--editable", "."]
    subprocess.run([*pip, *own], cwd=book, check=True)


def set_up(book=BOOK, install=install):
    """Leave a working .venv behind; return the exit code."""
    folder, ready = book / ".venv", book / ".venv" / ".ready"
    python = folder / "bin" / "python"
    made_from = ready.read_text() if ready.exists() else None
    whole = made_from is not None and runs(python)
    if whole and made_from == fingerprint(book):
        return 0
    problem = obstacle(book)
    if problem:
        print(problem, file=sys.stderr)
        return 1
    if whole:
        print("The pinned packages changed: bringing .venv up to date.", flush=True)
        ready.unlink()  # until this is done, the environment does not count as made
    else:
        why = "anew: the old one is unfinished or broken" if folder.exists() else "for the book"
        print(f"Making .venv {why}. This takes minutes, PyTorch is large.", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    try:
        install(python, book)
    except subprocess.CalledProcessError:
        print(
            "\nThe packages could not be installed; pip says why above. Installing "
            "needs the network (once): check the connection and run the same command again.",
            file=sys.stderr,
        )
        return 1
    ready.write_text(fingerprint(book))
    print("The environment is ready.", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(set_up())
    except KeyboardInterrupt:
        sys.exit("\nSet-up stopped. The next run starts it again.")
