# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each step of a run finds out, and what is known when one fails."""

import os
import shutil

import pytest

from ansible_collections.curfew.session.plugins.module_utils._once import Once
from ansible_collections.curfew.session.plugins.module_utils._refusal import Refusal
from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    facts,
    finding,
    options,
    reload,
    steps,
)
from ansible_collections.curfew.session.plugins.module_utils._sshd import host as sshd_host
from ansible_collections.curfew.session.plugins.module_utils._sshd import service as sshd_service
from ansible_collections.curfew.session.plugins.module_utils._sshd.service import (
    CommandLine,
    Daemon,
    Service,
)

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin:/sbin")
needs_sshd = pytest.mark.skipif(SSHD is None, reason="no sshd is installed here")
RUNS = Service("ssh", None, False)
SETTINGS = [options.Setting("ClientAliveInterval", "60", facts.read_seconds)]
# What is known is told as it is, to be looked at here.
TELLING = steps.Telling(lambda outcome: {"outcome": outcome}, lambda known: {"known": known})
MATCH_ALL = "Match all\nClientAliveInterval 9\n"


def asked(path, **given):
    spec = options.argument_spec()
    params = {name: option.get("default") for name, option in spec.items()}
    request = options.request(dict(params, path=path, **given), SETTINGS, SETTINGS)
    return steps.Asked(request, TELLING)


@pytest.fixture
def daemon(monkeypatch):
    monkeypatch.setattr(finding, "find", lambda: Daemon(RUNS, None, CommandLine()))


def proven(step):
    """Take all steps but the writing, alone."""
    planned = step.look(Once()).plan(())
    return planned.ask(planned.changes).prove(planned.changes)


def failure(step):
    """The error with which one of the steps ends, and what the last one knew that did not."""
    known = step.known
    with pytest.raises(Refusal) as caught:
        step = step.look(Once())
        known = step.known
        step = step.plan(())
        step = step.ask(step.changes)
        known = step.known
        step.prove(())
    return dict(known, **caught.value.known)


def test_a_failure_knows_what_was_found_out_before_it(tmp_path, daemon):
    main = tmp_path / "sshd_config"
    main.write_text(MATCH_ALL)
    assert failure(asked("sshd_config"))["known"] == (RUNS, None, None)
    known = failure(asked(str(main), verify=False, sshd="/nowhere/sshd"))
    assert known["known"] == (RUNS, None, None)
    assert [item["line"] for item in known["conflicts"]] == [2]


@needs_sshd
def test_a_failure_knows_what_sshd_says(tmp_path, daemon):
    main = tmp_path / "sshd_config"
    main.write_text(MATCH_ALL)
    known = failure(asked(str(main), match="User 'a'"))["known"]
    assert known[::2] == (RUNS, None) and known.version is not None
    known = failure(asked(str(main)))
    assert known["known"].before == {"clientaliveinterval": "9"}
    assert [item["line"] for item in known["conflicts"]] == [2]
    main.write_text("NoSuchKeyword\n")
    known = failure(asked(str(main)))
    assert known["known"].before is None and "conflicts" not in known


@needs_sshd
def test_the_conflicts_of_a_refusal_are_in_the_shape_of_the_result(tmp_path, daemon):
    main = tmp_path / "sshd_config"
    main.write_text(MATCH_ALL)
    (conflict,) = failure(asked(str(main)))["conflicts"]
    assert conflict == {
        "path": str(main),
        "line": 2,
        "text": "ClientAliveInterval 9",
        "scope": "Match all",
        "wins": True,
        "disabled": False,
        "accounts": None,
    }


def test_before_anybody_looks_nothing_is_known():
    assert asked("/x").known == {}


@pytest.mark.parametrize("linked", [False, True])
def test_which_files_are_whose(tmp_path, daemon, linked):
    """Where it is locked, and which file others of its kind change, is told of the real file."""
    real = tmp_path / "real"
    real.mkdir()
    main = real / "sshd_config"
    main.write_text("")
    if linked:
        (tmp_path / "link").symlink_to("real")
        main = tmp_path / "link" / "sshd_config"
    found = asked(str(main), verify=False).look(Once())
    assert (found.home, list(found.own)) == (str(real), [])
    assert list(found.shared) == [str(real / "sshd_config")]


@needs_sshd
def test_what_a_run_that_writes_nothing_tells(tmp_path, daemon):
    main = tmp_path / "sshd_config"
    main.write_text("ClientAliveInterval 9\n")
    step = proven(asked(str(main), backup=True))
    outcome = step.result()["outcome"]
    assert (outcome.path, outcome.changed, outcome.verified) == (str(main), True, True)
    assert outcome.known.before == {"clientaliveinterval": "9"}
    assert [values for _item, values in outcome.proven] == [{"clientaliveinterval": "60"}]
    assert (outcome.changed_files, outcome.backup_files) == ([str(main)], [])
    assert step.known == {"known": outcome.known} and step.is_due is False
    assert main.read_text() == "ClientAliveInterval 9\n"
    main.write_text("ClientAliveInterval 60\n")
    told = step.prove_written().result(["/copy"])["outcome"]
    assert told == outcome._replace(backup_files=["/copy"])


@needs_sshd
def test_what_is_written_is_proven_with_the_real_files(tmp_path, daemon):
    main = tmp_path / "sshd_config"
    main.write_text("ClientAliveInterval 9\n")
    step = proven(asked(str(main)))
    with pytest.raises(Refusal, match="sshd reads the written files otherwise than the staged"):
        step.prove_written()
    unproven = proven(asked(str(main), verify=False))
    assert unproven.prove_written().known == unproven.known
    main.write_text("ClientAliveInterval 60\n")
    nothing = proven(asked(str(main)))
    main.write_text("ClientAliveInterval 9\n")
    assert nothing.prove_written().known == nothing.known  # nothing was written


# Whether a reload is asked for, a listener is seen, and it has not read its files; whether one is
# needed, whether it is done, how the warning begins.
RELOADS = [
    (False, True, True, (True, False, None)),
    (True, True, True, (True, True, None)),
    (True, True, False, (False, False, None)),
    (True, True, None, (None, True, None)),
    (False, True, None, (None, False, "Nothing tells whether the running sshd has read")),
    (True, False, None, (None, False, "Nothing is reloaded: whether a running sshd has read")),
]


@pytest.mark.parametrize("wanted, seen, stale, expected", RELOADS)
def test_a_reload_that_is_due(tmp_path, monkeypatch, wanted, seen, stale, expected):
    main = tmp_path / "sshd_config"
    main.write_text("ClientAliveInterval 60\n")
    listener = sshd_service.Listener(os.getpid(), None, CommandLine(config=str(main)))
    service = RUNS._replace(running=True)
    found = Daemon(service, listener if seen else None, CommandLine(config=str(main)))
    monkeypatch.setattr(finding, "find", lambda: found)
    monkeypatch.setattr(sshd_host, "stale", lambda *_given: stale)
    monkeypatch.setattr(reload, "check_reload", lambda *_given: (["127.0.0.1:1"], []))
    monkeypatch.setattr(reload, "listening_at", lambda *_given: [])
    step = proven(asked(None, reload=wanted, verify=False, sshd="/nowhere/sshd"))
    outcome = step.result()["outcome"]
    needed, done, warning = expected
    assert (outcome.reload_needed, step.is_due, outcome.changed) == (needed, done, done)
    activation = step.activation()
    assert bool(activation and activation.is_due) is done
    assert (activation is None) is not done  # the files stay as they are
    assert [text.startswith(warning or "-") for text in outcome.warnings] == [True] * bool(warning)
