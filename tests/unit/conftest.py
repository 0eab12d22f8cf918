"""Make `ansible_collections.curfew.session` importable, wherever this repository lies."""

import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def pytest_configure(config):
    """Under ansible-test its own loader does this; a plain pytest needs three stand-ins."""
    if config.pluginmanager.hasplugin("ansible_pytest_collections"):
        return
    name = "ansible_collections"
    for part, path in (("", ROOT.parent), (".curfew", ROOT.parent), (".session", ROOT)):
        name += part
        package = types.ModuleType(name)
        package.__path__ = [str(path)]
        sys.modules[name] = package
