"""Hold our reading and our edits of sshd's configuration against the real sshd."""

import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    asking,
    config,
    connections,
    deriving,
    edit,
    facts,
    match,
    options,
)
from ansible_collections.curfew.session.plugins.module_utils._sshd import files as sshd_files
from ansible_collections.curfew.session.plugins.module_utils._sshd import plan as sshd_plan

from . import sshd_words
from .case import Disagreement, Files, Result, rng_of, smaller
from .sshd_oracle import DEFAULTS, Sshd
from .sshd_trees import CONSTRUCTS, constructs, generate

READERS = {
    "clientaliveinterval": facts.read_seconds,
    "clientalivecountmax": facts.read_number,
}
KEYWORDS = {
    "clientaliveinterval": "ClientAliveInterval",
    "clientalivecountmax": "ClientAliveCountMax",
}
NOBODY = match.Connection("curfew-no-such-user", "192.0.2.1", "192.0.2.1", "0.0.0.0", 22)
CONNECTIONS = [
    connections.connection(given, NOBODY)
    for given in (
        {},
        {"user": "root", "addr": "10.1.2.3", "host": "a.example.org", "laddr": "127.0.0.1"},
        {"user": "backup", "addr": "2001:db8::7", "lport": 2222},
        {"user": "curfew-nobody", "host": "bad.example.org", "lport": 2222},
    )
]
MATCHES = ("all", "User root", "user backup,root", "Address 192.0.2.0/24", "Group root")
VALUES = (None, "0", "60", "300", "900")
Answer = dict[str, list[str]]


class Wrong(Exception):
    """We and sshd disagree; the sentence says how."""


class Trees:
    """Cases of whole trees, each read, edited, taken back, with sshd asked after each step."""

    kind = "sshd"
    small = True

    def __init__(self, sshd: Sshd, folder: str) -> None:
        self.sshd = sshd
        self.folder = folder

    def run(self, seed: int, numbers: Sequence[int]) -> Result:
        result = Result(self.kind)
        result.constructs.update(dict.fromkeys(CONSTRUCTS, 0))  # what never occurs is shown too
        for number in numbers:
            files = generate(rng_of(self.kind, seed, number), self.sshd.release)
            result.constructs.update(constructs(files))
            what = self._wrong(files, seed, number, result)
            result.cases += 1
            if what:
                result.disagreements.append(self._small(files, seed, number, what))
        return result

    def _small(self, files: Files, seed: int, number: int, what: str) -> Disagreement:
        """The same sort of disagreement, with as little as it takes."""
        if not self.small:
            return Disagreement(number, what, files)
        sort = what[:12]
        files = smaller(
            files, lambda less: (self._wrong(less, seed, number, None) or "")[:12] == sort
        )
        return Disagreement(number, self._wrong(files, seed, number, None) or what, files)

    def _wrong(self, files: Files, seed: int, number: int, result: Result | None) -> str | None:
        if sshd_words.MAIN not in files:
            return None
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            try:
                told = _Host(self.sshd, files, Path(folder)).drill(rng_of("drill", seed, number))
            except Wrong as wrong:
                return str(wrong).replace(folder, "@ROOT@")
            except Exception as error:  # a crash is a disagreement too, and is made small like one
                return f"{type(error).__name__}: {error}".replace(folder, "@ROOT@")
        if result:
            result.counts[told] += 1
        return None


