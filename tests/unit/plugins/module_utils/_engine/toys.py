# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mechanism that writes its name below what files hold, and that refuses whatever it is told to.

One class is all of its steps, so that a test can say what is to happen at which.
"""

import copy
import os

from ansible_collections.curfew.session.plugins.module_utils._engine import run
from ansible_collections.curfew.session.plugins.module_utils._files.reading import Change, read
from ansible_collections.curfew.session.plugins.module_utils._refusal import Refusal


class Toy:
    """``fails`` is the step that ends with ``error``; ``log`` gets each step that is taken."""

    def __init__(self, name, *paths, **given):
        self.NAME = name
        self.paths = [str(path) for path in paths]
        self.log = given.pop("log", [])
        self.fails = given.pop("fails", None)
        self.error = given.pop("error", Refusal("It is so.", {"why": "known"}))
        self.own, self.shared = given.pop("own", ()), given.pop("shared", ())
        self.home = str(given.pop("home", os.path.dirname(self.paths[0]) if self.paths else "/x"))
        self.backup = given.pop("backup", False)
        self.is_due = given.pop("is_due", False)
        self.alarm = given.pop("alarm", None)
        self.warnings = given.pop("warnings", [])
        self.meanwhile = given.pop("meanwhile", {})
        assert not given, given
        # What its result tells otherwise.
        self.telling = {}
        self.changes = []
        self.met = {}
        self.known = {}

    def spec(self):
        return {"text": {"type": "str"}}

    def unknown(self):
        return {"changed": False, "verified": None, "reached": None, "why": None}

    def _take(self, step):
        self.log.append((self.NAME, step))
        self.meanwhile.get(step, lambda: None)()
        if step == self.fails:
            raise self.error
        taken = copy.copy(self)
        taken.known = {"reached": step}
        return taken

    def options(self, params):
        self.met["options"] = params
        return self._take("options")

    def look(self, once):
        self.met["look"] = once
        return self._take("look")

    def plan(self, planned):
        self.met["plan"] = planned
        self.changes = []
        texts = {change.snapshot.real_path: change.after for change in planned}
        for path in self.paths:
            snapshot = read(path, missing_ok=True)
            before = texts.get(snapshot.real_path, snapshot.data) or b""
            self.changes.append(Change(snapshot, before + self.NAME.encode() + b"\n"))
        return self._take("plan")

    def ask(self, planned):
        self.met["ask"] = planned
        return self._take("ask")

    def prove(self, planned):
        self.met["prove"] = planned
        return self._take("prove")

    def activation(self):
        self._take("activation")
        return self.alarm

    def ordered(self):
        self._take("ordered")
        return self.changes[::-1]

    def prove_written(self):
        self.met["written"] = [open_text(path) for path in self.paths]
        return self._take("prove_written")

    def result(self, backup_files=None):
        self._take("result")
        told = {
            "changed": bool(self.changes) or self.is_due,
            "verified": True,
            "written": backup_files is not None,
            "backup_files": backup_files or [],
            "warnings": list(self.warnings),
        }
        return dict(told, **self.telling)


class Alarm:
    """What has a daemon read its files; two of the same name are equal."""

    def __init__(self, name, log, is_due=True, fails=(), paths=()):
        self.name, self.log, self.is_due, self.fails = name, log, is_due, list(fails)
        self.paths = paths

    def __eq__(self, other):
        return self.name == other.name

    def _do(self, what):
        self.log.append((self.name, what) + tuple(map(open_text, self.paths)))
        if self.fails and self.fails[0] == what:
            self.fails.pop(0)
            raise Refusal(f"{self.name} could not {what}.")

    def check(self):
        self._do("check")

    def run(self):
        self._do("run")


def open_text(path):
    try:
        with open(str(path)) as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def run_all(*toys, check_mode=False, **params):
    return run.run([run.Job(toy, params) for toy in toys], check_mode)
