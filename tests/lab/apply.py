"""What `make apply` does: apply the role, tell before and after in plain words, prove it live."""

import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests import collection

from . import hosts, live
from .common import INVENTORY, SSH_CONFIG, TOP, LabError, say

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
PROBE_PLAY = """
- hosts: all
  gather_facts: false
  become: true
  tasks:
    - name: Ask sshd and the login shells
      ansible.builtin.shell: "{{ lookup('file', probe) }}"
      changed_when: false
      register: probed
    - name: Hand the answer to the controller
      ansible.builtin.copy:
        content: "{{ probed.stdout }}"
        dest: "{{ answers }}/{{ inventory_hostname }}"
        mode: "0600"
      delegate_to: localhost
      become: false
      connection: local
"""


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
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(collection.build()),
        "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    playbook = Path(sys.executable).parent / "ansible-playbook"
    command = [str(playbook), "--inventory", inventory, *arguments]
    output = subprocess.PIPE if quiet else None
    done = subprocess.run(
        command, env=environment, stdout=output, stderr=output, text=True, check=False
    )
    if quiet and done.returncode:
        print(done.stdout, done.stderr, sep="\n")
    return done.returncode


def _probe(inventory: str, target: str, arguments: list[str]) -> dict[str, dict[str, str]]:
    """What sshd and each login shell say, by host; a host that cannot be asked is left out."""
    asked = [word for word in arguments if word in ("-K", "-k", "--ask-become-pass", "--ask-pass")]
    with tempfile.TemporaryDirectory() as folder:
        play, probe, answers = Path(folder, "p.yml"), Path(folder, "p.sh"), Path(folder, "answers")
        play.write_text(PROBE_PLAY)
        probe.write_text(PROBE)
        answers.mkdir()
        variables = json.dumps({"probe": str(probe), "answers": str(answers)})
        playbook(inventory, str(play), "--limit", target, "-e", variables, *asked, quiet=True)
        return {
            path.name: dict(line.lower().split(None, 1) for line in path.read_text().splitlines())
            for path in sorted(answers.iterdir())
        }


def _tell(answers: dict[str, dict[str, str]]) -> None:
    for host, said in answers.items():
        print(f"{host}:")
        interval = int(said.pop("clientaliveinterval", 0))
        count = int(said.pop("clientalivecountmax", 0))
        print(f"  sshd: {_client_alive(interval, count)}")
        for shell, seconds in said.items():
            print(f"  {shell}: {_idle(shell, int(seconds))}")


def _client_alive(interval: int, count: int) -> str:
    if not interval or not count:
        return f"never drops a client that is gone (interval {interval} s, count {count})"
    shortest, longest = interval * count, interval * (count + 1)
    return (
        f"drops a client that is gone after {shortest} to {longest} s"
        f" (interval {interval} s, count {count}; OpenSSH 9.2 to 9.4 take twice as long)"
    )


def _idle(shell: str, seconds: int) -> str:
    if not seconds:
        return "never ends an idle login"
    grace = " and its own 60 s of grace" if shell == "ksh" else ""
    return f"ends an idle login after {seconds} s{grace}"


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
