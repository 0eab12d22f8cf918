# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which sshd and which files a request is about, and which connections are proven."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._once import Once
from ansible_collections.curfew.session.plugins.module_utils._refusal import Refusal
from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    asking,
    config,
    facts,
    host,
    match,
    options,
    plan,
)
from ansible_collections.curfew.session.plugins.module_utils._sshd.service import (
    CommandLine,
    Daemon,
    Listener,
    Service,
)

from .people import local

INTERVAL = options.Setting("ClientAliveInterval", "60", facts.read_seconds)
RUNS = Service("ssh", None, True)
WORDS = CommandLine(
    "/usr/sbin/sshd", "/etc/x", ("ClientAliveInterval=5", "UseDNS=no", "clientaliveinterval 6")
)
LISTENER = Listener(7, None, WORDS)
DAEMON = Daemon(RUNS, None, WORDS)


def request(**given):
    spec = options.argument_spec()
    params = {name: option.get("default") for name, option in spec.items()}
    return options.request(dict(params, **given), [INTERVAL], [INTERVAL])


# The option path, the daemon's -f, the refusal
BAD_PATHS = [
    ("etc/x", None, "Option path: etc/x is not an absolute path."),
    ("/etc/x/", None, "Option path: /etc/x/ is the name of a folder."),
    (None, "x", "The daemon's option -f: x is not an absolute path."),
]


@pytest.mark.parametrize("path, config_file, refusal", BAD_PATHS)
def test_refuses_what_names_no_file(path, config_file, refusal):
    daemon = DAEMON._replace(words=WORDS._replace(config=config_file))
    with pytest.raises(Refusal) as caught:
        host.find_program(request(path=path), daemon, Once())
    assert str(caught.value) == refusal


def test_without_a_proof_no_sshd_is_needed():
    given = dict(path="/x", sshd="/nowhere/sshd")
    found = host.find_program(request(verify=False, **given), DAEMON, Once())
    assert found == ("/x", None, None, DAEMON, "/etc/x")
    with pytest.raises(asking.SshdError):
        host.find_program(request(**given), DAEMON, Once())


def test_a_program_is_asked_for_its_release_once(monkeypatch):
    asked = []
    monkeypatch.setattr(asking, "find_binary", lambda given, running: given or running)
    monkeypatch.setattr(asking, "version", lambda binary: asked.append(binary) or binary)
    once = Once()
    for sshd in (None, None, "/other"):
        host.find_program(request(path="/x", sshd=sshd), DAEMON, once)
    assert asked == ["/usr/sbin/sshd", "/other"]


BAD_MATCHES = [
    ("User 'a'", "must be one line without quotes, backslashes or comments."),
    ("User a\nHost b", "must be one line without quotes, backslashes or comments."),
    ("User", f"is {config.NO_CRITERIA}."),
    ("User a Colour red", "sshd_config\\(5\\) knows no criterion 'colour'."),
]


# The criteria, a release that is too old for them, and one that is not
SINCE = [("version OpenSSH_10.*", (9, 9), (10, 0)), ("invalid-user", (9, 8), (9, 9))]


@pytest.mark.parametrize("text, old, new", SINCE)
def test_criteria_that_not_all_releases_know(text, old, new):
    def looked_at(release):
        version = asking.Version("OpenSSH", release, "OpenSSH_x")
        daemon = Daemon(RUNS, None, WORDS)
        program = host.Program("/x", "/sbin/sshd", version, daemon, "/x")
        return host.look(request(match=text), program)

    assert looked_at(new).criteria[0][0] == text.split()[0]
    assert looked_at(new).version == "OpenSSH_x"
    with pytest.raises(Refusal, match="OpenSSH knows .* from .* on, and this is older"):
        looked_at(old)


@pytest.mark.parametrize("text, refusal", BAD_MATCHES)
def test_refuses_what_holds_no_criteria(text, refusal):
    with pytest.raises(Refusal, match=f"^Option match: .*{refusal}"):
        host.look(request(match=text), host.Program("/x", None, None, DAEMON, "/x"))


