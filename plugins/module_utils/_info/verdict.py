# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about a host's timeouts, as plain sentences. Pure, and private to the collection."""

import re
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .. import _scanners as scanners

__all__ = ["AccountShell", "Facts", "account", "duration", "verdict"]

# Of a kind that only grows with a configuration; accounts are all named.
MAX_SENTENCES = 10
# A line that does not only test, export or fix what there is.
_GIVES = re.compile(r"TMOUT(?:\[[^]]*\])?:{0,2}\+?=|\b(?:eval|let|read|printf|for|trap)\b|\(\(")
_ZERO = re.compile(r"TMOUT:?=[\"']?0+(?![0-9])")
_PREDEFINING = ("ksh93", "mksh")


class AccountShell(NamedTuple):
    """One account's shell. ``state``: told, unknown (``detail`` says why), or missing.

    Of one that is told, ``detail`` is the file that exempts the account, or what gives it its
    timeout if that is no login file.
    """

    user: str
    shell: str
    family: Optional[str]
    state: str
    detail: str
    tmout_seconds: Optional[int]
    logout_seconds: Optional[int]
    readonly: Optional[bool]


class Facts(NamedTuple):
    """What was gathered. ``accounts`` pairs each account's shell with what else ends its idle SSH
    sessions, after how many seconds, by name."""

    sshd: Mapping[str, Any]
    release: Tuple[int, int]
    shells: Sequence[Mapping[str, Any]]
    reads_profile_d: Mapping[str, bool]
    accounts: Sequence[Tuple[AccountShell, Mapping[str, int]]]
    logind: Mapping[str, Any]
    unseen: Sequence[str]
    distribution: str = ""


