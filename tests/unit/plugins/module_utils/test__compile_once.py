# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a zip each util is compiled once, and nothing else about it is changed."""

import json
import subprocess
import sys
import zipfile

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _compile_once

# In a process of its own: what is imported there, where from, and how often something is compiled.
PROGRAM = """
import json, sys, traceback
compiled = []
if hasattr(sys, "addaudithook"):
    sys.addaudithook(lambda event, given: event == "compile" and compiled.append(given[1]))
sys.path.insert(0, sys.argv[1])
from top.utils import _compile_once
if sys.argv[2] == "once":
    _compile_once.install()
    _compile_once.install()
from top.utils import beside
from top.utils.wing import room
try:
    room.fail()
except ValueError:
    told = traceback.format_exc()
print(json.dumps({
    "files": [beside.__file__, room.__file__, sys.modules["top.utils.wing"].__file__],
    "told": told,
    "importer": type(room.__loader__).__name__,
    "compiled": sum(str(name).endswith("room.py") for name in compiled),
    "counts": hasattr(sys, "addaudithook"),
    "hooks": sum(hook is _compile_once.Importer for hook in sys.path_hooks),
}))
"""
ROOM = "from ..beside import VALUE\n\n\ndef fail():\n    raise ValueError(VALUE)\n"


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "payload.zip"
    with open(_compile_once.__file__) as source, zipfile.ZipFile(str(path), "w") as packed:
        for package in ("top", "top/utils", "top/utils/wing"):
            packed.writestr(package + "/__init__.py", "")
        packed.writestr("top/utils/_compile_once.py", source.read())
        packed.writestr("top/utils/beside.py", "VALUE = 'from beside'\n")
        packed.writestr("top/utils/wing/room.py", ROOM)
    return path


def imported(archive, how):
    command = [sys.executable, "-B", "-c", PROGRAM, str(archive), how]
    return json.loads(subprocess.check_output(command).decode())


def test_all_but_the_second_compiling_is_as_without_it(archive):
    plain, once = imported(archive, "plain"), imported(archive, "once")
    assert once["files"] == plain["files"]
    assert once["told"] == plain["told"]
    assert "raise ValueError(VALUE)" in once["told"] and "from beside" in once["told"]
    assert (plain["importer"], once["importer"]) == ("zipimporter", "Importer")
    assert (plain["hooks"], once["hooks"]) == (0, 1)
    if once["counts"]:
        assert once["compiled"] < plain["compiled"]


def test_outside_a_zip_nothing_is_installed():
    hooks = list(sys.path_hooks)
    _compile_once.install()
    assert sys.path_hooks == hooks
