"""For generated trees: what we read is what sshd says; what we write is what it then says."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    asking,
    config,
    connections,
    edit,
    facts,
    options,
)
from ansible_collections.curfew.session.plugins.module_utils._sshd import files as sshd_files
from ansible_collections.curfew.session.plugins.module_utils._sshd import match as sshd_match
from ansible_collections.curfew.session.plugins.module_utils._sshd import plan as sshd_plan
from tests.property import trees
from tests.property.sshd import ANSWERS, DEFAULTS, find_sshd, throwaway_key

KEY_FOLDER = tempfile.TemporaryDirectory()
SSHD = find_sshd()._replace(extra=("-h", throwaway_key(KEY_FOLDER.name)))
RELEASE = SSHD.release
pytestmark = pytest.mark.usefixtures("answered")

READERS = {
    "clientaliveinterval": facts.read_seconds,
    "clientalivecountmax": facts.read_number,
}
DEFAULT = sshd_match.Connection(
    "curfew-no-such-user", "192.0.2.1", "192.0.2.1", "0.0.0.0", 22)  # fmt: skip
GIVEN = (
    {},
    {"user": "root", "addr": "10.1.2.3", "host": "a.example.org", "laddr": "127.0.0.1"},
    {"user": "backup", "addr": "2001:db8::7", "lport": 2222},
    {"user": "curfew-nobody", "host": "bad.example.org", "lport": 2222},
)
CONNECTIONS = [connections.connection(item, DEFAULT) for item in GIVEN]
MATCHES = ("all", "User root", "user backup,root", "Address 192.0.2.0/24", "Group root")

VALUES = st.one_of(st.none(), st.sampled_from(("0", "60", "300", "900")))


class Host:
    """A tree laid out on disk, and how our code and sshd read it."""

    def __init__(self, tree, folder):
        self.main = trees.write(tree, Path(folder))
        self.read = self.files().read

    def files(self):
        return sshd_files.Files(str(self.main), list(READERS), RELEASE)

    def ours(self, tree):
        """The numbers that our reading predicts, for each connection."""
        return [{key: _predicted(tree, key, item) for key in READERS} for item in CONNECTIONS]

    def answers(self):
        """What sshd says for each connection; None: it refuses the tree."""
        found = [SSHD.ask(self.main, item) for item in CONNECTIONS]
        ANSWERS["refused" if None in found else "taken"] += 1
        return None if None in found else found

    def write(self, texts):
        for path, text in texts.items():
            Path(path).write_bytes(text.encode("utf-8", "surrogateescape"))


def _predicted(tree, keyword, connection):
    directive = config.deciding(tree, keyword, connection)
    return DEFAULTS[keyword] if directive is None else READERS[keyword](directive.arguments)


def _numbers(answers):
    return [{key: answer[key][0] for key in READERS} for answer in answers]


def _neighbours(answers):
    """All that sshd says but for our two directives."""
    return [{key: value for key, value in answer.items() if key not in READERS}
            for answer in answers]  # fmt: skip


def _settings(interval, count_max):
    wanted = (("ClientAliveInterval", interval), ("ClientAliveCountMax", count_max))
    return [options.Setting(keyword, value, READERS[keyword.lower()])
            for keyword, value in wanted if value is not None]  # fmt: skip


def _others(text):
    """The lines that are not ours, without the ending of the last one."""
    kept = []
    for line in text.split("\n"):
        bare = line
        if line.startswith(edit.MARKER):
            bare = line[len(edit.MARKER):]
        statement = config.parse_line(bare, RELEASE)
        if statement is None or statement.keyword not in READERS:
            kept.append(line)
    return kept[:-1] if kept and kept[-1] == "" else kept


@given(trees.trees(RELEASE))
def test_reads_what_sshd_reads(tree):
    with tempfile.TemporaryDirectory() as folder:
        host = Host(tree, folder)
        answers = host.answers()
        event("valid" if answers else "refused by sshd")
        predicted = host.ours(host.read({}))
        if answers:
            assert predicted == _numbers(answers)


@given(trees.trees(RELEASE), VALUES, VALUES, st.booleans())
def test_after_an_edit_sshd_says_what_was_asked(tree, interval, count_max, disable):
    settings = _settings(interval, count_max)
    with tempfile.TemporaryDirectory() as folder:
        host = Host(tree, folder)
        before = host.answers()
        if not before:
            return
        plan = sshd_plan.make(host.read, settings, RELEASE, None, disable)
        staged = _staged_answer(plan)
        host.write(plan.texts)
        after = host.answers()
        assert after, "sshd refuses what we wrote"
        assert host.ours(plan.after) == _numbers(after)
        assert _numbers([staged]) == _numbers(after)[:1]
        assert _neighbours(after) == _neighbours(before)
        _check_other_lines(plan)
        _check_in_force(plan, settings, disable, before, after)
        again = sshd_plan.make(host.files().read, settings, RELEASE, None, disable)
        assert again.texts == {}


def _staged_answer(plan):
    with asking.Prover(SSHD.binary, RELEASE) as prover:
        return prover.ask([asking.Question(plan.after, CONNECTIONS[0], True)])[0]


def _check_other_lines(plan):
    for path, text in plan.before.texts.items():
        assert _others(plan.after.texts[path]) == _others(text)


def _check_in_force(plan, settings, disable, before, after):
    """Asked for is in force, but where a Match block decided: that keeps its say."""
    for number, connection in enumerate(CONNECTIONS):
        for setting in settings:
            keyword = setting.keyword.lower()
            directive = config.deciding(plan.before, keyword, connection)
            if directive and not config.unconditional(directive):
                assert after[number][keyword] == before[number][keyword]
                continue
            now = config.deciding(plan.after, keyword, connection)
            if now and not config.unconditional(now):
                continue  # an exception that the Match all before it had hidden
            could_disable = disable and not _also_conditional(plan.before, keyword)
            if could_disable or not _match_all(plan.before, keyword):
                assert after[number][keyword] == [setting.value]


def _also_conditional(tree, keyword):
    """Lines that are read twice, once under a condition: nobody can disable half a line."""
    found = [item for item in tree.directives if item.keyword == keyword]
    twice = {(item.path, item.line) for item in found if not config.unconditional(item)}
    return any((item.path, item.line) in twice for item in found
               if item.scope and config.unconditional(item))  # fmt: skip


def _match_all(tree, keyword):
    return any(item.scope and config.unconditional(item)
               for item in tree.directives if item.keyword == keyword)  # fmt: skip


@given(trees.trees(RELEASE), VALUES, VALUES, st.sampled_from(MATCHES), st.booleans())
def test_an_edit_in_a_match_block_is_what_sshd_reads(tree, interval, count_max, match, disable):
    settings = _settings(interval, count_max)
    statement = config.parse_line("Match " + match, RELEASE)
    criteria = config.parse_criteria(statement.arguments)
    with tempfile.TemporaryDirectory() as folder:
        host = Host(tree, folder)
        before = host.answers()
        if not before:
            return
        plan = sshd_plan.make(host.read, settings, RELEASE, criteria, disable)
        host.write(plan.texts)
        after = host.answers()
        assert after, "sshd refuses what we wrote"
        assert host.ours(plan.after) == _numbers(after)
        assert _neighbours(after) == _neighbours(before)
        again = sshd_plan.make(host.files().read, settings, RELEASE, criteria, disable)
        assert again.texts == {}
        undone = sshd_plan.unmake(host.files().read, settings, RELEASE, criteria)
        host.write(undone.texts)
        answers = host.answers()
        assert answers and _neighbours(answers) == _neighbours(before)
        assert host.ours(undone.after) == _numbers(answers)


@given(trees.trees(RELEASE), st.booleans())
def test_absent_takes_back_what_present_did(tree, disable):
    settings = _settings("60", "5")
    with tempfile.TemporaryDirectory() as folder:
        host = Host(tree, folder)
        before = host.answers()
        if not before:
            return
        bare = sshd_plan.unmake(host.read, settings, RELEASE)
        host.write(bare.texts)
        made = sshd_plan.make(host.files().read, settings, RELEASE, None, disable)
        host.write(made.texts)
        undone = sshd_plan.unmake(host.files().read, settings, RELEASE)
        host.write(undone.texts)
        answers = host.answers()
        assert answers and _neighbours(answers) == _neighbours(before)
        assert host.ours(undone.after) == _numbers(answers)
        for path, text in bare.after.texts.items():
            assert undone.after.texts[path].rstrip("\r\n") == text.rstrip("\r\n")
        assert sshd_plan.unmake(host.files().read, settings, RELEASE).texts == {}
