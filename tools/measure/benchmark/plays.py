"""Plays on hosts that comply, against pings and against three tasks written by hand."""

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tools import collection
from tools.lab import hosts, namespace
from tools.lab.common import INVENTORY, LabError, run
from tools.lab.podman import podman

from .table import Table

# A small fleet. What a run costs the controller once weighs more on one host.
HOSTS = [f"debian13-cost{number}" for number in range(10)]
HEAD = """
- hosts: "{{ target }}"
  gather_facts: false
  become: true
"""
PING = "    - ansible.builtin.ping:\n"
THE_ROLE = "  roles:\n    - curfew.session.session_timeouts\n"
BY_HAND = """\
    - ansible.builtin.lineinfile:
        path: /etc/ssh/sshd_config
        regexp: ^#?ClientAliveInterval
        line: ClientAliveInterval 60
        validate: /usr/sbin/sshd -t -f %s
    - ansible.builtin.lineinfile:
        path: /etc/ssh/sshd_config
        regexp: ^#?ClientAliveCountMax
        line: ClientAliveCountMax 3
        validate: /usr/sbin/sshd -t -f %s
    - ansible.builtin.copy:
        content: "readonly TMOUT=900; export TMOUT\\n"
        dest: /etc/profile.d/by-hand.txt
        mode: "0644"
"""
ONE, TWO, HAND = "one ping", "two pings", "by hand: 2 lineinfile, 1 copy"
ROLE = "the role, both mechanisms"
# What runs, and its tasks; the role is run as people run it, with its arguments checked.
PLAYS = {
    ONE: PING,
    TWO: PING * 2,
    HAND: BY_HAND,
    ROLE: THE_ROLE,
    "sshd_client_alive": "    - curfew.session.sshd_client_alive: {interval: 60, count_max: 3}\n",
    "shell_tmout": "    - curfew.session.shell_tmout: {timeout: 900}\n",
    "timeout_info": "    - curfew.session.timeout_info:\n",
}


class Bound(NamedTuple):
    """How many times what another play costs a play may cost: what is wanted, and what is red.

    A machine that does something else meanwhile shows more than one that is quiet.
    """

    play: str
    other: str
    aim: float
    limit: float


# A view of the host and one class of accounts more, which is root's, cost 0.05 to 0.1; that
# timeout_info sees shells end, two more starts of each.
BOUNDS = (
    Bound(ROLE, TWO, 1.05, 1.3),
    Bound(ROLE, HAND, 0.7, 0.8),
    Bound("sshd_client_alive", ONE, 1.22, 1.5),
    Bound("shell_tmout", ONE, 1.42, 1.9),
    Bound("timeout_info", ONE, 1.4, 2.3),
)


def measure(repeats: int) -> Table:
    """Repeats in random order, medians, hosts made for this alone."""
    hosts.up(HOSTS, fresh=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            books = _books(Path(folder))
            for name in (ROLE, HAND):  # the role first: it brings the hosts to comply
                _play(books[name], idle=False)
            costs: dict[str, list[tuple[float, float]]] = {name: [] for name in PLAYS}
            for _turn in range(repeats):
                for name in random.sample(list(PLAYS), len(PLAYS)):
                    costs[name].append(_play(books[name], idle=True))
    finally:
        hosts.down(HOSTS)
    return _table(costs, repeats)


def _books(folder: Path) -> dict[str, str]:
    books = {}
    for number, (name, text) in enumerate(PLAYS.items()):
        path = folder / f"{number}.yml"
        path.write_text(HEAD + (text if name == ROLE else f"  tasks:\n{text}"))
        books[name] = str(path)
    return books


def _play(book: str, idle: bool) -> tuple[float, float]:
    """Run a play; return its CPU seconds and its wall seconds. `idle`: it must change nothing."""
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(collection.build()),
        "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
        "ANSIBLE_PIPELINING": "true",
    }
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(INVENTORY),
               "-e", json.dumps({"target": ":".join(HOSTS)}), book]  # fmt: skip
    targets = _targets()  # first and last, since looking costs this process children of its own
    began, controller = time.monotonic(), _controller()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    cost, wall = _controller() - controller, time.monotonic() - began
    cost += _targets() - targets
    recap = done.stdout.rpartition("PLAY RECAP")[2]
    changed = recap.count("changed=") - recap.count("changed=0")
    if done.returncode or recap.count("ok=") != len(HOSTS) or (idle and changed):
        raise LabError(f"the play {book} did not run as it must:\n{done.stdout}{done.stderr}")
    return cost, wall


def _controller() -> float:
    """CPU seconds of all ended children: ansible-playbook, its workers, ssh."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _targets() -> float:
    """CPU seconds of all that ran in the hosts, by their control groups."""
    names = [hosts.container(name) for name in HOSTS]
    groups = podman("inspect", "--format", "{{.State.CgroupPath}}", *names).split()
    files = [f"/sys/fs/cgroup{group}/cpu.stat" for group in groups]
    text = run([*namespace.prefix(), "cat", *files])
    return sum(int(line.split()[1]) for line in text.splitlines()
               if line.startswith("usage_usec")) / 1e6  # fmt: skip


def _table(costs: dict[str, list[tuple[float, float]]], repeats: int) -> Table:
    cpu = {name: statistics.median(cost for cost, _wall in costs[name]) for name in PLAYS}
    wall = {name: statistics.median(wall for _cost, wall in costs[name]) for name in PLAYS}
    table = Table(
        f"A run on {len(HOSTS)} hosts that comply already"
        f" (Debian 13, pipelining on; medians of {repeats} runs)",
        ("play", "CPU seconds, controller and hosts", "CPU", "wall time", "wanted", "red above"),
    )
    for name in PLAYS:
        of = TWO if name in (TWO, HAND, ROLE) else ONE
        ratios = [f"{each[name] / each[of]:.2f} x {of}" for each in (cpu, wall)]
        bounds = [bound for bound in BOUNDS if (bound.play, bound.other) == (name, of)]
        limits = [f"{limit:.2f}" for bound in bounds for limit in (bound.aim, bound.limit)]
        table.rows.append((name, f"{cpu[name]:.2f}", *ratios, *(limits or ["", ""])))
    for bound in BOUNDS:
        ratio = cpu[bound.play] / cpu[bound.other]
        table.check(f"CPU of {bound.play}, of {bound.other}", ratio, bound.limit)
    return table
