# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new mechanism is a room and a line in a table, and shares what it must with its neighbours."""

import os
import shutil

import pytest

from ansible_collections.curfew.session.plugins.module_utils._engine import timeouts
from ansible_collections.curfew.session.plugins.module_utils._files import changes
from ansible_collections.curfew.session.plugins.module_utils._sshd import asking, finding, reload
from ansible_collections.curfew.session.plugins.module_utils._sshd import service as sshd_service

from . import login_grace

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin:/sbin")
pytestmark = pytest.mark.skipif(SSHD is None, reason="no sshd is installed here")
OLD = "# ours\nInclude @/*.conf\nUseDNS no\n"


class Host:
    """An sshd_config of its own, and how often the daemon and the program were asked."""

    def __init__(self, folder, monkeypatch):
        self.main = folder / "sshd_config"
        self.dropin = folder / "a.conf"
        self.main.write_text(OLD.replace("@", str(folder)))
        self.dropin.write_text("PermitTTY yes\n")
        self.words = sshd_service.CommandLine(config=str(self.main))
        self.listener = None
        self.asked = []
        self.trees = []
        version, ask = asking.version, asking.Prover.ask

        def find():
            self.asked.append("daemon")
            service = sshd_service.Service("ssh", None, self.listener is not None)
            return sshd_service.Daemon(service, self.listener, self.words)

        def counted(binary):
            self.asked.append("version")
            return version(binary)

        def asked(prover, questions):
            self.trees += [(question.tree.texts, question.planned) for question in questions]
            return ask(prover, questions)

        monkeypatch.setattr(finding, "find", find)
        monkeypatch.setattr(asking, "version", counted)
        monkeypatch.setattr(asking.Prover, "ask", asked)

    def text(self):
        return self.main.read_text()

    def run(self, check_mode=False, alive=None, grace=None, **shared):
        params = {name: spec.get("default") for name, spec in timeouts.spec().items()}
        params.update(shared)
        given = {"sshd_client_alive": alive, "sshd_login_grace": grace}
        for mechanism, _switch in timeouts.MECHANISMS:
            own = given.get(mechanism.NAME)
            if own is not None:
                spec = timeouts.spec()[mechanism.NAME]["options"]
                defaults = {name: option.get("default") for name, option in spec.items()}
                params[mechanism.NAME] = dict(defaults, **own)
        del self.asked[:], self.trees[:]
        return timeouts.run_given(params, check_mode)


@pytest.fixture
def host(tmp_path, monkeypatch):
    tmp_path.chmod(0o755)
    line = timeouts.MECHANISMS[0]._replace(mechanism=login_grace, switch="login_grace_enabled")
    monkeypatch.setattr(timeouts, "MECHANISMS", timeouts.MECHANISMS + (line,))
    return Host(tmp_path, monkeypatch)


BOTH = {"alive": {"interval": 60, "count_max": 3}, "grace": {"time": "2m"}}


def test_its_options_are_there(host):
    spec = timeouts.spec()["sshd_login_grace"]["options"]
    assert spec["time"] == {"type": "raw"} and "default" not in spec["verify"]


def test_two_that_change_the_same_file(host):
    before = host.text()
    foreseen = host.run(check_mode=True, **BOTH)
    assert host.text() == before
    real = host.run(**BOTH)
    assert not real.get("failed"), real
    values = "ClientAliveInterval 60\nClientAliveCountMax 3\nLoginGraceTime 120\n"
    assert sorted(host.text().split("\n")) == sorted((before + values).split("\n"))
    assert foreseen["diff"] == real["diff"]
    (diff,) = real["diff"]
    assert (diff["before"], diff["after"]) == (before, host.text())
    assert foreseen["changed_files"] == real["changed_files"] == [str(host.main)]
    for result in (foreseen, real):
        assert (result["changed"], result["verified"]) == (True, True)
        assert result["sshd_login_grace"]["seconds"] == "120"
        assert result["sshd_client_alive"]["effective"] == {"interval_seconds": 60, "count_max": 3}
    assert sorted(os.listdir(str(host.main.parent))) == ["a.conf", "sshd_config"]
    again = host.run(**BOTH)
    assert (again["changed"], again["diff"], again["verified"]) == (False, [], True)


def test_what_both_ask_of_the_host_is_asked_once(host):
    for check_mode in (True, False):
        host.run(check_mode=check_mode, **BOTH)
        assert sorted(host.asked) == ["daemon", "version"]


def test_both_are_proven_on_the_one_tree_that_will_be(host):
    host.run(**BOTH)
    planned = [texts for texts, is_planned in host.trees if is_planned]
    final = {str(host.main): host.text(), str(host.dropin): "PermitTTY yes\n"}
    assert planned == [final, final]
    # ...and both again on what was written.
    assert [texts for texts, is_planned in host.trees if not is_planned][-2:] == [final, final]


def test_one_that_cannot_be_keeps_the_other_from_being(host):
    host.words = host.words._replace(options=("LoginGraceTime=5",))
    before = host.text()
    result = host.run(**BOTH)
    assert result["msg"].startswith(
        "sshd_login_grace: LoginGraceTime would be 5, not 120, for user"
    )
    assert result["msg"].endswith(
        " Nothing was changed for sshd_client_alive or sshd_login_grace. To do without"
        " sshd_login_grace on this host, leave it out (in the role: login_grace_enabled: false)."
    )
    assert host.text() == before and not result["changed"]
    assert result["sshd_client_alive"]["before"] == {"interval_seconds": 0, "count_max": 3}


def test_who_changes_nothing_is_proven_again_with_what_the_other_wrote(host, monkeypatch):
    assert not host.run(alive=BOTH["alive"]).get("failed")
    write = changes.Transaction.write

    def write_and_meddle(transaction):
        write(transaction)
        host.main.write_text("ClientAliveInterval 9\n" + host.text())

    monkeypatch.setattr(changes.Transaction, "write", write_and_meddle)
    result = host.run(**BOTH)
    assert result["failed"]
    assert result["msg"].startswith("sshd_client_alive: sshd reads the written files otherwise")


def test_one_reload_is_enough_for_both(host, monkeypatch):
    """Whatever else they are about: one is about a Match block, and the other is not."""
    host.listener = sshd_service.Listener(os.getpid(), None, host.words)
    done = []
    monkeypatch.setattr(reload, "check_reload", lambda *_given: (["127.0.0.1:1"], ["So."]))
    monkeypatch.setattr(reload, "listening_at", lambda *_given: [])
    monkeypatch.setattr(reload, "check_start", lambda *_given: done.append("start"))
    monkeypatch.setattr(reload, "check_listening", lambda *_given: done.append("listen"))
    monkeypatch.setattr(reload, "reload", lambda *_given: done.append("reload"))
    result = host.run(
        alive={"interval": 60, "match": "User root", "reload": True},
        grace={"time": 60, "reload": True},
    )
    assert not result.get("failed"), result
    assert done == ["start", "listen", "reload"]
    assert result["warnings"].count("So.") == 1


def test_both_are_taken_back_together(host):
    before = host.text()
    host.run(**BOTH)
    assert host.text() != before
    result = host.run(alive={}, grace={}, state="absent")
    assert result["changed"] and host.text() == before
