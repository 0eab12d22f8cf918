"""What `make apply` tells of hosts before and after; the hosts are this machine, only asked."""

import json
import sys
from pathlib import Path

import pytest

from tools.sandbox import apply

ALIVE = "clientaliveinterval 60\nclientalivecountmax 3\n"
DROPS = "sshd: drops a client that is gone after 180 to 240 s"
# What a host said, and a part of what is told of it.
TOLD = [
    (ALIVE, DROPS),
    ("ClientAliveInterval 60\nClientAliveCountMax 3\n", DROPS),
    ("clientaliveinterval 0\nclientalivecountmax 3\n", "sshd: never drops a client"),
    ("clientaliveinterval 1m\nclientalivecountmax 3\n", "sshd: says interval '1m', count '3'"),
    ("bash 900\n", "sshd: did not say its numbers"),
    ("bash 900\n", "bash: ends an idle login after 900 s\n"),
    ("ksh 900\n", "ksh: ends an idle login after 900 s and its own"),
    ("zsh 0\n", "zsh: never ends an idle login"),
    ("bash 15m\n", "bash: has TMOUT='15m', which is no plain number"),
    ("bash -1\x1b[31m\n", "bash: has TMOUT='-1\\x1b[31m', which"),
    ("bash 1\n2\n", "bash: ends an idle login after 1 s"),
]


@pytest.mark.parametrize(("said", "part"), TOLD)
def test_tells(said: str, part: str, capsys: pytest.CaptureFixture[str]) -> None:
    apply._tell({"web1": apply._said(said)})
    assert part in capsys.readouterr().out


def test_probe_gets_the_arguments_of_the_playbook() -> None:
    given = ["-CDK", "-u", "ops", "--limit", "web1", "--private-key=x", "-e", "ansible_port=1"]
    extra = ["--start-at-task", "Put the session timeouts in force", "--step"]
    assert apply._for_probe([*given[:3], *extra, *given[3:]]) == given


@pytest.fixture
def inventory(tmp_path: Path) -> str:
    """This machine twice; root is only to be had by not asking for it, in the arguments."""
    local = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "ansible_become_method": "none.such",
    }
    file = tmp_path / "hosts.json"
    file.write_text(json.dumps({"all": {"vars": local, "hosts": {"web1": {}, "web2": {}}}}))
    return str(file)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--limit", "web1"],
        ["-l", "web1", "--check", "--diff", "--tags", "none"],
        ["-e", "target=web1", "-CD", "--start-at-task", "none"],
    ],
)
def test_asks_the_hosts_of_the_playbook(inventory: str, arguments: list[str]) -> None:
    answers = apply._probe(inventory, "all", [*arguments, "-e", "ansible_become=false"])
    assert list(answers) == ["web1"]
    assert "bash" in answers["web1"]
