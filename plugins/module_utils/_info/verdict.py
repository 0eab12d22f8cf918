# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a host's timeouts, as plain sentences. Pure, and private to the collection."""

import re
from typing import Any, Callable, Container, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from .. import _durations, _scanners
from .._sshd.facts import unmeasured
from .facts import (
    OVERLAP,
    PREDEFINING,
    RELEASE,
    SAME_LINE,
    AccountShell,
    ConnectionTimeouts,
    Facts,
    LogindTimeouts,
    ShellTimeouts,
    SshdDefinition,
    SshdTimeouts,
    TmoutDefinition,
)

__all__ = ["MAX_ACCOUNTS", "account", "classes", "duration", "listed", "verdict"]

# Of a kind that only grows with a configuration.
MAX_SENTENCES = 10
_CLASS_NAMES = 10
# A result is to stay below a megabyte, whatever the host has.
MAX_ACCOUNTS = 1000
MAX_CLASSES = 300
# Of the accounts of which something is said, and of the things that are said of accounts.
MAX_NAMES = 50
# A line that does not only test, export or fix what there is.
_GIVES = re.compile(r"TMOUT(?:\[[^]]*\])?:{0,2}\+?=|\b(?:eval|let|read|printf|for|trap)\b|\(\(")
_ZERO = re.compile(r"TMOUT:?=[\"']?0+(?![0-9])")


def duration(seconds: int) -> str:
    """Return ``15 minutes`` for 900; below two minutes in seconds, but for the one minute."""
    if seconds < 120 and seconds != 60:
        return _count(seconds, "second")
    return _durations.spelled(seconds, "d")


def _count(number: int, noun: str) -> str:
    return _durations.count(number, noun, "d")


def _span(low: int, high: int) -> str:
    """Return a range of two durations, in seconds where that is shorter."""
    if low != high and low < 120 and high <= 600 and (low != 60 or high < 120):
        return f"{low} to {_count(high, 'second')}"
    return _durations.between(duration(low), duration(high))


def _quoted(names: Sequence[str]) -> str:
    return _durations.listed([f"`{name}`" for name in names[:MAX_NAMES]] + _more(names))


def _more(names: Sequence[str]) -> List[str]:
    more = len(names) - MAX_NAMES
    return [f"{more} more"] if more > 0 else []


def account(facts: Facts, shell: AccountShell, over_ssh: Mapping[str, int]) -> Dict[str, Any]:
    """Return what ends an idle session of one account first, as the module returns it."""
    over_ssh = _after_warning(shell, over_ssh)
    ends = [(seconds, name) for name, seconds in over_ssh.items()]
    if shell.logout_seconds and shell.state == "told":
        ends.append((shell.logout_seconds, "autologout" if shell.family == "tcsh" else "TMOUT"))
    first: Tuple[Optional[int], Optional[str]] = (None, None)
    if ends and shell.state != "missing":
        first = min(ends)
    return {
        "user": shell.user,
        "shell": shell.shell,
        "idle_logout_seconds": first[0],
        "ended_by": first[1],
        "state": _state(facts, shell, first[0]),
        "why": _why(facts, shell, over_ssh),
    }


def classes(accounts: Sequence[Mapping[str, Any]]) -> List[Dict[str, Any]]:
    """Return the accounts by what is said of them, as the module returns it: all are counted."""
    alike = _grouped(accounts, ("shell", "idle_logout_seconds", "ended_by", "state", "why"))
    if len(alike) <= MAX_CLASSES:
        return alike
    alike.sort(key=lambda one: -one["count"])
    rest = _grouped(alike[MAX_CLASSES:], ("idle_logout_seconds", "ended_by", "state"))
    for one in rest:
        one.update(shell="", why=f"Shells and reasons differ; of the first it is: {one['why']}")
    return alike[:MAX_CLASSES] + rest


