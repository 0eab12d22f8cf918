"""What `make audit` does: tell what ends sessions, on the sandbox or on one's own hosts."""

import argparse
import json
import sys
import time
from pathlib import Path

from tools.lab import hosts
from tools.lab.common import INVENTORY, TOP, LabError, say

from .apply import SANDBOX, SHORT, playbook

FOLDER = TOP / ".cache" / "audit"


def main() -> int:
    """Audit; the exit status is the playbook's: not 0 where the policy does not hold."""
    parser = argparse.ArgumentParser(prog="make audit", description=__doc__)
    parser.add_argument("--inventory", help="audit these hosts instead of the sandbox")
    parser.add_argument("--report", type=Path, default=FOLDER, help="the folder for the report")
    parser.add_argument("arguments", nargs="*", help="for ansible-playbook")
    options = parser.parse_args()
    folder = options.report.resolve()
    start = time.time()
    play = ["curfew.session.audit", "-e", json.dumps({"session_timeouts_report": str(folder)})]
    if options.inventory:
        status = playbook(options.inventory, *play, *options.arguments)
    else:
        try:
            say("looking at the sandbox host, held against the numbers of make apply")
            hosts.up([SANDBOX])
        except LabError as error:
            say(f"failed: {error}")
            return 1
        # The sandbox as it is: make apply puts these numbers in force there.
        limits = ["-e", json.dumps({**SHORT, "target": SANDBOX})]
        status = playbook(str(INVENTORY), *play, *limits, *options.arguments)
    return _tell(folder / "report.json", start, status)


def _tell(report: Path, start: float, status: int) -> int:
    """The last line is the sentence that matters; without a new report Ansible has said why."""
    if report.exists() and report.stat().st_mtime >= start - 1:
        print(json.loads(report.read_text())["sentence"])
        print(f"  {report.with_suffix('.html')}")
    return status


if __name__ == "__main__":
    sys.exit(main())
