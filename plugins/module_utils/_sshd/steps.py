# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a run that puts directives of sshd in force. Private to the collection.

What the directives mean is in the Settings of a request; how a module tells of them, in a Telling.
``_engine.mechanism`` says what each step is for.
"""

import os
from typing import TYPE_CHECKING, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .. import _directory
from .._files.reading import Change
from .._once import Once
from .._refusal import knowing
from . import asking, finding, proof
from . import host as sshd_host
from . import service as sshd_service
from .conflicts import contradictions
from .host import Host, Reload, Work
from .options import Request, Values
from .plan import Contradiction

if TYPE_CHECKING:
    from .reload import Activation

__all__ = ["Asked", "Known", "Outcome", "Result", "Telling"]

Result = Dict[str, object]


class Known(NamedTuple):
    """What is known of sshd on this host by some step; None: not yet."""

    service: sshd_service.Service
    version: Optional[asking.Version] = None
    before: Optional[Values] = None


class Outcome(NamedTuple):
    """What a run found, and what it did, or would do in check mode."""

    request: Request
    path: str
    known: Known
    changed: bool
    proven: proof.Gets
    verified: Optional[bool]
    reload_needed: Optional[bool]
    contradictions: List[Contradiction]
    changed_files: List[str]
    backup_files: List[str]
    warnings: List[str]


class Telling(NamedTuple):
    """How a module tells of an outcome, and of what is known before there is one."""

    outcome: Callable[[Outcome], Result]
    known: Callable[[Known], Result]


class Asked(NamedTuple):
    """What is asked for."""

    request: Request
    telling: Telling

    @property
    def known(self) -> Result:
        """Return nothing: nobody has looked yet."""
        return {}

    def look(self, once: Once) -> "Found":
        """Find the daemon, its program, and the file that it reads."""
        daemon = once(finding.find)
        facts = Known(daemon.service)
        with knowing(self.telling.known(facts)):
            program = sshd_host.find_program(self.request, daemon, once)
        facts = facts._replace(version=program.version, service=program.daemon.service)
        with knowing(self.telling.known(facts)):
            host = sshd_host.look(self.request, program)
        return Found(self.request, self.telling, facts, host)


class Found(NamedTuple):
    """What runs here, as far as the request is about it."""

    request: Request
    telling: Telling
    facts: Known
    host: Host

    @property
    def known(self) -> Result:
        """Return what the module can tell by now."""
        return self.telling.known(self.facts)

    @property
    def home(self) -> str:
        """Return the folder of the main file."""
        return os.path.dirname(os.path.realpath(self.host.path))

    @property
    def own(self) -> Sequence[str]:
        """Return no file: sshd's are shared by all of its directives."""
        return ()

    @property
    def shared(self) -> Sequence[str]:
        """Return the main file."""
        return (os.path.realpath(self.host.path),)

    def plan(self, planned: Sequence[Change]) -> "Planned":
        """Read sshd's files, and plan what to change in them."""
        return Planned(self, sshd_host.prepare(self.request, self.host, planned))


class Planned(NamedTuple):
    """What to change, and the connections to prove."""

    found: Found
    work: Work

    @property
    def known(self) -> Result:
        """Return what the module can tell by now."""
        return self.found.known

    @property
    def changes(self) -> List[Change]:
        """Return what to change."""
        return self.work.changes

    @property
    def backup(self) -> bool:
        """Tell whether copies are to be kept."""
        return self.found.request.backup

    def ask(self, planned: Sequence[Change]) -> "Answered":
        """Ask sshd about the files as they are, and as they would be."""
        found, work = self.found, sshd_host.with_planned(self.work, planned)
        with sshd_host.prover(found.host) as prover:
            answers = proof.ask(found.request, work, prover)
        facts = found.facts._replace(before=answers.before)
        return Answered(found._replace(facts=facts), work, answers)


class Answered(NamedTuple):
    """What sshd says."""

    found: Found
    work: Work
    answers: proof.Answers

    @property
    def known(self) -> Result:
        """Return what the module can tell by now."""
        return self.found.known

    def prove(self, _planned: Sequence[Change]) -> "Proven":
        """Compare what sshd says with what is asked for; look whether it can be reloaded."""
        request, host = self.found.request, self.found.host
        proven = proof.judge(request, host, self.work, self.answers)
        # Now: once files are written, nothing may fail that need not.
        left = contradictions(request, host, self.work, refused=False)
        warnings = proof.exceptions(request, self.work, self.answers)
        warnings += [sentence for sentence in [_directory.silence()] if sentence]
        reloading = _reloading(request, host, self.work)
        return Proven(self.found, self.work, proven, reloading, left, warnings)


