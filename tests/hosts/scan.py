"""Runs on a host: prints what the SCAP content of Debian's archive says of it, rule by rule."""

from __future__ import annotations

import concurrent.futures
import json
import re
import subprocess
import tempfile
from pathlib import Path

CONTENT = Path("/usr/share/xml/scap/ssg/content")
# The CIS profile asks for TMOUT 900, ClientAliveInterval 15 and ClientAliveCountMax 3.
PROFILES = {"ubuntu2404": "cis_level1_server", "rhel9": "cis_server_l1", "sle15": "cis_server_l1"}
RULES = ("accounts_tmout", "sshd_set_idle_timeout", "sshd_set_keepalive")
# In a container, and on a distribution that it is not for, the content judges nothing.
PLATFORM = re.compile(r"<(?:[\w.-]+:)?platform idref=[^>]*/>")


def main() -> None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        print(json.dumps(dict(zip(PROFILES, pool.map(_scan, PROFILES), strict=True))))


def _scan(name: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        content = Path(folder, "content.xml")
        content.write_text(PLATFORM.sub("", (CONTENT / f"ssg-{name}-ds.xml").read_text()))
        command = ["oscap", "xccdf", "eval", "--profile", PROFILES[name]]
        for rule in RULES:
            command += ["--rule", f"xccdf_org.ssgproject.content_rule_{rule}"]
        done = subprocess.run([*command, content], capture_output=True, text=True, check=False)
    found = re.findall(r"content_rule_(\w+)$.*?^Result\s+(\w+)", done.stdout, re.M | re.S)
    return dict(found)


if __name__ == "__main__":
    main()
