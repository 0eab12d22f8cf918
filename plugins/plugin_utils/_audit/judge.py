# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold what a host said against the policy; every objection is a sentence.

Private to the collection.
"""

import re
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ...module_utils import _accounts, _durations, _scanners
from . import scopes
from .policy import ClientAlive, Policy, Tmout
from .values import mapping, mappings, names, number, text

__all__ = [
    "DIFFERS",
    "HOLDS",
    "TITLES",
    "UNREACHABLE",
    "UNVERIFIED",
    "Reason",
    "drops",
    "exceptions",
    "judge",
    "notes",
    "people",
    "status",
    "too_late",
]

HOLDS = "holds"
DIFFERS = "differs"
UNVERIFIED = "unverified"
UNREACHABLE = "unreachable"
_MOST_ACCOUNTS = 20
_MOST_EXCEPTED = 10
# What the codes of reasons stand for, where a fleet's are counted.
TITLES = {
    "unreachable": "Not reached",
    "failed": "Reached, but could not be asked",
    "not_asked": "Not asked",
    "policy_unreadable": "A policy that cannot be read",
    "sshd_silent": "No answer from sshd",
    "interval": "Another ClientAliveInterval",
    "count_max": "Another ClientAliveCountMax",
    "reload_needed": "A running sshd with older numbers",
    "reload_unknown": "A running sshd with numbers nobody knows",
    "other_sshd": "Another sshd that nobody has judged",
    "accounts_unknown": "Accounts unknown",
    "uncovered": "Accounts that nothing logs out",
    "directory": "Accounts of a directory, of which nothing is known",
    "shell_unknown": "Accounts whose shell did not tell",
    "late": "Accounts logged out later than asked",
    "writable": "A TMOUT that users can change",
}


class Reason(NamedTuple):
    """Why the policy does not hold; ``code`` groups what is alike across a fleet."""

    status: str
    code: str
    text: str


class Whose(NamedTuple):
    """Accounts, the first by name and the others by their number."""

    users: Tuple[str, ...]
    others: int = 0

    @property
    def number(self) -> int:
        """Return how many they are."""
        return len(self.users) + self.others

    def and_of(self, more: "Whose") -> "Whose":
        """Return these and others."""
        return Whose(self.users + more.users, self.others + more.others)

    def named(self, most: int = 5) -> str:
        """Return them in words."""
        if not self.others:
            return names(self.users, most)
        more = max(0, len(self.users) - most) + self.others
        return _durations.listed([*self.users[:most], f"{more:,} more"])

    def but(self, spared: Sequence[str]) -> "Whose":
        """Return those who are none of these; of the unnamed as many as there are at least."""
        left = tuple(user for user in self.users if user not in spared)
        unseen = len(set(spared).difference(self.users))
        return Whose(left, self.others if self.others > unseen else 0)


NOBODY = Whose(())


def people(info: Dict[str, Any]) -> List[Tuple[Whose, Dict[str, Any]]]:
    """Return each account with what is said of it; of many, each class.

    Results of older versions of this collection have no classes.
    """
    accounts, classes = mappings(info.get("accounts")), mappings(info.get("classes"))
    counts = [number(one.get("count")) or 0 for one in classes]
    if sum(counts) <= len(accounts):
        return [(Whose((text(account.get("user")),)), account) for account in accounts]
    rows = []
    for one, count in zip(classes, counts):
        given = one.get("users")
        users = tuple(text(user) for user in given) if isinstance(given, list) else ()
        rows.append((Whose(users, max(0, count - len(users))), one))
    return rows


def status(reasons: Sequence[Reason]) -> str:
    """Return a host's status: what is known to differ says more than what was not verified."""
    given = {reason.status for reason in reasons}
    return next((worst for worst in (UNREACHABLE, DIFFERS, UNVERIFIED) if worst in given), HOLDS)


def judge(policy: Policy, info: Dict[str, Any]) -> List[Reason]:
    """Return every reason why the policy does not hold on the host that said this."""
    reasons: List[Reason] = []
    if policy.client_alive is not None:
        reasons += _sshd_reasons(policy.client_alive, mapping(info.get("sshd")))
    if policy.tmout is not None:
        reasons += _account_reasons(policy.tmout, info)
        reasons += _readonly_reasons(policy.tmout, info)
    return reasons


