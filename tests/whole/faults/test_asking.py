"""What the drills ask at the end of a run: nobody can log in, or it could not be asked."""

import tempfile
from pathlib import Path

import pytest

from tests.oracle import CannotBeAsked

from .harness import FAST_FOLDER
from .test_module_faults import build_sshd, in_force
from .test_tmout_faults import TEXTS, build, probe


def test_where_sshd_does_not_start_nobody_logs_in(tmp_path: Path, host_key: Path) -> None:
    build_sshd(tmp_path)
    config = tmp_path / "sshd_config"
    assert len(in_force(str(config), host_key)) == 4
    config.write_text("ClientAliveInterval soon\n")
    assert in_force(str(config), host_key) == {}


@pytest.mark.parametrize("lacks", ["host key", "folder to mount"])
def test_an_sshd_that_is_not_asked_says_nothing(tmp_path: Path, host_key: Path, lacks: str) -> None:
    build_sshd(tmp_path)
    key = tmp_path / "none" if lacks == "host key" else host_key
    mnt = tmp_path / "none" if lacks == "folder to mount" else Path("/mnt")
    with pytest.raises(CannotBeAsked):
        in_force(str(tmp_path / "sshd_config"), key, mnt)


def test_where_a_shell_ends_nobody_logs_in() -> None:
    with tempfile.TemporaryDirectory(dir=FAST_FOLDER) as folder:  # not below /tmp: that is hidden
        tree = Path(folder)
        build(tree, TEXTS)
        assert len(probe(tree)) == 5
        (tree / "etc/profile").write_text("exit 127\n")
        assert probe(tree) == {}


def test_shells_that_are_not_asked_say_nothing(tmp_path: Path) -> None:
    with pytest.raises(CannotBeAsked):
        probe(tmp_path / "none")
