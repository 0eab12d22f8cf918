# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to change in a whole sshd configuration, and what contradicts it. Private to the collection.

Pure: trees in, texts out. The knowledge of any one directive is in its Setting alone.
"""

from typing import (
    TYPE_CHECKING,
    Callable,
    Dict,
    FrozenSet,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from . import config, edit
from .match import Connection, Criteria, canonical, is_all, matches
from .options import Setting

if TYPE_CHECKING:
    from .members import Accounts

__all__ = [
    "Contradiction",
    "Plan",
    "Read",
    "conflicts",
    "has_exceptions",
    "make",
    "modelled",
    "only_duplicates_go",
    "unmake",
]

Read = Callable[[Dict[str, str]], config.Tree]


class Contradiction(NamedTuple):
    """A definition that contradicts the settings; no path and no line for an option of the daemon.

    ``wins``: it decides for the connections of its scope. ``disabled``: by this run. ``accounts``
    are those of this host that its scope is about, where that is conditional and known.
    """

    path: Optional[str]
    line: Optional[int]
    text: str
    scope: str
    conditional: bool
    wins: bool
    disabled: bool
    accounts: Optional["Accounts"] = None

    def returned(self) -> Dict[str, object]:
        """Return it as a module does: whether it is conditional is for the warnings alone."""
        told = {key: value for key, value in self._asdict().items() if key != "conditional"}
        return dict(told, accounts=self.accounts and self.accounts.returned())


class Plan(NamedTuple):
    """The trees before and after the change; ``texts`` holds each changed file's new text.

    Their order is the one in which writing them is safe in general.
    """

    before: config.Tree
    after: config.Tree
    texts: Dict[str, str]
    disabled: List[config.Directive]

    @property
    def is_staged(self) -> bool:
        """Tell whether the tree after the change is another one than lies on the disk."""
        return self.after is not self.before


def make(
    read: Read,
    settings: Sequence[Setting],
    release: config.Release,
    criteria: Optional[Criteria] = None,
    disable: bool = False,
    is_seen: Callable[[str], bool] = lambda path: True,
    can_change: Callable[[str], bool] = lambda path: True,
) -> Plan:
    """Return the change after which the settings stand in the main file where they win.

    :param read: reads the tree, with the texts given in place of the files of those names.
    :param is_seen: tells whether what loses in a file is worth an edit, for scanners read it.
    :param can_change: tells whether a file can be edited; where not, ours are put above its lines.
    """
    before = read({})
    disabled = _disableable(before, settings, criteria) if disable else []
    disabled = [item for item in disabled if item.scope or can_change(item.path)]
    plan = _made(read, settings, release, criteria, before, disabled)
    if all(is_seen(path) for path in _by_path(disabled)):
        return plan
    from . import losing

    main = {path: text for path, text in plan.texts.items() if path == before.main}
    losers = losing.losers(read(main), disabled, settings)
    rest = [item for item in disabled if is_seen(item.path) or item not in losers]
    return _made(read, settings, release, criteria, before, rest) if losers else plan


def _made(
    read: Read,
    settings: Sequence[Setting],
    release: config.Release,
    criteria: Optional[Criteria],
    before: config.Tree,
    disabled: List[config.Directive],
) -> Plan:
    """Return the change that disables some lines, and then sets what is wanted."""
    tree = before
    texts: Dict[str, str] = {}
    for path, directives in _by_path(disabled).items():
        lines = [directive.line for directive in directives]
        texts[path] = edit.disable(tree.texts[path], lines)
    if texts:
        tree = read(texts)
    main = text = texts.pop(tree.main, tree.texts[tree.main])
    # What a block gets is put at its top, so the first one goes in last.
    for setting in settings if criteria is None else settings[::-1]:
        if text != main and _included(tree, setting, criteria):
            tree = read(dict(texts, **{tree.main: text}))  # its lines have moved
        text = _set(text, _included(tree, setting, criteria), setting, criteria, release)
    if text != before.texts[tree.main]:
        texts[tree.main] = text  # last: what contradicts is gone before ours stands
    return Plan(before, read(texts) if texts else before, texts, disabled)


def unmake(
    read: Read,
    settings: Sequence[Setting],
    release: config.Release,
    criteria: Optional[Criteria] = None,
) -> Plan:
    """Return the change that removes the settings and enables what :func:`make` had disabled."""
    before = tree = read({})
    keywords = frozenset(setting.keyword.lower() for setting in settings)
    main = tree.texts[tree.main]
    for setting in settings:
        gone = setting._replace(value=None)
        if criteria is None:
            main = edit.set_global(main, gone, release)
        else:
            main = edit.set_in_match(main, gone, criteria, release)
    new = dict(tree.texts)
    new[tree.main] = main
    if criteria is None:
        new = {path: edit.enable(text, keywords, release) for path, text in new.items()}
    texts = {path: text for path, text in new.items() if text != before.texts[path]}
    return Plan(before, read(texts) if texts else before, texts, [])


def conflicts(
    plan: Plan,
    settings: Sequence[Setting],
    refused: bool,
    connections: Sequence[Connection],
    criteria: Optional[Criteria],
    derived: Callable[[Criteria], Optional[Connection]],
    overridden: FrozenSet[str] = frozenset(),
    version: str = "",
    accounts: Callable[[config.Scope], Optional["Accounts"]] = lambda scope: None,
) -> List[Contradiction]:
    """Return the definitions that contradict the settings.

    Lines are counted in the files as the run leaves them: as they were if it is refused.
    ``wins`` tells whether the definition decides for the connection derived from its own scope.

    :param overridden: the keywords that stand on the daemon's command line.
    :param accounts: tells which accounts a conditional scope is about.
    """
    rivals = []
    tree = plan.before if refused else plan.after
    for setting in settings:
        edited = _edited(tree, setting) if criteria is None else None
        for directive, decider in config.deciders(tree, setting.keyword, derived, version):
            if directive is edited or setting.agrees(directive.arguments):
                continue
            if criteria is not None and not _is_met(directive, connections):
                continue
            wins = decider is not None and config.same_definition(decider, directive)
            wins = wins and (bool(directive.scope) or directive.keyword not in overridden)
            rival = _conflict(directive, directive.line, wins, False)
            whose = accounts(directive.scope) if rival.conditional else None
            rivals.append(rival._replace(accounts=whose))
    if not refused:
        rivals.extend(
            _conflict(directive, line, False, True) for directive, line in _marked_lines(plan)
        )
    rivals.sort(key=lambda item: item.wins)  # of two readings the one that wins counts
    unique = {(item.path, item.line, item.scope): item for item in rivals}
    return sorted(unique.values(), key=lambda item: (item.path != tree.main, item.path, item.line))


def has_exceptions(plan: Plan, settings: Sequence[Setting]) -> bool:
    """Tell whether conditional blocks contradict the settings, before the change or after it."""
    return any(
        not config.unconditional(directive)
        for tree in (plan.before, plan.after)
        for setting in settings
        if setting.value is not None
        for directive in _contradicting(tree, setting)
    )


def only_duplicates_go(plan: Plan, settings: Sequence[Setting]) -> bool:
    """Tell whether all that a plan does is to take later duplicates out of the main file."""
    if list(plan.texts) != [plan.before.main]:
        return False
    pairs = [(_edited(plan.before, item), _edited(plan.after, item)) for item in settings]
    return all(old and new and old.text == new.text for old, new in pairs)


def modelled(tree: config.Tree, setting: Setting, connection: Connection) -> Optional[str]:
    """Return the value that a connection gets as far as the text tells; None: sshd's default."""
    directive = config.deciding(tree, setting.keyword, connection)
    return setting.read(directive.arguments) if directive else None