class _Host:
    """A tree laid out on disk, and how our code and sshd read it."""

    def __init__(self, sshd: Sshd, files: Files, folder: Path) -> None:
        self.sshd = sshd
        self.main = sshd_words.write(files, folder)
        self.connections = [item._replace(version=sshd.version) for item in CONNECTIONS]

    def drill(self, rng: random.Random) -> str:
        """Read, edit, take back; return what kind of case it was."""
        connections = rng.sample(self.connections, 2 if rng.random() < 0.2 else 1)
        before = self._answers(connections)
        if before is None:
            self._refuse_too()
            return "refused by sshd"
        try:
            self._agree("reads", self._read({}), before, connections)
            self._edit(rng, before, connections)
        except config.ConfigError as error:
            if "NUL byte" in str(error) and any(b"\0" in text for text in self._texts().values()):
                return "refused by us: a NUL byte"
            raise Wrong(f"sshd takes it, we refuse: {error}") from error
        return "taken by sshd"

    def _refuse_too(self) -> None:
        """Where sshd refuses a line that stands alone, there is no value for us to read in it."""
        alone = list(self._texts()) == [sshd_words.MAIN]
        if not alone or self.main.read_bytes().strip(b"\n").count(b"\n"):
            return
        for item in self._read({}).directives:
            value = READERS[item.keyword](item.arguments)
            if value is not None:
                raise Wrong(f"we read {item.keyword} {value}, sshd refuses the line")

    def _edit(self, rng: random.Random, before: list[Answer], connections: Sequence[Any]) -> None:
        settings = [_setting(key, rng.choice(VALUES[1:])) for key in READERS if rng.random() < 0.7]
        disable = rng.random() < 0.5
        criteria = _criteria(rng.choice(MATCHES), self.sshd) if rng.random() < 0.3 else None
        release = self.sshd.release
        plan = sshd_plan.make(self._files().read, settings, release, criteria, disable)
        staged = self._staged(plan, connections[0]) if rng.random() < 0.25 else None
        self._write(plan.texts)
        after = self._answers(connections)
        if after is None:
            raise Wrong(f"sshd refuses what we wrote for {settings}: {self._texts()}")
        self._agree("reads after an edit", plan.after, after, connections)
        if staged is not None and staged != after[0]:
            raise Wrong("a staged copy is read in another way than the real files")
        _same_neighbours(before, after)
        _same_lines(plan, release, exactly=criteria is None)
        self._told_truly(rng, plan, settings, criteria)
        if criteria is None:
            self._in_force(plan, settings, disable, before, after, connections)
        again = sshd_plan.make(self._files().read, settings, release, criteria, disable)
        if again.texts:
            raise Wrong(f"a second run changes {sorted(again.texts)} for {criteria}")
        if rng.random() < 0.25:
            self._take_back(settings, criteria, before, connections)
            if criteria is None:
                self._back_and_forth(settings, disable)

    def _staged(self, plan: Any, connection: Any) -> Answer:
        """What the proof of a dry run says: sshd reads copies, wherever the files lie."""
        with asking.Prover(self.sshd.binary, self.sshd.release, self.sshd.extra) as prover:
            (answer,) = prover.ask([asking.Question(plan.after, connection, True)])
        if isinstance(answer, asking.Rejected):
            raise Wrong(f"staged: {answer}")
        return answer

    def _take_back(self, settings: Any, criteria: Any, before: Any, connections: Any) -> None:
        undone = sshd_plan.unmake(self._files().read, settings, self.sshd.release, criteria)
        self._write(undone.texts)
        answers = self._answers(connections)
        if answers is None:
            raise Wrong("sshd refuses what is left after taking it back")
        self._agree("reads after taking it back", undone.after, answers, connections)
        _same_neighbours(before, answers)

    def _back_and_forth(self, settings: Any, disable: bool) -> None:
        """What is done and taken back leaves the bytes that were there, but for the last end."""
        bare = self._read({}).texts
        release = self.sshd.release
        self._write(sshd_plan.make(self._files().read, settings, release, None, disable).texts)
        self._write(sshd_plan.unmake(self._files().read, settings, release).texts)
        left = self._read({}).texts
        for path, text in bare.items():
            if left[path].rstrip("\r\n") != text.rstrip("\r\n"):
                raise Wrong(f"{path} is not as it was before it was edited and taken back")
        again = sshd_plan.unmake(self._files().read, settings, release)
        if again.texts:
            raise Wrong(f"taking it back twice changes {sorted(again.texts)}")

    def _in_force(self, plan: Any, settings: Any, disable: bool, before: list[Answer],
                  after: list[Answer], connections: Sequence[Any]) -> None:  # fmt: skip
        """What was asked for is in force, but where a Match block decided: it keeps its say."""
        for setting in settings:
            key = setting.keyword.lower()
            for old, new, connection in zip(before, after, connections, strict=True):
                decides = config.deciding(plan.before, key, connection)
                decides_now = config.deciding(plan.after, key, connection)
                if decides and not config.unconditional(decides):
                    wanted = old[key]
                elif decides_now and not config.unconditional(decides_now):
                    continue  # an exception that the Match all before it had hidden
                elif _match_all(plan.before, key) and (not disable or _twice(plan.before, key)):
                    continue
                else:
                    wanted = [setting.value]
                if new[key] != wanted:
                    raise Wrong(f"{key} {setting.value}, disable={disable}: sshd says {new[key]}")

    def _told_truly(self, rng: random.Random, plan: Any, settings: Any, criteria: Any) -> None:
        """A conflict wins if it decides for anybody; under a condition, for whom that makes."""
        derive, version = self._derived, self.sshd.version
        found = sshd_plan.conflicts(
            plan, settings, False, self.connections, criteria, derive, version=version
        )
        wins = {(item.path, item.line, item.scope): item.wins for item in found}
        decides: dict[Any, list[bool]] = {}  # of each reading: a line may be read several times
        asked = []
        for item in plan.after.directives:
            place = (item.path, item.line, config.scope_text(item.scope))
            derived = derive(config.criteria_of(item.scope))
            conditional = not config.for_everybody(item, version)
            if place not in wins or (conditional and derived is None):
                continue
            meant = [derived] if conditional else self.connections
            met = [each for each in meant if _decides(item, each, plan.after)]
            if conditional:
                decides.setdefault(place, []).append(bool(met))
                asked += [(item, each) for each in met]
            if met and not wins[place]:
                raise Wrong(f"wins: {item.path} line {item.line} decides for {met[0].user}")
        for place, readings in decides.items():
            if wins[place] and not any(readings):
                raise Wrong(f"wins: {place[0]} line {place[1]} decides for nobody in {place[2]}")
        if asked:
            self._has_its_way(*rng.choice(asked))

    def _derived(self, criteria: Any) -> Any:
        return deriving.derivable(criteria, NOBODY._replace(version=self.sshd.version))

    def _has_its_way(self, directive: Any, connection: Any) -> None:
        (answer,) = self._answers([connection]) or [None]
        value = READERS[directive.keyword](directive.arguments)
        if answer is None or answer[directive.keyword] != [value]:
            told = answer and answer[directive.keyword]
            raise Wrong(f"wins: {directive.path} line {directive.line}, but sshd says {told}")

    def _answers(self, connections: Sequence[Any]) -> list[Answer] | None:
        found = []
        for connection in connections:
            answer = self.sshd.ask(self.main, connection)
            if answer is None:
                return None
            found.append(answer)
        return found

    def _agree(self, doing: str, tree: Any, answers: list[Answer], connections: Any) -> None:
        for answer, connection in zip(answers, connections, strict=True):
            for key, read in READERS.items():
                directive = config.deciding(tree, key, connection)
                ours = DEFAULTS[key] if directive is None else read(directive.arguments)
                if [ours] != answer[key][:1]:
                    raise Wrong(f"{doing} {key} {ours}, sshd {answer[key][0]}, {connection.user}")

    def _files(self) -> Any:
        return sshd_files.Files(str(self.main), list(READERS), self.sshd.release)

    def _read(self, texts: Mapping[str, str]) -> Any:
        return self._files().read(texts)

    def _texts(self) -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in self.main.parent.rglob("*") if p.is_file()}

    def _write(self, texts: Mapping[str, str]) -> None:
        for path, text in texts.items():
            Path(path).write_bytes(text.encode("utf-8", "surrogateescape"))


