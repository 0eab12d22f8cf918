# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What else ends sessions on a host: logind's files, PAM's, /etc/environment."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._info import host

SPANS = [
    ("900", 900), ("15min", 900), ("15m", 900), ("1h 30min", 5400), ("1h30min", 5400),
    ("2 hours", 7200), ("500ms", 1), ("1.5s", 2), ("1d", 86400), ("1w", 604800),
    ("999999999999", 999999999999), ("1 5", 6), ("5 \u00b5s", 1), ("2M", 5259600),
    ("0", None), ("infinity", None), ("", None),
]  # fmt: skip
NOT_SPANS = [
    "15 minits",
    "soon",
    "-5",
    "5 5x",
    "min",
    "1h, 5min",
    "1.",
    "1.5.5",
    "5 s!",
    "9" * 400,
    "1" * 50000 + "!",
    "1 " * 20000 + "!",
]


@pytest.mark.parametrize("text, seconds", SPANS)
def test_span(text, seconds):
    assert host.span_seconds(text) == seconds


@pytest.mark.parametrize("text", NOT_SPANS, ids=range(len(NOT_SPANS)))
def test_not_a_span(text):
    assert not host.is_span(text)
    assert host.span_seconds(text) is None


LOGIN = "[Login]\nStopIdleSessionSec=%s\n"
# files below the folders etc, run and lib, and the value and the file that win
LOGIND = [
    ({}, None, None),
    ({"etc/logind.conf": "[Login]\n#StopIdleSessionSec=5\n"}, None, None),
    ({"etc/logind.conf": LOGIN % "5min"}, "5min", "etc/logind.conf"),
    ({"etc/logind.conf": "StopIdleSessionSec=5\n[Other]\nStopIdleSessionSec=6\n"}, None, None),
    ({"etc/logind.conf": LOGIN % "5", "lib/logind.conf": LOGIN % "6"}, "5", "etc/logind.conf"),
    (
        {"etc/logind.conf": LOGIN % "5", "lib/logind.conf.d/a.conf": LOGIN % "6"},
        "6",
        "lib/logind.conf.d/a.conf",
    ),
    (
        {"etc/logind.conf.d/a.conf": LOGIN % "5", "lib/logind.conf.d/a.conf": LOGIN % "6"},
        "5",
        "etc/logind.conf.d/a.conf",
    ),
    (
        {"etc/logind.conf.d/a.conf": LOGIN % "5", "run/logind.conf.d/b.conf": LOGIN % "6"},
        "6",
        "run/logind.conf.d/b.conf",
    ),
    (
        {"etc/logind.conf.d/a.conf": LOGIN % "5", "etc/logind.conf.d/b": LOGIN % "6"},
        "5",
        "etc/logind.conf.d/a.conf",
    ),
    ({"etc/logind.conf": LOGIN % "5\nStopIdleSessionSec=7"}, "7", "etc/logind.conf"),
    ({"etc/logind.conf": LOGIN % "5\nStopIdleSessionSec=soon"}, "5", "etc/logind.conf"),
]


@pytest.mark.parametrize("files, value, path", LOGIND)
def test_logind_files(files, value, path, tmp_path, monkeypatch):
    for name, text in files.items():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    folders = [str(tmp_path / name) for name in ("etc", "run", "lib")]
    monkeypatch.setattr(host, "_FOLDERS", folders)
    winning = [entry for entry in host.logind_definitions() if entry["wins"]]
    assert [entry["value"] for entry in winning] == ([value] if value else [])
    assert [entry["path"] for entry in winning] == ([str(tmp_path / path)] if path else [])


# a line of a PAM file, and the modules and files that it leads to
PAM = [
    ("session optional pam_systemd.so", {"pam_systemd.so"}, []),
    ("-session\toptional\tpam_systemd.so", {"pam_systemd.so"}, []),
    ("session [success=ok default=bad] /lib/security/pam_env.so x=y", {"pam_env.so"}, []),
    ("@include common-session", set(), ["common-session"]),
    ("session include system-auth", set(), ["system-auth"]),
    ("session substack password-auth", set(), ["password-auth"]),
    ("auth required pam_env.so", set(), []),
    ("# session optional pam_systemd.so", set(), []),
    ("", set(), []),
]


@pytest.mark.parametrize("line, modules, includes", PAM)
def test_pam(line, modules, includes):
    module, included = host._pam_rule(line.partition("#")[0])
    assert ([included] if included else []) == includes
    assert ({module} if module else set()) == modules


ENVIRONMENT = [
    ("TMOUT=60\n", "60"), ("export TMOUT=60\n", "60"), ('TMOUT="60"\n', "60"),
    ("TMOUT=60 # why\n", "60"), ("TMOUT=60\nTMOUT=70\n", "70"),
    ("#TMOUT=60\n", None), ("MYTMOUT=60\n", None), ("", None),
]  # fmt: skip


@pytest.mark.parametrize("text, value", ENVIRONMENT)
def test_environment(text, value, monkeypatch):
    monkeypatch.setattr(host, "text_or_nothing", lambda _path: text)
    assert host.pam_value("TMOUT") == value