RUNNING = Daemon(RUNS, LISTENER, WORDS)


def look(path, daemon=RUNNING, reads="/etc/x", **given):
    version = asking.Version("OpenSSH_9.2p1", (9, 2))
    program = host.Program(path, "/sbin/sshd", version, daemon, reads)
    return host.look(request(**given), program)


def test_the_daemon_counts_for_its_own_file():
    found = look("/etc/../etc/x", match="User a")
    assert (found.is_daemons, found.listener, found.words) == (True, LISTENER, WORDS)
    assert [override.option for override in found.overrides] == [
        "ClientAliveInterval=5",
        "clientaliveinterval 6",
    ]
    assert (found.release, found.criteria) == ((9, 2), (("user", "a"),))


def test_an_option_that_sets_what_is_only_reported_counts():
    count_max = options.Setting("ClientAliveCountMax", None, facts.read_number)
    asked = request()._replace(settings=(count_max,), reported=(INTERVAL, count_max))
    version = asking.Version("OpenSSH_9.2p1", (9, 2))
    program = host.Program("/etc/x", "/sbin/sshd", version, RUNNING, "/etc/x")
    found = host.look(asked, program)
    assert [item.option for item in found.overrides][:1] == ["ClientAliveInterval=5"]
    twin = Daemon(RUNS, Listener(8, None, WORDS), WORDS, (), ("[::]:2222",))
    twins = program._replace(daemon=RUNNING._replace(others=(twin,)))
    assert host.look(asked, twins).doubts == ()  # it beats nothing that is asked for


def test_for_another_file_it_does_not():
    found = look("/etc/y")
    assert (found.is_daemons, found.listener, found.words) == (False, None, CommandLine())
    assert found.overrides == () and found.criteria is None and found.service == RUNS


def test_a_daemon_of_which_not_all_is_known():
    found = look("/etc/y", reads=None)
    assert found.is_daemons is None and found.listener == LISTENER
    (doubt,) = found.doubts
    assert doubt == "Which file the sshd of this host (/usr/sbin/sshd) reads cannot be known."
    assert host.reload_needed(found, None, True) is None
    words = WORDS._replace(doubt="its title is cut")
    (doubt,) = look("/etc/x", daemon=Daemon(RUNS, None, words, (), ("[::]:22",))).doubts
    assert doubt == "The sshd that listens at [::]:22 was not understood: its title is cut."


def test_which_of_several_daemons_is_meant():
    other = Daemon(RUNS, None, CommandLine("/sbin/sshd", "/etc/m"), (), ("[::]:2222",))
    first = DAEMON._replace(others=(other,), sockets=("[::]:22",))
    given = dict(verify=False, sshd="/nowhere/sshd")
    found = host.find_program(request(path="/etc/m", **given), first, Once())
    assert found.daemon == other._replace(others=(first._replace(others=()),))
    assert host.look(request(**given), found).notes == (
        "More than one sshd lets people in: /etc/m is for [::]:2222, and not touched is "
        "[::]:22 (/etc/x).",
    )
    for path in ("/etc/x", "/etc/z", None):
        assert host.find_program(request(path=path, **given), first, Once()).daemon == first


def test_a_daemon_that_reads_the_same_file():
    other = Daemon(RUNS, Listener(8, None, WORDS), CommandLine("/s", "/etc/x"), (), ("[::]:2222",))
    jailed = other._replace(listener=other.listener._replace(foreign=True))
    found = look("/etc/x", daemon=RUNNING._replace(others=(other, jailed)))
    assert (found.twins, found.doubts) == ((other,), ())
    assert "not touched is" in found.notes[0] and "container or a jail" in found.notes[0]
    beaten = other._replace(words=other.words._replace(options=("ClientAliveInterval=7",)))
    found = look("/etc/x", daemon=RUNNING._replace(others=(beaten,)))
    (doubt,) = found.doubts
    assert "reads /etc/x too, and has options that beat it: -o ClientAliveInterval=7." in doubt
    assert "not touched" not in found.notes[0]


