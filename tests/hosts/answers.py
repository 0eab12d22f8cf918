"""What the scenario's plays have kept of each host, by step."""

import base64
import functools
import json
import os
from pathlib import Path
from typing import Any

HOSTS = os.environ["LAB_HOSTS"].split()
ANSWERS = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "answers")
OURS = {"clientaliveinterval", "clientalivecountmax"}


@functools.cache
def answer(step: str, host: str) -> dict[str, Any]:
    """All that was kept: `picture`, and the results of modules by name."""
    found: dict[str, Any] = json.loads((ANSWERS / f"{step}.{host}.json").read_text())
    return found


def files(step: str, host: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = answer(step, host)["picture"]["files"]
    return found


def text(step: str, host: str, path: str) -> str:
    """The content of a file at that time; "" where there was none."""
    data = files(step, host).get(path, {}).get("data")
    return base64.b64decode(data or "").decode()


def contents(step: str, host: str) -> dict[str, str | None]:
    """Every file's bytes, and nothing else about it."""
    return {path: file["data"] for path, file in files(step, host).items()}


def changed(before: str, after: str, host: str) -> set[str]:
    """The paths whose bytes differ, or which are there in one of the two only."""
    old, new = contents(before, host), contents(after, host)
    return {path for path in old.keys() | new.keys() if old.get(path, ()) != new.get(path, ())}


def sshd(step: str, host: str) -> dict[str, dict[str, list[str]]]:
    """What `sshd -T` said, by connection and keyword."""
    found: dict[str, dict[str, list[str]]] = answer(step, host)["picture"]["sshd"]
    return found


def other_keywords(step: str, host: str) -> dict[str, dict[str, list[str]]]:
    """The same without the two directives that are ours."""
    return {
        connection: {key: values for key, values in said.items() if key not in OURS}
        for connection, said in sshd(step, host).items()
    }


def numbers(step: str, host: str, connection: str = "stranger") -> tuple[int, int]:
    """ClientAliveInterval and ClientAliveCountMax of that connection."""
    said = sshd(step, host)[connection]
    return int(said["clientaliveinterval"][0]), int(said["clientalivecountmax"][0])


def shells(step: str, host: str) -> dict[str, dict[str, Any]]:
    """What each login shell said of TMOUT and of everything else."""
    found: dict[str, dict[str, Any]] = answer(step, host)["picture"]["shells"]
    return found


def other_variables(step: str, host: str) -> dict[str, dict[str, Any]]:
    """The same without TMOUT."""
    keys = ("status", "complaint", "env", "umask")
    return {shell: {key: said[key] for key in keys} for shell, said in shells(step, host).items()}


def as_user(user: str, command: str) -> str:
    """The command in an environment that holds nothing of whoever asks."""
    return f"runuser -u {user} -- env -i HOME=/home/{user} PATH=/usr/bin:/bin {command}"
