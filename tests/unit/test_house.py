# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that keep the house as it is drawn in docs/how-it-works.md, read from the code itself.

Each rule is a function from a folder of plugins to the sentences that say where it is broken. It is
held against the real plugins, and against a small folder that breaks it.
"""

import ast
import functools
import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
PLUGINS = TOP / "plugins"
COLLECTION = ("ansible_collections", "curfew", "session", "plugins")
WINGS = ("_sshd", "_shell")
# The one file above the wings: it has the table of all mechanisms.
TABLE = "module_utils._engine.timeouts"
# What a module that only looks may neither load nor ship to a host: what runs, and what writes.
RUNNING = {"steps", "client_alive", "tmout", "run", "timeouts"}
WRITING = {"edit", "write", "reload", "changes", "journal", "lock", "writing"}
# Where a run goes through, hand to hand: what is handed on has a type. None stands for every file.
TYPED = {
    "_engine": None,
    "_sshd": {"steps", "client_alive", "plan", "proof", "write"},
    "_shell": {"tmout", "proof", "write"},
}
MAX_LINES = 40
# A docstring that begins with one of these describes; a function's says what it does.
DESCRIBING = set(
    "A All An And As At Both Each For How In It Its Nobody None Nothing Of On Only One Such That "
    "The Their They This Those True False What Whatever When Where Whether Which Who Whoever Whom "
    "Whose Why With Without".split()
)


@functools.lru_cache(maxsize=None)
def modules(plugins):
    """Return the parsed modules below a folder of plugins, by their dotted name."""
    parsed = {}
    for path in sorted(plugins.rglob("*.py")):
        parts = path.relative_to(plugins).with_suffix("").parts
        parsed[".".join(parts)] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return parsed


def imports(parsed):
    """Return for each module those of the plugins that it imports, wherever it does, by line."""
    return {name: dict(_imported(name, tree, parsed)) for name, tree in parsed.items()}


def _imported(name, tree, parsed):
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        package = _package(name, node)
        if package is None:
            continue
        for alias in node.names:
            whole = ".".join(package + (alias.name,))
            target = whole if whole in parsed else ".".join(package)
            if target in parsed and target != name:
                yield target, node.lineno


def _package(name, node):
    """Return where a ``from`` looks, below plugins; None for what is not ours."""
    module = tuple((node.module or "").split(".")) if node.module else ()
    if not node.level:
        ours = module[: len(COLLECTION)] == COLLECTION
        return module[len(COLLECTION) :] if ours else None
    return tuple(name.split("."))[: -node.level] + module


def room(name):
    """Return the package below module_utils, or the loose file, that a module belongs to."""
    parts = name.split(".")
    return parts[1] if parts[0] == "module_utils" else parts[0]


def layers(plugins):
    """A wing knows neither the other wing nor who gathers or runs it; nobody below knows a wing."""
    for name, targets in imports(modules(plugins)).items():
        for target, line in targets.items():
            why = _forbidden(room(name), room(target), name, target)
            if why:
                yield f"{name} line {line} imports {target}: {why}"


def _forbidden(importer, imported, name, target):
    if not name.startswith("module_utils."):
        return ""
    if not target.startswith("module_utils."):
        return "what runs on a host knows nothing of modules or of the controller"
    if importer == imported or imported == "_refusal":
        return ""
    if importer == "_files":
        return "_files knows nobody"
    if imported == "_info":
        return "only a module gathers"
    if imported == "_engine":
        return "only a module runs something"
    if importer == "_engine" and name == TABLE:
        return ""
    if importer in WINGS and imported in WINGS:
        return "the wings do not know each other"
    if importer not in WINGS + ("_info",) and imported in WINGS:
        return "a room below the wings knows none of them"
    return ""


def only_looking(plugins):
    """Whoever only looks ships nothing that writes: what is imported in functions counts, too."""
    graph = imports(modules(plugins))
    for start in [name for name in graph if room(name) == "_info"]:
        seen, waiting = set(), [start]
        while waiting:
            name = waiting.pop()
            for target in graph[name]:
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        for target in sorted(seen):
            if target.rpartition(".")[2] in RUNNING | WRITING:
                yield f"{start} leads to {target}, which runs something or writes"


def circles(plugins):
    """No module imports itself by way of others, not even within functions."""
    graph = {name: set(targets) for name, targets in imports(modules(plugins)).items()}
    while True:
        free = [name for name, targets in graph.items() if not targets & graph.keys()]
        if not free:
            break
        for name in free:
            del graph[name]
    for name in sorted(_on_a_circle(graph)):
        yield f"{name} is part of a circle with {sorted(graph[name] & graph.keys())}"


def _on_a_circle(graph):
    """Return a graph without what nobody left in it imports: that is merely above a circle."""
    while True:
        imported = {target for targets in graph.values() for target in targets}
        above = [name for name in graph if name not in imported]
        if not above:
            return graph
        for name in above:
            del graph[name]


def relative(plugins):
    """Utils import each other by relative names, so that editors and people can follow them."""
    for name, tree in modules(plugins).items():
        if not name.startswith(("module_utils.", "plugin_utils.")):
            continue
        for node in ast.walk(tree):
            absolute = isinstance(node, ast.ImportFrom) and not node.level
            if absolute and node.module.startswith(COLLECTION[0] + "."):
                yield f"{name} line {node.lineno} imports {node.module} by its absolute name"


def short(plugins):
    """A function holds one idea: 40 lines at most."""
    for name, tree in modules(plugins).items():
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                last = max(getattr(part, "lineno", 0) for part in ast.walk(node))
                length = getattr(node, "end_lineno", last) - node.lineno + 1  # since Python 3.8
                if length > MAX_LINES:
                    yield f"{name}.{node.name} line {node.lineno} has {length} lines"


def named_once(plugins):
    """Inside a package a public name means one thing."""
    owners = {}
    for name, tree in modules(plugins).items():
        package, _dot, _file = name.rpartition(".")
        if package.count(".") < 1:
            continue  # loose rooms, and modules, each have names of their own
        for defined in _defined(tree):
            owners.setdefault((package, defined), []).append(name)
    for (_package_name, defined), names in sorted(owners.items()):
        if len(names) > 1:
            yield f"{defined} is defined in {' and in '.join(names)}"


def _defined(tree):
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            continue
        yield from (name for name in names if not name.startswith("_"))


def typed(plugins):
    """Where a run goes through, nothing is handed on of which nobody knows what it is."""
    for name, tree in modules(plugins).items():
        files = TYPED.get(room(name), ())
        if files is not None and name.rpartition(".")[2] not in files:
            continue
        for node in ast.walk(tree):
            names = [getattr(node, "id", ""), getattr(node, "attr", "")]
            if isinstance(node, ast.ImportFrom):
                names += [alias.name for alias in node.names]
            if "Any" in names:
                yield f"{name} line {node.lineno} says Any"


def private(plugins):
    """Nobody builds on a private class of another room."""
    for name, tree in modules(plugins).items():
        for node in ast.walk(tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                if isinstance(base, ast.Attribute) and base.attr.startswith("_"):
                    yield f"{name}.{node.name} line {node.lineno} is built on {base.attr}"


def imperative(plugins):
    """A function's docstring says what it does, in one line that ends in a full stop."""
    for name, tree in modules(plugins).items():
        for node in ast.walk(tree):
            text = ast.get_docstring(node) if isinstance(node, ast.FunctionDef) else None
            if text is None:
                continue
            first = text.split("\n")[0]
            if re.match(r"[A-Za-z]*", first).group() in DESCRIBING or not first.endswith("."):
                yield f"{name}.{node.name} line {node.lineno}: {first}"


