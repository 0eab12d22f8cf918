"""Live sessions of several hosts, all at the same time; each test then asks for one's end."""

import concurrent.futures
from collections.abc import Callable
from typing import ParamSpec

# What a busy machine may add to a session's end.
SLACK = 4
# ksh93 warns first, and logs out a minute later.
KSH93_GRACE = 60
P = ParamSpec("P")


class Sessions:
    """The sessions of each host by what they are to show."""

    def __init__(self, pool: concurrent.futures.ThreadPoolExecutor) -> None:
        self._pool = pool
        self._running: dict[tuple[str, str], concurrent.futures.Future[float]] = {}

    def start(
        self,
        host: str,
        what: str,
        session: Callable[P, float],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        self._running[host, what] = self._pool.submit(session, *args, **kwargs)

    def seconds(self, host: str, what: str) -> float:
        """How long it took; whatever was wrong with the session is raised here."""
        return self._running[host, what].result()
