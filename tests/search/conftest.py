"""What these tests hold against this machine's sshd wants a /run of its own."""

from tests.unit.conftest import pytest_configure

__all__ = ["pytest_configure"]
