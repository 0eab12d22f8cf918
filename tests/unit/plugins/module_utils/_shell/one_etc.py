# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real shells in a view in which a few login files are put over those of the machine."""

import os
import shutil
import subprocess

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _identities
from ansible_collections.curfew.session.plugins.module_utils._accounts import Shell
from ansible_collections.curfew.session.plugins.module_utils._files.reading import Change, read
from ansible_collections.curfew.session.plugins.module_utils._login_programs import program_at
from ansible_collections.curfew.session.plugins.module_utils._shell import files
from ansible_collections.curfew.session.plugins.module_utils._shell.starting import Asker

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or subprocess.call(["unshare", "-m", "true"]) != 0,
    reason="private mount namespaces are not possible here",
)
ROOT = _identities.Person("root", 0, 0, (0,))


def asker(name, person=None):
    program = program_at(shutil.which(name))
    shell = Shell("/bin/" + name, program.real_path, program.family, False)
    return Asker(shell, person or _identities.stranger())


def planned(text, **further):
    """Return changes after which /etc/profile holds a text alone, and the files as they will be."""
    texts = dict({"/etc/profile": text}, **further)
    changes = [
        Change(read(path, missing_ok=True), text.encode(), 0o644, rights=True)
        for path, text in texts.items()
    ]
    host = files.HostFiles(changes)
    for path in texts:
        host.text(path)
    return changes, host
