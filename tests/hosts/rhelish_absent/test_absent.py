"""After `state: absent` a host shaped like RHEL's is as it was."""

from tests.hosts import answers


def test_the_role_had_changed_the_host(name: str) -> None:
    assert answers.numbers("applied", name) == (2, 1)
    assert answers.shells("applied", name)["zsh"]["tmout"] == "5"


def test_every_byte_is_back(name: str) -> None:
    assert answers.changed("before", "absent", name) == set()
    assert answers.sshd("absent", name) == answers.sshd("before", name)
    assert answers.shells("absent", name) == answers.shells("before", name)