def duration(seconds: int) -> str:
    """``900`` as ``15 minutes``; in one unit where it is whole, else in two or three."""
    if seconds < 120 and seconds != 60:
        return _count(seconds, "second")
    parts = []
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            parts.append(_count(seconds // size, name))
            seconds %= size
    return " ".join(parts)


def _count(number: int, name: str) -> str:
    return "%d %s%s" % (number, name, "" if number == 1 else "s")


def _span(low: int, high: int) -> str:
    if low == high:
        return duration(low)
    if low < 120 and high <= 600 and (low != 60 or high < 120):
        return "%d to %s" % (low, _count(high, "second"))
    first, last = duration(low), duration(high)
    number, _blank, unit = first.partition(" ")
    if last.partition(" ")[2].rstrip("s") == unit.rstrip("s"):
        return f"{number} to {last}"
    return f"{first} to {last}"


def _listed(items: Sequence[str], last: str = "and") -> str:
    if len(items) < 2:
        return "".join(items)
    return "{} {} {}".format(", ".join(items[:-1]), last, items[-1])


def _who(users: Sequence[str]) -> str:
    return "The account{} {}".format(
        "" if len(users) == 1 else "s",
        _listed([f"`{user}`" for user in users]),
    )


def account(facts: Facts, shell: AccountShell, over_ssh: Mapping[str, int]) -> Dict[str, Any]:
    """What ends an idle session of one account first, as the module returns it."""
    over_ssh = _after_warning(shell, over_ssh)
    ends = [(seconds, name) for name, seconds in over_ssh.items()]
    if shell.logout_seconds and shell.state == "told":
        ends.append((shell.logout_seconds, "autologout" if shell.family == "tcsh" else "TMOUT"))
    seconds, ended_by = None, None  # type: Tuple[Optional[int], Optional[str]]
    if ends and shell.state != "missing":
        seconds, ended_by = min(ends)
    return {
        "user": shell.user,
        "shell": shell.shell,
        "idle_logout_seconds": seconds,
        "ended_by": ended_by,
        "state": _state(facts, shell, seconds),
        "why": _why(facts, shell, over_ssh),
    }


def _state(facts: Facts, shell: AccountShell, seconds: Optional[int]) -> str:
    """For programs, what :func:`_why` tells people."""
    if shell.state == "missing":
        return "no_login"
    if seconds is not None:
        return "ends"
    return "unknown" if shell.state == "unknown" or _sshd_is_silent(facts) else "never"


def _sshd_is_silent(facts: Facts) -> bool:
    """Whether something of sshd's or logind's may end sessions that nothing is known of."""
    possible = facts.release >= (9, 2) or facts.logind["stop_idle_session_seconds"]
    return bool(facts.sshd["version"] and not facts.sshd["connections"] and possible)


def _after_warning(shell: AccountShell, over_ssh: Mapping[str, int]) -> Mapping[str, int]:
    """ksh93 prints its warning when TMOUT is over, and output sets ChannelTimeout's clock back."""
    seconds, warned = over_ssh.get("ChannelTimeout"), shell.tmout_seconds
    if shell.family != "ksh93" or not seconds or not warned or seconds <= warned:
        return over_ssh
    return dict(over_ssh, ChannelTimeout=warned + seconds)


def _why(facts: Facts, shell: AccountShell, over_ssh: Mapping[str, int]) -> str:
    if shell.state == "missing":
        return f"{shell.shell} does not exist, so that nobody can log in with it."
    said = []
    if shell.logout_seconds:
        said.append(
            "an idle {} prompt is closed after {}{}{}".format(
                shell.family,
                duration(shell.logout_seconds),
                ", the last minute of them a warning" if shell.family == "ksh93" else "",
                f", set by {shell.detail}" if shell.detail else "",
            )
        )
    elif shell.state == "unknown":
        said.append(f"what the shell does cannot be told: {shell.detail}")
    else:
        said.append(_reason(facts, shell, "uses", "is"))
    for name, seconds in sorted(over_ssh.items()):
        said.append(f"{name} ends an idle SSH session after {duration(seconds)}")
    if facts.logind["stop_idle_session_seconds"] and "StopIdleSessionSec" not in over_ssh:
        said.append(
            "logind does not learn the terminals of its SSH sessions, which "
            "StopIdleSessionSec does not end"
            if facts.logind["sees_ssh"] is not None
            else "whether StopIdleSessionSec ends its SSH sessions cannot be told"
        )
    elif _sshd_is_silent(facts):
        said.append("whether sshd ends an idle session cannot be told")
    text = "; ".join(said)
    return text[0].upper() + text[1:] + "."


def _reason(facts: Facts, shell: AccountShell, use: str, are: str) -> str:
    """Why a shell never logs out: ``use zsh, which ...``."""
    family = str(shell.family)
    if shell.detail:
        return f"{are} exempt from TMOUT in {shell.detail}"
    if family == "dash":
        return f"{use} dash, which knows no idle timeout"
    if family == "tcsh":
        return f"{use} tcsh, which obeys only its own autologout, and that is not set"
    places = _places(facts, family)
    if not places:
        if facts.reads_profile_d.get(family):
            return f"{use} {family}, for which nothing sets TMOUT"
        return f"{use} {family}, which does not read /etc/profile.d on this system"
    zeros = [place for place in places if _ZERO.search(place["text"])]
    cited = (zeros if shell.tmout_seconds == 0 and zeros else places)[-1]
    says = "{} line {}".format(cited["path"], cited["line"])
    if shell.tmout_seconds == 0 and family in _PREDEFINING and not zeros:
        return "{} {}, where TMOUT is 0 as it is from the start, although {} says `{}`".format(
            use,
            family,
            says,
            cited["text"],
        )
    if shell.tmout_seconds == 0:
        return "{} {}, where TMOUT comes to 0 ({}: `{}`)".format(use, family, says, cited["text"])
    return "{} {}, which ends up without a TMOUT that it obeys, although {} says `{}`".format(
        use,
        family,
        says,
        cited["text"],
    )


def _places(facts: Facts, family: str) -> List[Mapping[str, Any]]:
    """Where a login file gives TMOUT a value for a family, in reading order."""
    return [
        place
        for told in facts.shells
        if told["family"] == family
        for place in told["definitions"]
        if place["scope"] == "login shells" and _GIVES.search(place["text"])
    ]


def verdict(facts: Facts) -> List[str]:
    """What ends a session on this host, after how long, and for whom nothing does."""
    return (
        _prompts(facts)
        + _channels(facts.sshd)
        + _dead_clients(facts)
        + _unused(facts.sshd)
        + _logind(facts.logind)
        + _uncovered(facts)
        + [
            "Accounts of a directory service are not enumerated: of those that are not in "
            "/etc/passwd nothing is said."
        ]
        + _contradictions(facts)
        + _older(facts.sshd)
        + _scanners(facts)
        + list(facts.unseen)
    )


def _prompts(facts: Facts) -> List[str]:
    """One sentence for each time after which an idle prompt is closed.

    It names users where another one of that shell has no such time, unless files exempt that one.
    """
    by_seconds: Dict[int, Dict[str, List[str]]] = {}
    times: Dict[str, set[Optional[int]]] = {}
    changeable: List[str] = []
    for shell, _over_ssh in facts.accounts:
        if shell.logout_seconds and shell.family:
            families = by_seconds.setdefault(shell.logout_seconds, {})
            families.setdefault(shell.family, []).append(shell.user)
            times.setdefault(shell.family, set()).add(shell.logout_seconds)
            if shell.readonly is False and shell.family not in changeable:
                changeable.append(shell.family)
        elif shell.family and shell.state == "told" and not shell.detail:
            times.setdefault(shell.family, set()).add(None)
    sentences = []
    for seconds, families in sorted(by_seconds.items()):
        plain = sorted(family for family in families if len(times[family]) == 1)
        for family, users in sorted(families.items()):
            if family not in plain:
                sentences.append(
                    "An idle {} prompt of {} is closed after {}.".format(
                        family, _listed([f"`{user}`" for user in users]), duration(seconds)
                    )
                )
        if plain:
            sentences.append(
                "An idle {} prompt is closed after {}.".format(
                    _listed(plain, "or"), duration(seconds)
                )
            )
    if changeable:
        sentences.append(
            f"Users of {_listed(sorted(changeable))} can turn that off: the value is not readonly."
        )
    return sentences


def _by_connection(
    sshd: Mapping[str, Any], tell: Callable[[Mapping[str, Any]], List[str]]
) -> List[str]:
    """What is told of the default connection, and of others where that is not the same."""
    if not sshd["connections"]:
        return []
    general = tell(sshd["connections"][0])
    differing: Dict[str, List[str]] = {}
    for connection in sshd["connections"][1:]:
        for text in tell(connection):
            whose = differing.setdefault(text, []) if text not in general else []
            if _whose(connection) not in whose:  # a scope may stand there twice
                whose.append(_whose(connection))
    sentences = [f"For {_listed(whose)}: {text}" for text, whose in differing.items()]
    return [_begun(text) for text in general] + _capped(sentences, "connections differ too")


def _whose(connection: Mapping[str, Any]) -> str:
    if connection["scope"]:
        return "`{}`".format(connection["scope"])
    return "user `{}` from {}".format(connection["user"], connection["addr"])


def _begun(text: str) -> str:
    """Programs keep their small letters at the beginning of a sentence."""
    return text if text.startswith(("sshd ", "logind ")) else text[0].upper() + text[1:]


def _capped(sentences: List[str], what: str) -> List[str]:
    if len(sentences) <= MAX_SENTENCES:
        return sentences
    return sentences[:MAX_SENTENCES] + [f"{len(sentences) - MAX_SENTENCES} more {what}."]


def _channels(sshd: Mapping[str, Any]) -> List[str]:
    working = any(
        each["channel_timeout"] and each["channel_timeout"]["shell_seconds"]
        for each in sshd["connections"][:1]
    )

    def tell(connection: Mapping[str, Any]) -> List[str]:
        channel = connection["channel_timeout"]
        texts = []
        if channel and channel["shell_seconds"]:
            texts.append(
                "sshd closes an SSH session in which nothing is typed or shown for {}, "
                "whatever runs in it.".format(duration(channel["shell_seconds"]))
            )
        elif working:
            texts.append("sshd closes no idle session.")
        if channel and channel["command_seconds"]:
            texts.append(
                "sshd ends a remote command that is silent for {}.".format(
                    duration(channel["command_seconds"])
                )
            )
        if channel and channel["why"]:
            texts.append("of ChannelTimeout, {}.".format(channel["why"]))
        return texts

    return _by_connection(sshd, tell)


def _dead_clients(facts: Facts) -> List[str]:
    return _by_connection(facts.sshd, lambda connection: [_noticed(facts, connection)])


def _noticed(facts: Facts, connection: Mapping[str, Any]) -> str:
    interval, count_max = connection["interval_seconds"], connection["count_max"]
    seconds = connection["detection_seconds"]
    if seconds:
        return "a client that vanishes is noticed after {}.".format(
            _span(seconds["min"], seconds["max"])
        )
    text = scanners.never_drops(interval, count_max, facts.release)
    if interval is None or count_max is None or text is None:
        return "a client that vanishes is noticed at a time that is not known."
    keepalive = facts.sshd["tcp_keepalive_seconds"]
    if keepalive:
        text += (
            f"; TCP's own keepalive does after {duration(keepalive)}, if the client's host is gone"
        )
    return text + "."


def _unused(sshd: Mapping[str, Any]) -> List[str]:
    def tell(connection: Mapping[str, Any]) -> List[str]:
        unused = connection["unused_connection_timeout"]
        if not unused:
            return []
        early = " ({})".format(unused["why"]) if unused["why"] else ""
        return [
            "a connection without any session in it is closed after {}{}.".format(
                duration(unused["seconds"]), early
            )
        ]

    return _by_connection(sshd, tell)


def _logind(logind: Mapping[str, Any]) -> List[str]:
    seconds = logind["stop_idle_session_seconds"]
    sentences = []
    if seconds:
        sentences.append(
            "logind stops a session whose terminal it knows and that got no input for "
            f"{duration(seconds)}."
        )
        if logind["sees_ssh"] is False:
            sentences.append(
                "logind does not learn the terminals of SSH sessions on this system, "
                "so that StopIdleSessionSec ends none of them."
            )
    return sentences


def _uncovered(facts: Facts) -> List[str]:
    groups: Dict[Tuple[str, str], List[str]] = {}
    unknown: Dict[str, List[str]] = {}
    for shell, over_ssh in facts.accounts:
        if shell.logout_seconds or over_ssh:
            continue
        if shell.state == "unknown":
            unknown.setdefault(shell.detail, []).append(shell.user)
        elif shell.state == "told":
            key = (_reason(facts, shell, "uses", "is"), _reason(facts, shell, "use", "are"))
            groups.setdefault(key, []).append(shell.user)
    scope = "nothing ever logs"
    if _sshd_is_silent(facts):
        scope = "nothing that can be seen here logs"
    elif facts.logind["stop_idle_session_seconds"]:
        scope = "over SSH nothing ever logs"
    sentences = []
    for (one, many), users in groups.items():
        single = len(users) == 1
        sentences.append(
            "{} {}: {} {} out.".format(
                _who(users), one if single else many, scope, "it" if single else "them"
            )
        )
    for why, users in unknown.items():
        sentences.append(f"{_who(users)} may never be logged out, which cannot be told: {why}.")
    return sentences


def _contradictions(facts: Facts) -> List[str]:
    found = []
    definitions = facts.sshd["definitions"]
    for one in definitions:
        if one["wins"] or one["beaten_by"].startswith(scanners.SAME_LINE):
            continue
        rivals = [
            other
            for other in definitions
            if other["keyword"] == one["keyword"]
            and other["wins"]
            and other["value"] == one["value"]
            and (other["scope"] == one["scope"] or other["path"] is None)
        ]
        if not rivals:
            found.append(
                "{} has no effect: {}.".format(_definition(one), _beaten(one["beaten_by"]))
            )
    found = _capped(found, "definitions have no effect") + _twice(facts.shells)
    for place in _elsewhere(facts.shells):
        found.append(
            "{} line {} can set it too ({}): {}".format(
                place["path"], place["line"], place["scope"], place["text"]
            )
        )
    return found


def _twice(shells: Sequence[Mapping[str, Any]]) -> List[str]:
    """Which of them counts is a matter of the shells; that there are several is one of people."""
    lines: Dict[str, int] = {}
    several = False
    for told in shells:
        own = [place for place in told["definitions"] if place["scope"] == "login shells"]
        several = several or len({place["path"] for place in own}) > 1
        for place in own:
            lines.setdefault(place["path"], place["line"])
    if not several:
        return []
    places = ["%s line %d" % pair for pair in lines.items()][:MAX_SENTENCES]
    return [f"TMOUT is defined in more than one login file: {_listed(places)}."]


def _definition(one: Mapping[str, Any]) -> str:
    if one["path"] is None:
        return "{} {} on the daemon's command line".format(one["keyword"], one["value"])
    return "%s line %d (%s %s, scope %s)" % (
        one["path"],
        one["line"],
        one["keyword"],
        one["value"],
        one["scope"],
    )


def _beaten(by: str) -> str:
    return by if by.startswith("before ") else f"{by} wins"


def _elsewhere(shells: Sequence[Mapping[str, Any]]) -> List[Mapping[str, Any]]:
    found = {
        (place["path"], place["line"]): place
        for told in shells
        for place in told["definitions"]
        if place["scope"] not in ("login shells", "csh login shells")
    }
    return list(found.values())


def _older(sshd: Mapping[str, Any]) -> List[str]:
    sentences = []
    if sshd["version"] and sshd["service"]["running"] is False:
        sentences.append("No sshd runs now: what is said of sshd holds for one that is started.")
    if sshd["reload_needed"]:
        sentences.append(
            "sshd has not read its configuration since it was changed: what is said "
            "of sshd here holds for connections after a reload."
        )
    sessions = sshd["sessions"]
    if sshd["reload_needed"] and sessions and sessions["open"]:
        sentences.append(
            "{} may have older numbers.".format(_count(sessions["open"], "open SSH session"))
        )
    elif sessions and sessions["older"]:
        single = sessions["older"] == 1
        sentences.append(
            "%d of %d open SSH sessions began before sshd last read its configuration, and %s the "
            "numbers of that time."
            % (sessions["older"], sessions["open"], "keeps" if single else "keep")
        )
    return sentences


def _scanners(facts: Facts) -> List[str]:
    """What is in force and yet not what those see who look at the text."""
    found: List[Optional[str]] = []
    for one in facts.sshd["definitions"]:
        if not one["keyword"].startswith("ClientAlive") or not one["wins"]:
            continue
        if one["scope"] not in ("global", "command line", "Match all"):
            found.append(scanners.WITHIN_MATCH)
        elif facts.distribution == "debian" or not scanners.is_drop_in(one["path"]):
            found.append(scanners.sshd_unseen(one["path"]))
    for told in facts.shells:
        if not told["logout_seconds"] or told["family"] == "tcsh":
            continue
        paths = [place["path"] for place in told["definitions"] if place["scope"] == "login shells"]
        unseen = [scanners.tmout_unseen(path) for path in paths]
        found += (
            unseen if all(unseen) else [scanners.tmout_unwanted(told["readonly"], told["exported"])]
        )
    return list(dict.fromkeys(sentence for sentence in found if sentence))
