"""Accounts beside /etc/passwd, odd ones in it, and very many of them."""

from ..row import DONE, ENDS, STAYS, Row, info, put, sshd, tmout

ODD = "odd accounts"
AWAY = "accounts of a directory"
MANY = "size and slowness"
SET = put("/etc/profile.d/tmout.sh", "TMOUT=3\nreadonly TMOUT\nexport TMOUT\n")
SITE = "/etc/profile.d/00-site.sh"
LATIN = r"""printf 'm\351l:x:4711:100::/home/mel:/bin/bash\n' >> /etc/passwd
install -d -o 4711 -g 100 /home/mel
"""
NOT_ENDS = ("unknown", "never")
LDAP = ("directory",)
TOLD = ("(?i)directory|ldap",)
GROUP_FOLDER = """person mia /bin/bash -G staff; person stu /bin/bash
chgrp staff /etc/profile.d; chmod 0750 /etc/profile.d
"""

_ODD = {
    "a name that is not UTF-8": info(
        ODD, SET + LATIN, info={"root": (ENDS,)}, says=(r"m.{0,6}l\b",), sample=True
    ),
    "a name that is not UTF-8, in a run": tmout(ODD, LATIN, DONE),
    "bash by the name of false": info(
        ODD, SET + "cp /bin/bash /usr/local/bin/false; person fay /usr/local/bin/false\n",
        live={"fay": None}, info={"fay": (ENDS, "unknown")},
    ),
    "a folder that only a group may read": info(
        ODD, SET + GROUP_FOLDER, live={"mia": ENDS, "stu": STAYS},
        info={"root": (ENDS,), "mia": (ENDS,), "stu": NOT_ENDS},
    ),
    "a folder that only a group may read, in a run": tmout(
        ODD, GROUP_FOLDER, names=("/etc/profile.d",), tells=("stu",)
    ),
    "a shell that does not exist": tmout(
        ODD, "person umi /usr/bin/noshell\n", DONE, info={"umi": ("no_login",)}
    ),
    "a shell with arguments": info(
        ODD, SET + "person ari /bin/bash; sed -i '/^ari:/s/$/ -x/' /etc/passwd\n",
        info={"ari": ("no_login", "unknown")},
    ),
    "no shell at all": info(
        ODD, SET + "person eve /bin/bash; sed -i '/^eve:/s#/bin/bash$##' /etc/passwd\n",
        info={"eve": ("never",)},
    ),
    "a second root": tmout(
        ODD, "useradd -o -u 0 -d /root -s /bin/bash toor 2>/dev/null\n"
        + put(SITE, '[ "$LOGNAME" = toor ] && readonly TMOUT=7200\n'),
        names=((SITE, 1),),
    ),
    "a shell that only a group may start": tmout(
        ODD, "install -m 0750 -g staff /bin/bash /usr/local/bin/gbash\n"
        "person gus /usr/local/bin/gbash -G staff; person not /usr/local/bin/gbash\n",
        DONE, info={"gus": (ENDS,), "not": ("no_login", "unknown")},
    ),
    "a home that is gone": tmout(
        ODD, "person hal /bin/bash; rm -r /home/hal\n", DONE, info={"hal": (ENDS,)}
    ),
    "lines that are no accounts": info(
        ODD, SET + "printf '\\n# a comment\\n+::::::\\nhalf:x:1\\n' >> /etc/passwd\n",
        info={"root": (ENDS,), "ops": (ENDS,)},
    ),
    "the last line has no newline": info(
        ODD, SET + "person las /bin/bash; printf %s \"$(cat /etc/passwd)\" > /etc/passwd\n",
        info={"las": (ENDS,)},
    ),
    "a folder for temporary files that is private": tmout(
        ODD, "chmod 0700 /tmp\n", DONE, info={"ops": (ENDS,)}
    ),
    "a folder for temporary files that is full": tmout(
        ODD, "mount -t tmpfs -o size=4k,mode=1777 none /tmp; head -c 4096 /dev/zero > /tmp/full"
        " || :\n", DONE, info={"ops": (ENDS,)},
    ),
    "an account whose shell hangs": tmout(
        ODD, put("/etc/profile.d/00-hang.sh", '[ "$LOGNAME" = hap ] && sleep 99\n')
        + "person hap /bin/bash\n",
        names=("/etc/profile.d/00-hang.sh",), info={"ops": (ENDS, "never"), "hap": NOT_ENDS},
        limit=120,
    ),
}  # fmt: skip


