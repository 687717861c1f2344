"""Execute chapters and keep their results where Jupyter Book looks for them.

The results lie in a jupyter-cache at _build/.jupyter_cache. That cache knows a notebook by its code
alone; here each record also carries the `dependency_key` of its run, and `drop_stale` removes the
records whose key is no longer true. Prose may change freely: cached outputs are merged into it.
"""

import asyncio
import datetime
import importlib.metadata
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from freshness import chapters_of, dependency_key, profile
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

CELL_TIMEOUT = 600  # seconds
REPORTED = ("torch", "torchvision", "numpy", "matplotlib", "scikit-learn", "jupyter-book")
# one thread per kernel: chapters run side by side, and their times should not depend on that
ONE_THREAD = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "1")
PEAK_KIB = "__import__('resource').getrusage(__import__('resource').RUSAGE_SELF).ru_maxrss"


@dataclass
class Run:
    """One chapter on its way; `error` says in words why it failed, `traceback` where."""

    chapter: Path
    state: str = "waiting"  # then running, and in the end done, cached or failed
    cell: int = 0
    cells: int = 0
    began: float = 0.0
    seconds: float = 0.0
    error: str = ""
    traceback: str = ""


def cache_of(book: Path):
    return get_cache(book / "_build" / ".jupyter_cache")


def record_of(cache, chapter: Path):
    """The stored run of this chapter's present code, or None."""
    try:
        return cache.match_cache_notebook(nbformat.read(chapter, as_version=4))
    except KeyError:
        return None


def drop_stale(book: Path) -> list[Path]:
    """Remove the results that are no longer true; return the chapters that have none now.

    Whatever builds pages from the cache calls this first. A record that carries no key at all was
    stored by somebody who does not know what it depends on, and goes as well.
    """
    cache, without = cache_of(book), []
    for chapter in chapters_of(book):
        record = record_of(cache, chapter)
        if record and record.data.get("dependency_key") != dependency_key(book, chapter):
            cache.remove_cache(record.pk)
            record = None
        if not record:
            without.append(chapter)
    return without


def hardware() -> str:
    """This machine in words."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{processor()}, {cores} cores, {memory:.0f} GiB of memory, {platform.system()}"


def processor() -> str:
    if sys.platform == "darwin":
        ask = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def versions() -> dict[str, str]:
    found = {"Python": platform.python_version()}
    for name in REPORTED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def in_words(error: Exception) -> str:
    """What stopped a chapter, in one sentence."""
    match error:
        case CellExecutionError():
            return f"{error.ename}: {error.evalue}"
        case CellTimeoutError():
            return f"the cell ran for more than {CELL_TIMEOUT} s"
        case DeadKernelError():
            return "the kernel died, which most often means that memory ran out"
    return f"{type(error).__name__}: {error}"


def first_line(source: str) -> str:
    return next((line for line in source.splitlines() if line.strip()), "")


async def peak_mib(client: NotebookClient) -> float:
    """The most memory that the kernel has held so far."""
    message = client.kc.execute("", store_history=False, user_expressions={"peak": PEAK_KIB})
    reply = await client.async_wait_for_reply(message)
    peak = int(reply["content"]["user_expressions"]["peak"]["data"]["text/plain"])
    return peak / (2**20 if sys.platform == "darwin" else 2**10)  # macOS counts bytes, Linux KiB


async def execute_cells(run: Run, notebook, book: Path, timeout: int) -> float:
    """Execute a notebook in place, alone in an empty folder; return the peak memory in MiB.

    The client's own `execute` listens to Ctrl-C for one kernel only; here several run side by side,
    so each is started and stopped by hand.
    """
    path = os.pathsep.join([str(book), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = os.environ | ONE_THREAD | {"DLBOOK_BUILD": "1", "PYTHONPATH": path}
    with tempfile.TemporaryDirectory() as scratch:
        empty = Path(scratch, "empty")
        empty.mkdir()
        # sockets in a folder of our own, so that no port of this machine is opened
        kernel = AsyncKernelManager(transport="ipc", ip=f"{scratch}/kernel")
        # the cache knows a notebook by its metadata too: nothing may be written there
        client = NotebookClient(notebook, km=kernel, timeout=timeout, record_timing=False)
        try:
            await kernel.start_kernel(cwd=empty, env=env)
            await client.async_start_new_kernel_client()
            client.reset_execution_trackers()
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type == "code":
                    run.cell += 1
                    run.error = f"in the cell that begins with\n      {first_line(cell.source)}"
                    await client.async_execute_cell(cell, index, execution_count=run.cell)
            client.set_widgets_metadata()
            run.error = ""
            return await peak_mib(client)
        finally:
            if client.kc:
                client.kc.stop_channels()
            await kernel.shutdown_kernel(now=True)


async def execute(run: Run, book: Path, timeout: int = CELL_TIMEOUT) -> None:
    """Execute a chapter; store what it gave, or say in `run` why it failed."""
    notebook = nbformat.read(run.chapter, as_version=4)
    key = dependency_key(book, run.chapter)
    run.cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    run.state, run.began = "running", time.monotonic()
    try:
        peak = await execute_cells(run, notebook, book, timeout)
    except Exception as error:
        run.state, run.traceback = "failed", str(error)
        run.error = f"{run.error}\n      {in_words(error)}"
        return
    finally:
        run.seconds = time.monotonic() - run.began
    data = {
        "dependency_key": key,
        "execution_seconds": round(run.seconds, 1),
        "peak_mib": round(peak),
        "cells": run.cells,
        "date": datetime.date.today().isoformat(),
        "profile": profile(),
        "versions": versions(),
        "hardware": hardware(),
    }
    name = run.chapter.relative_to(book).as_posix()
    bundle = CacheBundleIn(notebook, name, data=data)
    cache_of(book).cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    run.state = "done"


async def execute_all(
    book: Path, workers: int, watch: Callable[[list[Run]], None], timeout: int = CELL_TIMEOUT
) -> list[Run]:
    """Execute what needs it, `workers` chapters at a time; `watch` sees the runs every second."""
    needed = drop_stale(book)
    runs = [Run(c, "waiting" if c in needed else "cached") for c in chapters_of(book)]
    free = asyncio.Semaphore(workers)

    async def one(run: Run) -> None:
        async with free:
            await execute(run, book, timeout)

    async def watching() -> None:
        while True:
            watch(runs)
            await asyncio.sleep(1)

    watcher = asyncio.create_task(watching())
    try:
        async with asyncio.TaskGroup() as group:
            for run in runs:
                if run.state == "waiting":
                    group.create_task(one(run))
    finally:
        watcher.cancel()
    watch(runs)
    return runs
