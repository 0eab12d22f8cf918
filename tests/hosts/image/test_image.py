"""An image that is being built: proven without /run/sshd, host keys, /proc or a service manager."""

import pytest
from testinfra.host import Host

from tests.hosts import answers

MAIN, DROP_IN = "/image/etc/ssh/sshd_config", "/image/etc/profile.d/tmout.sh"


def test_the_image_lacks_what_sshd_wants(host: Host) -> None:
    """So that the proof below needed the way round; and it left nothing of that behind."""
    assert not host.file("/image/run/sshd").exists
    assert host.run("ls /image/etc/ssh/ssh_host_*").failed
    assert host.check_output("ls -A /image/run /image/tmp /image/proc").split() == [
        "/image/proc:", "/image/run:", "/image/tmp:"]  # fmt: skip
    assert host.run("chroot /image /usr/sbin/sshd -T").failed


@pytest.mark.parametrize("step", ["checked", "applied", "again"])
def test_sshd_has_proven_it(name: str, step: str) -> None:
    said = answers.answer(step, name)["sshd"]
    assert said["verified"] is True
    assert said["changed"] is (step != "again")
    assert said["effective"] == {"interval_seconds": 60, "count_max": 3}
    assert said["service"] == {"name": None, "manager": None, "running": False}
    assert not said["reload_needed"]


@pytest.mark.parametrize("step", ["checked", "applied", "again"])
def test_shells_of_strangers_have_proven_it(name: str, step: str) -> None:
    said = answers.answer(step, name)["tmout"]
    # No view can be had where the root is no mount of its own, so that root was not asked.
    assert said["verified"] is False
    assert said["changed"] is (step != "again")
    if step == "checked":
        return
    assert {"bash", "ksh93", "mksh"} <= {item["family"] for item in said["effective"]}
    assert all(item["tmout_seconds"] == 900 for item in said["effective"]
               if item["family"] in ("bash", "ksh93", "mksh", "dash"))  # fmt: skip


def test_the_files_in_the_image_hold_it(host: Host) -> None:
    assert "\nClientAliveInterval 60\n" in host.file(MAIN).content_string
    assert "\nClientAliveCountMax 3\n" in host.file(MAIN).content_string
    assert host.file(DROP_IN).mode == 0o644


def test_the_host_around_it_is_untouched(name: str) -> None:
    assert answers.files("applied", name) == answers.files("host", name)
