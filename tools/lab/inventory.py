"""What tells others how to reach the hosts: an Ansible inventory and a file for `ssh -F`."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from .common import INVENTORY, KEY, SSH_CONFIG


@dataclass(frozen=True)
class Host:
    """A host that runs."""

    name: str
    address: str
    group: str


def write(hosts: list[Host]) -> None:
    """Write both files anew, for exactly these hosts."""
    _replace(INVENTORY, _inventory(hosts))
    _replace(SSH_CONFIG, _ssh_config(hosts))


def _inventory(hosts: list[Host]) -> str:
    """JSON values are YAML too, so no YAML library is needed."""
    variables = {
        "ansible_connection": "ssh",
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(KEY),
        "ansible_ssh_common_args": f"-F {SSH_CONFIG}",
        "ansible_pipelining": True,
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    lines = ["---", "all:", "  vars:"]
    lines += [f"    {key}: {json.dumps(value)}" for key, value in variables.items()]
    lines += ["  children:"] if hosts else []
    for group in sorted({host.group for host in hosts}):
        lines += [f"    {group}:", "      hosts:"]
        for host in hosts:
            if host.group == group:
                lines += [f"        {host.name}:", f"          ansible_host: {host.address}"]
    return "\n".join(lines) + "\n"


def _ssh_config(hosts: list[Host]) -> str:
    """The hosts are made anew all the time: their keys prove nothing, so none are remembered."""
    lines = []
    for host in hosts:
        lines += [f"Host {host.name} {host.address}", f"  HostName {host.address}"]
    lines += [
        "Host *",
        f"  IdentityFile {KEY}",
        "  IdentitiesOnly yes",
        "  BatchMode yes",
        "  StrictHostKeyChecking no",
        "  UserKnownHostsFile /dev/null",
        "  LogLevel ERROR",
        "  ConnectTimeout 20",
    ]
    return "\n".join(lines) + "\n"


def _replace(path: Path, text: str) -> None:
    """In one step, for whoever reads it at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(text)
    partial.rename(path)