def _set(
    text: str,
    included: List[int],
    setting: Setting,
    criteria: Optional[Criteria],
    release: config.Release,
) -> str:
    above = min(included) if included else None
    if criteria is None:
        return edit.set_global(text, setting, release, above)
    return edit.set_in_match(text, setting, criteria, release, above)


def _included(tree: config.Tree, setting: Setting, criteria: Optional[Criteria]) -> List[int]:
    """Return the main file's lines that include a contradiction into the section that we edit."""
    return [
        directive.main_line
        for directive in _contradicting(tree, setting)
        if directive.path != tree.main and _beside(directive, tree.main, criteria)
    ]


def _edited(tree: config.Tree, setting: Setting) -> Optional[config.Directive]:
    """Return the line of the main file's global section that the edit changes: no contradiction."""
    for directive in tree.directives:
        if (directive.path, directive.keyword, directive.scope) == (
            tree.main,
            setting.keyword.lower(),
            (),
        ):
            return directive
    return None


def _beside(directive: config.Directive, main: str, criteria: Optional[Criteria]) -> bool:
    """Tell whether an included directive is read as if it stood in the section that we edit.

    A block like ours that stands in the included file itself is not: nothing in ours beats it.
    """
    if criteria is None or not directive.scope:
        return criteria is None and not directive.scope
    ours = canonical(criteria)
    outer = directive.scope[0]
    if outer.path != main or canonical(outer.criteria) != ours:
        return False
    return all(
        is_all(match.criteria) or canonical(match.criteria) == ours for match in directive.scope[1:]
    )


