"""Which daemon it is that people reach, how it is reached, and that it has read its files."""

from ..row import DONE, REFUSED, SINCE_10, Row, put, sshd, unit

OTHER = "the daemon is another one"
KNOCKS = "whether it listens"
RELOADS = "it has read its files"
INITS = ("sysvinit", "openrc", "runit", "alone")

OWN_FOLDER = """
install -o root -g root -m 0755 /usr/sbin/sshd /usr/local/sbin/sshd
LC_ALL=C sed -i 's#/etc/ssh/#/opt/ssh/#g' /usr/local/sbin/sshd
cp -a /etc/ssh /opt/ssh; sed -i 's#/etc/ssh/#/opt/ssh/#g' /opt/ssh/sshd_config
""" + unit("ExecStartPre=", "ExecStart=", "ExecStart=/usr/local/sbin/sshd -D",
           "ExecReload=", "ExecReload=/bin/kill -HUP $MAINPID")  # fmt: skip
SEVEN = "/usr/sbin/sshd -o ClientAliveInterval=7"
KEYS = put("/usr/local/bin/keys-of", "#!/bin/sh\nexit 0\n") + "chmod 755 /usr/local/bin/keys-of\n"
KEYS_OPTIONS = '-o "AuthorizedKeysCommandUser nobody" $SSHD_OPTS'
BY_SOCKET = """
systemctl daemon-reload; systemctl stop ssh.service; systemctl start {0}.socket
mkdir -p /run/sshd
"""
DOOR = "[Service]\nExecStart=-/usr/sbin/sshd -i{}\nStandardInput=socket\n"
BY_HAND = "systemctl stop ssh; mkdir -p /run/sshd\n"
WRONG_OPTION = {"names": ("ClientAliveInterval=7",), "sshd": SEVEN, "gone": True}
SAID = (r"ClientAliveInterval=7",)

