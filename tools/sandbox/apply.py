"""What `make apply` does: apply the role, tell before and after in plain words, prove it live."""

import argparse
import base64
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tools import collection
from tools.lab import hosts, live
from tools.lab.common import INVENTORY, SSH_CONFIG, TOP, LabError, say

SANDBOX = "sandbox"
# Short enough to watch; a person's own hosts get the role's defaults.
INTERVAL, COUNT_MAX, TMOUT = 3, 1, 5
MAXIMUM = INTERVAL * (COUNT_MAX + 1)
SHORT = {
    "session_timeouts_client_alive_interval": INTERVAL,
    "session_timeouts_client_alive_count_max": COUNT_MAX,
    "session_timeouts_tmout": TMOUT,
}
# Read-only, and no login file is run as root. One line of "key value" for each number.
PROBE = r"""
sshd=$(command -v sshd || echo /usr/sbin/sshd)
$sshd -T -C user=nobody,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22 |
    grep -i '^clientalive'
for shell in bash zsh ksh mksh; do
    command -v $shell >/dev/null || continue
    value=$(runuser -u nobody -- env -i HOME=/nonexistent TERM=dumb \
        timeout 10 $shell -lc 'echo "v=${TMOUT-}"' </dev/null 2>/dev/null | sed -n 's/^v=//p')
    echo "$shell ${value:-0}"
done
"""
MARK = "curfew-probe"
PROBE_PLAY = [
    {
        "hosts": "{{ target }}",
        "gather_facts": False,
        "become": True,
        # It changes nothing, and is to ask whatever of the playbook is to run.
        "check_mode": False,
        "diff": False,
        "tags": "always",
        "tasks": [
            {
                "name": "Ask sshd and the login shells",
                "ansible.builtin.shell": PROBE,
                "changed_when": False,
                "register": "probed",
            },
            {
                "name": "Tell the controller",
                "ansible.builtin.debug": {
                    "msg": f"{MARK}:{{{{ [inventory_hostname, probed.stdout] | to_json"
                    " | b64encode }}:"
                },
            },
        ],
    }
]
Said = dict[str, str]


def main() -> int:
    """Apply; the exit status is the playbook's, or 1 when the live proof fails."""
    parser = argparse.ArgumentParser(prog="make apply", description=__doc__)
    parser.add_argument("--inventory", help="apply to these hosts instead of a sandbox")
    parser.add_argument("arguments", nargs="*", help="for ansible-playbook")
    options = parser.parse_args()
    try:
        if options.inventory:
            return _apply(options.inventory, options.arguments, "all")
        return _sandbox(options.arguments)
    except (LabError, live.LiveError) as error:
        say(f"failed: {error}")
        return 1


def _sandbox(arguments: list[str]) -> int:
    say("making the sandbox host (Debian 13 with systemd and sshd, in a container)")
    hosts.up([SANDBOX], fresh=True)
    status = _apply(str(INVENTORY), ["-e", json.dumps(SHORT), *arguments], SANDBOX)
    if status == 0 and "--check" not in arguments:
        _prove()
        print("\nThe sandbox is still there to look at; make lab-down removes it:")
        print(f"  ssh -F {SSH_CONFIG.relative_to(TOP)} ops@{SANDBOX}")
    return status


def _apply(inventory: str, arguments: list[str], target: str) -> int:
    """The same three steps for a sandbox and for anybody's hosts."""
    _heading("Before")
    _tell(_probe(inventory, target, arguments))
    _heading("Applying curfew.session.apply")
    play = ["curfew.session.apply", "-e", f"target={target}", *arguments]
    status = playbook(inventory, *play)
    _heading("After")
    _tell(_probe(inventory, target, arguments))
    return status


def playbook(inventory: str, *arguments: str, quiet: bool = False) -> int:
    """Run ansible-playbook with this collection; return its exit status."""
    return _run(inventory, *arguments, quiet=quiet).returncode


