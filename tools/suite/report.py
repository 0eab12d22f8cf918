"""The audit's report: its page in a headless browser, its playbook on hosts that are made up."""

from .stage import BIN, OUTPUT, Command, Log, Stage
from .tally import Tally, junit


def stage() -> Stage:
    return Stage("report in a browser", _report)


def _report(log: Log) -> Tally:
    results = OUTPUT / "report.xml"
    command: Command = [
        BIN / "python",
        "-B",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/whole/report",
    ]
    status = log.call([*command, f"--junitxml={results}"])
    return junit([results] if results.exists() else []).judged(status)