# A rule, and the smallest plugins that break it: the text of each file.
LENGTHY = "def long():\n" + "    pass\n" * MAX_LINES
BROKEN = [
    (
        layers,
        {"module_utils/_sshd/a.py": "from .._shell import b\n", "module_utils/_shell/b.py": ""},
    ),
    (layers, {"module_utils/_files/a.py": "from .. import _view\n", "module_utils/_view.py": ""}),
    (layers, {"module_utils/_view.py": "from ._sshd import a\n", "module_utils/_sshd/a.py": ""}),
    (layers, {"module_utils/_sshd/a.py": "from .._info import b\n", "module_utils/_info/b.py": ""}),
    (layers, {"module_utils/_a.py": "from ..modules import b\n", "modules/b.py": ""}),
    (
        layers,
        {"module_utils/_sshd/a.py": "from .._engine import b\n", "module_utils/_engine/b.py": ""},
    ),
    (layers, {"module_utils/_a.py": "from ._engine import b\n", "module_utils/_engine/b.py": ""}),
    (
        layers,
        {"module_utils/_engine/a.py": "from .._sshd import b\n", "module_utils/_sshd/b.py": ""},
    ),
    (
        layers,
        {
            "module_utils/_engine/timeouts.py": "from .._info import b\n",
            "module_utils/_info/b.py": "",
        },
    ),
    (
        only_looking,
        {
            "module_utils/_info/a.py": "from .._sshd import b\n",
            "module_utils/_sshd/b.py": "def c():\n    from . import write\n",
            "module_utils/_sshd/write.py": "",
        },
    ),
    (
        only_looking,
        {
            "module_utils/_info/a.py": "from .._sshd import steps\n",
            "module_utils/_sshd/steps.py": "",
        },
    ),
    (
        circles,
        {
            "module_utils/_sshd/a.py": "from . import b\n",
            "module_utils/_sshd/b.py": "def c():\n    from .a import d\n",
        },
    ),
    (
        relative,
        {
            "module_utils/_sshd/a.py": "from {} import b\n".format(
                ".".join(COLLECTION + ("module_utils", "_sshd"))
            ),
        },
    ),
    (short, {"module_utils/_a.py": LENGTHY}),
    (
        named_once,
        {"module_utils/_sshd/a.py": "LIMIT = 1\n", "module_utils/_sshd/b.py": "LIMIT = 2\n"},
    ),
    (typed, {"module_utils/_engine/a.py": "def a(b: Any): pass\n"}),
    (typed, {"module_utils/_engine/a.py": "def a() -> List[typing.Any]: pass\n"}),
    (typed, {"module_utils/_sshd/steps.py": "from typing import Any\n"}),
    (typed, {"module_utils/_shell/tmout.py": "Result = Dict[str, Any]\n"}),
    (private, {"module_utils/_a.py": "from . import _b\n\n\nclass C(_b._D):\n    pass\n"}),
    (imperative, {"module_utils/_a.py": 'def a():\n    """The number of things."""\n'}),
    (imperative, {"module_utils/_a.py": 'def a():\n    """Count things\n\n    at length."""\n'}),
]
RULES = list(dict.fromkeys(rule for rule, _files in BROKEN))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule):
    assert list(rule(PLUGINS)) == []


