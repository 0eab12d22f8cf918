"""Modules on a host without Ansible's own connection: so that a run can be killed at any moment."""

import base64
import functools
import io
import json
import re
import shlex
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any

from tools import collection
from tools.lab import hosts
from tools.lab.common import SSH_CONFIG
from tools.lab.live import FRESH

FOLDER = "/opt/curfew"
LOGIN_SECONDS = 60
SHELL_SECONDS = 8
REFUSED_SECONDS = 10
SHELLS = ("bash", "dash", "ksh93", "mksh", "zsh")
Result = dict[str, Any]


def install(host: str) -> None:
    """Bring the modules, and the part of Ansible that they import."""
    script = f"mkdir -p {FOLDER} && base64 -d | tar -xz -C {FOLDER}"
    hosts.execute(host, "sh", "-ec", script, stdin=_archive())


def command(module: str, **options: Any) -> str:
    """A line for the host's shell that runs a module."""
    path = f"{FOLDER}/ansible_collections/curfew/session/plugins/modules/{module}.py"
    arguments = shlex.quote(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
    return f"PYTHONPATH={FOLDER} PYTHONDONTWRITEBYTECODE=1 python3 {path} {arguments}"


def run(host: str, module: str, **options: Any) -> Result:
    return result_in(execute(host, command(module, **options) + " 2>&1 || :"))


def result_in(said: str) -> Result:
    assert "{" in said and "Traceback" not in said, said
    return dict(json.JSONDecoder().raw_decode(said, said.index("{"))[0])


def execute(host: str, script: str) -> str:
    """As root, past sshd."""
    return hosts.execute(host, "sh", stdin=script)


def can_log_in(host: str) -> bool:
    return bool(logins(host, "bash"))


def logins(host: str, *shells: str) -> dict[str, str]:
    """The shells in which a fresh client gets in, each an interactive login, and TMOUT there.

    While sshd reads its files again its port is closed for a moment: only that is waited for.
    """
    deadline = time.monotonic() + REFUSED_SECONDS
    said = _log_in(host, shells)
    while "refused" in said and time.monotonic() < deadline:
        said = _log_in(host, shells)
    return dict(re.findall(r"in-(\w+)-(\d*)\s", said))


def _log_in(host: str, shells: tuple[str, ...]) -> str:
    ssh = ["ssh", "-F", str(SSH_CONFIG), *FRESH, "-o", "ConnectTimeout=10", "-o", "LogLevel=INFO"]
    # Each at a terminal of its own, of which it may take hold.
    login = r"$shell -l -i -c 'echo in-$shell-\$TMOUT'"
    start = f'timeout {SHELL_SECONDS} script -qec "{login}" /dev/null </dev/null'
    script = f"for shell in {' '.join(shells)}; do {start}; done 2>&1"
    try:
        return subprocess.run(
            [*ssh, "-l", "ops", host, script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=LOGIN_SECONDS,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired:
        return ""


@functools.cache
def _archive() -> str:
    import ansible

    core = Path(ansible.__file__).parent
    plugins = "ansible_collections/curfew/session/plugins"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("ansible/__init__.py"))
        for name in ("release.py", "module_utils"):
            tar.add(core / name, f"ansible/{name}")
        for name in ("module_utils", "modules"):
            tar.add(collection.TOP / "plugins" / name, f"{plugins}/{name}")
    return base64.b64encode(packed.getvalue()).decode()
