"""Make `ansible_collections.curfew.session` importable, wherever this repository lies.

And give the tests a /run of their own: whatever a machine has there, or lacks, decides nothing.
"""

import importlib
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def pytest_addoption(parser):
    parser.addoption("--part", help="K/N: every N-th test, the K-th of them first")


def pytest_collection_modifyitems(config, items):
    """Leave out what other processes run at the same time."""
    if config.getoption("--part"):
        which, parts = (int(number) for number in config.getoption("--part").split("/"))
        items[:] = items[which - 1 :: parts]


def pytest_configure(config):
    config.addinivalue_line("markers", "waits: takes 10 s and more, in which hardly anything runs")
    config.addinivalue_line("markers", "thorough: takes long, and is left to a full run")
    if not config.pluginmanager.hasplugin("ansible_pytest_collections"):
        make_importable()
    mounts = importlib.import_module("ansible_collections.curfew.session.tests.unit.private_mounts")
    try:
        mounts.enter()
    except mounts.NotPossible as why:
        raise pytest.UsageError(str(why)) from None


def make_importable():
    """Under ansible-test its own loader does this; a plain pytest needs three stand-ins."""
    name = "ansible_collections"
    for part, path in (("", ROOT.parent), (".curfew", ROOT.parent), (".session", ROOT)):
        name += part
        package = types.ModuleType(name)
        package.__path__ = [str(path)]
        sys.modules[name] = package