class Proven(NamedTuple):
    """What each connection would get after the run."""

    found: Found
    work: Work
    proven: proof.Gets
    reloading: "_Reloading"
    contradictions: List[Contradiction]
    warnings: List[str]

    @property
    def known(self) -> Result:
        """Return what the module can tell by now."""
        return self.found.known

    @property
    def is_due(self) -> bool:
        """Tell whether the daemon is to be reloaded."""
        return self.reloading.due is not None

    def result(self) -> Result:
        """Return the result of a run that writes nothing."""
        return self.found.telling.outcome(self.outcome())

    def outcome(self) -> Outcome:
        """Return what a run that writes nothing tells."""
        request, host, work = self.found.request, self.found.host, self.work
        return Outcome(
            request=request,
            path=host.path,
            known=self.found.facts,
            changed=bool(work.changes) or self.is_due,
            proven=self.proven,
            verified=self.reloading.verified if request.verify else None,
            reload_needed=self.reloading.needed,
            contradictions=self.contradictions,
            changed_files=[change.snapshot.real_path for change in work.changes],
            backup_files=[],
            warnings=self.warnings + self.reloading.warnings,
        )

    def activation(self) -> Optional["Activation"]:
        """Return the reload, or what is to be looked at first; nothing where sshd's files stay."""
        if not self.work.plan.is_staged and not self.is_due:
            return None
        from . import reload

        due, host = self.reloading.due, self.found.host
        listened = reload.listening_at(due.listener) if due else []
        starting = host.binary if host.listener else None
        return reload.Activation(starting, host.words, due, listened, self.reloading.also)

    def ordered(self) -> List[Change]:
        """Return the changes so that a run that is killed leaves old or new values in force."""
        if len(self.work.changes) < 2:
            return self.work.changes
        from . import write

        return write.ordered(self.found.request, self.found.host, self.work)

    def prove_written(self) -> "Written":
        """Ask sshd about the real files."""
        if self.work.plan.is_staged and self.found.request.verify:
            from . import write

            write.prove_written(self.found.request, self.found.host, self.work, self.proven)
        return Written(self)


class Written(NamedTuple):
    """That it is in force."""

    proven: Proven

    @property
    def known(self) -> Result:
        """Return what the module can tell by now."""
        return self.proven.known

    def result(self, backup_files: Sequence[str]) -> Result:
        """Return the result of a run that has written."""
        proven = self.proven
        found, work, reloading = proven.found, proven.work, proven.reloading
        needed: Optional[bool] = False  # the daemon was seen to read its files
        if reloading.due is None:
            needed = sshd_host.reload_needed(found.host, work, changing=False)
        elif found.host.doubts:
            needed = None
        outcome = proven.outcome()
        return found.telling.outcome(
            outcome._replace(reload_needed=needed, backup_files=list(backup_files))
        )


class _Reloading(NamedTuple):
    """Whether the daemon has to read its files, what the run does about it, and warnings.

    ``verified``: what sshd says of the files is what the daemon does, or will do once reloaded.
    """

    needed: Optional[bool]
    due: Optional[Reload]
    verified: bool
    warnings: List[str]
    also: Tuple[Reload, ...] = ()


def _reloading(request: Request, host: Host, work: Work) -> _Reloading:
    """Tell whether a reload is needed; if one is asked for, refuse what it would break."""
    needed = sshd_host.reload_needed(host, work, bool(work.changes))
    warnings = list(host.notes) + list(host.doubts)
    listener = host.listener
    if listener is None:
        if request.reload and needed is None:
            warnings.append(
                f"Nothing is reloaded: whether a running sshd has read {host.path} cannot be told."
            )
        return _Reloading(needed, None, not host.doubts, warnings)
    if not request.reload or needed is False:
        if needed is None and not host.doubts:
            warnings.append(
                f"Nothing tells whether the running sshd has read {host.path} since it was last "
                "changed: a reload puts it in force for certain."
            )
        return _Reloading(needed, None, needed is not None and not host.doubts, warnings)
    from . import reload

    listening, foreseen = reload.check_reload(host, listener, work)
    due, also = Reload(host.service, listener, listening), []
    for twin in host.twins:
        if twin.listener is not None:
            ours = host._replace(words=twin.words)
            listening, more = reload.check_reload(ours, twin.listener, work)
            also.append(Reload(twin.service, twin.listener, listening))
            foreseen += more
    warnings += dict.fromkeys(foreseen)
    return _Reloading(needed, due, not host.doubts, warnings, tuple(also))
