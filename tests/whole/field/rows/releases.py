"""What a release of OpenSSH does otherwise than the one before."""

from ..row import DONE, ENDS, REFUSED, SINCE_10, STAYS, Row, add, info, put, sshd
from .blocks import RELOAD

KIND = "a release does otherwise"
FILE = "/etc/ssh/sshd_config.d/60-modern.conf"
MAIN = "/etc/ssh/sshd_config"
BOB = "person bob /bin/bash\n"
NEVER_ENDS = ("unknown", "never")


def _version(pattern: str) -> str:
    return put(FILE, f"Match version {pattern}\n    ClientAliveInterval 7\n") + RELOAD


def _channel(text: str, release: tuple[str, ...], end: str, **more: object) -> Row:
    """A session of bob shows what the directive does there."""
    return info(
        KIND, BOB + add(MAIN, text) + RELOAD, live={"bob": end}, on=release,
        info={"bob": ("ends",) if end == ENDS else NEVER_ENDS}, **more,
    )  # fmt: skip


MEASURED, NEWEST = ("debian12", "debian13"), ("testing",)
ROWS: dict[str, Row] = {
    "a block for this release": sshd(
        KIND, _version('"OpenSSH_10.*,OpenSSH_11.*"'), REFUSED, names=((FILE, 2),),
        says=("[Vv]ersion",), on=SINCE_10, sample=True,
    ),
    "a block for this release, by what it is not": sshd(
        KIND, _version("!OpenSSH_9.*,OpenSSH_*"), REFUSED, names=((FILE, 2),), on=SINCE_10
    ),
    "a block for this release, and a user": sshd(
        KIND, put(FILE, "Match version OpenSSH_1* User root,ops\n    ClientAliveInterval 7\n")
        + RELOAD, REFUSED, names=((FILE, 2),), on=SINCE_10,
    ),
    "a block for another release": sshd(
        KIND, _version("OpenSSH_9.*"), DONE, gone=True, on=SINCE_10
    ),
    "a block to edit in, by release": sshd(
        KIND, "", DONE, options={"match": "version OpenSSH_10.*"}, on=SINCE_10, gone=True
    ),
    "a block for users who do not exist": sshd(
        KIND, put(FILE, "Match invalid-user\n    ClientAliveInterval 7\n") + RELOAD,
        exempt=("no-such-one",), on=SINCE_10,
    ),
    "the manual's spelling of ChannelTimeout": _channel(
        "ChannelTimeout session=3\n", NEWEST, ENDS, never=("`session=3` does nothing",)
    ),
    "the manual's spelling of ChannelTimeout, before": _channel(
        "ChannelTimeout session=3\n", (*MEASURED, "backports"), STAYS
    ),
    "ChannelTimeout in a block": _channel(
        "Match User bob\n    ChannelTimeout session:shell=3\n", NEWEST, ENDS
    ),
    "ChannelTimeout in a block, before": _channel(
        "Match User bob\n    ChannelTimeout session:shell=3\n", (*MEASURED, "backports"), STAYS
    ),
    "an exemption from ChannelTimeout": _channel(
        "ChannelTimeout session:shell=3\nMatch User bob\n    ChannelTimeout session:shell=0\n",
        NEWEST, STAYS,
    ),
    "an exemption from ChannelTimeout, before": _channel(
        "ChannelTimeout session:shell=3\nMatch User bob\n    ChannelTimeout session:shell=0\n",
        (*MEASURED, "backports"), ENDS,
    ),
    "ChannelTimeout for all but root": _channel(
        "Match User !root,*\n    ChannelTimeout session:shell=3\n", NEWEST, ENDS
    ),
    "ChannelTimeout for all channels": _channel(
        "ChannelTimeout global=3\n", SINCE_10, ENDS
    ),
}  # fmt: skip