_OTHER = {
    "sshd reads another folder by default": sshd(
        OTHER, OWN_FOLDER, names=("/opt/ssh/sshd_config",), sshd="/usr/local/sbin/sshd", gone=True,
        sshd_info={"path": ("/opt/ssh/sshd_config", None)},
    ),
    "sshd reads another folder, which is named": sshd(
        OTHER, OWN_FOLDER, DONE, options={"path": "/opt/ssh/sshd_config"},
        sshd="/usr/local/sbin/sshd", gone=True,
    ),
    "the template of the socket's service has an option": sshd(
        OTHER,
        put("/etc/systemd/system/ssh.socket.d/site.conf", "[Socket]\nAccept=yes\n")
        + "for u in ssh@ sshd@; do mkdir -p /etc/systemd/system/$u.service.d; printf "
        "'[Service]\\nExecStart=\\nExecStart=-/usr/sbin/sshd -i -o ClientAliveInterval=7\\n'"
        " > /etc/systemd/system/$u.service.d/site.conf; done\n"
        + BY_SOCKET.format("ssh"),
        REFUSED, says=SAID, sample=True, **WRONG_OPTION,
    ),
    "long options with blanks": sshd(
        OTHER,
        KEYS + unit("ExecStart=", "ExecStart=/usr/sbin/sshd -D -o \"AuthorizedKeysCommand "
                    f'/usr/local/bin/keys-of %%u %%f" {KEYS_OPTIONS}'),
        DONE, gone=True, sshd_info={"path": ("/etc/ssh/sshd_config",)},
        says=("AuthorizedKeysCommand /usr/local/bin/keys-of %u %f",),
    ),
    "long options that hold options": sshd(
        OTHER,
        KEYS + unit("ExecStart=", "ExecStart=/usr/sbin/sshd -D -o \"AuthorizedKeysCommand "
                    f'/usr/local/bin/keys-of --user %%u --fingerprint %%f" {KEYS_OPTIONS}'),
        DONE, gone=True, sshd_info={"path": ("/etc/ssh/sshd_config",)},
        says=("keys-of --user %u --fingerprint %f",),
    ),
    "a daemon whose title is cut": sshd(
        OTHER, BY_HAND + "env -i /usr/sbin/sshd -o ClientAliveInterval=7\n",
        never=("No sshd runs",), **WRONG_OPTION,
    ),
    "a second daemon beside it": sshd(
        OTHER,
        "mkdir -p /run/sshd; (echo Port 2222; echo PidFile /run/mgmt.pid) > /etc/ssh/mgmt_config\n"
        + put("/etc/systemd/system/mgmt.service",
              "[Service]\nExecStart=/usr/sbin/sshd -D -f /etc/ssh/mgmt_config\n")
        + "systemctl daemon-reload; systemctl start mgmt\n",
        DONE, gone=True, says=("mgmt_config|2222",),
    ),
    "an option from a file of the unit's environment": sshd(
        OTHER,
        put("/etc/site.env", "EXTRA=-oClientAliveInterval=7\n")
        + unit("EnvironmentFile=/etc/site.env", "ExecStart=", "ExecStart=/usr/sbin/sshd -D $EXTRA"),
        REFUSED, says=SAID, **WRONG_OPTION,
    ),
    "a unit of another name and a file of its own": sshd(
        OTHER,
        "cp -a /etc/ssh /etc/gate; sed -i 's#/etc/ssh/#/etc/gate/#' /etc/gate/sshd_config\n"
        + put("/etc/systemd/system/gate.service",
              "[Service]\nExecStart=/usr/sbin/sshd -D -f /etc/gate/sshd_config\n"
              "ExecReload=/bin/kill -HUP $MAINPID\n")
        + "systemctl daemon-reload; systemctl stop ssh; mkdir -p /run/sshd; systemctl start gate\n",
        DONE, sshd="/usr/sbin/sshd -f /etc/gate/sshd_config", gone=True,
        sshd_info={"path": ("/etc/gate/sshd_config",)},
    ),
    "a script of the site starts it": sshd(
        OTHER,
        put("/usr/local/sbin/gatekeeper",
            "#!/bin/sh\nexec /usr/sbin/sshd -D -o ClientAliveInterval=7\n")
        + "chmod 755 /usr/local/sbin/gatekeeper\n"
        + unit("ExecStart=", "ExecStart=/usr/local/sbin/gatekeeper"),
        REFUSED, says=SAID, **WRONG_OPTION,
    ),
    "a copy of another name, started by hand": sshd(
        OTHER, BY_HAND + "cp /usr/sbin/sshd /usr/local/sbin/doorkeeper\n"
        "/usr/local/sbin/doorkeeper -o ClientAliveInterval=7 -o PidFile=none\n",
        never=("No sshd runs",), **WRONG_OPTION,
    ),
    "a socket of another name": sshd(
        OTHER,
        put("/etc/systemd/system/door.socket", "[Socket]\nListenStream=22\nAccept=yes\n")
        + put("/etc/systemd/system/door@.service", DOOR.format(" -o ClientAliveInterval=7"))
        + BY_SOCKET.format("door"),
        REFUSED, says=SAID, **WRONG_OPTION,
    ),
    "a socket of another name, and no option": sshd(
        OTHER,
        put("/etc/systemd/system/door.socket", "[Socket]\nListenStream=22\nAccept=yes\n")
        + put("/etc/systemd/system/door@.service", DOOR.format(""))
        + BY_SOCKET.format("door"),
        DONE, gone=True,
    ),
    "a program that was replaced while it runs": sshd(
        OTHER,
        "cp -a /usr/sbin/sshd /opt/sshd; mkdir -p /usr/local/libexec\n"
        "cp /usr/sbin/sshd /usr/local/libexec/gate\n"
        + unit("ExecStartPre=", "ExecStart=", "ExecStart=/usr/local/libexec/gate -D",
               "ExecReload=", "ExecReload=/bin/kill -HUP $MAINPID")
        + "cp /usr/local/libexec/gate /usr/local/libexec/new\n"
        "mv /usr/local/libexec/new /usr/local/libexec/gate\n",
        gone=True,
    ),
    "the last of two -f counts": sshd(
        OTHER,
        "cp -a /etc/ssh/sshd_config /etc/ssh/gate_config\n"
        + unit("ExecStartPre=", "ExecStart=",
               "ExecStart=/usr/sbin/sshd -f /etc/ssh/sshd_config -D -f /etc/ssh/gate_config"),
        DONE, sshd="/usr/sbin/sshd -f /etc/ssh/gate_config", gone=True,
    ),
}  # fmt: skip

