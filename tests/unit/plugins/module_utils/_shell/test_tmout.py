# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the steps of shell_tmout plan and write, and which rights of the drop-in they mend.

The shells are one that says what the drop-in holds.
"""

import os
import re
import stat

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _accounts
from ansible_collections.curfew.session.plugins.module_utils._accounts import Account, Shell
from ansible_collections.curfew.session.plugins.module_utils._files import changes, reading
from ansible_collections.curfew.session.plugins.module_utils._once import Once
from ansible_collections.curfew.session.plugins.module_utils._refusal import BadOption, Refusal
from ansible_collections.curfew.session.plugins.module_utils._shell import (
    asking,
    conflicts,
    obedience,
    options,
    proof,
    result,
    staged,
    tmout,
    verdict,
)
from ansible_collections.curfew.session.plugins.module_utils._shell.reading import Reading

SOFT = [
    ("TMOUT=900\nexport TMOUT\n", True),
    ("", True),
    ("TMOUT=900\nreadonly TMOUT\n", False),
    ("typeset -xr TMOUT=900\n", False),
]


@pytest.mark.parametrize("text, soft", SOFT)
def test_only_what_is_not_readonly_may_stand_beside_what_contradicts(tmp_path, text, soft):
    path = tmp_path / "tmout.sh"
    path.write_text(text)
    assert tmout._is_soft(reading.read(str(path))) == soft


REPAIRED = [
    (0o644, 0o644, False),
    (0o600, 0o644, True),
    (0o666, 0o644, True),
    (0o755, 0o644, True),
    (0o755, 0o755, False),
    (0o644, 0o755, True),
]


@pytest.mark.parametrize("mode, wanted, repaired", REPAIRED)
def test_rights_that_are_mended(tmp_path, mode, wanted, repaired):
    path = tmp_path / "tmout.sh"
    path.write_text("")
    path.chmod(mode)
    assert tmout._needs_repair(reading.read(str(path)), wanted) is repaired


def test_what_is_not_there_needs_no_other_rights(tmp_path):
    snapshot = reading.read(str(tmp_path / "tmout.sh"), missing_ok=True)
    assert tmout._needs_repair(snapshot, 0o644) is False


def test_a_link_is_emptied_and_a_file_removed(tmp_path):
    target, link = tmp_path / "target", tmp_path / "tmout.sh"
    target.write_text("TMOUT=5\n")
    os.symlink("target", str(link))
    absent = options.Options(None, None, str(link), False, True, False, (), ())
    assert tmout._content(absent, reading.read(str(link))) == b""
    assert tmout._content(absent._replace(path=str(target)), reading.read(str(target))) is None


BASH = Shell("/x/bash", "/x/bash", "bash", False)


class Host:
    """A drop-in, and a shell that reads it alone."""

    def __init__(self, path):
        self.path = path
        self.asked = []

    def params(self, **given):
        spec = {name: option.get("default") for name, option in tmout.spec().items()}
        return dict(spec, **dict({"path": str(self.path), "timeout": 900}, **given))

    def said(self, askers, where, text):
        self.asked.append(where)
        values = re.findall(r"^ *TMOUT=([0-9]+)$", text, re.MULTILINE)
        value = values[0] if values else None
        return [
            asking.Answer(asker, "answered", 0, "", value, bool(value), bool(value), {})
            for asker in askers
        ]

    def text(self):
        return self.path.read_text() if self.path.exists() else ""

    def proven(self, **given):
        """Take all steps but the writing, alone."""
        planned = tmout.options(self.params(**given)).look(Once()).plan(())
        return planned.ask(planned.changes).prove(planned.changes)


@pytest.fixture
def host(tmp_path, monkeypatch):
    tmp_path.chmod(0o755)
    host = Host(tmp_path / "tmout.sh")
    survey = {"bash": Reading(["/etc/profile"], True, [])}, []

    def ask_planned(askers, planned, terminal=False):
        (after,) = [
            change.after for change in planned if change.snapshot.path == str(host.path)
        ] or [host.text().encode()]
        return host.said(askers, "staged", (after or b"").decode())

    monkeypatch.setattr(_accounts, "read_passwd", lambda: [Account("root", "/x/bash")])
    monkeypatch.setattr(_accounts, "installed", lambda users: ([BASH], {}))
    monkeypatch.setattr(conflicts, "survey", lambda *_given: survey)
    monkeypatch.setattr(
        staged, "ask_as_is", lambda askers: staged.Seen(host.said(askers, "now", host.text()))
    )
    seen_to_end = obedience.Obedience(verdict.Verdict([], [], {}), [])
    monkeypatch.setattr(obedience, "observe", lambda *_given: seen_to_end)
    monkeypatch.setattr(staged, "ask_planned", ask_planned)
    monkeypatch.setattr(staged, "readers_of", lambda _path, _mode, askers: askers)
    return host


def test_before_anybody_looks_nothing_is_known(host):
    asked = tmout.options(host.params())
    assert asked.known == asked.look(Once()).known == {}


def test_which_file_is_its_own(host, tmp_path):
    host.path.symlink_to("target")
    (tmp_path / "target").write_text("")
    found = tmout.options(host.params()).look(Once())
    assert (found.home, list(found.shared)) == (str(tmp_path), [])
    assert list(found.own) == [str(tmp_path / "target")]


def test_a_folder_that_is_not_there_is_an_option_that_is_wrong(host, tmp_path):
    with pytest.raises(BadOption) as caught:
        tmout.options(host.params(path=str(tmp_path / "no" / "tmout.sh"))).look(Once())
    told = (caught.value.option, caught.value.problem)
    assert told == ("path", f"the folder {tmp_path}/no does not exist.")


def test_accounts_are_read_once_in_a_run(host, monkeypatch):
    read = []
    monkeypatch.setattr(_accounts, "read_passwd", lambda: read.append(1) or [])
    once = Once()
    for _turn in range(2):
        tmout.options(host.params()).look(once)
    assert read == [1]


def test_what_a_run_that_writes_nothing_tells(host):
    step = host.proven(backup=True)
    told = step.result()
    assert set(told) == set(result.unknown()) | {"msg", "warnings"}
    assert (told["changed"], told["verified"]) == (True, True)
    assert told["before"][0]["tmout_seconds"] is None
    assert told["effective"][0]["tmout_seconds"] == 900
    assert told["changed_files"] == [str(host.path)] and told["backup_files"] == []
    assert set(step.known) == {"before", "conflicts", "warnings"}
    assert (step.is_due, step.activation()) == (False, None)
    assert host.asked == ["now", "staged"] and not host.path.exists()


def test_what_is_in_force_is_asked_about_once(host):
    host.path.write_text(host.proven().ordered()[0].after.decode())
    host.asked.clear()
    step = host.proven()
    assert step.ordered() == [] and step.result()["changed"] is False
    assert step.prove_written().result([])["verified"] is True
    assert host.asked == ["now"]


def test_what_is_written_is_asked_about_again(host):
    step = host.proven()
    with pytest.raises(Refusal, match="^TMOUT would be unset .*in /x/bash, not 900"):
        step.prove_written()
    host.path.write_bytes(step.ordered()[0].after)
    told = step.prove_written().result(["/copy"])
    assert told["effective"][0]["tmout_seconds"] == 900 and told["backup_files"] == ["/copy"]
    assert host.asked == ["now", "staged", "now", "now"]


def test_rights_alone_are_planned_as_a_change(host):
    host.path.write_bytes(host.proven().ordered()[0].after)
    host.path.chmod(0o600)
    (change,) = host.proven().ordered()
    assert change.rights and change.mode == 0o644 and change.after == change.snapshot.data
    assert host.asked[-2:] == ["now", "staged"]  # users cannot read it, so that it is tried
    host.path.chmod(0o644)
    assert host.proven().ordered() == []


def test_rights_are_mended_with_the_text(host):
    host.path.write_text("TMOUT=5\n")
    host.path.chmod(0o600)
    (change,) = host.proven().ordered()
    assert change.rights and change.after != change.snapshot.data
    (change,) = host.proven(state="absent", timeout=None).ordered()
    assert not change.rights and change.after is None


def test_rights_that_are_wrong_are_brought_back_where_the_proof_fails(host, monkeypatch):
    """A shell that would have obeyed the planned file and does not obey the written one."""
    host.path.write_text("TMOUT=5\n")
    host.path.chmod(0o600)
    before = os.stat(str(host.path))
    step = host.proven()
    monkeypatch.setattr(
        staged, "ask_as_is", lambda askers: staged.Seen(host.said(askers, "now", "TMOUT=7\n"))
    )
    transaction = changes.Transaction([str(host.path.parent)], step.ordered())
    transaction.write()
    assert stat.S_IMODE(os.stat(str(host.path)).st_mode) == 0o644
    with pytest.raises(Refusal, match="TMOUT would be 7 in /x/bash, not 900"):
        step.prove_written()
    transaction.undo()
    after = os.stat(str(host.path))
    assert (after.st_ino, after.st_mode, host.text()) == (
        before.st_ino,
        before.st_mode,
        "TMOUT=5\n",
    )


def test_a_foreign_file_is_an_option_that_is_wrong(host):
    host.path.write_text("TMOUT=5\nPATH=/x\n")
    with pytest.raises(BadOption) as caught:
        host.proven()
    assert caught.value.option == "path"
    assert caught.value.problem.endswith("holds something else than TMOUT, line 2: PATH=/x")


def test_without_a_shell_nothing_is_proven(host, monkeypatch):
    monkeypatch.setattr(_accounts, "installed", lambda users: ([], {}))
    with pytest.raises(Refusal, match="^No login shell that is known is installed"):
        host.proven()
    assert host.asked == []


def test_login_files_are_read_as_others_will_leave_them(host, monkeypatch, tmp_path):
    """What another mechanism changes there may contradict us, or no longer."""
    profile = tmp_path / "profile"
    profile.write_text("old\n")
    theirs = reading.Change(reading.read(str(profile)), b"new\n")
    texts = []
    real = conflicts.survey

    def survey(files, *given):
        texts.append(files.text(str(profile)))
        return real(files, *given)

    monkeypatch.setattr(conflicts, "survey", survey)
    found = tmout.options(host.params()).look(Once())
    found.plan(())
    found.plan((theirs,))
    assert texts == ["old\n", "new\n"]


def test_a_proof_in_a_view_holds_what_others_plan(host, monkeypatch):
    seen = []
    prove = proof.prove_staged
    monkeypatch.setattr(
        proof,
        "prove_staged",
        lambda *a, planned: seen.append(planned) or prove(*a, planned=planned),
    )
    planned = tmout.options(host.params()).look(Once()).plan(())
    other = reading.Change(reading.Snapshot("/other", "/other", b"", None), b"x")
    planned.ask(()).prove([other] + planned.changes)
    assert seen == [[other] + planned.changes]
