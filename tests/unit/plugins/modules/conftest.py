"""Run a real module the way a host runs it: a process of its own, arguments in JSON."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
TARGET_PYTHON = os.environ.get("CURFEW_TARGET_PYTHON", sys.executable)
# A module that hangs is a failure of the module, not of the test run.
TIME_LIMIT_SECONDS = 120


@pytest.fixture(scope="session")
def module_path(tmp_path_factory):
    """A folder for PYTHONPATH with what a host gets of this collection, and of ansible.

    Copies, so that the first run compiles them for all others: nothing is written beside the
    sources, and a run that compiles takes twice as long.
    """
    import ansible

    folder = tmp_path_factory.mktemp("python-path")
    ours = folder / "ansible_collections" / "curfew" / "session" / "plugins"
    core = Path(ansible.__file__).parent
    for source, target in ((ROOT / "plugins", ours), (core, folder / "ansible")):
        shutil.copytree(str(source / "module_utils"), str(target / "module_utils"))
    (folder / "ansible" / "__init__.py").touch()
    return folder


def environment(module_path):
    """For a process that runs a module; whoever runs the tests may not want byte code."""
    return dict(os.environ, PYTHONPATH=str(module_path), PYTHONDONTWRITEBYTECODE="")


@pytest.fixture
def module_environment(module_path):
    return environment(module_path)


@pytest.fixture
def run_module(module_path, tmp_path_factory):
    """run_module(name, check=False, **args) -> the module's result, whether it failed or not."""

    def run(name, check=False, diff=True, **args):
        options = {"_ansible_check_mode": check, "_ansible_diff": diff}
        arguments = tmp_path_factory.mktemp("arguments") / "args.json"
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": dict(args, **options)}))
        return run_process(
            [TARGET_PYTHON, str(ROOT / "plugins" / "modules" / (name + ".py")), str(arguments)],
            module_path,
        )

    return run


def run_process(command, module_path):
    process = subprocess.Popen(
        command, env=environment(module_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        output, errors = process.communicate(timeout=TIME_LIMIT_SECONDS)
    finally:
        process.kill()
        process.wait()
    text = errors.decode("utf-8", "replace")
    assert "Traceback" not in text, text
    lines = output.decode("utf-8").strip().split("\n")
    assert len(lines) == 1, output
    result = json.loads(lines[0])
    assert (process.returncode != 0) == bool(result.get("failed")), (process.returncode, result)
    return result
