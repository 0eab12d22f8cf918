"""What could lock people out when sshd_client_alive edits sshd's files and reloads the daemon."""

from .drill import DONE, REFUSED, Drill, add, put

MAIN, FOLDER = "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d"
Z = f"{FOLDER}/z.conf"
KEYS = "cp -a /root/kept/ssh/ssh_host_* /etc/ssh/"
GUEST = "Match User guest\n  PubkeyAuthentication no\n"
ON_TMPFS = """
cp -a /etc/{0} /root/small && mount -t tmpfs -o {1},mode=755 none /etc/{0}
cp -a /root/small/. /etc/{0}/ && rm -rf /root/small
"""
FILLED = "dd if=/dev/zero of=/etc/{0}/filler bs=1k 2>/dev/null || :\n"
NO_INODES = "i=0; while touch /etc/{0}/filler$i; do i=$((i+1)); done 2>/dev/null\n"
READ_ONLY = "mount --bind /etc/{0} /etc/{0} && mount -o remount,ro,bind /etc/{0}\n"
FULL_TMP = "mount -t tmpfs -o size=4k none /tmp; head -c 5000 /dev/zero > /tmp/full || :\n"
COMMENTS = f"yes '# A comment' | head -c {{}} >> {MAIN}; echo >> {MAIN}"
SMALL = f"sed -i '/^# A comment$/d' {MAIN}"
# A second port is taken by somebody who does not speak SSH.
TAKEN = """
python3 -c 'import socket,time; s=socket.create_server(("", 2222)); time.sleep(999)' &
echo $! > /root/taken; sleep 0.2
"""


def _unit(*lines: str) -> str:
    """The unit behaves otherwise, until the drill is over."""
    text = "\\n".join(["[Service]", *lines, ""])
    return f"""
folder=/run/systemd/system/$(systemctl show -p Id --value sshd).d
mkdir -p $folder && printf '{text}' > $folder/x.conf && systemctl daemon-reload
"""


UNIT_FAILS = _unit("ExecReload=", "ExecReload=/bin/false")
UNIT_KILLS = _unit("Restart=no", "ExecReload=", "ExecReload=/bin/kill -KILL $MAINPID")


def _of_sshd(wrong: str, ends: str | None = DONE, **more: object) -> Drill:
    return Drill("sshd_client_alive", wrong, ends, **more)  # type: ignore[arg-type]


