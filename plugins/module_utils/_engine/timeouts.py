# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any of the mechanisms in one run: the module timeouts. Private to the collection."""

from typing import Dict, NamedTuple, Sequence

from .._durations import listed
from .._shell import tmout
from .._sshd import client_alive
from . import run as engine
from .mechanism import Mechanism, Params, Result
from .run import Job, Outcome
from .stopping import Stopped, one_line

__all__ = ["MECHANISMS", "SHARED", "run_given", "spec"]


class _Listed(NamedTuple):
    """A mechanism, and the variable by which the role leaves it out."""

    mechanism: Mechanism
    switch: str


# In the order in which they are planned, proven and written.
MECHANISMS = (
    _Listed(client_alive, "session_timeouts_client_alive_enabled"),
    _Listed(tmout, "session_timeouts_tmout_enabled"),
)
# The options that stand once at the top, for all mechanisms that have them.
SHARED = ("state", "conflicts", "verify", "backup", "exempt_users", "exempt_groups")


def spec() -> Dict[str, Dict[str, object]]:
    """Return the options: one for each mechanism, with those of its own module; and the shared."""
    options: Dict[str, Dict[str, object]] = {}
    for mechanism, _switch in MECHANISMS:
        own = mechanism.spec()
        for name in SHARED:
            if name in own:
                options[name] = own[name]
                own[name] = {key: value for key, value in own[name].items() if key != "default"}
        options[mechanism.NAME] = dict(type="dict", options=own)
    return options


def run_given(params: Params, check_mode: bool) -> Result:
    """Put in force what all mechanisms ask for, or change nothing; return the module's result."""
    given = [mechanism for mechanism, _switch in MECHANISMS if params[mechanism.NAME] is not None]
    results = {mechanism.NAME: mechanism.unknown() for mechanism, _switch in MECHANISMS}
    if not given:
        names = listed(list(results), "or")
        why = f"No mechanism is given: at least one of {names} is needed. Nothing was changed."
        return dict(_summary(results, [], Outcome({}, [], [], [])), failed=True, msg=why)
    outcome = engine.run([Job(each, _own(each, params)) for each in given], check_mode)
    results.update(outcome.results)
    result = _summary(results, [each.NAME for each in given], outcome)
    if outcome.stopped:
        result.update(failed=True, msg=_message(outcome.stopped, params))
    return result


def _own(mechanism: Mechanism, params: Params) -> Dict[str, object]:
    """Return the options of one mechanism; of the shared ones, its own counts where it is given."""
    own = _mapping(params[mechanism.NAME])
    shared = [name for name in SHARED if name in mechanism.spec()]
    own.update((name, params[name]) for name in shared if own[name] is None)
    return own


def _mapping(value: object) -> Dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}


def _summary(results: Dict[str, Result], ran: Sequence[str], outcome: Outcome) -> Result:
    """Return the result of the whole, and of each mechanism under its name."""
    verified = [results[name]["verified"] for name in ran]
    whole: Result = {
        "changed": any(results[name]["changed"] for name in ran),
        "changed_files": outcome.changed_files,
        "verified": False if False in verified else None if None in verified or not ran else True,
        "diff": outcome.diff,
        "warnings": outcome.warnings,
    }
    return dict(whole, **results)


def _message(stopped: Stopped, params: Params) -> str:
    """Return what stands in the way of which mechanism, and what became of the files."""
    given = [each.NAME for each, _switch in MECHANISMS if params[each.NAME] is not None]
    name = stopped.mechanism
    message = "" if stopped.undone else f" {stopped.nothing} was changed for {listed(given, 'or')}."
    if name and len(given) > 1 and not (stopped.option and stopped.option.anywhere):
        switch = next(each.switch for each in MECHANISMS if name == each.mechanism.NAME)
        hint = f"leave it out (in the role: {switch}: false)"
        message += f" To do without {name} on this host, {hint}."
    if not name:
        return f"{stopped}{message}"
    if not stopped.option:
        return f"{name}: {stopped}{message}"
    option = stopped.option.option
    is_shared = option in SHARED and _mapping(params[name])[option] is None
    where = option if is_shared else f"{name}.{option}"
    return f"Option {where}: {one_line(stopped.option.problem)}{message}"