BANNER = "timeout 3 bash -c 'exec 3<>/dev/tcp/{}/22; head -c 4 <&3' | grep -q SSH-"
FROM = "$(ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p')"
# Somebody who does not speak SSH has loopback, and sshd the address of the host.
NOT_SSH = """
echo "ListenAddress $(hostname -I | cut -d' ' -f1)" > /etc/ssh/sshd_config.d/here.conf
systemctl restart ssh
python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 22)); time.sleep(99)
' >/dev/null 2>&1 &
sleep 0.5
"""
_KNOCKS = {
    "penalties for whoever knocks and leaves": sshd(
        KNOCKS,
        put("/etc/ssh/sshd_config.d/00-flood.conf",
            "PerSourcePenalties noauth:15m authfail:15m grace-exceeded:15m\n")
        + "systemctl restart ssh\n",
        DONE, gone=True, on=SINCE_10, sample=True,
        holds=(BANNER.format("127.0.0.1"), BANNER.format("::1"),
               "test /run/sshd.pid -nt /etc/ssh/sshd_config"),
    ),
    "wrappers that let the office in": sshd(
        KNOCKS, f'echo "sshd: {FROM}" > /etc/hosts.allow; echo "ALL: ALL" > /etc/hosts.deny\n',
        DONE, gone=True,
    ),
    "wrappers that count who knocks": sshd(
        KNOCKS, 'mkdir -p /srv/knocks; chmod 777 /srv/knocks; echo "sshd: 127. [::1] : spawn'
        ' (touch /srv/knocks/%p)" > /etc/hosts.allow\n',
        DONE, gone=True, watched=("/srv/knocks",),
    ),
    "loopback is down": sshd(KNOCKS, "ip link set lo down\n", DONE, gone=True),
    "loopback has another program at the port": sshd(KNOCKS, NOT_SSH, DONE, gone=True),
    "one connection at a time from one place": sshd(
        KNOCKS,
        put("/etc/ssh/sshd_config.d/few.conf", "PerSourceMaxStartups 1\n")
        + "systemctl restart ssh\n"
        "(exec 3<>/dev/tcp/127.0.0.1/22; sleep 60) >/dev/null 2>&1 &\nsleep 0.5\n".replace(
            "(exec", "bash -c 'exec").replace("60)", "60'"),
        DONE, gone=True, on=SINCE_10,
    ),
}  # fmt: skip

ROLE = {
    "session_timeouts_client_alive_interval": 2,
    "session_timeouts_client_alive_count_max": 1,
    "session_timeouts_tmout_enabled": False,
}
PID_FILE = put("/etc/ssh/sshd_config.d/pid.conf", "PidFile {}\n")
_RELOADS = {
    "the role, another init": sshd(
        RELOADS, "", DONE, role=ROLE, gone=True, on=INITS, sample=True
    ),
    "the module, another init": sshd(RELOADS, "", DONE, gone=True, on=INITS),
    "a pid file of another name": sshd(
        RELOADS, PID_FILE.format("/run/sshd/sshd.pid") + "/etc/init.d/ssh restart\n",
        gone=True, on=("sysvinit",), never=("No sshd runs",),
    ),
    "no pid file, and the numbers are there": sshd(
        RELOADS,
        PID_FILE.format("none")
        + "systemctl restart ssh\nsleep 1\n"
        "sed -i '1i ClientAliveInterval 2\\nClientAliveCountMax 1' /etc/ssh/sshd_config\n",
        role=ROLE, gone=True, sample=True,
    ),
    "no pid file, another init, and the numbers are there": sshd(
        RELOADS,
        PID_FILE.format("none") + "kill -HUP $(pgrep -o -x sshd)\nsleep 1\n"
        "sed -i '1i ClientAliveInterval 2\\nClientAliveCountMax 1' /etc/ssh/sshd_config\n",
        role=ROLE, gone=True, on=("sysvinit", "alone"),
    ),
    "a daemon by hand beside a unit that is off": sshd(
        RELOADS, BY_HAND + "/usr/sbin/sshd\n", DONE, role=ROLE, gone=True
    ),
    "a pid file of a daemon that is gone": sshd(
        RELOADS, BY_HAND + "/usr/sbin/sshd -o PidFile=/run/mine.pid\necho 999999 > /run/sshd.pid\n",
        role=ROLE, gone=True,
    ),
    "runit's own supervisor is told to leave it alone": sshd(
        RELOADS, "sv down ssh; sleep 1; mkdir -p /run/sshd; /usr/sbin/sshd\n", DONE, role=ROLE,
        gone=True, on=("runit",),
    ),
    "a unit without a way to reload": sshd(
        RELOADS, unit("ExecReload="), role=ROLE, gone=True
    ),
}  # fmt: skip
ROWS: dict[str, Row] = {**_OTHER, **_KNOCKS, **_RELOADS}
