"""A signal ends a run that writes as an error does; one that comes too late is ignored."""

import os
import signal

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import signals
from ansible_collections.curfew.session.plugins.module_utils._files.reading import FilesError

SIGNALS = [signal.SIGHUP, signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def none_ignored():
    """As in the foreground of a terminal: nohup has one of them ignored, a shell's `&` another."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_ends_as_an_error_does(number):
    undone = []
    before = signal.getsignal(number)
    sentence = f"The run was ended by {number.name}. The files are as they were."
    undoable = signals.undoable(lambda: undone.append(True))
    with pytest.raises(FilesError, match=sentence), undoable:
        try:
            os.kill(os.getpid(), number)
        except Exception:
            pytest.fail("taken for an answer")
    assert undone
    assert signal.getsignal(number) is before


def test_the_second_signal_does_not_disturb_the_undo():
    undone = []

    def undo():
        os.kill(os.getpid(), signal.SIGTERM)
        undone.append(True)

    with pytest.raises(FilesError, match="SIGHUP"), signals.undoable(undo):
        os.kill(os.getpid(), signal.SIGHUP)
    assert undone


def test_an_undo_that_fails_has_the_last_word():
    def undo():
        raise FilesError("It could not be restored.")

    with pytest.raises(FilesError, match="could not be restored"), signals.undoable(undo):
        os.kill(os.getpid(), signal.SIGTERM)


def test_too_late():
    with signals.undoable(lambda: pytest.fail("undone")) as too_late:
        too_late()
        for number in SIGNALS:
            os.kill(os.getpid(), number)


def test_what_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.undoable(lambda: pytest.fail("undone")):
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
