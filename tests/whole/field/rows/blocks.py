"""Match blocks that people are really in, and lines that lose anyway."""

from ..row import DEBIAN, DONE, REFUSED, SINCE_9_2, Row, add, info, put, sshd

NOBODY = "asked as nobody, in force for somebody else: sshd"
NEEDLESS = "what has no effect is left alone"
MAIN, FOLDER = "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d"
PEOPLE = "groupadd -f breakglass; person alice /bin/bash; person bruno /bin/bash\n"
RELOAD = "systemctl reload ssh\n"


def _block(criteria: str, *lines: str) -> str:
    return put(f"{FOLDER}/50-block.conf", "\n    ".join([f"Match {criteria}", *lines]) + "\n")


def _for_all(criteria: str, make: str = PEOPLE, **more: object) -> Row:
    """Everybody who can log in is in the block, and a stranger is not."""
    return sshd(
        NOBODY, make + _block(criteria, "ClientAliveInterval 0") + RELOAD, REFUSED,
        names=((f"{FOLDER}/50-block.conf", 2),), **more,
    )  # fmt: skip


_NOBODY = {
    "everybody but a group of nobody's": _for_all(
        "Group *,!breakglass", sample=True, audit=("differs", "unverified")
    ),
    "a list of all who can log in": _for_all("User root,ops,alice,bruno"),
    "all users who exist, by a pattern": _for_all("User root,ops,a*,b*"),
    "the groups of all who can log in": _for_all("Group root,ops,alice,bruno"),
    "two blocks share them": sshd(
        NOBODY,
        PEOPLE + put(f"{FOLDER}/50-block.conf", "Match User root\n    ClientAliveInterval 0\n"
                     "Match Group ops,alice,bruno\n    ClientAliveInterval 0\n") + RELOAD,
        REFUSED, names=((f"{FOLDER}/50-block.conf", 2),),
    ),
    "everybody by a count alone": sshd(
        NOBODY, PEOPLE + _block("Group *", "ClientAliveCountMax 9") + RELOAD, REFUSED,
        names=((f"{FOLDER}/50-block.conf", 2),),
    ),
    "all addresses there are": sshd(
        NOBODY, _block("Address 0.0.0.0/0,::/0", "ClientAliveInterval 0") + RELOAD, REFUSED,
        names=((f"{FOLDER}/50-block.conf", 2),),
    ),
    "a block that only a daemon's account is in": sshd(
        NOBODY, _block("User www-data", "ClientAliveInterval 0") + RELOAD, DONE, gone=True
    ),
    "a block of some": sshd(
        NOBODY, PEOPLE + _block("User alice", "ClientAliveInterval 77") + RELOAD, DONE,
        exempt=("alice",), tells=("alice",), gone=True,
    ),
    "the groups of somebody are in a later line of /etc/group": sshd(
        NOBODY,
        PEOPLE + "groupadd late; usermod -aG late alice; usermod -aG late ops\n"
        "usermod -aG late root; usermod -aG late bruno\n"
        + _block("Group late", "ClientAliveInterval 0") + RELOAD,
        REFUSED, names=((f"{FOLDER}/50-block.conf", 2),),
    ),
    "a command instead of the shell": info(
        NOBODY,
        put("/etc/profile.d/tmout.sh", "TMOUT=3\nreadonly TMOUT\nexport TMOUT\n") + PEOPLE
        + _block("User alice", "ForceCommand cat") + RELOAD,
        info={"alice": ("unknown", "never"), "bruno": ("ends",)}, says=("ForceCommand",),
    ),
    "a jail with a shell in it": info(
        NOBODY,
        put("/etc/profile.d/tmout.sh", "TMOUT=3\nreadonly TMOUT\nexport TMOUT\n")
        + "groupadd -f jailed; person jdoe /bin/bash -G jailed; J=/srv/jail\n"
        "mkdir -p $J/bin $J/dev $J/etc $J/home/jdoe; cp /bin/bash /bin/sh $J/bin/\n"
        "for l in $(ldd /bin/bash /bin/sh | grep -o '/[^ :]*' | sort -u); do"
        " install -D $l $J$l; done\n"
        "mknod -m 666 $J/dev/null c 1 3; mknod -m 666 $J/dev/tty c 5 0\n"
        "cp /etc/passwd /etc/group $J/etc/; chown jdoe: $J/home/jdoe\n"
        + _block("Group jailed", "ChrootDirectory /srv/jail") + RELOAD,
        live={"jdoe": "stays"}, info={"jdoe": ("unknown", "never")}, says=("ChrootDirectory",),
    ),
    "a jail by the account's own name": info(
        NOBODY,
        put("/etc/profile.d/tmout.sh", "TMOUT=3\nreadonly TMOUT\nexport TMOUT\n") + PEOPLE
        + _block("User alice", "ChrootDirectory /srv/%u") + RELOAD,
        info={"alice": ("unknown", "never", "no_login"), "bruno": ("ends",)},
        says=("ChrootDirectory",),
    ),
}  # fmt: skip

