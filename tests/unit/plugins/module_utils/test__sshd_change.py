"""What a failed run says."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _sshd_change
from ansible_collections.curfew.session.plugins.module_utils._file_system import FilesError

SENTENCES = [
    (OSError(5, "Input/output error", "/etc/ssh/d"), "/etc/ssh/d: Input/output error."),
    (OSError(24, "Too many open files"), "The system says: Too many open files."),
    (OSError("odd"), "odd"),
    (FilesError("/etc/a does not exist."), "/etc/a does not exist."),
]


@pytest.mark.parametrize("error, sentence", SENTENCES)
def test_sentence(error, sentence):
    assert _sshd_change.sentence(error) == sentence