def exceptions(info: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Return what conditional Match blocks define: somebody's exception, shown and not judged."""
    keys = ("scope", "keyword", "value", "path", "line", "wins", "accounts")
    return [
        {key: definition.get(key) for key in keys}
        for definition in mappings(mapping(info.get("sshd")).get("definitions"))
        if not scopes.for_all_or_none(text(definition.get("scope")))
    ]


def notes(policy: Policy, info: Dict[str, Any]) -> List[str]:
    """Return what holds and yet may surprise."""
    sentences = _sshd_notes(mapping(info.get("sshd")))
    if policy.client_alive is not None:
        sentences += _excepted(policy.client_alive, mapping(info.get("sshd")))
    rows = people(info)
    missing: Dict[str, Whose] = {}
    for whose, row in rows:
        if row.get("state") == "no_login":
            why = text(row.get("why") or "")
            over_ssh = why.startswith("Nobody can log in over SSH: ")
            key = why if over_ssh else ""
            missing[key] = missing.get(key, NOBODY).and_of(whose)
    for why, whose in missing.items():
        told = f": {why.partition(': ')[2]}" if why else ", whose shell does not exist."
        sentences.append(f"Nobody can log in as {whose.named()}{told}")
    if policy.tmout is not None:
        graced = NOBODY
        for whose, row in rows:
            if row.get("ended_by") == "TMOUT" and _is_ksh93(row, info):
                graced = graced.and_of(whose)
        if graced.number:
            sentences.append(f"ksh93 warns and then waits another minute, for {graced.named()}.")
        if policy.tmout.exempt_users:
            sentences.append(f"The policy exempts {names(policy.tmout.exempt_users)}.")
    return sentences


def _excepted(asked: ClientAlive, sshd: Dict[str, Any]) -> List[str]:
    """Tell which accounts of the host get other numbers, where others get those asked for."""
    found = _differing(asked, sshd)
    if asked.match or all(found):
        return []
    texts = [reason.text for reasons in found for reason in reasons if reason.status == DIFFERS]
    return [f"An exception: {one}" for one in texts[:_MOST_EXCEPTED]]


def _differing(asked: ClientAlive, sshd: Dict[str, Any]) -> List[List[Reason]]:
    """Return for each class of accounts why it does not get what is asked for."""
    return [
        _number_reasons(asked, sshd, f" for {_whose(connection)}", connection)
        for connection in _classes(sshd)
    ]


def _whose(connection: Dict[str, Any]) -> str:
    accounts = mapping(connection.get("accounts"))
    named = accounts.get("names")
    users = [text(name) for name in named] if isinstance(named, list) else []
    more = (number(accounts.get("count")) or 0) - len(users)
    return _durations.listed(users + [f"{more:,} more"] * (more > 0)) or "some accounts"


def _classes(sshd: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Return the connections that stand for accounts of the host."""
    return [
        connection
        for connection in mappings(sshd.get("connections"))
        if isinstance(connection.get("accounts"), dict)
    ]


def _sshd_notes(sshd: Dict[str, Any]) -> List[str]:
    sentences = []
    if _doubles(sshd):
        sentences.append("This release of OpenSSH takes twice as long as its numbers say.")
    older = number(mapping(sshd.get("sessions")).get("older"))
    if older:
        sentences.append(
            f"{_durations.count(older, 'open session')} began before sshd last read its "
            f"configuration, and {'keeps' if older == 1 else 'keep'} older numbers."
        )
    for key, keyword in (
        ("channel_timeout", "ChannelTimeout"),
        ("unused_connection_timeout", "UnusedConnectionTimeout"),
    ):
        why = mapping(sshd.get(key)).get("why")
        if why:
            sentences.append(f"{keyword}: {text(why).rstrip('.')}.")
    return sentences


def _doubles(sshd: Dict[str, Any]) -> bool:
    """Tell whether the host's release takes twice as long, from its words for people alone.

    Results of older versions of this collection have no other trace of it.
    """
    return "2 x" in text(mapping(sshd.get("detection_seconds")).get("basis"))


def _sshd_reasons(asked: ClientAlive, sshd: Dict[str, Any]) -> List[Reason]:
    subjects = _subjects(asked, sshd)
    if not sshd or not subjects:
        return [Reason(UNVERIFIED, "sshd_silent", _silence(asked, sshd))]
    reasons: List[Reason] = []
    for whose, numbers in subjects:
        reasons += _number_reasons(asked, sshd, whose, numbers)
    if not reasons and not asked.match:
        reasons += _nobodys(asked, sshd)
    if sshd.get("reload_needed") is True:
        reasons.append(
            Reason(
                DIFFERS,
                "reload_needed",
                "The running sshd has not read its newest configuration: it goes by older numbers "
                "until it is reloaded.",
            )
        )
    elif sshd.get("reload_needed") is None and (
        mapping(sshd.get("service")).get("running") is not False
    ):
        reasons.append(
            Reason(
                UNVERIFIED,
                "reload_unknown",
                "Nothing tells whether the running sshd has read its newest configuration.",
            )
        )
    return reasons + _others(asked, sshd)


def _others(asked: ClientAlive, sshd: Dict[str, Any]) -> List[Reason]:
    """Return what is wrong where people get in through another daemon."""
    reasons: List[Reason] = []
    for daemon in mappings(sshd.get("daemons")):
        if daemon.get("told") is True:
            continue
        where = ", ".join(map(text, daemon.get("addresses") or [])) or text(daemon.get("config"))
        numbers = mapping(daemon.get("effective"))
        if asked.match or daemon.get("reload_needed") is not False or None in numbers.values():
            what = f"Another sshd listens at {where}, of which it is not known what is in force."
            reasons.append(Reason(UNVERIFIED, "other_sshd", what))
        else:
            reasons += _number_reasons(asked, {}, f" for the sshd at {where}", numbers)
    return reasons


def _nobodys(asked: ClientAlive, sshd: Dict[str, Any]) -> List[Reason]:
    """Return a reason where what sshd says in general is what no account of the host gets."""
    found = _differing(asked, sshd)
    return [reasons[0] for reasons in found] if all(found) else []


def _silence(asked: ClientAlive, sshd: Dict[str, Any]) -> str:
    if asked.match and sshd:
        return f"sshd did not say what is in force for connections of Match {asked.match}."
    return "sshd did not say what is in force."


def _subjects(asked: ClientAlive, sshd: Dict[str, Any]) -> List[Tuple[str, Dict[str, Any]]]:
    """Return pairs of whose numbers are held against the policy, and the numbers."""
    connections = mappings(sshd.get("connections"))
    # The first one without a scope is the default connection; the others the policy asks for.
    classes = _classes(sshd)
    plain = [
        connection
        for connection in connections
        if connection.get("scope") is None and connection not in classes
    ]
    named = [
        (f" for {text(connection.get('user'))} from {text(connection.get('addr'))}", connection)
        for connection in plain[1:]
    ]
    wanted = scopes.meaning(f"Match {asked.match or 'all'}")
    if wanted is None:
        return []
    if wanted:
        scoped = [
            (text(connection.get("scope")), connection)
            for connection in connections
            if connection.get("scope") is not None
        ]
        return [
            (f" for {scope}", connection)
            for scope, connection in scoped
            if wanted == scopes.meaning(scope)
        ] + named
    effective = mapping(sshd.get("effective"))
    # Where no account is like the default connection, the first accounts stand for most.
    alike = [
        connection
        for connection in plain[:1] + classes[:1]
        if all(connection.get(key) == value for key, value in effective.items())
    ]
    general = (alike + plain + [{}])[0]
    return [("", dict(general, **effective))] + named if effective else []


def _number_reasons(
    asked: ClientAlive, sshd: Dict[str, Any], whose: str, numbers: Dict[str, Any]
) -> List[Reason]:
    rows = (
        ("interval", "ClientAliveInterval", "interval_seconds", asked.interval, _durations.spelled),
        ("count_max", "ClientAliveCountMax", "count_max", asked.count_max, str),
    )
    reasons = []
    for code, keyword, key, wanted, worded in rows:
        actual = number(numbers.get(key))
        if actual is None:
            reasons.append(
                Reason(UNVERIFIED, "sshd_silent", f"sshd did not say its {keyword}{whose}.")
            )
        elif actual != wanted:
            origin = scopes.origin(sshd, keyword, numbers)
            reasons.append(
                Reason(
                    DIFFERS,
                    code,
                    f"{keyword} is {worded(actual)}{whose} where the policy asks for "
                    f"{worded(wanted)}{f' ({origin})' if origin else ''}.",
                )
            )
    if any(reason.status == DIFFERS for reason in reasons) and not whose:
        last = reasons[-1]
        reasons[-1] = last._replace(text=f"{last.text} {_consequence(sshd)}")
    return reasons


def _consequence(sshd: Dict[str, Any]) -> str:
    detection = mapping(sshd.get("detection_seconds"))
    shortest, longest = number(detection.get("min")), number(detection.get("max"))
    if shortest is not None and longest is not None:
        ends = _durations.spelled(shortest), _durations.spelled(longest)
        return f"A client that vanishes is dropped after {_durations.between(*ends)}."
    never = _scanners.never_drops(*_numbers(sshd))
    if never:
        return f"{never}."
    return "After what time a client that vanishes is dropped, if ever, depends on the release."


def drops(sshd: Dict[str, Any]) -> Optional[bool]:
    """Tell whether sshd drops clients that vanish; None if it did not say."""
    return _scanners.drops(*_numbers(sshd))


def _numbers(
    sshd: Dict[str, Any],
) -> Tuple[Optional[int], Optional[int], Optional[Tuple[int, int]]]:
    effective = mapping(sshd.get("effective"))
    release = re.match(r"OpenSSH_([0-9]{1,4})\.([0-9]{1,4})", text(sshd.get("version")))
    return (
        number(effective.get("interval_seconds")),
        number(effective.get("count_max")),
        (int(release.group(1)), int(release.group(2))) if release else None,
    )


def _account_reasons(asked: Tmout, info: Dict[str, Any]) -> List[Reason]:
    if not isinstance(info.get("accounts"), list):
        return [
            Reason(UNVERIFIED, "accounts_unknown", "The host did not say which accounts it has.")
        ]
    uncovered: Dict[Tuple[str, str, str], Whose] = {}
    late: Dict[int, Whose] = {}
    for whose, row in people(info):
        seconds = number(row.get("idle_logout_seconds"))
        whose = whose.but(asked.exempt_users)
        if not whose.number or not too_late(asked, row, info):
            continue
        if seconds:
            late[seconds] = late.get(seconds, NOBODY).and_of(whose)
        else:
            why = _lowered(text(row.get("why") or ""))
            key = (text(row.get("state")), text(row.get("shell")), why)
            uncovered[key] = uncovered.get(key, NOBODY).and_of(whose)
    reasons = [_uncovered_reason(whose, *key) for key, whose in sorted(uncovered.items())]
    reasons += _directory_reasons(info)
    return reasons + [
        Reason(
            DIFFERS,
            "late",
            f"An idle session of {whose.named(_MOST_ACCOUNTS)} ends after "
            f"{_durations.spelled(seconds)}, later than the {_durations.spelled(asked.seconds)} "
            "asked for.",
        )
        for seconds, whose in sorted(late.items())
    ]


def _directory_reasons(info: Dict[str, Any]) -> List[Reason]:
    """Return a reason for each directory of which no account was asked."""
    return [
        Reason(
            UNVERIFIED,
            "directory",
            f"Of the accounts of the directory {text(one.get('name'))} none was asked"
            f"{': it ' + text(one.get('why')).rstrip('.') if one.get('why') else ''}.",
        )
        for one in mappings(info.get("directories"))
        if not number(one.get("asked"))
    ]


def _uncovered_reason(whose: Whose, state: str, shell: str, why: str) -> Reason:
    of_them = (
        f"an idle session of {whose.named(_MOST_ACCOUNTS)} ({shell or 'several shells'}): {why}"
    )
    if state == "unknown":
        return Reason(UNVERIFIED, "shell_unknown", f"It is not known what ends {of_them}")
    return Reason(DIFFERS, "uncovered", f"Nothing ends {of_them}")


def _lowered(why: str) -> str:
    """Return a sentence of the host's as the end of another one."""
    if why[:1].isupper() and why[1:2].islower():
        why = why[0].lower() + why[1:]
    return why.rstrip(".") + "." if why else "it does not say why."


def too_late(asked: Tmout, account: Dict[str, Any], info: Dict[str, Any]) -> bool:
    """Tell whether an idle session of an account, or a class, outlives what is asked for."""
    if text(account.get("user")) in asked.exempt_users or account.get("state") == "no_login":
        return False
    seconds = number(account.get("idle_logout_seconds"))
    graced = account.get("ended_by") == "TMOUT" and _is_ksh93(account, info)
    # The same policy may be in force with and without ksh93's last minute.
    grace = _accounts.KSH93_GRACE if graced else 0
    return not seconds or seconds > asked.seconds + grace


def _is_ksh93(account: Dict[str, Any], info: Dict[str, Any]) -> bool:
    """Tell by the host's list of shells, in which one program has one name of perhaps many."""
    path = text(account.get("shell"))
    shells = mappings(info.get("shells"))
    for shell in shells:
        if shell.get("path") == path:
            return shell.get("family") == "ksh93"
    return path.rpartition("/")[2] in ("ksh", "ksh93") and any(
        shell.get("family") == "ksh93" for shell in shells
    )


def _readonly_reasons(asked: Tmout, info: Dict[str, Any]) -> List[Reason]:
    """Return a reason where readonly is asked for, and users can change the value."""
    users: Dict[str, Whose] = {}
    for whose, row in people(info):
        path = text(row.get("shell"))
        users[path] = users.get(path, NOBODY).and_of(whose)
    free = []
    for shell in mappings(info.get("shells")):
        path = text(shell.get("path"))
        exempt = path in users and not users[path].but(asked.exempt_users).number
        if shell.get("readonly") is False and number(shell.get("logout_seconds")) and not exempt:
            free.append(path)
    if not free or not asked.readonly:
        return []
    return [
        Reason(
            DIFFERS,
            "writable",
            f"Users of {names(sorted(free))} can change TMOUT, which is not readonly there.",
        )
    ]
