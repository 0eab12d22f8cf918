"""Made-up fleets: what `timeout_info` returns, for hosts that do not exist."""

import copy
import datetime
from typing import Any

from ansible_collections.curfew.session.plugins.plugin_utils._audit import page as audit_page
from ansible_collections.curfew.session.plugins.plugin_utils._audit import report
from ansible_collections.curfew.session.plugins.plugin_utils._audit.report import Answer

NOW = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.UTC)
ASKED = {
    "session_timeouts_client_alive_enabled": True,
    "session_timeouts_client_alive_state": "present",
    "session_timeouts_client_alive_interval": 60,
    "session_timeouts_client_alive_count_max": 3,
    "session_timeouts_client_alive_match": "",
    "session_timeouts_tmout_enabled": True,
    "session_timeouts_tmout_state": "present",
    "session_timeouts_tmout": 900,
    "session_timeouts_tmout_readonly": True,
    "session_timeouts_tmout_exempt_users": [],
}
# Everything that breaks out of HTML, attributes, script blocks or lines of JSON.
HOSTILE = (
    "</script><script>window.broken=1</script>",
    "<img src=x onerror=window.broken=2>",
    "\"' onmouseover='window.broken=3' x=\"",
    "<!--<script>window.broken=4//",
    "a\u2028window.broken=5//\u2029",
    "@@script@@ {{ 7 * 7 }} ]]> &lt;b&gt; &#x3c;",
    "\u202e\x00\x07\x1b[31mred\ud800",
)


def shell(path: str, family: str, seconds: int | None, readonly: bool = True) -> dict[str, Any]:
    ends = None if family in ("dash", "tcsh") or not seconds else seconds
    return {
        "path": path,
        "family": family,
        "answered": True,
        "tmout_seconds": seconds,
        "readonly": readonly,
        "exported": True,
        "logout_seconds": ends + 60 if ends and family == "ksh93" else ends,
        "definitions": [
            {
                "path": "/etc/profile.d/tmout.sh",
                "line": 8,
                "text": f"typeset -xr TMOUT={seconds}",
                "scope": "login shells",
            }
        ],
    }


def account(user: str, path: str, seconds: int | None, why: str) -> dict[str, Any]:
    ended_by = "TMOUT" if seconds else None
    return {
        "user": user,
        "shell": path,
        "idle_logout_seconds": seconds,
        "ended_by": ended_by,
        "state": "ends" if seconds else "never",
        "why": why,
    }


def info() -> dict[str, Any]:
    """A host on which the default policy holds."""
    bash = "An idle bash prompt is closed after 15 minutes."
    return {
        "changed": False,
        "sshd": {
            "version": "OpenSSH_10.0p2",
            "service": {"name": "ssh", "manager": "systemd", "running": True},
            "effective": {"interval_seconds": 60, "count_max": 3},
            "path": "/etc/ssh/sshd_config",
            "command_line": [],
            "connections": [connection(None, 60)],
            "sessions": {"open": 2, "older": 0},
            "detection_seconds": {
                "min": 180,
                "max": 240,
                "basis": "interval x count_max to interval x (count_max + 1)",
            },
            "channel_timeout": None,
            "unused_connection_timeout": None,
            "definitions": [
                definition("ClientAliveInterval", "60", 12),
                definition("ClientAliveCountMax", "3", 13),
            ],
            "reload_needed": False,
        },
        "shells": [
            shell("/bin/bash", "bash", 900),
            shell("/bin/ksh93", "ksh93", 900),
        ],
        "logind": {"stop_idle_session_seconds": None},
        "accounts": [
            account("root", "/bin/bash", 900, bash),
            account("ops", "/bin/bash", 900, bash),
            account("batch", "/bin/ksh93", 960, "An idle ksh93 prompt is closed after 16 minutes."),
        ],
        "verdict": [
            "An idle bash prompt is closed after 15 minutes.",
            "A client that vanishes is noticed after 3 to 4 minutes.",
        ],
    }


def definition(keyword: str, value: str, line: int, scope: str = "global") -> dict[str, Any]:
    return {
        "path": "/etc/ssh/sshd_config",
        "line": line,
        "keyword": keyword,
        "value": value,
        "scope": scope,
        "wins": True,
    }


