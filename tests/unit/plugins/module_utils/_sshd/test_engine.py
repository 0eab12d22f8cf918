# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failed run says."""

import shutil

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import engine, facts, options
from ansible_collections.curfew.session.plugins.module_utils._sshd import service as sshd_service
from ansible_collections.curfew.session.plugins.module_utils._sshd.service import (
    CommandLine,
    Daemon,
    Service,
)

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin:/sbin")
RUNS = Service("ssh", None, False)
SETTINGS = [options.Setting("ClientAliveInterval", "60", facts.read_seconds)]


def test_an_error_is_one_line_of_text():
    error = engine.ChangeError("/a\nb\x1b[2J\udcff is not there.")
    assert str(error) == "/a\\nb\\x1b[2J\ufffd is not there."


def request(path, **given):
    spec = options.argument_spec()
    params = {name: option.get("default") for name, option in spec.items()}
    return options.request(dict(params, path=path, **given), SETTINGS, SETTINGS, True)


def failure(monkeypatch, request):
    monkeypatch.setattr(sshd_service, "find", lambda: Daemon(RUNS, None, CommandLine()))
    with pytest.raises(engine.ChangeError) as caught:
        engine.apply(request)
    return caught.value


def test_a_failure_knows_what_was_found_out_before_it(tmp_path, monkeypatch):
    main = tmp_path / "sshd_config"
    main.write_text("Match all\nClientAliveInterval 9\n")
    error = failure(monkeypatch, request("sshd_config"))
    assert error.known == (RUNS, None, None)
    error = failure(monkeypatch, request(str(main), verify=False, sshd="/nowhere/sshd"))
    assert error.known == (RUNS, None, None)
    assert [item["line"] for item in error.conflicts] == [2]


@pytest.mark.skipif(SSHD is None, reason="no sshd is installed here")
def test_a_failure_knows_what_sshd_says(tmp_path, monkeypatch):
    main = tmp_path / "sshd_config"
    main.write_text("Match all\nClientAliveInterval 9\n")
    error = failure(monkeypatch, request(str(main), match="User 'a'"))
    assert error.known[::2] == (RUNS, None) and error.known.version is not None
    error = failure(monkeypatch, request(str(main)))
    assert error.known.before == {"clientaliveinterval": "9"}
    assert [item["line"] for item in error.conflicts] == [2]
    main.write_text("NoSuchKeyword\n")
    error = failure(monkeypatch, request(str(main)))
    assert error.known.before is None and error.conflicts == []


def test_a_failure_of_the_system_is_one_too(monkeypatch):
    def fail():
        raise OSError(5, "Input/output error", "/proc")

    monkeypatch.setattr(sshd_service, "find", fail)
    with pytest.raises(engine.ChangeError, match="^/proc: Input/output error.$") as caught:
        engine.apply(request("/x"))
    assert caught.value.known.service == (None, None, None)
