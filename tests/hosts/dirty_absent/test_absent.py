"""After `state: absent` what was disabled is enabled again, to the byte."""

from tests.hosts import answers
from tests.hosts.dirty.test_dirty import DROP_IN, DUPLICATES, MAIN


def test_the_role_had_changed_the_host(name: str) -> None:
    assert answers.numbers("applied", name) == (2, 1)
    assert answers.shells("applied", name)["bash"]["tmout"] == "5"


def test_other_peoples_files_are_back_to_the_byte(name: str) -> None:
    assert answers.changed("before", "absent", name) == {MAIN}
    assert DROP_IN not in answers.files("absent", name)


def test_main_file_lacks_nothing_but_the_directives_of_its_global_section(name: str) -> None:
    before = answers.text("before", name, MAIN).split("\n")
    expected = [line for line in before if line not in DUPLICATES]
    assert answers.text("absent", name, MAIN).split("\n") == expected


def test_sshd_and_the_shells_say_what_they_said_before(name: str) -> None:
    assert answers.sshd("absent", name) == answers.sshd("before", name)
    assert answers.shells("absent", name) == answers.shells("before", name)


def test_the_result_returns_what_is_in_force_then(name: str) -> None:
    said = answers.answer("absent", name)["sshd"]
    assert said["effective"] == {"interval_seconds": 420, "count_max": 7}
