"""A headless browser, spoken to in the WebDriver protocol, with the standard library alone."""

import base64
import contextlib
import json
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

DRIVER = "/usr/bin/chromedriver"
BROWSER = "/usr/bin/chromium"
# Alone, without a network of its own, and as root too.
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
    " --disable-background-networking --disable-component-update --disable-dev-shm-usage"
    " --host-resolver-rules=MAP~*~~NOTFOUND"
)
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Space": " ", "Left": "\ue012", "Right": "\ue014"}


class Browser:
    """One window of a browser."""

    def __init__(self, server: str, session: str) -> None:
        self._base = f"{server}/session/{session}"

    def open(self, url: str) -> None:
        self._post("/url", url=url)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a function's body in the page; what it returns comes back."""
        return self._post("/execute/sync", script=script, args=list(arguments))

    def devtools(self, command: str, **parameters: Any) -> Any:
        """What the protocol itself does not know: media, sizes of a phone."""
        return self._post("/goog/cdp/execute", cmd=command, params=parameters)

    def size(self, width: int, height: int) -> None:
        """The page's own size; a window cannot be as narrow as a phone."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def media(self, kind: str = "screen", scheme: str = "light") -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.devtools("Emulation.setEmulatedMedia", media=kind, features=features)

    def press(self, *keys: str) -> None:
        """Real key strokes, at whatever has the focus."""
        strokes = []
        for key in keys:
            value = KEYS.get(key, key)
            strokes += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self._post("/actions", actions=[{"type": "key", "id": "keys", "actions": strokes}])

    def screenshot(self) -> bytes:
        return base64.b64decode(self._request("GET", "/screenshot"))

    def printed(self) -> bytes:
        """The page as a PDF."""
        return base64.b64decode(self._post("/print", background=True))

    def quit(self) -> None:
        self._request("DELETE", "")

    def _post(self, path: str, **body: Any) -> Any:
        return self._request("POST", path, body)

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return _request(method, self._base + path, body)


@contextlib.contextmanager
def started() -> Iterator[Browser]:
    """A browser with a fresh profile; it and its driver are gone at the end."""
    command = [DRIVER, "--port=0"]
    with tempfile.TemporaryDirectory() as profile:
        driver = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            server = f"http://127.0.0.1:{_port(driver)}"
            browser = Browser(server, _session(server, profile))
            try:
                yield browser
            finally:
                browser.quit()
        finally:
            driver.terminate()
            driver.communicate()


def _port(driver: subprocess.Popen[str]) -> int:
    for line in driver.stdout or ():
        if "started successfully on port" in line:
            return int(line.rstrip(".\n").rpartition(" ")[2])
    raise AssertionError("chromedriver did not start")


def _session(server: str, profile: str) -> str:
    flags = [flag.replace("~", " ") for flag in FLAGS.split()]
    options = {"binary": BROWSER, "args": [*flags, f"--user-data-dir={profile}"]}
    wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
    return str(_request("POST", f"{server}/session", wanted)["sessionId"])


def _request(method: str, url: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(json.load(error)["value"]["message"]) from error