def _grouped(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> List[Dict[str, Any]]:
    """Return accounts, or classes of them, that have these in common; the first tells the rest."""
    found: Dict[Tuple[Any, ...], Dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        if key not in found:
            found[key] = dict(row, count=0, users=[])
            found[key].pop("user", None)
        one = found[key]
        one["count"] += row.get("count", 1)
        if len(one["users"]) < _CLASS_NAMES:
            one["users"] = (one["users"] + row.get("users", [row.get("user")]))[:_CLASS_NAMES]
    return list(found.values())


def listed(
    accounts: Sequence[Mapping[str, Any]], in_session: Container[Any]
) -> Tuple[List[Mapping[str, Any]], List[str]]:
    """Return the accounts to tell about one by one, and a sentence where these are not all.

    :param in_session: the names of those that have a session open.
    """
    if len(accounts) <= MAX_ACCOUNTS:
        return list(accounts), []
    firsts = {one["users"][0] for one in classes(accounts)}
    kept = [one for one in accounts if one["user"] in firsts or one["user"] in in_session]
    return kept[:MAX_ACCOUNTS], [
        f"This host has {len(accounts)} accounts, which are not all in `accounts`: that has one of"
        " each kind, and those with a session open. `classes` counts all, by what is said of them."
    ]


def _state(facts: Facts, shell: AccountShell, seconds: Optional[int]) -> str:
    """Return for programs what :func:`_why` tells people."""
    if shell.state == "missing":
        return "no_login"
    if seconds is not None:
        return "ends"
    return "unknown" if shell.state == "unknown" or _sshd_is_silent(facts) else "never"


def _sshd_is_silent(facts: Facts) -> bool:
    """Tell whether something of sshd's or logind's may end sessions that nothing is known of."""
    possible = facts.release >= (9, 2) or facts.logind.stop_idle_session_seconds
    return bool(facts.sshd.version and not facts.sshd.connections and possible)


def _after_warning(shell: AccountShell, over_ssh: Mapping[str, int]) -> Mapping[str, int]:
    """Return the other ends for a ksh93, whose warning sets the clock of ChannelTimeout back."""
    seconds, warned = over_ssh.get("ChannelTimeout"), shell.tmout_seconds
    if shell.family != "ksh93" or not seconds or not warned or seconds <= warned:
        return over_ssh
    return dict(over_ssh, ChannelTimeout=warned + seconds)


def _why(facts: Facts, shell: AccountShell, over_ssh: Mapping[str, int]) -> str:
    if shell.state == "missing" and shell.note:
        return f"Nobody can log in over SSH: {shell.note}."
    if shell.state == "missing":
        return shell.detail[:1].upper() + shell.detail[1:] + "."
    if shell.logout_seconds:
        warning = ", the last minute of them a warning" if shell.family == "ksh93" else ""
        giver = f", set by {shell.detail}" if shell.detail else ""
        after = duration(shell.logout_seconds)
        clauses = [f"an idle {shell.family} prompt is closed after {after}{warning}{giver}"]
    elif shell.state == "unknown":
        clauses = [f"what the shell does cannot be told: {shell.detail}"]
    else:
        clauses = [_reason(facts, shell, "uses", "is")]
    for name, seconds in sorted(over_ssh.items()):
        clauses.append(f"{name} ends an idle SSH session after {duration(seconds)}")
    if facts.logind.stop_idle_session_seconds and "StopIdleSessionSec" not in over_ssh:
        clauses.append(
            "logind does not learn the terminals of its SSH sessions, which "
            "StopIdleSessionSec does not end"
            if facts.logind.sees_ssh is not None
            else "whether StopIdleSessionSec ends its SSH sessions cannot be told"
        )
    elif _sshd_is_silent(facts):
        clauses.append("whether sshd ends an idle session cannot be told")
    if shell.note:
        clauses.append(shell.note)
    text = "; ".join(clauses)
    return text[0].upper() + text[1:] + "."


def _reason(facts: Facts, shell: AccountShell, use: str, are: str) -> str:
    """Return why a shell never logs out: ``use zsh, which ...``."""
    family = str(shell.family)
    if shell.detail:
        return f"{are} exempt from TMOUT in {shell.detail}"
    if family in ("dash", "fish", "busybox"):
        return f"{use} {family}, which knows no idle timeout"
    if family == "tcsh":
        return f"{use} tcsh, which obeys only its own autologout, and that is not set"
    places = _places(facts, family)
    if not places:
        if facts.reads_profile_d.get(family):
            return f"{use} {family}, for which nothing sets TMOUT"
        return f"{use} {family}, which does not read /etc/profile.d on this system"
    zeros = [place for place in places if _ZERO.search(place.text)]
    cited = (zeros if shell.tmout_seconds == 0 and zeros else places)[-1]
    where = f"{cited.path} line {cited.line}"
    if shell.tmout_seconds == 0 and family in PREDEFINING and not zeros:
        return (
            f"{use} {family}, where TMOUT is 0 as it is from the start, although {where} says "
            f"`{cited.text}`"
        )
    if shell.tmout_seconds == 0:
        return f"{use} {family}, where TMOUT comes to 0 ({where}: `{cited.text}`)"
    return (
        f"{use} {family}, which ends up without a TMOUT that it obeys, although {where} says "
        f"`{cited.text}`"
    )


def _places(facts: Facts, family: str) -> List[TmoutDefinition]:
    """Return where a login file gives TMOUT a value for a family, in reading order."""
    return [
        place
        for shell in facts.shells
        if shell.family == family
        for place in shell.definitions
        if place.at_login and _GIVES.search(place.text)
    ]


def verdict(facts: Facts) -> List[str]:
    """Tell what ends a session on this host, after how long, and for whom nothing does."""
    return (
        _prompts(facts)
        + _doors(facts)
        + _channels(facts.sshd)
        + _dead_clients(facts)
        + _for_whom(facts.sshd)
        + _locked_out(facts)
        + _unused(facts.sshd)
        + _newer(facts)
        + _logind(facts.logind)
        + _uncovered(facts)
        + _on_directories(facts)
        + _contradictions(facts)
        + _older(facts.sshd)
        + _to_scanners(facts)
        + list(facts.unseen)
    )


def _doors(facts: Facts) -> List[str]:
    """Say which shells read no login file: whoever has a TMOUT has none there."""
    if not any(shell.logout_seconds for shell in facts.shells):
        return []
    return [
        "That is for login shells: a shell that `sudo -s`, plain `su` or `ssh -t HOST bash` starts"
        " reads no such file, and stays, unless it is given an exported TMOUT, or has one from"
        " elsewhere."
    ]


def _on_directories(facts: Facts) -> List[str]:
    """Say of whom nothing is said: a directory is never enumerated."""
    sentences = []
    for one in facts.directories:
        what = f"The directory {one.name} (/etc/nsswitch.conf)"
        if not one.answers:
            sentences.append(f"{what} {one.why}: nothing is said of accounts that it may have.")
        elif not one.asked:
            sentences.append(
                f"{what} has further accounts, of which nothing is said: none is named in the"
                " option users, or has a session open."
            )
        else:
            sentences.append(
                f"{what} may have further accounts than the {one.asked} that "
                f"{'was' if one.asked == 1 else 'were'} looked at: it is not enumerated."
            )
    return sentences


def _prompts(facts: Facts) -> List[str]:
    """Tell for each time which idle prompts are closed after it.

    It names users where another one of that shell has no such time, unless files exempt that one.
    """
    by_seconds: Dict[int, Dict[str, List[str]]] = {}
    times: Dict[str, Set[Optional[int]]] = {}
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
        closed = f"is closed after {duration(seconds)}."
        plain = sorted(family for family in families if len(times[family]) == 1)
        for family, users in sorted(families.items()):
            if family not in plain:
                sentences.append(f"An idle {family} prompt of {_quoted(users)} {closed}")
        if plain:
            sentences.append(f"An idle {_durations.listed(plain, 'or')} prompt {closed}")
    sentences = _capped(sentences, "times are in `classes`", MAX_NAMES)
    if changeable:
        sentences.append(
            f"Users of {_durations.listed(sorted(changeable))} can turn that off: the value is not "
            "readonly."
        )
    return sentences


def _by_connection(
    sshd: SshdTimeouts, tell: Callable[[ConnectionTimeouts], List[str]]
) -> List[str]:
    """Tell something of what stands for most, and of others where that is not the same."""
    if sshd.general is None:
        return []
    general = tell(sshd.general)
    differing: Dict[str, List[str]] = {}
    for connection in sshd.connections:
        for text in tell(connection):
            names = differing.setdefault(text, []) if text not in general else []
            if _name(connection) not in names:  # a scope may stand there twice
                names.append(_name(connection))
    sentences = [f"For {_durations.listed(names)}: {text}" for text, names in differing.items()]
    return [_capitalised(text) for text in general] + _capped(sentences, "connections differ too")


def _name(connection: ConnectionTimeouts) -> str:
    if connection.scope:
        return f"`{connection.scope}`"
    if connection.accounts is not None:
        return _several(connection.accounts)
    return f"user `{connection.user}` from {connection.addr}"


def _several(accounts: Mapping[str, Any]) -> str:
    more = accounts["count"] - len(accounts["names"])
    names = [f"`{name}`" for name in accounts["names"]] + [f"{more} more"] * bool(more)
    noun = "account" if accounts["count"] == 1 else "accounts"
    return f"the {noun} {_durations.listed(names)}"


def _for_whom(sshd: SshdTimeouts) -> List[str]:
    """Tell where what is said of sshd is not what the default connection gets."""
    if not sshd.connections or sshd.general is sshd.connections[0] or sshd.general is None:
        return []
    return [
        "Every account that can log in here meets a Match block with numbers of its own: what is "
        f"said of sshd without a name is said of {_several(sshd.general.accounts or {})}."
    ]


def _locked_out(facts: Facts) -> List[str]:
    """Tell who cannot log in, although nobody meant that."""
    users: Dict[str, List[str]] = {}
    for shell, _over_ssh in facts.accounts:
        if shell.state == "missing" and shell.note:
            users.setdefault(shell.note, []).append(shell.user)
    sentences = [
        f"{_accounts(names)} cannot log in over SSH: {why}." for why, names in users.items()
    ]
    return _capped(sentences, "reasons are in `classes`", MAX_NAMES)


def _capitalised(text: str) -> str:
    """Return a sentence with a capital, but for programs, which keep their small letters."""
    return text if text.startswith(("sshd ", "logind ")) else text[0].upper() + text[1:]


def _capped(sentences: List[str], what: str, most: int = MAX_SENTENCES) -> List[str]:
    if len(sentences) <= most:
        return sentences
    return sentences[:most] + [f"{len(sentences) - most} more {what}."]


def _channels(sshd: SshdTimeouts) -> List[str]:
    working = any(
        connection and connection.channel_timeout and connection.channel_timeout["shell_seconds"]
        for connection in [sshd.general]
    )

    def tell(connection: ConnectionTimeouts) -> List[str]:
        channel = connection.channel_timeout
        texts: List[str] = []
        if channel and channel["value"] == "none":  # nobody comes as far as a session
            return [f"of ChannelTimeout, {channel['why']}."]
        if channel and channel["shell_seconds"]:
            texts.append(
                "sshd closes an SSH session in which nothing is typed or shown for "
                f"{duration(channel['shell_seconds'])}, whatever runs in it."
            )
        elif working:
            texts.append("sshd closes no idle session.")
        if channel and channel["command_seconds"]:
            silent = duration(channel["command_seconds"])
            texts.append(f"sshd ends a remote command that is silent for {silent}.")
        if channel and channel["why"]:
            texts.append(f"of ChannelTimeout, {channel['why']}.")
        return texts

    return _by_connection(sshd, tell)


def _dead_clients(facts: Facts) -> List[str]:
    return _by_connection(facts.sshd, lambda connection: [_noticed(facts, connection)])


def _noticed(facts: Facts, connection: ConnectionTimeouts) -> str:
    """Tell after how long a client that vanishes is noticed, without a capital."""
    interval, count_max = connection.interval_seconds, connection.count_max
    seconds = connection.detection_seconds
    if seconds:
        return f"a client that vanishes is noticed after {_span(seconds['min'], seconds['max'])}."
    text = _scanners.never_drops(interval, count_max, facts.release)
    if interval is None or count_max is None or text is None:
        return "a client that vanishes is noticed at a time that is not known."
    keepalive = facts.sshd.tcp_keepalive_seconds
    if keepalive:
        text += (
            f"; TCP's own keepalive does after {duration(keepalive)}, if the client's host is gone"
        )
    return text + "."


def _unused(sshd: SshdTimeouts) -> List[str]:
    def tell(connection: ConnectionTimeouts) -> List[str]:
        unused = connection.unused_connection_timeout
        if not unused:
            return []
        early = f" ({unused['why']})" if unused["why"] else ""
        after = duration(unused["seconds"])
        return [f"a connection without any session in it is closed after {after}{early}."]

    return _by_connection(sshd, tell)


def _newer(facts: Facts) -> List[str]:
    """Tell of a release of which nobody has watched a session yet."""
    newer = unmeasured(facts.release) if facts.sshd.connections else None
    return [f"What sshd's directives do was {newer}."] if newer else []


def _logind(logind: LogindTimeouts) -> List[str]:
    if not logind.stop_idle_session_seconds:
        return []
    sentences = [
        "logind stops a session whose terminal it knows and that got no input for "
        f"{duration(logind.stop_idle_session_seconds)}."
    ]
    if logind.sees_ssh is False:
        sentences.append(
            "logind does not learn the terminals of SSH sessions on this system, "
            "so that StopIdleSessionSec ends none of them."
        )
    return sentences


def _uncovered(facts: Facts) -> List[str]:
    """Tell which accounts nothing logs out, and why."""
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
    elif facts.logind.stop_idle_session_seconds:
        scope = "over SSH nothing ever logs"
    sentences = []
    for (of_one, of_several), users in groups.items():
        reason, them = (of_one, "it") if len(users) == 1 else (of_several, "them")
        sentences.append(f"{_accounts(users)} {reason}: {scope} {them} out.")
    for why, users in unknown.items():
        sentences.append(
            f"{_accounts(users)} may never be logged out, which cannot be told: {why}."
        )
    return _capped(sentences, "reasons are in `classes`", MAX_NAMES)


def _accounts(users: Sequence[str]) -> str:
    return f"The account{'' if len(users) == 1 else 's'} {_quoted(users)}"


def _contradictions(facts: Facts) -> List[str]:
    sentences = []
    for definition in facts.sshd.definitions:
        beaten = definition.beaten
        if beaten is None or beaten.kind == SAME_LINE or _is_redundant(definition, facts):
            continue
        if beaten.kind == OVERLAP:  # some who meet the one may not meet the other
            sentences.append(
                f"{_definition(definition)} gives way to {beaten.by} where both apply."
            )
            continue
        why = beaten.by if beaten.kind == RELEASE else f"{beaten.by} wins"
        sentences.append(f"{_definition(definition)} has no effect: {why}.")
    return (
        _capped(sentences, "definitions have no effect")
        + _several_files(facts.shells)
        + [
            f"{place.path} line {place.line} can set it too ({place.scope}): {place.text}"
            for place in _elsewhere(facts.shells)
        ]
    )


def _is_redundant(definition: SshdDefinition, facts: Facts) -> bool:
    """Tell whether a definition that wins says the same in the same scope, or everywhere."""
    return any(
        other.wins
        and (other.keyword, other.value) == (definition.keyword, definition.value)
        and (other.scope == definition.scope or other.path is None)
        for other in facts.sshd.definitions
    )


def _definition(definition: SshdDefinition) -> str:
    setting = f"{definition.keyword} {definition.value}"
    if definition.path is None:
        return f"{setting} on the daemon's command line"
    return f"{definition.path} line {definition.line} ({setting}, scope {definition.scope})"


def _several_files(shells: Sequence[ShellTimeouts]) -> List[str]:
    """Warn if more than one login file defines TMOUT, whichever of them counts."""
    lines: Dict[str, int] = {}
    several = False
    for shell in shells:
        at_login = [place for place in shell.definitions if place.at_login]
        several = several or len({place.path for place in at_login}) > 1
        for place in at_login:
            lines.setdefault(place.path, place.line)
    if not several:
        return []
    places = [f"{path} line {line}" for path, line in lines.items()][:MAX_SENTENCES]
    return [f"TMOUT is defined in more than one login file: {_durations.listed(places)}."]


def _elsewhere(shells: Sequence[ShellTimeouts]) -> List[TmoutDefinition]:
    """Return what can set TMOUT beside login files."""
    places = {
        (place.path, place.line): place
        for shell in shells
        for place in shell.definitions
        if not place.at_login and place.scope != "csh login shells"
    }
    return list(places.values())


def _other_sshd(daemon: Dict[str, Any]) -> str:
    """Return the sentence on an sshd that nothing else is said of."""
    where = _durations.listed(daemon["addresses"]) or "another place"
    if daemon["foreign"]:
        return (
            f"Another sshd lets people in at {where}: that of a container or a jail, with files of "
            "its own, of which nothing is said here."
        )
    reads = daemon["config"] or "a file that is not known"
    numbers = daemon["effective"]
    said = "nobody could ask it what its timeouts are"
    if numbers["interval_seconds"] is not None:
        said = "there ClientAliveInterval is {}, and ClientAliveCountMax {}".format(
            numbers["interval_seconds"], numbers["count_max"]
        )
    if daemon["reload_needed"]:
        said += ", once it is reloaded"
    return f"Another sshd lets people in at {where}, and reads {reads}: {said}."


def _older(sshd: SshdTimeouts) -> List[str]:
    """Tell where what is said of sshd is not what its open sessions have."""
    sentences = []
    waiting = any(daemon["told"] for daemon in sshd.daemons)
    if sshd.version and sshd.service.running is False and waiting:
        sentences.append("No sshd waits for connections: systemd does, and starts one for them.")
    elif sshd.version and sshd.service.running is False:
        sentences.append("No sshd runs now: what is said of sshd holds for one that is started.")
    for daemon in sshd.daemons:
        if not daemon["told"]:
            sentences.append(_other_sshd(daemon))
    if sshd.reload_needed:
        sentences.append(
            "sshd has not read its configuration since it was changed: what is said "
            "of sshd here holds for connections after a reload."
        )
    sessions = sshd.sessions
    if sshd.reload_needed and sessions and sessions["open"]:
        sentences.append(f"{_count(sessions['open'], 'open SSH session')} may have older numbers.")
    elif sessions and sessions["older"]:
        keep = "keeps" if sessions["older"] == 1 else "keep"
        sentences.append(
            f"{sessions['older']} of {sessions['open']} open SSH sessions began before sshd last "
            f"read its configuration, and {keep} the numbers of that time."
        )
    return sentences


def _to_scanners(facts: Facts) -> List[str]:
    """Tell what is in force and yet not what scanners see, which read the text only."""
    sentences: List[Optional[str]] = []
    for definition in facts.sshd.definitions:
        if not definition.keyword.startswith("ClientAlive") or not definition.wins:
            continue
        if definition.conditional:
            sentences.append(_scanners.WITHIN_MATCH)
        elif facts.distribution == "debian" or not _scanners.is_drop_in(definition.path):
            sentences.append(_scanners.sshd_unseen(definition.path))
    for shell in facts.shells:
        if not shell.logout_seconds or shell.family == "tcsh":
            continue
        unseen = [
            _scanners.tmout_unseen(place.path) for place in shell.definitions if place.at_login
        ]
        unwanted = _scanners.tmout_unwanted(bool(shell.readonly), bool(shell.exported))
        sentences += unseen if all(unseen) else [unwanted]
    return list(dict.fromkeys(sentence for sentence in sentences if sentence))
