# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine wants of a mechanism: the steps of a run. Private to the collection.

A mechanism is a way in which sessions end, and a room of its own: a util that has all that
``Mechanism`` names. Each step is a value that holds what is known by then, and makes the next one:

    options - look - plan - ask - prove - result          where all is well, and in check mode
                                        - write - result  where something is to be changed

The engine takes each step with all mechanisms of a run before it takes the next.
"""

from typing import TYPE_CHECKING, Dict, List, Mapping, Optional, Sequence

from .._files.reading import Change
from .._once import Once

if TYPE_CHECKING:
    from typing import Protocol  # novm
else:  # Python 3.8 and later have it, and only a type checker needs it
    Protocol = object

__all__ = [
    "Activation",
    "Answered",
    "Asked",
    "Found",
    "Mechanism",
    "Params",
    "Planned",
    "Proven",
    "Result",
    "Step",
    "Written",
]

# The options of a module by their names, as Ansible gives them.
Params = Mapping[str, object]
# What a module returns, and sentences for people in ``warnings``.
Result = Dict[str, object]


class Step(Protocol):
    """What all steps have."""

    @property
    def known(self) -> Result:
        """Return what a run that fails now can tell: a part of the result."""


class Mechanism(Protocol):
    """What a room has in which a mechanism is."""

    # Of its module, and of its option of the module timeouts.
    NAME: str

    def spec(self) -> Dict[str, Dict[str, object]]:
        """Return its options, as Ansible wants them."""

    def unknown(self) -> Result:
        """Return every key of its result, with the value for what is not known."""

    def options(self, params: Params) -> "Asked":
        """Return what is asked for; refuse what makes no sense."""


class Asked(Step, Protocol):
    """What is asked for."""

    def look(self, once: Once) -> "Found":
        """Find out what this is about on this host."""


class Found(Step, Protocol):
    """What it is about."""

    @property
    def home(self) -> str:
        """Return the folder in which no other run may change anything meanwhile."""

    @property
    def own(self) -> Sequence[str]:
        """Return the real paths of the files that no other mechanism may change."""

    @property
    def shared(self) -> Sequence[str]:
        """Return the real paths of the files that others of its kind change as well."""

    def plan(self, planned: Sequence[Change]) -> "Planned":
        """Plan what to change, on top of what other mechanisms change; nothing is touched."""


class Planned(Step, Protocol):
    """What to change."""

    @property
    def changes(self) -> List[Change]:
        """Return what to change, each file once, in an order in which it may be written."""

    @property
    def backup(self) -> bool:
        """Tell whether a copy of each file changed is to be kept."""

    def ask(self, planned: Sequence[Change]) -> "Answered":
        """Ask the programs about the files as they are; ``planned`` are those of all mechanisms."""


class Answered(Step, Protocol):
    """What the programs say of the files as they are."""

    def prove(self, planned: Sequence[Change]) -> "Proven":
        """Prove what is asked for with what all mechanisms have planned, or refuse it."""


class Proven(Step, Protocol):
    """That what is asked for is in force, or would be."""

    @property
    def is_due(self) -> bool:
        """Tell whether there is something to do although no file changes: a reload."""

    def result(self) -> Result:
        """Return the result of a run that writes nothing."""

    def activation(self) -> Optional["Activation"]:
        """Return what makes programs that run obey; called while the old files are there."""

    def ordered(self) -> List[Change]:
        """Return the changes in the order in which they leave old or new values in force."""

    def prove_written(self) -> "Written":
        """Prove it again, now that the files are written."""


class Activation(Protocol):
    """What makes programs that run obey the files."""

    @property
    def is_due(self) -> bool:
        """Tell whether this run does it; else it only looks whether it could be done."""

    def check(self) -> None:
        """Refuse what would harm them."""

    def run(self) -> None:
        """Make them obey; also after the old files are back."""


class Written(Step, Protocol):
    """That it is in force now."""

    def result(self, backup_files: Sequence[str]) -> Result:
        """Return the result of a run that has written; nothing may fail that need not."""