def _setting(key: str, value: str) -> Any:
    return options.Setting(KEYWORDS[key], value, READERS[key])


def _criteria(text: str, sshd: Sshd) -> Any:
    statement = config.parse_line("Match " + text, sshd.release)
    return config.parse_criteria(statement.arguments)


def _same_neighbours(before: list[Answer], after: list[Answer]) -> None:
    for old, new in zip(before, after, strict=True):
        changed = {k for k in old.keys() | new.keys() if old.get(k) != new.get(k)} - set(READERS)
        if changed:
            raise Wrong(f"the edit changes {sorted(changed)}")


def _same_lines(plan: Any, release: tuple[int, int], exactly: bool) -> None:
    """Every line that is not one of the two directives keeps its bytes; no other one comes."""
    for path, text in plan.texts.items():
        kept, now = _others(plan.before.texts[path], release), _others(text, release)
        if (kept and not _within(kept, now)) or (exactly and kept != now):
            raise Wrong(f"the edit of {path} loses or changes a line that is not its own")


def _decides(directive: Any, connection: Any, tree: Any) -> bool:
    decides = config.deciding(tree, directive.keyword, connection)
    return decides is not None and config.same_definition(decides, directive)


def _within(lines: Sequence[str], text: Sequence[str]) -> bool:
    """A last line that did not end may end now, as the first one does."""
    rest = iter(text)
    last = lines[-1].rstrip("\r")
    return all(line in rest for line in lines[:-1]) and any(x.rstrip("\r") == last for x in rest)


def _others(text: str, release: tuple[int, int]) -> list[str]:
    marker = edit.MARKER
    lines = [line.removeprefix(marker) for line in text.split("\n")]
    parsed = [(line, config.parse_line(line, release)) for line in lines]
    kept = [line for line, said in parsed if said is None or said.keyword not in READERS]
    return kept[:-1] if kept and kept[-1] == "" else kept


def _match_all(tree: Any, key: str) -> bool:
    found = [item for item in tree.directives if item.keyword == key]
    return any(item.scope and config.unconditional(item) for item in found)


def _twice(tree: Any, key: str) -> bool:
    """Lines that are read twice, once under a condition: nobody can disable half a line."""
    found = [item for item in tree.directives if item.keyword == key]
    half = {(d.path, d.line) for d in found if not config.unconditional(d)}
    return any((d.path, d.line) in half for d in found
               if d.scope and config.unconditional(d))  # fmt: skip
