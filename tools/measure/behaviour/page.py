"""The page, made from the measurements and from what is explained of them."""

import string
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .explained import NOTES, Note
from .matrix import COUNT_MAX, INTERVAL, LIMITS, RELEASES, SHELLS, SITUATIONS, TMOUT

Cells = dict[tuple[str, str, str, str], dict[str, Any]]
OVERVIEW = {
    "tmout": f"`TMOUT={TMOUT}`",
    "client_alive": f"`ClientAlive…` {INTERVAL}, {COUNT_MAX}",
    "channel_timeout": "`ChannelTimeout` (from OpenSSH 9.2)",
    "stop_idle": "`StopIdleSessionSec`",
    "none": "nothing set",
}


class PageError(Exception):
    """The measurements do not show what the page explains."""


def render(measured: dict[str, Any]) -> str:
    """The whole page; PageError if an explanation has lost its ground."""
    cells = {
        (one["release"], one["limit"], one["shell"], one["situation"]): one
        for one in measured["cells"]
    }
    template = string.Template(Path(__file__).with_name("page.md").read_text())
    versions = measured["versions"]
    return template.substitute(
        count=sum(one["outcome"] != "refused" for one in measured["cells"]),
        overview=_overview(cells),
        tmout=_by_shell(cells, "tmout", SHELLS),
        own=_by_shell(cells, "own", LIMITS["own"].shells),
        client_alive=_by_release(cells, "client_alive", versions),
        channel_timeout=_by_release(cells, "channel_timeout", versions),
        stop_idle=_by_release(cells, "stop_idle", versions),
        look_alikes=_look_alikes(cells, versions),
        other_shells=_other_shells(cells),
        notes="\n".join(_note(number, note, cells) for number, note in enumerate(NOTES, 1)),
        versions=_versions(versions),
        **{f"limit_{name}": title for name, title in measured["limits"].items()},
    )


def _overview(cells: Cells) -> str:
    rows = [
        [title, *[_merged(cells, limit, "bash", name) for limit in OVERVIEW]]
        for name, title in SITUATIONS.items()
    ]
    return _table(["bash, all releases", *OVERVIEW.values()], rows)


def _by_shell(cells: Cells, limit: str, shells: Sequence[str]) -> str:
    rows = [
        [SITUATIONS[name], *[_merged(cells, limit, shell, name) for shell in shells]]
        for name in LIMITS[limit].situations
    ]
    return _table(["", *shells], rows)


def _by_release(cells: Cells, limit: str, versions: dict[str, Any]) -> str:
    rows = [
        [SITUATIONS[name], *[_text([cells[release, limit, "bash", name]]) for release in RELEASES]]
        for name in LIMITS[limit].situations
    ]
    return _table(["bash", *[_release(release, versions) for release in RELEASES]], rows)


def _look_alikes(cells: Cells, versions: dict[str, Any]) -> str:
    rows = [
        [LIMITS[limit].title, f"bash, {SITUATIONS[name]}",
         *[_text([cells[release, limit, "bash", name]]) for release in RELEASES]]
        for limit in ("channel_manual", "channel_match", "count_max_0")
        for name in LIMITS[limit].situations
    ]  # fmt: skip
    rows += [
        [LIMITS["touched"].title, f"{shell}, {SITUATIONS['idle']}",
         *[_text([cells[release, "touched", shell, "idle"]]) for release in RELEASES]]
        for shell in LIMITS["touched"].shells
    ]  # fmt: skip
    return _table(["set", "", *[_release(release, versions) for release in RELEASES]], rows)


def _other_shells(cells: Cells) -> str:
    rows = [
        [LIMITS[limit].title, *[_merged(cells, limit, shell, "idle") for shell in SHELLS]]
        for limit in ("client_alive", "channel_timeout")
    ]
    return _table(["idle at the prompt", *SHELLS], rows)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _merged(cells: Cells, limit: str, shell: str, situation: str) -> str:
    """All releases that know the limit; apart where they differ in more than the seconds."""
    kinds: dict[str, list[str]] = {}
    for release in RELEASES:
        cell = cells[release, limit, shell, situation]
        if cell["outcome"] != "refused":
            kinds.setdefault(_kind(cell), []).append(release)
    if len(kinds) == 1:
        known = next(iter(kinds.values()))
        return _text([cells[release, limit, shell, situation] for release in known])
    parts = [
        f"{_debians(releases)}: "
        + _text([cells[release, limit, shell, situation] for release in releases])
        for releases in kinds.values()
    ]
    return "<br>".join(parts)


def _debians(releases: list[str]) -> str:
    return "Debian " + ", ".join(RELEASES[name].removeprefix("Debian ") for name in releases)


def _kind(cell: dict[str, Any]) -> str:
    return f"{cell['outcome']} {cell.get('connection', {}).get('outcome')}"


def _text(same: list[dict[str, Any]]) -> str:
    """One or several cells of one kind."""
    if same[0]["outcome"] == "refused":
        return "not known there"
    session = _end(same)
    if "connection" not in same[0]:
        return session
    connection = _end([one["connection"] for one in same])
    if same[0]["outcome"] == same[0]["connection"]["outcome"]:
        return connection
    return f"shell {session}, connection {connection}"


def _end(same: list[dict[str, Any]]) -> str:
    low, high = (round(pick(one["seconds"] for one in same)) for pick in (min, max))
    seconds = f"{low} s" if low == high else f"{low} to {high} s"
    return f"**ended, {seconds}**" if same[0]["outcome"] == "ended" else f"stayed ({seconds})"


def _note(number: int, note: Note, cells: Cells) -> str:
    for claim in note.claims:
        for release in claim.releases:
            cell = cells[release, claim.limit, claim.shell, claim.situation]
            if not claim.holds(cell):
                raise PageError(f"{claim} does not hold on {release}: {cell}")
    return f"{number}. **{note.title}** {note.text}<br>\n   *Source:* {note.source}"


def _release(release: str, versions: dict[str, Any]) -> str:
    openssh = versions[release]["openssh-server"].partition(":")[2].partition("-")[0]
    return f"OpenSSH {openssh} ({RELEASES[release]})"


def _versions(versions: dict[str, Any]) -> str:
    names = sorted({name for packages in versions.values() for name in packages})
    rows = [
        [f"`{name}`", *[versions[release].get(name, "") for release in RELEASES]] for name in names
    ]
    return _table(["package", *RELEASES.values()], rows)
