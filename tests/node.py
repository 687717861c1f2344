"""What a script of `figure_scripts` computes, run by Node instead of a browser."""

import json
import os
import shutil
import subprocess

import pytest

from dlbook_utils.interactive import SCRIPTS


def results(script: str, calls: list, method: str = "") -> list:
    """What the script returns for each list of arguments; of a workbench, its `.compute`."""
    if shutil.which("node") is None:  # a person gets a hint; where nobody reads hints, fail
        stop = pytest.fail if os.environ.get("CI") else pytest.skip
        stop("Node is not here (on Debian or Ubuntu: apt-get install nodejs)")
    source = (SCRIPTS / f"{script}.js").read_text()
    code = f"const f =\n{source.strip()};\n"
    code += f"console.log(JSON.stringify({json.dumps(calls)}.map((a) => f{method}(...a))))"
    run = subprocess.run(["node", "-"], input=code, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)