DAEMON = {
    "reload fails": _of_sshd(UNIT_FAILS, REFUSED),
    "reload hangs": _of_sshd(
        _unit("TimeoutStartSec=2", "ExecReload=", "ExecReload=/bin/sleep 99"), REFUSED
    ),
    "reload kills the daemon": _of_sshd(UNIT_KILLS, None),
    "host keys are gone": _of_sshd("rm /etc/ssh/ssh_host_*", REFUSED, mend=KEYS),
    "/run/sshd is gone": _of_sshd("rm -r /run/sshd", REFUSED, mend="mkdir /run/sshd"),
    "the only address of the files is none of the host's": _of_sshd(
        add(MAIN, "ListenAddress 192.0.2.77\n"), REFUSED, mend=f"sed -i /192.0.2.77/d {MAIN}"
    ),
    "a further port is taken": _of_sshd(TAKEN + add(MAIN, "Port 22\nPort 2222\n")),
    "sshd is started by a socket": _of_sshd(
        "systemctl stop sshd; systemctl start ssh.socket; mkdir -p /run/sshd"
    ),
    "the daemon has -o": _of_sshd(
        put("/etc/default/ssh", 'SSHD_OPTS="-o ClientAliveInterval=99"\n')
        + "systemctl restart sshd",
        REFUSED,
    ),
    "the daemon has -f": _of_sshd(
        f"cp {MAIN} /etc/ssh/other && {add('/etc/ssh/other', GUEST)}"
        + put("/etc/default/ssh", "SSHD_OPTS='-f /etc/ssh/other'\n")
        + "systemctl restart sshd",
    ),
}
LOGINS = {
    "the file ends in a Match block, without a newline": _of_sshd(add(MAIN, GUEST.rstrip())),
    "a Match block is all that the file holds": _of_sshd(put(MAIN, GUEST)),
    "the file is empty": _of_sshd(f": > {MAIN}"),
    "an Include below a Match": _of_sshd(
        add(MAIN, "Match User guest\n  Include /etc/ssh/guest.conf\n")
        + put("/etc/ssh/guest.conf", "PubkeyAuthentication no\nClientAliveInterval 7\n"),
    ),
    "an Include below Match all": _of_sshd(
        add(MAIN, "Match all\nInclude /etc/ssh/all.conf")
        + put("/etc/ssh/all.conf", "ClientAliveInterval 7\nAllowUsers root ops"),
    ),
    "Match all allows some": _of_sshd(
        add(MAIN, f"{GUEST}Match all\n  ClientAliveInterval 7\n  AllowUsers root ops")
    ),
    "DenyUsers between ours": _of_sshd(
        add(MAIN, "ClientAliveInterval 7\nDenyUsers guest\nClientAliveCountMax 9\n")
        + add(MAIN, "AllowUsers ops root\n"),
    ),
    "AllowUsers above a line to disable, in a drop-in": _of_sshd(
        put(f"{FOLDER}/a.conf", "AllowUsers root ops\nClientAliveInterval 7")
        + put(f"{FOLDER}/b.conf", "DenyUsers guest"),
    ),
    "a drop-in ends in a Match block": _of_sshd(
        put(f"{FOLDER}/a.conf", "Match User ops\n  MaxSessions 3")
        + put(f"{FOLDER}/b.conf", "ClientAliveInterval 7\nAllowUsers root ops\n"),
    ),
    "a Match block for all but root": _of_sshd(
        add(MAIN, "Match User *,!root\n  AllowUsers ops\n  ClientAliveInterval 7\n"), REFUSED
    ),
    "CRLF": _of_sshd(f"sed -i 's/$/\\r/' {MAIN}; " + add(MAIN, "AllowUsers ops root\r\n")),
}
FILES = {
    "/etc/ssh is full": _of_sshd(
        ON_TMPFS.format("ssh", "size=900k") + FILLED.format("ssh"), REFUSED
    ),
    "/etc/ssh has no inode left": _of_sshd(
        ON_TMPFS.format("ssh", "nr_inodes=40") + NO_INODES.format("ssh"), REFUSED
    ),
    "/etc/ssh is read-only": _of_sshd(READ_ONLY.format("ssh"), REFUSED),
    "/tmp is full": _of_sshd(FULL_TMP),
    "a file mounted over the file": _of_sshd(
        f"cp -a {MAIN} /root/twin && mount --bind /root/twin {MAIN}", REFUSED
    ),
    "a second name of the file": _of_sshd(f"ln {MAIN} /etc/ssh/twin", REFUSED),
    "a link to the file": _of_sshd(
        f"mkdir /etc/ssh/real && mv {MAIN} /etc/ssh/real/ && ln -s real/sshd_config {MAIN}"
    ),
    "a link to a place of somebody else's": _of_sshd(
        f"mkdir -p /opt/login && mv {MAIN} /opt/login/ && ln -s /opt/login/sshd_config {MAIN}"
        " && chown ops /opt/login", REFUSED,
    ),
    "drop-ins that everybody may write": _of_sshd(
        f"chmod 0777 {FOLDER}; " + put(Z, "ClientAliveInterval 7"), REFUSED
    ),
    "a glob that reads copies too": _of_sshd(
        "mkdir /etc/ssh/d; " + put("/etc/ssh/d/z", "ClientAliveInterval 7\nAllowUsers root ops\n")
        + f"sed -i '1i Include d/*' {MAIN}", options={"backup": True},
    ),
    "40 KB": _of_sshd(COMMENTS.format(40_000)),
    # From somewhere above 50 KB on, OpenSSH 10.0 closes every connection.
    "4 MB": _of_sshd(COMMENTS.format(4_190_000), None, mend=SMALL),
    "5 MB": _of_sshd(COMMENTS.format(5_000_000), REFUSED, mend=SMALL),
    "a wrong mode": _of_sshd(f"chmod 0000 {MAIN}"),
    "an owner who is not root": _of_sshd(f"chown ops {MAIN}"),
    "an immutable file": _of_sshd(
        f"chattr +i {MAIN} || mount --bind -o ro {MAIN} {MAIN}", REFUSED
    ),
    "a drop-in that no sshd accepts": _of_sshd(
        put(Z, "ClientAliveInterval 1h 30m\n"), DONE, repairs=True
    ),
    "a drop-in that includes itself": _of_sshd(
        put(Z, f"Include {Z}\n"), REFUSED, mend=f"rm {Z}"
    ),
    "an option that no sshd knows": _of_sshd(
        add(MAIN, "NoSuchOption yes\n"), REFUSED, mend=f"sed -i /NoSuchOption/d {MAIN}"
    ),
    "a mask that hides new files": _of_sshd(
        put(Z, "ClientAliveInterval 7\n"), before="umask 077; "
    ),
}  # fmt: skip
DRILLS = {**DAEMON, **LOGINS, **FILES}
