"""The command: python -m tools.lab up, down, status and others (--help)."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import hosts, images, namespace
from .common import INVENTORY, LabError, say


def main() -> int:
    """Do what the command line says; an error is one line and exit status 1."""
    arguments = _parser().parse_args()
    try:
        _COMMANDS[arguments.command](arguments)
    except LabError as error:
        say(f"error: {error}")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="make hosts and wait until they let people in")
    up.add_argument("names", nargs="*", help=f"default: {' '.join(_default())}")
    up.add_argument("--fresh", action="store_true", help="replace hosts that are there already")
    up.add_argument("--fleet", type=int, default=0, help="so many cheap hosts besides")
    down = commands.add_parser("down", help="remove hosts; without names, all of this checkout")
    down.add_argument("names", nargs="*")
    commands.add_parser("status", help="list the hosts that run")
    commands.add_parser("inventory", help="print the path of the Ansible inventory")
    execute = commands.add_parser("exec", help="run a command where podman sees the hosts")
    execute.add_argument("argv", nargs=argparse.REMAINDER)
    root = commands.add_parser("root", help="lay an image out as a directory, to chroot into")
    root.add_argument("image", choices=images.IMAGES)
    root.add_argument("directory", type=Path)
    commands.add_parser("forget", help="remove the images that podman keeps")
    build = commands.add_parser("images", help="build the images only")
    build.add_argument("names", nargs="*")
    return parser


def _default() -> list[str]:
    return [name for name, kind in hosts.KINDS.items() if kind.group in ("debian", "shaped")]


def _up(arguments: argparse.Namespace) -> None:
    start = time.monotonic()
    names = arguments.names or ([] if arguments.fleet else _default())
    hosts.up([*names, *hosts.fleet(arguments.fleet)], fresh=arguments.fresh)
    say(f"ready after {time.monotonic() - start:.1f} s; inventory: {INVENTORY}")


def _status(_arguments: argparse.Namespace) -> None:
    for host in hosts.status().values():
        print(f"{host.name:12} {host.address:15} {host.group}")


def _exec(arguments: argparse.Namespace) -> None:
    argv = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    command = [*namespace.prefix(), *argv]
    sys.stdout.flush()
    os.execvp(command[0], command)


_COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "up": _up,
    "down": lambda arguments: hosts.down(arguments.names),
    "status": _status,
    "inventory": lambda _: print(INVENTORY),
    "exec": _exec,
    "root": lambda arguments: images.unpack(arguments.image, arguments.directory),
    "forget": lambda _: images.forget(),
    "images": lambda arguments: images.ensure(arguments.names or images.IMAGES),
}

if __name__ == "__main__":
    sys.exit(main())
