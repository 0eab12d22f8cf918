"""The collection's own plugins are imported here as the unit tests import them."""

from tests.unit.conftest import pytest_configure

__all__ = ("pytest_configure",)