def _run(inventory: str, *arguments: str, quiet: bool) -> subprocess.CompletedProcess[str]:
    """Quiet: nothing is printed unless it fails, and the output is Ansible's default one."""
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(collection.build()),
        "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    if quiet:
        environment |= {"ANSIBLE_STDOUT_CALLBACK": "default", "ANSIBLE_DISPLAY_OK_HOSTS": "true"}
    playbook = Path(sys.executable).parent / "ansible-playbook"
    command = [str(playbook), "--inventory", inventory, *arguments]
    output = subprocess.PIPE if quiet else None
    done = subprocess.run(
        command, env=environment, stdout=output, stderr=output, text=True, check=False
    )
    if quiet and done.returncode:
        print(done.stdout, done.stderr, sep="\n")
    return done


def _probe(inventory: str, target: str, arguments: list[str]) -> dict[str, Said]:
    """What sshd and each login shell say, by host; a host that cannot be asked is left out."""
    with tempfile.TemporaryDirectory() as folder:
        play = Path(folder, "probe.yml")
        play.write_text(json.dumps(PROBE_PLAY))
        words = [str(play), "-e", f"target={target}", *_for_probe(arguments)]
        output = _run(inventory, *words, quiet=True).stdout
    told = re.findall(rf"{MARK}:([A-Za-z0-9+/=]+):", output)
    answers = dict(json.loads(base64.b64decode(one)) for one in told)
    return {host: _said(answers[host]) for host in sorted(answers)}


def _for_probe(arguments: list[str]) -> list[str]:
    """How to reach which hosts; not what means tasks by name, or asks a person about each."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--start-at-task")
    parser.add_argument("--step", action="store_true")
    return parser.parse_known_args(arguments)[1]


def _said(answer: str) -> Said:
    """The first word of each line says what the rest is; some sshd write it in capitals."""
    lines = [line.partition(" ") for line in answer.split("\n") if line]
    return {name.lower(): value for name, _blank, value in lines}


def _tell(answers: dict[str, Said]) -> None:
    for host, said in answers.items():
        print(f"{host}:")
        numbers = [said.pop(name, "") for name in ("clientaliveinterval", "clientalivecountmax")]
        print(f"  sshd: {_client_alive(*numbers)}")
        for shell, seconds in said.items():
            print(f"  {shell}: {_idle(shell, seconds)}")


def _client_alive(interval: str, count: str) -> str:
    """What is no number is shown as it is."""
    if not interval and not count:
        return "did not say its numbers"
    if not (_is_number(interval) and _is_number(count)):
        return f"says interval {interval!r}, count {count!r}"
    if not int(interval) or not int(count):
        return f"never drops a client that is gone (interval {interval} s, count {count})"
    shortest, longest = int(interval) * int(count), int(interval) * (int(count) + 1)
    return (
        f"drops a client that is gone after {shortest} to {longest} s"
        f" (interval {interval} s, count {count}; OpenSSH 9.2 to 9.4 take twice as long)"
    )


def _idle(shell: str, seconds: str) -> str:
    if not _is_number(seconds):
        return f"has TMOUT={seconds!r}, which is no plain number"
    if not int(seconds):
        return "never ends an idle login"
    grace = " and its own 60 s of grace" if shell == "ksh" else ""
    return f"ends an idle login after {int(seconds)} s{grace}"


def _is_number(value: str) -> bool:
    return re.fullmatch("[0-9]{1,12}", value) is not None


def _prove() -> None:
    """Three real sessions at once; each says what came of it as soon as it ends."""
    _heading(f"Live proof (about {2 * MAXIMUM + 2} s)")
    login = live.Login(SANDBOX)
    proofs: dict[str, Callable[[], float]] = {
        f"idle at the prompt, logged out (asked: {TMOUT} s)": lambda: live.idle_logout(
            login, TMOUT + 5
        ),
        f"frozen client, dropped by the server (asked: {MAXIMUM} s at most)": lambda: (
            live.frozen_dropped(login, MAXIMUM + 5)
        ),
        "idle but alive, with a program running, still there": lambda: live.idle_stays(
            login, 2 * MAXIMUM + 2
        ),
    }
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = {pool.submit(proof): what for what, proof in proofs.items()}
        for future in concurrent.futures.as_completed(running):
            print(f"  after {future.result():4.1f} s: {running[future]}", flush=True)


def _heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