def build(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize("rule, files", BROKEN, ids=lambda each: getattr(each, "__name__", ""))
def test_a_house_that_breaks_the_rule_is_seen(rule, files, tmp_path):
    build(tmp_path, files)
    assert list(rule(tmp_path))


# The smallest plugins that look as if they broke a rule, and do not.
KEPT = [
    (
        layers,
        {TABLE.replace(".", "/") + ".py": "from .._sshd import b\n", "module_utils/_sshd/b.py": ""},
    ),
    (
        layers,
        {
            "modules/a.py": "from {}.module_utils._engine import b\n".format(".".join(COLLECTION)),
            "module_utils/_engine/b.py": "",
        },
    ),
    (typed, {"module_utils/_sshd/options.py": "from typing import Any\n"}),
]


@pytest.mark.parametrize("rule, files", KEPT, ids=lambda each: getattr(each, "__name__", ""))
def test_a_house_that_keeps_the_rule_is_let_be(rule, files, tmp_path):
    build(tmp_path, files)
    assert list(rule(tmp_path)) == []
    assert imports(modules(tmp_path))


def test_no_rule_is_kept_by_looking_at_nothing():
    names = set(modules(PLUGINS))
    assert {
        "module_utils._sshd.config",
        "module_utils._shell.parser",
        "modules.shell_tmout",
        TABLE,
    } <= names
    files = {name.rpartition(".")[2] for name in names}
    assert files >= RUNNING | WRITING
    assert {"steps", "client_alive", "plan", "proof", "write", "tmout"} <= files
    assert "module_utils._sshd.config" in imports(modules(PLUGINS))["module_utils._sshd.plan"]


# The picture in the documentation: its arrows, and the rows about what each file does.
DOC = (TOP / "docs" / "how-it-works.md").read_text(encoding="utf-8")
BELOW = "below"  # the loose files, which are one box
UNSEEN = "_refusal"  # everybody knows it


def box(name):
    """Return the box of the picture that a module is in."""
    place = room(name)
    if place == "plugin_utils":
        return "_audit"
    return place if "." in name.partition(".")[2] or place in ("modules", "action") else BELOW


def test_the_picture_shows_the_arrows_that_there_are():
    drawn = set(re.findall(r"^ {4}(\w+) --> (\w+)$", DOC, re.MULTILINE))
    graph = imports(modules(PLUGINS))
    arrows = {
        (box(name), box(target))
        for name, targets in graph.items()
        for target in targets
        if UNSEEN not in (room(name), room(target)) and box(name) != box(target)
    }
    assert drawn == arrows


def test_the_picture_names_every_file_once():
    rows = re.findall(r"^\| (?:\*\*.*?\*\* )?((?:`\w+`(?:, )?)+) \|", DOC, re.MULTILINE)
    named = sorted(name for row in rows for name in re.findall(r"`(\w+)`", row))
    there = [name.rpartition(".")[2] for name in modules(PLUGINS) if "_utils." in name]
    assert named == sorted(name for name in there if name != "__init__")