# The other daemon's file, options and places; whether it gets some of the connections, and others
# than those that are proven.
BESIDE = [
    ("/etc/m", (), ("[::]:22",), True),
    ("/etc/x", ("PermitTTY=no",), ("[::]:22",), True),
    ("/etc/x", (), ("[::]:22",), False),
    ("/etc/m", (), ("[::]:2222", "0.0.0.0:22"), False),
]


@pytest.mark.parametrize("config_file, given, places, doubtful", BESIDE)
def test_two_daemons_at_one_place(config_file, given, places, doubtful):
    own = CommandLine("/usr/sbin/sshd", "/etc/x")
    other = Daemon(RUNS, None, CommandLine("/s", config_file, given), (), places)
    first = Daemon(RUNS, None, own, (other,), ("[::]:22",))
    doubts = look("/etc/x", daemon=first).doubts
    assert len(doubts) == doubtful
    if doubtful:
        assert "listens at [::]:22 too, and gets some of the connections: /s" in doubts[0]
        assert config_file in doubts[0] and all(f"-o {option}" in doubts[0] for option in given)
    assert look("/etc/z", daemon=first).doubts == ()


@pytest.mark.parametrize("known", [(False, False), (False, True), (False, None), (True, None)])
def test_all_that_read_the_file_must_have_read_it(monkeypatch, known):
    other = Daemon(RUNS, Listener(8, None, WORDS), CommandLine("/s", "/etc/x"))
    found = look("/etc/x", daemon=RUNNING._replace(others=(other,)))
    monkeypatch.setattr(host, "stale", lambda listener, texts: known[listener.pid == 8])
    tree = config.Tree("/etc/x", {"/etc/x": ""}, {}, [])
    work = host.Work(None, plan.Plan(tree, tree, {}, []), [], [])
    expected = True if True in known else None if None in known else False
    assert host.reload_needed(found, work, False) is expected


# Whether a listener is seen, runs at all, whether the file is its own, what is changed, what is
# known of its reading; whether a reload is needed
RELOADS = [
    (True, True, True, True, False, True),
    (True, True, True, False, False, False),
    (True, True, True, False, None, None),
    (False, False, True, True, None, False),
    (False, True, True, True, None, None),
    (False, False, False, True, None, None),
]


@pytest.mark.parametrize("seen, runs, own_file, changing, stale, needed", RELOADS)
def test_reload_needed(monkeypatch, seen, runs, own_file, changing, stale, needed):
    monkeypatch.setattr(host, "stale", lambda listener, paths: stale)
    found = look("/etc/x")._replace(
        service=RUNS._replace(running=runs),
        is_daemons=own_file,
        listener=LISTENER if seen else None,
    )
    tree = config.Tree("/etc/x", {"/etc/x": ""}, {}, [])
    work = host.Work(None, plan.Plan(tree, tree, {}, []), [], [])
    assert host.reload_needed(found, work, changing) is needed


def work_of(tmp_path, **given):
    main = tmp_path / "sshd_config"
    if not main.exists():
        main.write_text("ClientAliveInterval 5\n")
    asked = request(**given)
    return host.prepare(asked, look(str(main), **given))


def test_what_there_is_to_do(tmp_path):
    work = work_of(tmp_path)
    (change,) = work.changes
    assert change.after == b"ClientAliveInterval 60\n"
    assert change.snapshot.data == (tmp_path / "sshd_config").read_bytes()
    assert [item.addr for item in work.connections] == ["192.0.2.1"]


# What another mechanism makes of the main file, and what both together do.
OTHERS = [
    ("LoginGraceTime 60\nClientAliveInterval 5\n", "LoginGraceTime 60\nClientAliveInterval 60\n"),
    ("ClientAliveInterval 60\n", None),
]


