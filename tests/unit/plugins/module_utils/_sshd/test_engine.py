"""What a failed run says."""

import types

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files.reading import FilesError
from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    engine,
    reload,
    service,
    write,
)

SENTENCES = [
    (OSError(5, "Input/output error", "/etc/ssh/d"), "/etc/ssh/d: Input/output error."),
    (OSError(24, "Too many open files"), "The system says: Too many open files."),
    (OSError("odd"), "odd"),
    (FilesError("/etc/a does not exist."), "/etc/a does not exist."),
]


@pytest.mark.parametrize("error, sentence", SENTENCES)
def test_sentence(error, sentence):
    assert engine.sentence(error) == sentence


class Transaction:
    """One whose undo fails, or does not."""

    def __init__(self, fails):
        self._fails = fails

    def undo(self):
        if self._fails:
            raise FilesError("/etc/ssh/sshd_config has been changed by somebody else since.")


BACK = " The files are as they were. The daemon was reloaded with them."
NOT_BACK = (
    " Then: /etc/ssh/sshd_config has been changed by somebody else since."
    " The daemon was reloaded with what is there now."
)


@pytest.mark.parametrize("fails, ending", [(False, BACK), (True, NOT_BACK)])
@pytest.mark.parametrize(
    "error", [service.ServiceError("sshd no longer answers."), KeyError("a bug")]
)
def test_an_undo_that_fails_does_not_hide_why_it_was_needed(monkeypatch, fails, ending, error):
    reloaded = []
    monkeypatch.setattr(reload, "reload", lambda *given: reloaded.append(given))
    run = types.SimpleNamespace(
        plan=types.SimpleNamespace(texts={"/etc/ssh/sshd_config": ""}), service=None, listener=None
    )
    said = None
    try:
        write._undo(run, Transaction(fails), error, [])
    except engine.ChangeError as failed:
        said = str(failed)
    if isinstance(error, KeyError) and not fails:
        assert said is None  # the caller raises what nobody expected
    else:
        assert said == engine.sentence(error) + ending
    assert reloaded
