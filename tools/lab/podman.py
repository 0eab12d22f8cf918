"""podman, as the lab calls it: in the right namespace and within this machine's limits."""

import functools
import os
import resource
import subprocess

from . import namespace
from .common import CACHE, run


@functools.cache
def _environment() -> dict[str, str]:
    """podman asks for higher limits than a machine without CAP_SYS_RESOURCE grants."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = 20000 if files == resource.RLIM_INFINITY else min(files, 20000)
    conf = CACHE / "containers.conf"
    CACHE.mkdir(parents=True, exist_ok=True)
    conf.write_text(
        f'[containers]\ndefault_ulimits = ["nofile={files}:{files}", "nproc=32768:32768"]\n'
        'pids_limit = 0\n\n[engine]\ncgroup_manager = "cgroupfs"\nruntime = "crun"\n'
    )
    return {**os.environ, "CONTAINERS_CONF": str(conf)}


def podman(*arguments: str, stdin: str | None = None) -> str:
    """Run podman and return what it printed."""
    return run([*namespace.prefix(), "podman", *arguments], env=_environment(), stdin=stdin)


def succeeds(*arguments: str) -> bool:
    """Whether podman, or what it runs in a container, exits with 0."""
    command = [*namespace.prefix(), "podman", *arguments]
    return not subprocess.run(
        command, env=_environment(), capture_output=True, check=False
    ).returncode