def _contradicting(tree: config.Tree, setting: Setting) -> List[config.Directive]:
    return [
        directive
        for directive in tree.directives
        if directive.keyword == setting.keyword.lower() and not setting.agrees(directive.arguments)
    ]


def _disableable(
    tree: config.Tree,
    settings: Sequence[Setting],
    criteria: Optional[Criteria],
) -> List[config.Directive]:
    """Return unconditional contradictions, but for those that the edit itself removes.

    A line that is also read under a condition (its file is included twice) is somebody's
    exception there, so it stays.
    """
    conditional = {
        (directive.path, directive.line)
        for directive in tree.directives
        if not config.unconditional(directive)
    }
    places = {}
    for setting in settings:
        for directive in _contradicting(tree, setting):
            place = (directive.path, directive.line)
            ours = not directive.scope and (directive.path == tree.main or criteria is not None)
            if place not in conditional and not ours:
                places[place] = directive
    return list(places.values())


def _by_path(directives: Sequence[config.Directive]) -> Dict[str, List[config.Directive]]:
    by_path: Dict[str, List[config.Directive]] = {}
    for directive in directives:
        by_path.setdefault(directive.path, []).append(directive)
    return by_path


def _is_met(directive: config.Directive, connections: Sequence[Connection]) -> bool:
    return bool(directive.scope) and any(
        all(matches(match.criteria, connection) for match in directive.scope)
        for connection in connections
    )


def _conflict(directive: config.Directive, line: int, wins: bool, disabled: bool) -> Contradiction:
    return Contradiction(
        directive.path,
        line,
        directive.text.strip(" \t\r\f"),
        config.scope_text(directive.scope),
        not config.unconditional(directive),
        wins,
        disabled,
    )


def _marked_lines(plan: Plan) -> Iterator[Tuple[config.Directive, int]]:
    """Return where the disabled lines stand now: edits above may have moved them."""
    for path, directives in _by_path(plan.disabled).items():
        standing = _numbers_of_marked(plan.after.texts[path])
        old = _numbers_of_marked(plan.before.texts[path])
        skipped = {line: len(numbers) for line, numbers in old.items()}
        for directive in sorted(directives, key=lambda directive: directive.line):
            marked = (edit.MARKER + directive.text).rstrip("\r")
            numbers = standing[marked]
            yield directive, numbers[min(skipped.get(marked, 0), len(numbers) - 1)]
            skipped[marked] = skipped.get(marked, 0) + 1


def _numbers_of_marked(text: str) -> Dict[str, List[int]]:
    numbers: Dict[str, List[int]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(edit.MARKER):
            # A last line that did not end may end in CR LF by now.
            numbers.setdefault(line.rstrip("\r"), []).append(number)
    return numbers
