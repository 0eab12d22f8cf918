# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said by a child that is somebody else."""

import os
import signal
import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _identities
from ansible_collections.curfew.session.plugins.module_utils._info import shells

# what a child that is somebody else may say
NOT_ANSWERS = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"\xff",
    b'{"tmout_seconds": "5"}',
    b'{"tmout_seconds": 5, "logout_seconds": 5, "readonly": 1}',
    b'{"tmout_seconds": true, "logout_seconds": 5, "readonly": true}',
]


@pytest.mark.parametrize("said", NOT_ANSWERS)
def test_not_an_answer(said):
    assert shells._checked(said) is None


def test_what_nests_too_deeply_is_no_answer():
    assert shells._checked(b"[" * 60000) is None


def test_an_answer():
    said = b'{"tmout_seconds": 5, "logout_seconds": null, "readonly": true}'
    assert shells._checked(said).tmout_seconds == 5


NOBODY = _identities.Identity(65534, 65534, (65534,), ())
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")


def stops():
    os.kill(os.getpid(), signal.SIGSTOP)


@needs_root
def test_asked_as_somebody_else():
    def work():
        return shells._Timeout(os.geteuid(), None, None)

    assert shells._as_user(NOBODY, work, 20).tmout_seconds == 65534


@needs_root
def test_who_stops_what_asks_does_not_stop_the_run():
    begun = time.monotonic()
    assert shells._as_user(NOBODY, stops, 0.3) is None
    assert time.monotonic() - begun < 20
