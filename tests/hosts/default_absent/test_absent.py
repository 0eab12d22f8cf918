"""After `state: absent` a host that was clean is as it was, but for the drop-in taken over."""

from tests.hosts import answers

DROP_IN = "/etc/profile.d/tmout.sh"


def test_the_role_had_changed_the_host(name: str) -> None:
    assert answers.numbers("applied", name) == (3, 1)
    assert answers.shells("applied", name)["bash"]["tmout"] == "5"


def test_every_byte_is_back(name: str) -> None:
    assert answers.changed("before", "absent", name) == {DROP_IN}
    assert DROP_IN not in answers.files("absent", name)


def test_sshd_and_the_shells_are_rid_of_it(name: str) -> None:
    assert answers.sshd("absent", name) == answers.sshd("before", name)
    for said in answers.shells("absent", name).values():
        assert said["tmout"] in ("unset", "0")


def test_the_result_returns_what_is_in_force_then(name: str) -> None:
    said = answers.answer("absent", name)
    assert said["sshd"]["effective"] == {"interval_seconds": 0, "count_max": 3}
    assert {item["tmout_seconds"] or 0 for item in said["tmout"]["effective"]} == {0}
