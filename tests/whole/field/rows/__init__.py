"""All rows, by name; each file holds those of a few kinds."""

from . import accounts, blocks, daemon, login_files, obedience, releases

ROWS = {
    **daemon.ROWS,
    **blocks.ROWS,
    **login_files.ROWS,
    **obedience.ROWS,
    **accounts.ROWS,
    **releases.ROWS,
}
