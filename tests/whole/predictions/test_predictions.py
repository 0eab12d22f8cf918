"""What timeout_info says of a host is what live sessions there then do.

On hosts of its own, which it makes and removes.
"""

import concurrent.futures
import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.oracle import CannotBeAsked
from tools import collection
from tools.lab import hosts, live
from tools.lab.common import INVENTORY

from .states import ACCOUNTS, GONE, KSH93, SETUP, STATES, WATCHED, State, rounds

HOSTS = {"debian11-said": (8, 4), "debian12-said": (9, 2), "debian13-said": (10, 0)}
# Longer than any time of the states but ksh93's minute, of which only the beginning is watched.
WATCH_SECONDS = 9
# What a busy machine may add, and what passes at the prompt before the clock is looked at.
SLACK_SECONDS = 4
EARLY_SECONDS = 2
# Of a login that ends before its prompt; and how ssh ends where nobody was logged in at all.
NO_PROMPT = -1.0
OF_SSH = 255
VANISHING = ("bess", "wanda")

Said = dict[str, Any]
Pool = concurrent.futures.ThreadPoolExecutor


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with concurrent.futures.ThreadPoolExecutor(max_workers=48) as executor:
        yield executor


@pytest.fixture(scope="module", autouse=True)
def lab(pool: Pool) -> Iterator[None]:
    collection.build()
    hosts.up(HOSTS, fresh=True)
    list(pool.map(lambda host: hosts.execute(host, "sh", "-e", stdin=SETUP), HOSTS))
    yield
    hosts.down(HOSTS)


def ansible(names: Sequence[str], module: str, **options: Any) -> dict[str, Said]:
    """The module's answer on each host, in one run."""
    environment = {
        "ANSIBLE_COLLECTIONS_PATH": str(collection.BUILD),
        "ANSIBLE_SSH_ARGS": "-o ControlMaster=no",
    }
    arguments = ["-m", f"curfew.session.{module}"]
    arguments += ["-a", json.dumps(options)] if options else []
    command = ["ansible", "-i", str(INVENTORY), ",".join(names), *arguments]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stdout + done.stderr
    parts = re.split(r"^(\S+) \| (?:SUCCESS|CHANGED) => ", done.stdout, flags=re.MULTILINE)
    return {host: json.loads(said) for host, said in zip(parts[1::2], parts[2::2], strict=True)}


def put(states: dict[str, State], pool: Pool) -> None:
    list(pool.map(lambda host: _put(host, states[host]), states))


def _put(host: str, state: State) -> None:
    hosts.execute(host, "sh", stdin=state.script())
    if state.module:
        ansible([host], "shell_tmout", **state.module)


def measured(session: Callable[[], float]) -> float | None:
    """None if the session is still there after all the time."""
    try:
        return session()
    except live.NoPrompt as error:
        if error.status in (None, OF_SSH):
            raise CannotBeAsked(str(error)) from error
        return NO_PROMPT
    except live.LiveError as error:
        if "still" not in str(error):
            raise
        return None


def agrees(said: Said, seconds: float | None) -> bool:
    if said["state"] == "unknown":
        return True  # nothing was said that could be wrong
    predicted = said["idle_logout_seconds"]
    if predicted is None or predicted > WATCH_SECONDS:
        return seconds is None
    return seconds is not None and -EARLY_SECONDS <= seconds - predicted <= SLACK_SECONDS


# Of whom nothing is said, so that whatever they do agrees; of all others it is.
UNKNOWN = {
    "a login that ends by itself": set(WATCHED) - {"zed", "tess"},
    "a later unset": {"kate", "mike"},
    "ForceCommand": {"bess"},
}


def named(round_: dict[str, str]) -> str:
    return ", ".join(dict.fromkeys(round_.values()))


