# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put directives of sshd in force, with proof, or change nothing. Private to the collection.

The engine of the modules that edit sshd's configuration: what the directives mean is in the
Settings that a module hands over, how their numbers are shown is the module's own affair.
"""

import os
import re
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

from .._files import lock, reading
from .._refusal import Refusal, sentence
from .._results import printable
from . import asking, proof
from . import host as sshd_host
from . import service as sshd_service
from .conflicts import contradictions
from .host import Host, Reload, Work
from .options import Request, Values

__all__ = ["ChangeError", "Known", "Outcome", "apply"]


class Known(NamedTuple):
    """What a run has found out by the time at which it fails; None: not yet."""

    service: sshd_service.Service = sshd_service.Service(None, None, None)
    version: Optional[asking.Version] = None
    before: Optional[Values] = None


_NOTHING = Known()


class ChangeError(Refusal):
    """Nothing was changed, or everything was put back; ``conflicts`` names what is in the way."""

    def __init__(
        self, message: str, conflicts: Sequence[Dict[str, Any]] = (), known: Known = _NOTHING
    ) -> None:
        super().__init__(
            re.sub(r"[\x00-\x1f\x7f]", lambda match: repr(match.group())[1:-1], printable(message))
        )
        self.conflicts = printable(list(conflicts))
        self.known = known


class Outcome(NamedTuple):
    """What a run found, and what it did, or would do in check mode."""

    path: str
    changed: bool
    before: Values
    proven: proof.Proven
    verified: Optional[bool]
    version: Optional[asking.Version]
    service: sshd_service.Service
    reload_needed: Optional[bool]
    conflicts: List[Dict[str, Any]]
    changed_files: List[str]
    backup_files: List[str]
    diff: List[Dict[str, str]]
    warnings: List[str]


class _Leftover(NamedTuple):
    """A journal that a killed run left, where this run cannot take it back; and warnings."""

    path: Optional[str]
    warnings: List[str]


class _Reloading(NamedTuple):
    """Whether the daemon has to read its files, what the run does about it, and warnings."""

    needed: Optional[bool]
    due: Optional[Reload]
    warnings: List[str]


def apply(request: Request) -> Outcome:
    """Bring the configuration to what the request asks for.

    :raises ChangeError: it cannot be, or would not be in force; every byte is as it was.
    """
    with _explained(_NOTHING):
        daemon = sshd_service.find()
    with _explained(Known(daemon.service)):
        program = sshd_host.find_program(request, daemon.words)
    known = Known(daemon.service, program.version)
    with _explained(known):
        host = sshd_host.look(request, daemon, program)
        with _alone(request, host.path) as leftover:
            return _run(request, host, known, leftover)


@contextmanager
def _explained(known: Known) -> Iterator[None]:
    """Turn whatever ends the run inside into a ChangeError that holds what is known by now."""
    try:
        yield
    except ChangeError:
        raise
    except (Refusal, OSError) as error:
        in_the_way = error.conflicts if isinstance(error, proof.NotInForce) else ()
        raise ChangeError(sentence(error), in_the_way, known) from error


@contextmanager
def _alone(request: Request, path: str) -> Iterator[_Leftover]:
    """Be alone on this configuration, and rid of what a killed run left; both for real runs."""
    home = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(home):
        yield _Leftover(None, [])
    elif request.check_mode:
        journal = reading.unfinished(home)
        warning = (
            f"{journal} is left from a run that was killed; a real run first takes it back or "
            "completes it."
        )
        yield _Leftover(journal, [warning] if journal else [])
    else:
        with lock.locked(home):
            yield _Leftover(None, _recover(home) if reading.unfinished(home) else [])


def _recover(home: str) -> List[str]:
    from . import write

    return write.recover(home)


def _run(request: Request, host: Host, known: Known, leftover: _Leftover) -> Outcome:
    work = sshd_host.prepare(request, host)
    if work.changes and not leftover.path:
        from . import write

        write.check_changes(work.changes)
    words = [word for override in host.overrides for word in ("-o", override.option)]
    with asking.Prover(host.binary or "", host.release, words) as prover:
        answers = proof.ask(request, work, prover)
        known = known._replace(before=answers.before)
        with _explained(known):
            proven = proof.judge(request, host, work, answers)
            reloading = _reloading(request, host, work)
            outcome = _outcome(request, host, work, known, proven, reloading)
            if outcome.changed and not request.check_mode:
                outcome = _written(request, host, work, prover, outcome, reloading)
    return outcome._replace(warnings=printable(leftover.warnings + outcome.warnings))


def _reloading(request: Request, host: Host, work: Work) -> _Reloading:
    """Tell whether a reload is needed; if one is asked for, refuse what it would break."""
    needed = sshd_host.reload_needed(host, work, bool(work.changes))
    if not request.reload or needed is False:
        return _Reloading(needed, None, [])
    warnings = []
    if needed is None:
        warnings.append(
            f"Nothing is reloaded: whether a running sshd has read {host.path} cannot be told."
        )
    if host.listener is None:
        return _Reloading(needed, None, warnings)
    from . import reload

    listening, foreseen = reload.check_reload(host, host.listener, work)
    due = Reload(host.service, host.listener, listening) if needed else None
    return _Reloading(needed, due, warnings + foreseen)


def _outcome(
    request: Request,
    host: Host,
    work: Work,
    known: Known,
    proven: proof.Proven,
    reloading: _Reloading,
) -> Outcome:
    """Return what a run that writes nothing tells."""
    return Outcome(
        path=host.path,
        changed=bool(work.changes) or reloading.due is not None,
        before=known.before or {},
        proven=proven,
        verified=True if request.verify else None,
        version=known.version,
        service=host.service,
        reload_needed=reloading.needed,
        conflicts=printable(contradictions(request, host, work, refused=False)),
        changed_files=printable([change.snapshot.real_path for change in work.changes]),
        backup_files=[],
        diff=printable(_diff(work)) if work.changes else [],
        warnings=reloading.warnings,
    )


def _diff(work: Work) -> List[Dict[str, str]]:
    from . import write

    return write.diff(work.changes)


def _written(
    request: Request,
    host: Host,
    work: Work,
    prover: asking.Prover,
    outcome: Outcome,
    reloading: _Reloading,
) -> Outcome:
    """Write and reload; return the outcome with what that came to."""
    from . import write

    written = write.write(request, host, work, outcome.proven, prover, reloading.due)
    return outcome._replace(
        reload_needed=sshd_host.reload_needed(host, work, changing=False),
        backup_files=printable(written.backup_files),
        warnings=outcome.warnings + written.warnings,
    )
