"""The words of which sshd configurations are put together, odd but valid.

A tree maps names below one folder to bytes. `@ROOT@` stands for that folder until it is written.
"""

from pathlib import Path

ROOT = b"@ROOT@"
MAIN = "sshd_config"

Tree = dict[str, bytes]

INTERVALS = ("300", "300s", "5m", "1h30m", "0300", "10M", "0", "2147483647", "1w2d", "7S")
COUNTS = ("3", "03", "0", "7", "2147483647")
NEIGHBOURS = (
    "PermitTTY no", "X11Forwarding yes", "Banner /etc/issue#1", "AcceptEnv LANG LC_*",
    "AcceptEnv ClientAliveInterval", "SetEnv A=ClientAliveInterval", "ForceCommand /bin/echo 'a b'",
    "MaxSessions 4", "  LogLevel VERBOSE", 'ForceCommand echo "ClientAliveInterval 7"',
)  # fmt: skip
GLOBAL_NEIGHBOURS = ("UseDNS no", "LoginGraceTime 1m", "MaxStartups 10:30:100", "Compression no")
COMMENTS = (
    b"", b" ", b"\t", b"\r", b"#", b"# prose", b"#ClientAliveInterval 0", b"#ClientAliveCountMax 3",
    b"#  clientaliveinterval 300", b"# ClientAliveInterval 5m # why", b"  # indented",
    b"#\tMatch all",
    b"# ClientAliveInterval keeps you connected", b"#curfew.session# PermitTTY no", b"#\xff\xfe",
    b"# \x0b\x85 \xc2\x85 \xe2\x80\xa8", b"#Include /etc/passwd", b"# it's \"open",
    b"## ClientAliveInterval 9",
    b"# ends in a backslash \\",
)  # fmt: skip
CRITERIA = (
    "user root", "User root,backup", "USER !root,*", "user ro?t", "User *", "user curfew-*",
    "Group root", "group !root,*", "Group daemon,backup", "group no-such-group",
    "Host 192.0.2.1", "host *.example.org", "Host !bad.example.org,*.EXAMPLE.org",
    "Address 192.0.2.0/24", "address !192.0.2.1,192.0.2.0/24", "Address 10.0.0.0/8,2001:db8::/32",
    "address 192.0.*", "Address *", "Address 2001:DB8::7", "LocalAddress 127.0.0.1",
    "LocalAddress 0.0.0.0/0", "localaddress *", "LocalPort 22", "localport 2222", "RDomain none",
    "User root Address 10.0.0.0/8", "Group root LocalPort 2222 Host *",
    "address 10.0.0.0/8 user root",
    "user=root", "User=root,daemon LocalPort=22", 'User "root"', 'user "root,backup"',
    '"User" root',
    "user root # Match all", "User\troot", "user  root", "User root,", "user ,root",
    "address 192.0.2.0/255.255.255.0", "Address 192.0.2.1", "Address ::ffff:192.0.2.1",
    "Host *,!192.0.2.1",
)  # fmt: skip
NEW_CRITERIA = ("invalid-user", "invalid-user LocalPort 22", "user root invalid-user")
# From 10.0 on; what sshd calls itself differs from host to host.
VERSION_CRITERIA = (
    "Version *", "version OpenSSH_10.*", "Version OpenSSH_9.*,OpenSSH_8.*", "version=OpenSSH_1?.*",
    "Version OpenSSH_10.0p2", 'Version "OpenSSH_* Debian*"', "Version *,!OpenSSH_10*",
    "version openssh_*", "User root Version OpenSSH_1*", "Version OpenSSH_9* User *",
)  # fmt: skip


def write(tree, folder: Path) -> Path:
    """Lay the tree out below the folder; return its main file."""
    for name, data in tree.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data.replace(ROOT, str(folder).encode()))
    return folder / MAIN
