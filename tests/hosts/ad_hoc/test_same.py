"""The role, the module timeouts, and the two modules one after the other: the same in all they do.

Each goes the same way on the same hosts, step by step: what it says, the bytes that it leaves, and
the answers of sshd and of all login shells are held against what the others said and left.
"""

import base64
import functools
import json
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.hosts.answers import HOSTS
from tests.hosts.drills import remote
from tests.hosts.drills.drill import KEEP, RESTORE
from tools.lab import hosts
from tools.lab.common import INVENTORY

Result = dict[str, Any]
HERE = Path(__file__).parent
PICTURE = (HERE.parent / "picture.py").read_text()
SSHD, TMOUT = "sshd_client_alive", "shell_tmout"
SWITCH = {
    SSHD: "session_timeouts_client_alive_enabled",
    TMOUT: "session_timeouts_tmout_enabled",
}
READONLY = "sed -i '1i readonly TMOUT=5' /etc/profile\n"
# A new file would take one of the two names only.
TWIN = "sed -i 1d /etc/profile; ln /etc/ssh/sshd_config /etc/ssh/twin"
DIRTY = """
rm /etc/ssh/twin
echo 'export TMOUT=60' >> /etc/profile
echo 'ClientAliveInterval 7' > /etc/ssh/sshd_config.d/z.conf
systemctl reload sshd
"""


class Step(NamedTuple):
    """What happens to the host before, and what is then asked for; `refused`: by which of both."""

    interval: int | None
    tmout: int | None
    conflicts: str = "disable"
    before: str = ""
    check: bool = False
    refused: str = ""

    @property
    def shared(self) -> Mapping[str, Any]:
        return {"conflicts": self.conflicts, "state": "present" if self.tmout else "absent"}

    @property
    def options(self) -> Mapping[str, Mapping[str, Any]]:
        if self.tmout is None:
            return {SSHD: {}, TMOUT: {}}
        return {SSHD: {"interval": self.interval, "count_max": 3}, TMOUT: {"timeout": self.tmout}}

    @property
    def variables(self) -> Mapping[str, Any]:
        values = {
            "session_timeouts_client_alive_interval": self.interval,
            "session_timeouts_tmout": self.tmout,
        }
        shared = {f"session_timeouts_{name}": value for name, value in self.shared.items()}
        return {**shared, **(values if self.tmout else {})}


STEPS = {
    "TMOUT refused": Step(60, 900, "report", READONLY, refused=TMOUT),
    "sshd refused": Step(60, 900, "report", TWIN, refused=SSHD),
    "checked": Step(60, 900, before=DIRTY, check=True),
    "present": Step(60, 900),
    "present again": Step(60, 900),
    "changed": Step(30, 600),
    "absent": Step(None, None),
}


class Seen(NamedTuple):
    """What a run said, and what the host was like after it."""

    said: Result
    picture: Result


