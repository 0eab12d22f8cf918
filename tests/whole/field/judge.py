"""What is claimed of a host, held against what its own programs and live sessions say.

The judge knows nothing of how a module works, and of its words only which file and line they name.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.hosts.drills import remote
from tools.lab import hosts, live
from tools.lab.common import INVENTORY
from tools.sandbox.apply import playbook

from .row import DONE, ENDS, PROBES_SECONDS, REFUSED, SECONDS, STAYS, Row, named

AGENT = Path(__file__).with_name("on_host.py")
START = {
    "sysvinit": "/etc/init.d/ssh restart",
    "openrc": "rc-service ssh restart",
    "runit": "sv restart ssh",
    # The daemon is process 1 and outlives everything; it reads its files again.
    "alone": "kill -HUP 1",
    "directory": "systemctl daemon-reload; systemctl restart slapd nslcd ssh",
}
SYSTEMD = """
systemctl daemon-reload
systemctl stop ssh.socket door.socket
systemctl reset-failed
systemctl restart ssh
"""
PRELUDE = r"""
set -e
person() {  # NAME SHELL and more options of useradd
    name=$1 shell=$2; shift 2
    useradd -m -s "$shell" -p '*' "$@" "$name"
    home=$(getent passwd "$name" | cut -d: -f6)
    mkdir -p "$home/.ssh"; cp /home/ops/.ssh/authorized_keys "$home/.ssh/"
    touch "$home/.zshrc" "$home/.hushlogin"
    chown -R "$name:" "$home"
}
"""
# What a busy machine may add, and how long a session is watched that is to stay.
SLACK, WATCHED = 4, 8
OBEYING = ("bash", "ksh93", "ksh", "mksh")


class Wrong(AssertionError):
    """The row came out otherwise than it must."""


def prepare(host: str) -> None:
    remote.install(host)
    hosts.execute(host, "sh", "-c", "cat > /opt/field.py; mv /opt/field.py /opt/curfew/field.py",
                  stdin=AGENT.read_text())  # fmt: skip
    hosts.execute(host, "touch", "/home/ops/.zshrc", "/home/ops/.hushlogin")
    hosts.execute(host, "python3", "-B", "/opt/curfew/field.py", "keep")


def perform(host: str, row: Row) -> None:
    """Make it, run, judge."""
    if wrong := _perform(host, row):
        raise Wrong("\n".join(wrong))


def restore(host: str) -> bool:
    """Whether the host is again as it came, and lets people in."""
    start = START.get(host.partition("-")[0], SYSTEMD)
    try:
        hosts.execute(host, "python3", "-B", "/opt/curfew/field.py", "restore", start)
    except hosts.LabError as error:
        print(f"{host} is made anew: {error}")
        return False
    return _answers(host)


def _answers(host: str) -> bool:
    deadline = time.monotonic() + 20
    while not (there := remote.can_log_in(host)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return there


def _perform(host: str, row: Row) -> list[str]:
    """Look, run, ask timeout_info, look again: what is asked of the host itself comes last."""
    _script(host, PRELUDE + row.make)
    before = _look(host, row, row.module != "timeout_info")
    _script(host, row.hinder)
    wrong: list[str] = []
    result: dict[str, Any] = {"failed": False}
    if row.module != "timeout_info":
        result, wrong = _of_run(host, row, before)
    told, more = _of_info(host, row)
    _script(host, row.mend)
    ended = {name: ends_or_stays(host, name) for name in row.live}
    after = _look(host, row, True)
    wrong += more
    if row.module != "timeout_info" and not result.get("failed"):
        wrong += _done(host, row, result, before, after, ended)
    if not result.get("failed"):
        wrong += _itself(host, row, ended)
    if told is not None:
        wrong += [*_claims(row, told), *_of_accounts(row, told, after, ended)]
    if row.audit:
        wrong += _of_audit(host, row)
    if row.back and not result.get("failed"):
        wrong += _back(host, row, before)
    return wrong


def _script(host: str, script: str) -> None:
    try:
        hosts.execute(host, "sh", stdin=script)
    except hosts.LabError as error:
        raise Wrong(f"the row itself cannot be made: {error}") from error


def _itself(host: str, row: Row, ended: Mapping[str, str]) -> Iterator[str]:
    """Whether the host is what the row says of it."""
    for name, expected in row.live.items():
        if expected not in (None, ended[name]):
            yield f"the row says that a session of {name} {expected}: {ended[name]}"
    for command in row.holds:
        if not _succeeds(host, command):
            yield f"this does not hold: {command}"


def _look(host: str, row: Row, whole: bool) -> dict[str, Any]:
    wanted = {
        "sshd": row.sshd, "watched": row.watched, "whole": whole,
        "asked": [*row.live, *row.info],
    }  # fmt: skip
    said = hosts.execute(host, "python3", "-B", "/opt/curfew/field.py", "look", json.dumps(wanted))
    return dict(json.loads(said))


def _of_run(host: str, row: Row, before: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    start = time.monotonic()
    result = _run(host, row)
    took = time.monotonic() - start
    after = _look(host, row, False)
    failed = bool(result.get("failed"))
    wrong = [*_processes(before, after), *_traces(row, before, after)]
    if took > row.limit:
        wrong.append(f"it took {took:.0f} s, and may take {row.limit:g} s")
    if failed:
        wrong += _refused(row, result, before, after)
    if failed and row.ends == DONE:
        wrong.append(f"it failed: {result['msg']}")
    if row.ends == REFUSED and not failed:
        wrong.append(f"it did not fail, where it must: {result.get('warnings')}")
    return result, wrong


def _run(host: str, row: Row) -> dict[str, Any]:
    if row.role is None:
        return _module(host, row, row.module, row.options)
    play = [{"hosts": host, "gather_facts": False, "roles": ["curfew.session.session_timeouts"]}]
    path = Path(INVENTORY).with_name(f"{host}.play.yml")
    path.write_text(json.dumps(play))
    status = playbook(str(INVENTORY), str(path), "-e", json.dumps(dict(row.role)), quiet=True)
    return {"failed": bool(status), "msg": "the role failed", "verified": True, "by": "the role"}


def _module(host: str, row: Row, module: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """What it returns, if it does so within twice what it may take; else it is ended."""
    limit = 2 * row.limit + 10
    line = f"timeout -k 5 {limit:g} env {remote.command(module, **options)} 2>&1 || :"
    said = remote.execute(host, line)
    if "{" not in said:
        return {"failed": True, "msg": said or f"no answer within {limit:g} s"}
    return remote.result_in(said)


def _processes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    left = list(after["processes"])
    for name in before["left"]:
        if name in left:
            left.remove(name)
    if left:
        yield f"processes are left behind: {' '.join(left)}"


def _traces(row: Row, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for path in row.watched:
        if _below(path, before["then"]) != _below(path, after["files"]):
            yield f"{path} was touched"


def _below(path: str, files: Mapping[str, Any]) -> dict[str, Any]:
    return {one: files[one] for one in files if one == path or one.startswith(path + "/")}


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    one, two = {**before["files"], **before["then"]}, after["files"]
    return sorted(path for path in {*one, *two} if one.get(path) != two.get(path))


def _refused(row: Row, result: Mapping[str, Any], before: Any, after: Any) -> Iterator[str]:
    changed = _differences(before, after)
    if changed and row.role is None:  # a handler comes after the files, and says so
        yield f"it failed, and has changed {', '.join(changed)}"
    for what in row.names:
        if not named(str(result["msg"]), what):
            yield f"its failure does not name {what}: {result['msg']}"


def _done(
    host: str,
    row: Row,
    result: Mapping[str, Any],
    before: Any,
    after: Any,
    ended: Mapping[str, str],
) -> Iterator[str]:
    said = json.dumps(result, ensure_ascii=False)
    sure = result.get("verified") is True
    if row.ends == DONE and not sure:
        yield f"verified is {result.get('verified')}: {said[:600]}"
    for pattern in row.tells:
        if not re.search(pattern, said):
            yield f"it does not tell {pattern!r}: {result.get('warnings')}"
    for name, alive in before["alive"].items():
        # Where something else ran in its place, there is nothing to be kept.
        if "alive" in alive[1] and after["alive"].get(name) != alive:
            yield f"sh -l -c of {name} said {alive} before, and says {after['alive'].get(name)}"
    if row.of_sshd and sure:
        yield from _numbers(host, row, result, after)
    elif sure:
        yield from _shells(host, row, result, before, after, ended)


def _numbers(host: str, row: Row, result: Mapping[str, Any], after: Any) -> Iterator[str]:
    wanted = [str(row.options["interval"]), str(row.options["count_max"])]
    for name, numbers in after["sshd"].items():
        if numbers != wanted and name not in row.exempt:
            yield f"sshd says {numbers} for {name}, where it is verified"
    if row.gone:
        limit = PROBES_SECONDS * (2 if host.startswith("debian12") else 1) + SLACK
        try:
            live.frozen_dropped(live.Login(host), limit)
        except live.LiveError as error:
            yield f"verified, but: {error}"


def _shells(
    host: str,
    row: Row,
    result: Mapping[str, Any],
    before: Any,
    after: Any,
    ended: Mapping[str, str],
) -> Iterator[str]:
    wanted = str(row.options["timeout"])
    let_off = _let_off(result) | set(row.exempt)
    for name, value in after["logins"].items():
        if value is None and before["logins"].get(name) is not None:
            yield f"{name} no longer comes to a prompt"
        if name in let_off or _family(host, name) not in OBEYING:
            continue
        if value is not None and value != wanted:
            yield f"the shell of {name} has TMOUT={value}, where it is verified"
    for name, end in ended.items():
        if end == STAYS and name not in let_off and _family(host, name) in (*OBEYING, "zsh"):
            yield f"an idle session of {name} stays, where it is verified"


def _family(host: str, name: str) -> str:
    shell = hosts.execute(host, "sh", "-c", f"getent passwd {name} | cut -d: -f7").strip()
    return shell.rpartition("/")[2]


def _let_off(result: Mapping[str, Any]) -> set[str]:
    """Those of whom the run itself says that they are not covered."""
    return {one["user"] for one in result.get("uncovered") or []}


def ends_or_stays(host: str, user: str) -> str:
    """What an idle session really does; ksh93 warns for a minute first, which counts as an end."""
    try:
        with live.session(live.Login(host, user)) as idle:
            return ENDS if idle.end_within(max(WATCHED, SECONDS + SLACK)) else STAYS
    except live.NoPrompt:
        return "comes to no prompt"


def _back(host: str, row: Row, before: Mapping[str, Any]) -> Iterator[str]:
    result = remote.run(host, row.module, state="absent", conflicts="disable")
    changed = _differences(before, _look(host, row, False))
    if result.get("failed") or changed:
        yield f"state=absent does not bring {', '.join(changed)} back: {result.get('msg')}"


def _of_info(host: str, row: Row) -> tuple[dict[str, Any] | None, list[str]]:
    """What timeout_info tells, and what was wrong with the way in which it does."""
    before = _look(host, row, False)
    start = time.monotonic()
    told = _module(host, row, "timeout_info", {})
    took = time.monotonic() - start
    after = _look(host, row, False)
    wrong = [*_processes(before, after), *_traces(row, before, after)]
    if took > row.limit:
        wrong.append(f"timeout_info took {took:.0f} s, and may take {row.limit:g} s")
    if changed := _differences(before, after):
        wrong.append(f"timeout_info has changed {', '.join(changed)}")
    if told.get("failed"):
        return None, [*wrong, f"timeout_info failed: {told['msg']}"]
    return told, wrong


def _claims(row: Row, told: Mapping[str, Any]) -> Iterator[str]:
    accounts = {one["user"]: one for one in told["accounts"]}
    for name, states in row.info.items():
        state = accounts.get(name, {}).get("state", "missing")
        if state not in states:
            why = accounts.get(name, {}).get("why")
            yield f"timeout_info says {state} of {name}, and may say {', '.join(states)}: {why}"
    said = json.dumps(told, ensure_ascii=False)
    for pattern in row.says:
        if not re.search(pattern, said):
            yield f"timeout_info does not say {pattern!r}: {told['verdict']}"
    for pattern in row.never:
        if found := re.search(pattern, said):
            yield f"timeout_info says {found[0]!r}"
    for key, allowed in row.sshd_info.items():
        if told["sshd"].get(key) not in allowed:
            yield f"timeout_info says of sshd's {key}: {told['sshd'].get(key)!r}, not {allowed}"


def _of_accounts(
    row: Row, told: Mapping[str, Any], seen: Any, ended: Mapping[str, str]
) -> Iterator[str]:
    """Each account's own login, and its session where one was watched, decide."""
    for one in told["accounts"]:
        name, value = one["user"], seen["logins"].get(one["user"])
        says_ends = one["state"] == ENDS
        if says_ends and ended.get(name, ENDS) != ENDS:
            yield f"timeout_info says that {name} ends: a session of his {ended[name]}"
        if value is None or one["shell"].rpartition("/")[2] not in ("bash", "mksh"):
            continue
        said = one["idle_logout_seconds"]
        if says_ends and one["ended_by"] == "TMOUT" and str(said) != value:
            yield f"timeout_info says {said} s of {name}, whose own login has {value or 'none'}"
        if one["state"] == "never" and value.strip("0") and ended.get(name) != STAYS:
            yield f"timeout_info says never of {name}, whose own login has {value}"


def _of_audit(host: str, row: Row) -> Iterator[str]:
    folder = Path(INVENTORY).with_name(f"{host}.audit")
    wanted = {**(row.role or {}), "target": host, "session_timeouts_report": str(folder)}
    if row.role is None and not row.of_sshd:
        wanted |= {
            "session_timeouts_tmout": SECONDS,
            "session_timeouts_client_alive_enabled": False,
        }
    elif row.role is None:
        wanted |= {"session_timeouts_tmout_enabled": False}
        wanted |= {
            f"session_timeouts_client_alive_{key}": row.options[key]
            for key in ("interval", "count_max")
        }
    playbook(str(INVENTORY), "curfew.session.audit", "-e", json.dumps(wanted), quiet=True)
    status = json.loads((folder / "report.json").read_text())["hosts"][0]["status"]
    if status not in row.audit:
        yield f"the audit says {status}, and may say {', '.join(row.audit)}"


def _succeeds(host: str, command: str) -> bool:
    try:
        hosts.execute(host, "sh", "-c", command)
    except hosts.LabError:
        return False
    return True
