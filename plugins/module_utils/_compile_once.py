# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compile each util once where a module runs from a zip. Private to the collection.

To learn the name of a module's file, Python's own importer of zips compiles the module, and throws
the code away (measured, CPython 3.6 to 3.13). The importer here puts the name together from
documented parts. ``_results`` installs it, and all modules import that first.
"""

import os
import sys
import zipimport

__all__ = ["Importer", "install"]


class Importer(zipimport.zipimporter):
    """An importer of one folder of a zip, which names files without compiling them."""

    def get_filename(self, fullname: str) -> str:
        """Return the path of a module's file, as ``__file__`` shows it."""
        path = os.path.join(self.archive, self.prefix, fullname.rpartition(".")[2])
        return path + (os.sep + "__init__.py" if self.is_package(fullname) else ".py")


def install() -> None:
    """Have what is imported from now on compiled once; do nothing where this came from no zip."""
    from_zip = isinstance(globals().get("__loader__"), zipimport.zipimporter)
    if from_zip and Importer not in sys.path_hooks:
        sys.path_hooks.insert(0, Importer)
        # Of the folder of this very file Python keeps an importer already.
        sys.path_importer_cache.pop(os.path.dirname(__file__), None)
