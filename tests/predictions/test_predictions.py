"""What timeout_info says of a host is what live sessions there then do.

On hosts of its own, which it makes and removes.
"""

import concurrent.futures
import functools
import json
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests import collection
from tests.lab import hosts, live
from tests.lab.common import INVENTORY

from .states import ACCOUNTS, KSH93, PROBES, SETUP, STATES, WATCHED, State

HOSTS = ["debian11-said", "debian12-said", "debian13-said"]
# Longer than any time of the states but ksh93's minute, of which only the beginning is watched.
WATCH_SECONDS = 10
# What a busy machine may add, and what passes at the prompt before the clock is looked at.
SLACK_SECONDS = 4
EARLY_SECONDS = 2

Said = dict[str, Any]


@pytest.fixture(scope="module")
def pool() -> Iterator[concurrent.futures.ThreadPoolExecutor]:
    with concurrent.futures.ThreadPoolExecutor(max_workers=48) as executor:
        yield executor


@pytest.fixture(scope="module", autouse=True)
def lab(pool: concurrent.futures.ThreadPoolExecutor) -> Iterator[None]:
    collection.build()
    hosts.up(HOSTS, fresh=True)
    list(pool.map(lambda host: hosts.execute(host, "sh", "-e", stdin=SETUP), HOSTS))
    yield
    hosts.down(HOSTS)


def timeout_info(names: list[str]) -> dict[str, Said]:
    """The module's answer on each host, in one run."""
    environment = {
        "ANSIBLE_COLLECTIONS_PATH": str(collection.BUILD),
        "ANSIBLE_SSH_ARGS": "-o ControlMaster=no",
    }
    module = ["-m", "curfew.session.timeout_info"]
    command = ["ansible", "-i", str(INVENTORY), ",".join(names), *module]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    parts = re.split(r"^(\S+) \| SUCCESS => ", done.stdout, flags=re.MULTILINE)
    return {host: json.loads(said) for host, said in zip(parts[1::2], parts[2::2], strict=True)}


def put(state: State, names: list[str], pool: concurrent.futures.ThreadPoolExecutor) -> None:
    list(pool.map(lambda name: hosts.execute(name, "sh", stdin=state.script()), names))


@functools.cache
def release(host: str) -> tuple[int, int]:
    return {"debian11": (8, 4), "debian12": (9, 2), "debian13": (10, 0)}[host.partition("-")[0]]


def ended_after(host: str, user: str) -> float | None:
    """Sit at the prompt; None if the session is still there after all the time."""
    try:
        return live.idle_logout(live.Login(host, user), WATCH_SECONDS)
    except live.LiveError as error:
        if "still logged in" not in str(error):
            raise
        return None


def agrees(said: Said, seconds: float | None) -> bool:
    predicted = said["idle_logout_seconds"]
    if predicted is None or predicted > WATCH_SECONDS:
        # Of an account of which nothing can be told, nothing was said that could be wrong.
        return seconds is None or said["state"] == "unknown"
    return seconds is not None and -EARLY_SECONDS <= seconds - predicted <= SLACK_SECONDS


@pytest.mark.parametrize("name", STATES)
def test_idle_sessions(name: str, pool: concurrent.futures.ThreadPoolExecutor) -> None:
    state = STATES[name]
    names = [host for host in HOSTS if release(host) >= state.release]
    put(state, names, pool)
    said = timeout_info(names)
    sessions = [(host, user) for host in names for user in WATCHED]
    ended = pool.map(lambda session: ended_after(*session), sessions)
    accounts = {(host, one["user"]): one for host in names for one in said[host]["accounts"]}
    wrong = [
        (session, accounts[session], seconds)
        for session, seconds in zip(sessions, ended, strict=True)
        if not agrees(accounts[session], seconds)
    ]
    assert not wrong
    for host in names:
        assert_everybody_is_named(said[host])


def assert_everybody_is_named(said: Said) -> None:
    """Each account that nothing covers stands in a sentence of the verdict that says so."""
    sentences = [text for text in said["verdict"] if text.startswith("The account")]
    for account in said["accounts"]:
        named = any(f"`{account['user']}`" in sentence for sentence in sentences)
        assert named == (account["idle_logout_seconds"] is None), (account, sentences)


def kate(said: Said) -> Said:
    found: Said = next(one for one in said["accounts"] if one["user"] == "kate")
    return found


def test_ksh93_ends_a_minute_later(pool: concurrent.futures.ThreadPoolExecutor) -> None:
    put(KSH93["plain"], HOSTS, pool)
    said = timeout_info(HOSTS)
    predicted = {host: kate(said[host])["idle_logout_seconds"] for host in HOSTS}
    ended = pool.map(
        lambda host: live.idle_logout(live.Login(host, "kate"), predicted[host] + SLACK_SECONDS),
        HOSTS,
    )
    for host, seconds in zip(HOSTS, ended, strict=True):
        assert seconds >= predicted[host] - EARLY_SECONDS, host


def test_ksh93_whose_timer_is_off(pool: concurrent.futures.ThreadPoolExecutor) -> None:
    """Releases differ in what they do, so nothing is promised."""
    put(KSH93["guarded"], HOSTS, pool)
    for said in timeout_info(HOSTS).values():
        assert kate(said)["idle_logout_seconds"] is None
        assert "switches the timer" in kate(said)["why"]


def test_vanished_clients(pool: concurrent.futures.ThreadPoolExecutor) -> None:
    put(PROBES, HOSTS, pool)
    said = timeout_info(HOSTS)
    expected = {
        (host, user): next(
            one for one in said[host]["sshd"]["connections"] if one["scope"] == scope
        )["detection_seconds"]
        for host in HOSTS
        for user, scope in (("mike", None), ("bess", "Match User bess"))
    }
    dropped = pool.map(
        lambda session: live.frozen_dropped(
            live.Login(*session), expected[session]["max"] + SLACK_SECONDS
        ),
        expected,
    )
    for session, seconds in zip(expected, dropped, strict=True):
        assert seconds >= expected[session]["min"] - EARLY_SECONDS, (session, seconds)


def test_the_accounts_are_those_of_the_host() -> None:
    """A table that lost its accounts would find nothing wrong."""
    for said in timeout_info(HOSTS).values():
        assert set(ACCOUNTS) < {account["user"] for account in said["accounts"]}
