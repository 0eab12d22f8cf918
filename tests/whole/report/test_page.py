"""The report's page, in a real browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from . import browser, fleet
from .browser import Browser

# WCAG 2.1: text, and what is not text but tells something.
TEXT_CONTRAST, SHAPE_CONTRAST = 4.5, 3.0
WIDTHS = (320, 390, 768, 1024, 1440)
NAMES = """
return [...document.querySelectorAll('.fleet > tbody')].filter(body => !body.hidden)
    .map(body => body.querySelector('.name').textContent)
"""
# Colours as they end up: the nearest background that is not transparent, opacity counted in.
CONTRASTS = """
const parse = (color) => color.match(/[\\d.]+/g).map(Number);
const linear = (v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
const light = ([r, g, b]) =>
    .2126 * linear(r / 255) + .7152 * linear(g / 255) + .0722 * linear(b / 255);
const ratio = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
    return (x + .05) / (y + .05);
};
const behind = (node) => {
    for (; node; node = node.parentElement) {
        const color = parse(getComputedStyle(node).backgroundColor);
        if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
};
const seen = new Map();
const note = (what, node, color) => {
    const key = what + " " + color + " on " + behind(node);
    if (!seen.has(key)) seen.set(key, ratio(parse(color), behind(node)));
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    const style = getComputedStyle(node);
    note("text", node, node instanceof SVGElement ? style.fill : style.color);
}
for (const node of document.querySelectorAll(".lanes .open, .lanes .arrow, .icon")) {
    const style = getComputedStyle(node);
    note("shape", node, node.matches(".icon") ? style.stroke : style.fill);
}
for (const node of document.querySelectorAll(".lanes .never, .lanes .unsure, .lanes .asked"))
    note("shape", node, getComputedStyle(node).stroke);
const search = document.getElementById("search");
if (search.checkVisibility())
    note("text", search, getComputedStyle(search, "::placeholder").color);
return [...seen];
"""

# From the first line of each page on: what its content security policy stops.
WATCH = """
window.stopped = [];
addEventListener('securitypolicyviolation', event => stopped.push(event.effectiveDirective));
"""
# What an escape would have missed; all that was on its way before has happened when these have.
BAIT = """
return (async () => {
    const image = document.createElement('img');
    const failed = new Promise(resolve => image.addEventListener('error', resolve));
    image.setAttribute('onerror', 'window.broken = 1');
    image.src = 'x';
    const script = document.createElement('script');
    script.textContent = 'window.broken = 2';
    document.body.append(image, script);
    const wait = (time) => new Promise(resolve => setTimeout(resolve, time));
    await Promise.race([failed, wait(15000)]);
    for (let round = 0; stopped.length < 3 && round < 100; round++) await wait(100);
    return stopped.sort();
})()
"""
STOPPED = ["img-src", "script-src-attr", "script-src-elem"]


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    with browser.started() as one:
        one.devtools("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        yield one


Show = Callable[..., Browser]


@pytest.fixture
def show(window: Browser, tmp_path: Path) -> Show:
    """show(answers) -> the browser, with their report open on a screen of ordinary size."""

    def opened(answers: list[Any], width: int = 1360, **media: str) -> Browser:
        file = tmp_path / "report.html"
        file.write_text(fleet.page(answers), encoding="utf-8")
        window.size(width, 900)
        window.media(**media)
        window.open(file.as_uri())
        return window

    return opened


def names(page: Browser) -> list[str]:
    return list(page.run(NAMES))


def click(page: Browser, selector: str) -> None:
    page.run("document.querySelector(arguments[0]).click()", selector)


def search(page: Browser, text: str) -> None:
    page.run("document.getElementById('search').focus()")
    page.run("document.getElementById('search').select()")
    page.press(*text)


def test_tells_the_truth_about_each_host(show: Show) -> None:
    page = show(fleet.small())
    assert page.run("return document.querySelector('h1').textContent") == (
        "The policy holds on 2 of 9 hosts"
    )
    rows = page.run(
        "return [...document.querySelectorAll('.fleet > tbody')].map(b => [...b.querySelectorAll("
        "'th, td')].map(c => c.textContent))"
    )
    told = {row[0].partition("OpenSSH")[0]: row[1:] for row in rows}
    assert len(told) == 9
    assert told["web1.example.org"][0] == told["db2.example.org"][0] == "Holds"
    assert "Exception: Match User backup has ClientAliveInterval 900" in told["db2.example.org"][2]
    assert told["gone.example.org"][:2] == ["Unreachable", "Not known"]
    assert "Connection timed out" in told["gone.example.org"][2]
    assert told["locked.example.org"][0] == "Not verified"
    assert "Missing sudo password" in told["locked.example.org"][2]
    assert "deploy, web idle at the prompt:never" in told["web2.example.org"][1]
    assert "fish idle at the prompt:not known" in told["old.example.org"][1]


def test_bars_are_drawn_to_one_scale(show: Show) -> None:
    page = show(fleet.small())
    drawn = page.run(
        "return [...document.querySelectorAll('.lanes li')].map(l => ["
        "l.querySelector('.when').textContent,"
        "l.querySelector('svg').getBoundingClientRect().width,"
        "l.querySelector('.open')?.getBoundingClientRect().width])"
    )
    shares = {when: width / whole for when, whole, width in drawn if width}
    assert shares["15 min"] == pytest.approx(15 / 20, abs=0.01)
    assert shares["16 min"] == pytest.approx(16 / 20, abs=0.01)
    assert shares["3 to 4 min"] == pytest.approx(3 / 20, abs=0.01)
    assert shares["2 h"] == pytest.approx(1, abs=0.01)


def test_sorts(show: Show) -> None:
    page = show(fleet.small())
    click(page, "[data-order=name] button")
    by_name = sorted(answer.name for answer in fleet.small())
    assert names(page) == by_name
    assert page.run("return document.querySelector('[data-order=name]').ariaSort") == "ascending"
    click(page, "[data-order=name] button")
    assert names(page) == by_name[::-1]
    assert page.run("return [...document.querySelectorAll('#heads th')].map(h => h.ariaSort)") == [
        "descending",
        "none",
        "none",
        "none",
    ]
    click(page, "[data-order=idle] button")
    assert names(page)[-1] == "web2.example.org"
    page.run(
        "const o = document.getElementById('order'); o.value = 'gone true';"
        "o.dispatchEvent(new Event('change'))"
    )
    assert names(page)[0] == "db1.example.org"


def test_sorts_numbers_in_names_as_numbers(show: Show) -> None:
    page = show([fleet.answer(f"web{n}", fleet.info()) for n in (10, 9, 1)])
    assert names(page) == ["web1", "web9", "web10"]


def test_filters(show: Show) -> None:
    page = show(fleet.small())
    search(page, "web DEPLOY")
    assert names(page) == ["web2.example.org"]
    assert page.run("return document.getElementById('count').textContent") == "1 of 9 hosts"
    search(page, "nobody has this")
    assert names(page) == []
    assert page.run("return document.getElementById('none').checkVisibility()")
    click(page, "#reset")
    assert len(names(page)) == 9
    click(page, "input[value=unreachable]")
    assert names(page) == ["gone.example.org"]
    click(page, "input[value=all]")
    click(page, "[data-code=uncovered]")
    assert names(page) == ["web2.example.org"]
    click(page, "[data-code=uncovered]")
    assert len(names(page)) == 9


def test_keyboard_alone(show: Show) -> None:
    page = show(fleet.small())
    focus = "const f = document.activeElement; return f.id || f.value || f.textContent"
    order = []
    for _step in range(20):
        page.press("Tab")
        order.append(page.run(focus))
        visible = page.run(
            "const f = document.activeElement; const l = f.closest('label') ?? f;"
            "return getComputedStyle(l).outlineStyle !== 'none'"
        )
        assert visible, f"{order[-1]} does not show that it has the focus"
    assert order[:2] == ["Skip to the hosts", "all"]
    assert [one for one in order if one in ("search", "order", "Host", "State")] == [
        "search",
        "order",
        "Host",
        "State",
    ]
    page.run("document.querySelector('input[value=all]').focus()")
    page.press("Right")
    assert len(names(page)) == 2
    page.press("Left")
    page.run("document.querySelector('[data-order=name] button').focus()")
    page.press("Enter")
    assert names(page)[0] == "db1.example.org"
    page.run("document.querySelector('.name').focus()")
    page.press("Space")
    assert page.run("return document.activeElement.ariaExpanded") == "true"
    detail = "document.getElementById(document.activeElement.getAttribute('aria-controls'))"
    assert "Accounts" in page.run(f"return {detail}.textContent")
    page.press("Enter")
    assert page.run(f"return {detail}.hidden")


def test_details_hold_all_that_the_host_said(show: Show) -> None:
    page = show([fleet.answer("web", fleet.exception())])
    click(page, ".name")
    text = page.run("return document.querySelector('.detail').textContent")
    for part in ("An idle bash prompt is closed", "Match User backup", "/bin/ksh93", "reload"):
        assert part in text


def test_is_a_table_for_those_who_cannot_see(show: Show) -> None:
    page = show(fleet.small())
    page.devtools("Accessibility.enable")
    nodes = page.devtools("Accessibility.getFullAXTree")["nodes"]
    roles = [node.get("role", {}).get("value") for node in nodes if not node.get("ignored")]
    assert roles.count("row") == 10
    assert roles.count("columnheader") == 4
    assert roles.count("rowheader") == 9
    assert {"main", "banner", "heading", "radio", "searchbox", "combobox", "status"} <= set(roles)
    unnamed = [
        node["role"]["value"]
        for node in nodes
        if not node.get("ignored")
        and node["role"]["value"] in ("button", "radio", "searchbox", "combobox", "table")
        and not node.get("name", {}).get("value")
    ]
    assert unnamed == []


@pytest.mark.parametrize("kind", ["screen", "print"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(show: Show, scheme: str, kind: str) -> None:
    page = show(fleet.small(), kind=kind, scheme=scheme)
    click(page, ".name")
    pairs = page.run(CONTRASTS)
    assert len(pairs) > 10
    needed = {"text": TEXT_CONTRAST, "shape": SHAPE_CONTRAST}
    assert [pair for pair in pairs if pair[1] < needed[pair[0].partition(" ")[0]]] == []


def test_dark_is_dark(show: Show) -> None:
    background = "return getComputedStyle(document.body).backgroundColor"
    colors = [
        [int(part) for part in re.findall(r"\d+", show(fleet.small(), scheme=one).run(background))]
        for one in ("light", "dark")
    ]
    assert min(colors[0]) > 200
    assert max(colors[1]) < 60


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("answers", [fleet.small, fleet.hostile])
def test_no_sideways_scrolling(show: Show, width: int, answers: Callable[[], list[Any]]) -> None:
    page = show(answers(), width=width)
    page.run("document.querySelectorAll('.name').forEach(name => name.click())")
    # content-visibility skips what is out of sight: all of it counts.
    page.run(
        "document.querySelectorAll('tbody').forEach(b => b.style.contentVisibility = 'visible')"
    )
    assert page.run("return document.documentElement.scrollWidth") <= width


def test_narrow_rows_are_cards(show: Show) -> None:
    page = show(fleet.small(), width=390)
    lefts = page.run(
        "return [...document.querySelectorAll('.fleet > tbody:first-of-type > tr > *')]"
        ".map(c => c.getBoundingClientRect().left)"
    )
    assert len(set(lefts)) == 1


@pytest.mark.parametrize("width", [1000, 1100, 1440])
def test_nothing_is_cut_off(show: Show, width: int) -> None:
    page = show(fleet.small(), width=width)
    crowded = page.run(
        "return [...document.querySelectorAll('.state, .when, .fleet td, .fleet th')]"
        ".filter(n => n.scrollWidth > n.clientWidth + 1 && n.clientWidth).map(n => n.textContent)"
    )
    assert crowded == []


@pytest.mark.parametrize("width", WIDTHS)
def test_times_stay_beside_their_bars(show: Show, width: int) -> None:
    page = show(fleet.small(), width=width)
    beyond = page.run(
        "return [...document.querySelectorAll('.lanes li')].filter(l => [...l.children].some(c =>"
        "c.getBoundingClientRect().right > l.getBoundingClientRect().right + 1"
        "|| c.scrollWidth > c.clientWidth + 1)).map(l => l.textContent)"
    )
    assert beyond == []


def test_prints_all_hosts_on_white(show: Show) -> None:
    page = show(fleet.large(200), kind="print", scheme="dark")
    paper = page.run("return getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    assert not page.run("return document.getElementById('search').checkVisibility()")
    assert len(names(page)) == 200
    pages = re.findall(rb"/Type\s*/Page\b", page.printed())
    assert 8 < len(pages) < 80


def test_hosts_cannot_run_anything(show: Show) -> None:
    page = show(fleet.hostile())
    page.run("document.querySelectorAll('.name').forEach(name => name.click())")
    assert page.run("return document.querySelectorAll('script').length") == 2
    assert page.run("return document.querySelector('img, .fleet script, [onmouseover]')") is None
    assert page.run(BAIT) == STOPPED, "not by the bait alone"
    assert page.run("return window.broken ?? null") is None
    shown = page.run("return document.querySelector('.fleet').textContent")
    for text in fleet.HOSTILE[:4]:
        assert text in shown


def test_policy_of_the_page_stops_what_an_escape_would_miss(show: Show) -> None:
    page = show(fleet.small())
    assert page.run(BAIT) == STOPPED
    assert page.run("return window.broken ?? null") is None


def test_asks_the_network_for_nothing(show: Show) -> None:
    page = show(fleet.small())
    assert page.run("return performance.getEntriesByType('resource').length") == 0


def test_a_thousand_hosts_do_not_stall(show: Show) -> None:
    """As ratios to what ten hosts take in the same minute, and under a bound that is generous."""
    times = {count: _seconds(show(fleet.large(count))) for count in (10, 1000)}
    print(times)
    for few, many in zip(times[10], times[1000], strict=True):
        assert many < 100 * few + 1.0
        assert many < 8


def _seconds(page: Browser) -> list[float]:
    """How long opening, sorting and filtering take, what the browser draws after them included."""
    measure = """
    const done = (what) => {
        const start = performance.now();
        what();
        document.body.offsetHeight;
        return (performance.now() - start) / 1000;
    };
    const search = document.getElementById("search");
    const find = (text) => { search.value = text; search.dispatchEvent(new Event("input")); };
    return [
        performance.getEntriesByType("navigation")[0].domInteractive / 1000,
        done(() => document.querySelector("[data-order=name] button").click()),
        done(() => document.querySelector("[data-order=idle] button").click()),
        done(() => find("zsh")),
        done(() => find("")),
        done(() => document.querySelector(".name").click()),
    ];
    """
    return list(page.run(measure))