# What is mounted there cannot be written by anybody.
READ_ONLY = "mount --bind {0} {0}; mount -o remount,ro,bind {0}\n"
TWO_INCLUDES = """HostbasedAuthentication no # set by the kit
ClientAliveInterval 900 # set by the kit
Include /etc/ssh/sshd_config.d/*.conf
UsePAM yes
Include /srv/vendor/*.conf
Subsystem sftp /usr/lib/openssh/sftp-server
"""
OF_VENDOR = put("/srv/vendor/40-vendor.conf", "ClientAliveInterval 180\nClientAliveCountMax 0\n")
DISABLE = {"conflicts": "disable"}


def _needless(make: str, **more: object) -> Row:
    """The line loses anyway, and stays."""
    return sshd(NEEDLESS, make + RELOAD, DONE, options=DISABLE, gone=True, **more)


_NEEDLESS = {
    "a vendor's folder that cannot be written": _needless(
        put(MAIN, TWO_INCLUDES) + "chmod 640 /etc/ssh/sshd_config\n" + OF_VENDOR
        + READ_ONLY.format("/srv/vendor"),
        watched=("/srv/vendor",), sample=True,
        holds=("grep -q 'no # set by the kit' /etc/ssh/sshd_config",
               'test "$(stat -c %a /etc/ssh/sshd_config)" = 640'),
    ),
    "a vendor's folder that could be written": _needless(
        put(MAIN, TWO_INCLUDES) + OF_VENDOR, watched=("/srv/vendor",)
    ),
    "a later Include of a single read-only file": _needless(
        add(MAIN, "Include /srv/vendor/40-vendor.conf\n") + OF_VENDOR
        + READ_ONLY.format("/srv/vendor/40-vendor.conf"),
        watched=("/srv/vendor",),
    ),
    "an immutable file that loses": _needless(
        add(MAIN, "Include /srv/vendor/*.conf\n") + OF_VENDOR
        + "chattr +i /srv/vendor/40-vendor.conf || mount --bind -o ro /srv/vendor /srv/vendor\n",
        watched=("/srv/vendor",),
    ),
    "a file of somebody else's that loses": _needless(
        add(MAIN, "Include /srv/vendor/*.conf\n") + OF_VENDOR
        + "ln /srv/vendor/40-vendor.conf /srv/vendor/second-name; chown ops /srv/vendor\n",
        watched=("/srv/vendor",),
    ),
    "equal numbers below a folder that is read-only": _needless(
        add(MAIN, "Include /srv/vendor/*.conf\n")
        + put("/srv/vendor/40-vendor.conf", "ClientAliveInterval 2\nClientAliveCountMax 1\n")
        + READ_ONLY.format("/srv/vendor"),
        watched=("/srv/vendor",),
    ),
}  # fmt: skip

LOCKED = "sshd keeps somebody out"
_LOCKED = {
    "a block whose ChannelTimeout is none": info(
        LOCKED,
        "person bob /bin/bash; cat >> /etc/ssh/sshd_config <<'E'\n"
        "ChannelTimeout session:shell=3\nMatch User bob\n    ChannelTimeout none\nE\n" + RELOAD,
        on=SINCE_9_2, live={"bob": "comes to no prompt"}, info={"bob": ("no_login", "unknown")},
        says=("bob.{0,200}(log in|logged in|locked)",),
        never=("For `Match User bob`: sshd closes",),
    ),
    "DenyUsers": info(
        LOCKED, "person bob /bin/bash; echo 'DenyUsers bob' > /etc/ssh/sshd_config.d/x.conf\n"
        + RELOAD, on=DEBIAN, live={"bob": "comes to no prompt"},
    ),
}  # fmt: skip
ROWS: dict[str, Row] = {**_NOBODY, **_NEEDLESS, **_LOCKED}