@pytest.mark.parametrize("other, both", OTHERS)
def test_what_others_plan_is_planned_upon(tmp_path, other, both):
    main = tmp_path / "sshd_config"
    main.write_text("ClientAliveInterval 5\n")
    theirs = reading.Change(reading.read(str(main)), other.encode())
    work = host.prepare(request(), look(str(main)), [theirs])
    assert work.plan.before.texts == {str(main): other}
    assert [change.after.decode() for change in work.changes] == ([both] if both else [])
    assert all(change.snapshot == theirs.snapshot for change in work.changes)


def test_what_is_proven_is_what_all_have_planned(tmp_path):
    main = tmp_path / "sshd_config"
    work = work_of(tmp_path)
    assert host.with_planned(work, work.changes) is work
    elsewhere = reading.Change(reading.read(str(tmp_path / "x"), missing_ok=True), b"x")
    assert host.with_planned(work, [elsewhere] + work.changes) is work
    (ours,) = work.changes
    all_of_it = ours._replace(after=b"LoginGraceTime 9\n" + ours.after)
    staged = host.with_planned(work, [elsewhere, all_of_it])
    assert staged.plan.after.texts == {str(main): all_of_it.after.decode()}
    assert staged.plan.is_staged and staged.changes == work.changes


def test_who_changes_nothing_is_proven_with_what_others_change(tmp_path):
    main = tmp_path / "sshd_config"
    main.write_text("ClientAliveInterval 60\n")
    work = work_of(tmp_path)
    assert work.changes == [] and not work.plan.is_staged
    theirs = reading.Change(reading.read(str(main)), b"ClientAliveInterval 60\nUseDNS no\n")
    staged = host.with_planned(work, [theirs])
    assert staged.plan.is_staged
    assert staged.plan.after.texts == {str(main): theirs.after.decode()}


def test_which_connections_are_proven(tmp_path):
    nobody = dict.fromkeys(match.KEYS)
    users = [item.user for item in work_of(tmp_path, match="User root").connections]
    assert users == ["root"]
    given = [dict(nobody, user="root", lport=22)]
    assert len(work_of(tmp_path, connections=given).connections) == 2
    assert len(work_of(tmp_path, match="User root", connections=given).connections) == 1
    with pytest.raises(Refusal, match="user root, host .* does not meet 'Match User bob'"):
        work_of(tmp_path, match="User bob", connections=given)


def test_nothing_is_derived_where_nothing_is_proven(tmp_path):
    with pytest.raises(Refusal, match="could be derived"):
        work_of(tmp_path, match="Group no-such-group")
    (item,) = work_of(tmp_path, match="Group no-such-group", verify=False).connections
    assert item.addr == "192.0.2.1"


def test_who_is_not_let_in_is_nobody(tmp_path, monkeypatch):
    local(tmp_path, monkeypatch)
    block = "Match User root,alice\nClientAliveInterval 5\n"
    (tmp_path / "sshd_config").write_text("ClientAliveInterval 60\n" + block)
    everybody = work_of(tmp_path).people
    assert everybody.told(everybody.everybody).number == 4
    (tmp_path / "sshd_config").write_text("ClientAliveInterval 60\nAllowUsers a*\n" + block)
    people = work_of(tmp_path).people
    assert people.told(people.everybody).names == ["alice"]


def test_what_loses_is_no_reason_to_fail(tmp_path, monkeypatch):
    main = tmp_path / "sshd_config"
    main.write_text("ClientAliveInterval 60\nClientAliveInterval 900\n")
    found = look(str(main))
    assert host.prepare(request(), found).plan.is_staged
    monkeypatch.setattr(host, "_can_change", lambda files, path: False)
    work = host.prepare(request(), found)
    assert (work.plan.is_staged, work.changes) == (False, [])
    main.write_text("ClientAliveInterval 900\n")
    assert host.prepare(request(), found).changes