def _stopped(program: str) -> dict[str, str]:
    """It takes connections, and answers none, until the run is over."""
    return {
        "hinder": f"kill -STOP $(pidof {program})\n",
        "mend": f"kill -CONT $(pidof {program})\n",
    }


CREW = "printf 'Match Group crew\\n    ClientAliveInterval 77\\n' >> /etc/ssh/sshd_config\n"
_AWAY = {
    "nobody of it was asked": tmout(
        AWAY, "", DONE, tells=TOLD, says=TOLD, exempt=("dir002",),
        live={"dir001": ENDS, "dir002": STAYS}, audit=("unverified",), on=LDAP, sample=True,
    ),
    "one of it has a number of his own": tmout(
        AWAY, put(SITE, "case $(id -Gn) in\n  *crew*) readonly TMOUT=7200 ;;\nesac\n"),
        tells=TOLD, names=((SITE, 2),), on=LDAP, audit=("unverified", "differs"),
        exempt=("dir001",),
    ),
    "some are asked for by name": tmout(
        AWAY, "", DONE, options={"users": ["dir001", "dir002", "dir004"]},
        tells=("dir002",), live={"dir001": ENDS, "dir004": STAYS}, on=LDAP,
    ),
    "a name that nobody has": tmout(
        AWAY, "", options={"users": ["dir001", "dir999"]}, names=("dir999",), tells=("dir999",),
        on=LDAP,
    ),
    "a group of it is in a block": sshd(
        AWAY, CREW + "systemctl reload ssh\n", DONE, exempt=("dir001",), on=LDAP, gone=True
    ),
    "it hangs": sshd(
        MANY, "", DONE, limit=15, on=LDAP, says=TOLD, **_stopped("slapd")
    ),
    "it hangs, and shells are asked": tmout(
        MANY, "", tells=TOLD, limit=25, on=LDAP, names=("ldap",), **_stopped("slapd")
    ),
    "its helper hangs": sshd(MANY, "", DONE, limit=15, on=LDAP, **_stopped("nslcd")),
    "it is off": sshd(MANY, "systemctl stop slapd\n", DONE, limit=15, on=LDAP),
}  # fmt: skip

PEOPLE = """python3 -c 'for i in range({0}):
    print("u%06d:x:%d:100:Member %06d of the faculty:/home/u%06d:/bin/bash" % (i, 20000+i, i, i))' \
    >> /etc/passwd
echo 'zlast:x:199999:100::/home/z:/bin/sh' >> /etc/passwd
"""
GROUPS = (
    "python3 -c 'for i in range({0}): print(\"g%d:x:%d:root,ops\" % (i, 30000+i))' >> /etc/group\n"
)
FACULTY = """python3 -c '
print("faculty:x:9999:" + ",".join("u%06d" % i for i in range(2000)))' >> /etc/group
python3 -c '
for i in range(500): print("Match Group faculty User x%d\\n    ClientAliveInterval 77" % i)
' >> /etc/ssh/sshd_config
systemctl reload ssh
"""
BLOCKS = """python3 -c '
for i in range(500): print("Match Group g%d\\n    ClientAliveInterval 77" % i)
' >> /etc/ssh/sshd_config
systemctl reload ssh
"""
_MANY = {
    f"{count} accounts": tmout(
        MANY, PEOPLE.format(count), DONE, tells=("zlast|complete",), says=("zlast|complete",),
        limit=30,
    )
    for count in (10_000, 100_000)
} | {
    "2000 members of a group, and 500 blocks": sshd(
        MANY, PEOPLE.format(2000) + FACULTY, DONE, limit=10, sample=True
    ),
    "500 blocks of groups": sshd(MANY, BLOCKS, DONE, limit=10),
    "3000 groups": tmout(MANY, GROUPS.format(3000), DONE, limit=15),
    "500 drop-ins": tmout(
        MANY, "i=0; while [ $i -lt 500 ]; do echo : > /etc/profile.d/d$i.sh; i=$((i+1)); done\n",
        DONE, limit=20,
    ),
    "an account that is in 200 groups": sshd(
        MANY, GROUPS.format(200)
        + "printf 'Match Group g199 User ops\\n    ClientAliveInterval 77\\n'"
        " >> /etc/ssh/sshd_config\nsystemctl reload ssh\n",
        DONE, exempt=("ops",), tells=("ops",), limit=10,
    ),
}  # fmt: skip
ROWS: dict[str, Row] = {**_ODD, **_AWAY, **_MANY}
