"""Where a fault came is read from strace's own words; these are some of them."""

import pytest

from .calls import Fault, Point, further, met_at

OPEN, IMPORT = 'openat(AT_FDCWD</>, "/tree/a", O_RDONLY)', 'openat(AT_FDCWD</>, "/usr/x.py", 0)'
TRACES = [
    ("EIO", f"{IMPORT} = 3\n{OPEN} = -1 EIO (Input/output error) (INJECTED)\n", OPEN),
    ("EIO+", f"7 {IMPORT} = -1 EIO (INJECTED)\n7 {OPEN} = -1 EIO (INJECTED)\n", IMPORT),
    ("EIO", f"{OPEN} = 3\n", ""),
    ("KILL", f"{IMPORT} = 3\n{OPEN} = ?\n+++ killed by SIGKILL +++\n", OPEN),
    ("KILL", f"{OPEN} = 3\n+++ exited with 0 +++\n", ""),
    ("TERM", f"{OPEN} = 3\n--- SIGTERM {{si_signo=SIGTERM}} ---\n{IMPORT} = 3\n", OPEN),
    ("TERM", f"{OPEN} = 3\n--- SIGCHLD {{si_signo=SIGCHLD}} ---\n{IMPORT} = 3\n", ""),
]


@pytest.mark.parametrize(("how", "trace", "call"), TRACES)
def test_the_call_at_which_a_fault_came(how: str, trace: str, call: str) -> None:
    line = met_at(Fault(Point("openat", 1, OPEN, changes=False), how), trace)
    assert call in line and bool(call) is bool(line)


@pytest.mark.parametrize(
    ("before", "later"), [(0, -2), (2, 0), (5, 3)], ids=["fewer", "as many", "more"]
)
def test_how_much_later_a_run_makes_the_call(before: int, later: int) -> None:
    fault = Fault(Point("openat", 4, OPEN, changes=False, order=2), "EIO")
    trace = f"{OPEN} = 3\n" + f"{IMPORT} = 3\n" * before + f"{OPEN} = 3\n"
    assert further(fault, trace, ["/tree"]) == later
    assert further(fault, f"{OPEN} = 3\n", ["/tree"]) is None