@pytest.mark.parametrize("round_", rounds(STATES, HOSTS), ids=named)
def test_idle_sessions(round_: dict[str, str], pool: Pool) -> None:
    put({host: STATES[name] for host, name in round_.items()}, pool)
    said = ansible(list(round_), "timeout_info")
    sessions = [(host, user) for host in round_ for user in WATCHED]
    ended = pool.map(
        lambda session: measured(lambda: live.idle_logout(live.Login(*session), WATCH_SECONDS)),
        sessions,
    )
    accounts = {(host, one["user"]): one for host in round_ for one in said[host]["accounts"]}
    wrong = [
        (round_[session[0]], session, accounts[session], seconds)
        for session, seconds in zip(sessions, ended, strict=True)
        if not agrees(accounts[session], seconds)
    ]
    assert not wrong
    for host, name in round_.items():
        assert_everybody_is_named(said[host])
        unknown = {one["user"] for one in said[host]["accounts"] if one["state"] == "unknown"}
        assert unknown & set(WATCHED) == UNKNOWN.get(name, set())


def assert_everybody_is_named(said: Said) -> None:
    """Each account that nothing covers stands in a sentence of the verdict that says so."""
    sentences = [text for text in said["verdict"] if text.startswith("The account")]
    for account in said["accounts"]:
        named = any(f"`{account['user']}`" in sentence for sentence in sentences)
        assert named == (account["state"] != "ends"), (account, sentences)


def kate(said: Said) -> Said:
    found: Said = next(one for one in said["accounts"] if one["user"] == "kate")
    return found


def test_ksh93_whose_timer_is_off(pool: Pool) -> None:
    """Releases differ in what they do, so nothing is promised."""
    put(dict.fromkeys(HOSTS, KSH93["guarded"]), pool)
    for said in ansible(list(HOSTS), "timeout_info").values():
        assert kate(said)["idle_logout_seconds"] is None
        assert "switches the timer" in kate(said)["why"]


@pytest.fixture(scope="module")
def minute(pool: Pool) -> dict[str, tuple[int, concurrent.futures.Future[float]]]:
    """By host, when ksh93's session ends; the hosts come into other states while it lasts."""
    put(dict.fromkeys(HOSTS, KSH93["plain"]), pool)
    said = ansible(list(HOSTS), "timeout_info")
    predicted = {host: kate(said[host])["idle_logout_seconds"] for host in HOSTS}
    logged_in = threading.Barrier(len(HOSTS) + 1, timeout=60)
    sessions = {
        host: (
            seconds,
            pool.submit(
                live.idle_logout,
                live.Login(host, "kate"),
                seconds + 3 * SLACK_SECONDS,
                logged_in.wait,
            ),
        )
        for host, seconds in predicted.items()
    }
    logged_in.wait()  # the next state would be the one that a late login finds
    return sessions


@pytest.mark.usefixtures("minute")
@pytest.mark.parametrize("round_", rounds(GONE, HOSTS), ids=named)
def test_vanished_clients(round_: dict[str, str], pool: Pool) -> None:
    put({host: GONE[name] for host, name in round_.items()}, pool)
    wanted = [{"user": user} for user in VANISHING]
    said = ansible(list(round_), "timeout_info", connections=wanted)
    sessions = [(host, user) for host in round_ for user in VANISHING]
    dropped = pool.map(
        lambda session: measured(lambda: live.frozen_dropped(live.Login(*session), WATCH_SECONDS)),
        sessions,
    )
    for (host, user), seconds in zip(sessions, dropped, strict=True):
        told = said[host]["sshd"]["connections"][-len(VANISHING) + VANISHING.index(user)]
        assert_dropped(told["detection_seconds"], seconds, (round_[host], host, told))


def assert_dropped(said: dict[str, Any] | None, seconds: float | None, what: Any) -> None:
    if said is None or said["min"] > WATCH_SECONDS:
        assert seconds is None, what
    else:
        assert seconds is not None, what
        assert said["min"] - EARLY_SECONDS <= seconds <= said["max"] + SLACK_SECONDS, what


def test_ksh93_ends_a_minute_later(
    minute: dict[str, tuple[int, concurrent.futures.Future[float]]],
) -> None:
    for host, (predicted, ended) in minute.items():
        assert ended.result() >= predicted - EARLY_SECONDS, host


def test_the_accounts_are_those_of_the_host() -> None:
    """A table that lost its accounts would find nothing wrong."""
    for said in ansible(list(HOSTS), "timeout_info").values():
        assert set(ACCOUNTS) < {account["user"] for account in said["accounts"]}