def _each(act: Callable[[str], Any]) -> dict[str, Any]:
    """Do it on all hosts at once."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(HOSTS, pool.map(act, HOSTS), strict=True))


def _module(host: str, name: str, step: Step, options: Mapping[str, Any]) -> Result:
    asked = {"_ansible_diff": True, "_ansible_check_mode": step.check}
    said = remote.run(host, name, **options, **asked)
    said.pop("invocation")
    # As ansible-core hands them on to the controller, from 2.19 on.
    events = [
        one if isinstance(one, str) else one["event"]["msg"] for one in said.get("warnings", ())
    ]
    return {**said, "warnings": events}


def _by_timeouts(step: Step) -> dict[str, Result]:
    options = {**step.shared, **step.options}
    return _each(lambda host: _module(host, "timeouts", step, options))


def _by_modules(step: Step) -> dict[str, Result]:
    return _each(lambda host: _joined(step, {
        name: _module(host, name, step, {**step.shared, **step.options[name]})
        for name in (SSHD, TMOUT) if step.refused in ("", name)
    }))  # fmt: skip


def _joined(step: Step, parts: dict[str, Result]) -> Result:
    """What timeouts would say of the same; of a refused run, its part of the one that refuses."""
    if step.refused:
        part = parts[step.refused]
        assert part.pop("failed")
        text = part.pop("msg").removesuffix(" Nothing was changed.")
        whole = {"failed": True, "msg": _message(step.refused, text)}
    else:
        whole = {"verified": all(part["verified"] for part in parts.values())}
    for key in ("diff", "warnings"):
        whole[key] = [item for part in parts.values() for item in part.pop(key)]
    whole["changed_files"] = [path for part in parts.values() for path in part["changed_files"]]
    whole["changed"] = any(part["changed"] for part in parts.values())
    return {**whole, **parts}


def _message(name: str, text: str) -> str:
    return (
        f"{name}: {text} Nothing was changed for {SSHD} or {TMOUT}. To do without {name} on this"
        f" host, leave it out (in the role: {SWITCH[name]}: false)."
    )


def _by_role(step: Step) -> dict[str, Result]:
    with tempfile.TemporaryDirectory() as folder:
        variables = {**step.variables, "target": ",".join(HOSTS), "folder": folder}
        command = ["ansible-playbook", "-i", str(INVENTORY), str(HERE / "role.yml"), "--diff"]
        command += ["-e", json.dumps(variables), *(["--check"] if step.check else [])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) is bool(step.refused), done.stdout + done.stderr
        said = {host: json.loads(Path(folder, f"{host}.json").read_text()) for host in HOSTS}
    for one in said.values():
        one.setdefault("warnings", [])
    return said


WAYS = {"timeouts": _by_timeouts, "modules": _by_modules, "role": _by_role}


@functools.cache
def _prepare() -> None:
    _each(lambda host: (remote.install(host), remote.execute(host, KEEP)))


@functools.cache
def _walk(way: str) -> dict[str, dict[str, Seen]]:
    """All steps on all hosts, each by its name and then by the host."""
    _prepare()
    try:
        return {name: _take(WAYS[way], step) for name, step in STEPS.items()}
    finally:
        _each(lambda host: remote.execute(host, RESTORE))


def _take(act: Callable[[Step], dict[str, Result]], step: Step) -> dict[str, Seen]:
    _each(lambda host: remote.execute(host, step.before))
    said = act(step)
    pictures = _each(_picture)
    # The role has done it; a module does it where it is asked to.
    _each(lambda host: remote.execute(host, "systemctl reload sshd"))
    return {host: Seen(said[host], pictures[host]) for host in HOSTS}


def _picture(host: str) -> Result:
    picture: Result = json.loads(hosts.execute(host, "python3", "-", stdin=PICTURE))
    for about in picture["files"].values():
        del about["inode"], about["mtime_ns"]
    return picture


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("way", ["modules", "role"])
def test_same_bytes_and_answers(name: str, way: str, step: str) -> None:
    assert _walk(way)[step][name].picture == _walk("timeouts")[step][name].picture


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("way", ["modules", "role"])
def test_same_sentences(name: str, way: str, step: str) -> None:
    said, wanted = _walk(way)[step][name].said, dict(_walk("timeouts")[step][name].said)
    if way == "modules" and STEPS[step].refused:  # of a refusal: what the one says that refuses
        other = {SSHD: TMOUT, TMOUT: SSHD}[STEPS[step].refused]
        del wanted[other], wanted["verified"]
    assert {key: said.get(key) for key in wanted} == wanted


@pytest.mark.parametrize("way", WAYS)
def test_refused_runs_change_nothing_and_absent_takes_all_back(name: str, way: str) -> None:
    seen = {step: _walk(way)[step][name] for step in STEPS}
    for step, about in seen.items():
        assert bool(about.said.get("failed")) is bool(STEPS[step].refused), about.said
    assert seen["checked"].picture == seen["absent"].picture
    for step in ("TMOUT refused", "sshd refused"):
        said = seen[step].picture["sshd"]["stranger"]
        assert said["clientaliveinterval"] == ["0"]
        assert "/etc/profile.d/tmout.sh" not in seen[step].picture["files"]


@pytest.mark.parametrize("way", WAYS)
def test_check_mode_shows_what_is_written(name: str, way: str) -> None:
    checked, present, again = (
        _walk(way)[step][name] for step in ("checked", "present", "present again")
    )
    assert checked.said["changed"] and present.said["changed"] and not again.said["changed"]
    assert checked.said["diff"] == present.said["diff"] and again.said["diff"] == []
    before, after = checked.picture["files"], present.picture["files"]
    shown = {one["after_header"]: (one["before"], one["after"]) for one in checked.said["diff"]}
    written = {path for path in after if after[path] != before.get(path)}
    assert shown.keys() == {path for path in written if after[path]["data"] is not None}
    for path, texts in shown.items():
        assert texts == (_text(before.get(path)), _text(after[path]))


def _text(about: Mapping[str, Any] | None) -> str:
    return base64.b64decode(about["data"]).decode() if about else ""