def zsh() -> dict[str, Any]:
    why = "Uses zsh, which does not read /etc/profile.d on this system."
    found = info()
    found["shells"].append(shell("/usr/bin/zsh", "zsh", None, readonly=False))
    found["accounts"] += [account(user, "/usr/bin/zsh", None, why) for user in ("deploy", "web")]
    found["sshd"]["detection_seconds"].update(min=5554, max=7531)  # as wide in words as can be
    found["verdict"].append("The accounts `deploy` and `web` use zsh: nothing ever logs them out.")
    return found


def off() -> dict[str, Any]:
    """sshd never drops anybody, and one shell is slow."""
    found = info()
    found["sshd"].update(
        version="OpenSSH_9.2p1",
        effective={"interval_seconds": 0, "count_max": 3},
        detection_seconds=None,
        definitions=[],
        reload_needed=True,
    )
    found["accounts"][1]["idle_logout_seconds"] = 7200
    return found


def exception() -> dict[str, Any]:
    """Holds, with somebody's exception in a Match block."""
    found = info()
    found["sshd"]["connections"].append(connection("Match User backup", 900))
    found["sshd"]["definitions"].append(
        definition("ClientAliveInterval", "900", 88, "Match User backup")
    )
    return found


def connection(scope: str | None, interval: int) -> dict[str, Any]:
    return {
        "user": "curfew-no-such-user",
        "addr": "192.0.2.1",
        "scope": scope,
        "interval_seconds": interval,
        "count_max": 3,
    }


def silent() -> dict[str, Any]:
    """Nothing could be learned of one account's shell."""
    found = info()
    why = "What the shell does cannot be told: it is not a shell that is known."
    found["accounts"].append({**account("fish", "/usr/bin/fish", None, why), "state": "unknown"})
    return found


def unreachable(message: str = "Connection timed out") -> dict[str, Any]:
    return {"unreachable": True, "changed": False, "msg": f"Failed to connect: {message}"}


def refused() -> dict[str, Any]:
    return {"failed": True, "msg": "Missing sudo password"}


def answer(name: str, result: dict[str, Any], **asked: Any) -> Answer:
    return Answer(name, {**ASKED, **asked}, None, result)


def small() -> list[Answer]:
    """One of everything."""
    return [
        answer("web1.example.org", info()),
        answer("web2.example.org", zsh()),
        answer("db1.example.org", off()),
        answer("db2.example.org", exception()),
        answer("jump.example.org", info(), session_timeouts_tmout=600),
        answer("old.example.org", silent()),
        answer("gone.example.org", unreachable()),
        answer("locked.example.org", refused()),
        Answer("odd.example.org", {**ASKED, "session_timeouts_tmout": "soon"}, None, info()),
    ]


def large(number: int = 1000) -> list[Answer]:
    """Mostly good, like a fleet that somebody looks after."""
    kinds = [zsh, off, exception, silent, unreachable, refused]
    makers = [info if index % 9 else kinds[index // 9 % 6] for index in range(number)]
    return [answer(f"host{index:04d}.example.org", make()) for index, make in enumerate(makers)]


def hostile() -> list[Answer]:
    """Every text that a host may choose, and its name, is an attempt."""
    return [
        answer(f"{text}{index}", _poisoned(info(), text) if index % 3 else unreachable(text))
        for index, text in enumerate(HOSTILE)
    ] + [answer(f"late{index}", _poisoned(zsh(), text)) for index, text in enumerate(HOSTILE)]


def _poisoned(value: Any, text: str) -> Any:
    """Put the text in the place of every text, and beside every key."""
    if isinstance(value, dict):
        poisoned = {key: _poisoned(item, text) for key, item in value.items()}
        return {**poisoned, text: text}
    if isinstance(value, list):
        return [_poisoned(item, text) for item in value]
    return text if isinstance(value, str) else copy.deepcopy(value)


def page(answers: list[Answer]) -> str:
    return str(audit_page.render(report.build(answers, "1.2.3", NOW)))
