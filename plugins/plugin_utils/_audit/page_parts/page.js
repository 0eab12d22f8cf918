"use strict";
// Everything from a host is shown with textContent: never as markup, an attribute's code or a style.
(() => {
  const report = JSON.parse(document.getElementById("report").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const STATES = [
    ["holds", "Holds", "M4 12.5l5 5L20 6.5"],
    ["differs", "Does not hold", "M6 6l12 12M18 6L6 18"],
    ["unverified", "Not verified", "M8.5 8.5a3.5 3.5 0 1 1 5 3.2c-1 .5-1.5 1.200-1.500 2.300M12 18.500v.01"],
    ["unreachable", "Unreachable", "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M6 6l12 12"],
  ];
  const SEVERITY = ["differs", "unreachable", "unverified", "holds"];
  const LANES = {gone: "Vanished client", logind: "Idle, by logind"};
  const byId = (id) => document.getElementById(id);
  const number = (value) => value.toLocaleString("en");
  const hosts = (count) => `${number(count)} ${count === 1 ? "host" : "hosts"}`;

  function element(name, options = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(options)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }

  function drawn(name, options, ...children) {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(options)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }

  // Text of a host may switch the writing direction; it must not switch its neighbours'.
  const foreign = (text, options) => element("bdi", options, text);

  // ---- the scale: one for all hosts, so that bars can be compared

  const allLanes = report.hosts.flatMap((host) => host.timeline);
  const limit = Math.max(0, ...allLanes.map((lane) => lane.limit_seconds ?? 0));
  // What lasts much longer than anything asked for is cut, so that the rest stays legible.
  const shown = allLanes.map((lane) => lane.to_seconds ?? 0).filter((end) => !limit || end <= 3 * limit);
  const longest = Math.max(limit, 1, ...shown);
  const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  const step = STEPS.find((one) => longest / one <= 4) || Math.ceil(longest / 4);
  const scale = (Math.floor(longest / step) + 1) * step;
  const at = (seconds) => `${Math.min(100, seconds / scale * 100).toFixed(2)}%`;

  const [unit, letter] = step % 3600 === 0 ? [3600, "h"] : step % 60 === 0 ? [60, "min"] : [1, "s"];

  function axis() {
    const marks = [];
    for (let seconds = 0; seconds <= scale; seconds += step) {
      marks.push(drawn("text", {x: at(seconds), y: "13", "text-anchor": seconds ? "middle" : "start"}, String(seconds / unit)));
    }
    return element("div", {class: "axis", "aria-hidden": "true"},
      element("span"), drawn("svg", {}, ...marks), element("span", {}, letter));
  }

  function bar(lane) {
    const mark = lane.limit_seconds;
    const shapes = [drawn("line", {class: "track", x1: 0, x2: "100%", y1: 6, y2: 6})];
    if (!lane.known) {
      shapes.push(drawn("line", {class: "unsure", x1: 0, x2: "100%", y1: 6, y2: 6}));
    } else if (lane.to_seconds === null) {
      shapes.push(drawn("line", {class: "never", x1: 0, x2: "100%", y1: 6, y2: 6}),
        drawn("svg", {x: "100%", y: 0, overflow: "visible"}, drawn("path", {class: "arrow", d: "M-7 1L2 6L-7 11Z"})));
    } else {
      const sure = at(lane.from_seconds ?? lane.to_seconds);
      if (sure !== at(lane.to_seconds)) shapes.push(drawn("rect", {class: "maybe", x: 0, width: at(lane.to_seconds), y: 3, height: 6, rx: 1}));
      shapes.push(drawn("rect", {class: lane.beyond_limit ? "open over" : "open", x: 0, width: sure, y: 3, height: 6, rx: 1}));
      if (lane.to_seconds > scale) shapes.push(drawn("svg", {x: "92%", y: 0, overflow: "visible"},
        drawn("path", {class: "cut", d: "M0 11L4 1M5 11L9 1"})));
    }
    if (mark !== null) shapes.push(drawn("line", {class: "asked", x1: at(mark), x2: at(mark), y1: 0, y2: 12}));
    return drawn("svg", {"aria-hidden": "true"}, ...shapes);
  }

  function lanes(host) {
    if (!host.timeline.length) return element("span", {class: "unknown"}, "Not known");
    const list = element("ul", {class: "lanes", role: "list"});
    for (const lane of host.timeline) {
      const who = element("span", {class: "who"});
      if (lane.kind === "idle") {
        const rest = lane.users.length - 3;
        who.append(foreign(lane.users.slice(0, 3).join(", ")), rest > 0 ? ` and ${number(rest)} more` : "");
        who.append(element("span", {class: "hidden"}, " idle at the prompt:"));
      } else who.append(LANES[lane.kind]);
      const when = element("span", {class: lane.beyond_limit ? "when beyond" : "when"}, lane.when);
      const end = element("span", {class: "end"}, when);
      // A vanished client can only be ended by sshd's probes, and logind's lane has its name.
      if (lane.kind === "idle" && lane.ended_by !== "nothing") end.append(" ", foreign(lane.ended_by, {class: "by"}));
      list.append(element("li", {}, who, bar(lane), end));
    }
    return list;
  }

  // ---- a host's row, and what opens below it

  function icon(state) {
    const [, , path] = STATES.find(([key]) => key === state);
    return drawn("svg", {class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true"}, drawn("path", {d: path}));
  }

  function stateOf(state) {
    const [, label] = STATES.find(([key]) => key === state);
    return element("span", {class: `state ${state}`}, icon(state), label);
  }

  function whose(accounts) {
    if (!accounts || !Array.isArray(accounts.names)) return "";
    const more = accounts.count - accounts.names.length;
    const names = [...accounts.names, ...more > 0 ? [`${more} more`] : []];
    return `, for ${names.length ? names.join(", ") : "no account of this host"}`;
  }

  function because(host) {
    const list = element("ul", {class: "because", role: "list"});
    for (const reason of host.reasons) list.append(element("li", {}, foreign(reason.text)));
    for (const one of host.exceptions) {
      const where = one.path === null ? "" : `, ${one.path} line ${one.line}`;
      list.append(element("li", {class: "aside"}, foreign(`Exception: ${one.scope} has ${one.keyword} ${one.value}${where}${whose(one.accounts)}.`)));
    }
    for (const note of host.notes) list.append(element("li", {class: "aside"}, foreign(note)));
    return list;
  }

  const cell = (...children) => element("td", {role: "cell"}, ...children);

  function row(host, index) {
    const toggle = element("button", {type: "button", class: "name", "aria-expanded": "false", "aria-controls": `d${index}`}, foreign(host.name));
    const release = host.info?.sshd?.version;
    const name = element("th", {role: "rowheader", scope: "row"}, toggle);
    if (release) name.append(foreign(String(release).replace(/^OpenSSH_/, "OpenSSH "), {class: "release"}));
    const body = element("tbody", {role: "rowgroup"},
      element("tr", {role: "row"}, name, cell(stateOf(host.status)), cell(lanes(host)), cell(because(host))));
    toggle.addEventListener("click", () => {
      const open = toggle.getAttribute("aria-expanded") === "false";
      toggle.setAttribute("aria-expanded", String(open));
      if (open && !body.querySelector(".detail")) body.append(detail(host, index));
      const below = body.querySelector(".detail");
      if (below) below.hidden = !open;
    });
    return body;
  }

  function words(value) {
    if (value === null || value === undefined) return "–";
    if (value === true) return "yes";
    if (value === false) return "no";
    if (Array.isArray(value)) return value.map(words).join("; ");
    if (typeof value === "object") return Object.entries(value).map(([key, one]) => `${key} ${words(one)}`).join(", ");
    return String(value);
  }

  function grid(rows) {
    const keys = [...new Set(rows.flatMap((one) => Object.keys(one)))];
    const table = element("table", {class: "grid"},
      element("thead", {}, element("tr", {}, ...keys.map((key) => element("th", {scope: "col"}, foreign(key.replaceAll("_", " ")))))),
      element("tbody", {}, ...rows.map((one) => element("tr", {}, ...keys.map((key) => element("td", {}, foreign(words(one[key]))))))));
    return element("div", {class: "scroll", tabindex: "0", role: "group", "aria-label": "Table"}, table);
  }

  function section(title, content) {
    return element("section", {}, element("h3", {}, title), content);
  }

  function facts(lines) {
    return element("ul", {class: "facts", role: "list"}, ...lines.map((line) => element("li", {}, foreign(line))));
  }

  function detail(host, index) {
    const info = host.info || {};
    const sshd = info.sshd || {};
    const inside = element("td", {role: "cell", colspan: "4"});
    const objects = (rows) => (Array.isArray(rows) ? rows : []).filter((one) => one && typeof one === "object" && !Array.isArray(one));
    const add = (title, rows) => { if (objects(rows).length) inside.append(section(title, grid(objects(rows)))); };
    if (Array.isArray(info.verdict)) inside.append(section("What the host says", facts(info.verdict.map(String))));
    if (host.policy) inside.append(section("What is asked of it", facts(host.policy.sentences)));
    add("Accounts", info.accounts);
    add("Login shells", info.shells);
    add("Lines of sshd's configuration", sshd.definitions);
    add("Connections", sshd.connections);
    const rest = Object.entries(sshd).filter(([key]) => key !== "definitions" && key !== "connections");
    if (rest.length) inside.append(section("sshd", facts(rest.map(([key, value]) => `${key.replaceAll("_", " ")}: ${words(value)}`))));
    if (!inside.children.length) inside.append(facts(["This host told nothing of itself."]));
    return element("tr", {role: "row", class: "detail", id: `d${index}`}, inside);
  }

  // ---- sorting and filtering

  const idleEnd = (host) => {
    const ends = host.timeline.filter((lane) => lane.kind === "idle").map((lane) => lane.to_seconds ?? Infinity);
    return ends.length ? Math.max(...ends) : -1;
  };
  const goneEnd = (host) => {
    const lane = host.timeline.find((one) => one.kind === "gone");
    return lane ? lane.to_seconds ?? Infinity : -1;
  };
  const natural = new Intl.Collator("en", {numeric: true}).compare;
  const byNumber = (key) => (a, b) => (key(a) === key(b) ? 0 : key(a) < key(b) ? -1 : 1);
  const ORDERS = {
    name: ["host", (a, b) => natural(a.name, b.name)],
    state: ["state", byNumber((host) => SEVERITY.indexOf(host.status))],
    idle: ["end of an idle prompt", byNumber(idleEnd)],
    gone: ["end of a vanished client", byNumber(goneEnd)],
    why: ["number of reasons", byNumber((host) => host.reasons.length)],
  };
  const HEADS = [["name", "Host"], ["state", "State"], ["idle", "What ends a session, and when"], ["why", "Why"]];
  const table = document.querySelector(".fleet");
  const entries = report.hosts.map((host, index) => ({
    host,
    index,
    body: row(host, index),
    // Searched as it is shown: the row, and what opens below it.
    text: JSON.stringify([host.name, host.reasons, host.notes, host.exceptions, host.info]).toLowerCase(),
  }));
  const view = {order: "state", descending: false, state: "all", code: null, text: ""};

  function sort() {
    const compare = ORDERS[view.order][1];
    const sign = view.descending ? -1 : 1;
    entries.sort((a, b) => sign * compare(a.host, b.host) || natural(a.host.name, b.host.name) || a.index - b.index);
    table.append(...entries.map((entry) => entry.body));
    for (const head of byId("heads").children) {
      const current = head.dataset.order === view.order;
      head.setAttribute("aria-sort", current ? (view.descending ? "descending" : "ascending") : "none");
    }
    byId("order").value = `${view.order} ${view.descending}`;
  }

  function filter() {
    const wanted = view.text.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const {host, body, text} of entries) {
      const fits = (view.state === "all" || host.status === view.state)
        && (!view.code || host.reasons.some((one) => one.code === view.code))
        && wanted.every((word) => text.includes(word));
      if (body.hidden === fits) body.hidden = !fits;
      left += fits;
    }
    byId("count").textContent = left === entries.length ? `${hosts(left)}` : `${number(left)} of ${hosts(entries.length)}`;
    byId("none").hidden = left > 0 || !entries.length;
    table.hidden = left === 0;
    for (const button of byId("reasons").querySelectorAll("button"))
      button.setAttribute("aria-pressed", String(button.dataset.code === view.code));
  }

  function orderBy(order, descending) {
    Object.assign(view, {order, descending});
    sort();
  }

  // ---- the page

  function share() {
    const total = report.summary.hosts || 1;
    let x = 0;
    const parts = STATES.map(([key]) => {
      const width = report.summary[key] / total * 100;
      // A gap keeps neighbours apart for those who see no difference between the colours.
      const part = drawn("svg", {x: `${x}%`, width: `${width}%`, class: key}, drawn("rect", {width: "100%", height: "100%", fill: "currentColor"}),
        drawn("line", {x1: "100%", x2: "100%", y1: 0, y2: "100%", class: "cut"}));
      x += width;
      return part;
    });
    byId("share").append(drawn("svg", {}, ...parts));
  }

  function choices() {
    const all = [["all", "All hosts", null], ...STATES].filter(([key]) => key === "all" || report.summary[key]);
    for (const [key, label] of all) {
      const input = element("input", {type: "radio", name: "state", value: key});
      input.checked = key === "all";
      input.addEventListener("change", () => { view.state = key; filter(); });
      const count = key === "all" ? report.summary.hosts : report.summary[key];
      const word = key === "all" ? element("span", {class: "state"}, label) : stateOf(key);
      byId("states").append(element("label", {}, input, word, element("b", {}, number(count))));
    }
  }

  function policies() {
    const groups = new Map();
    for (const host of report.hosts) {
      if (!host.policy) continue;
      const key = JSON.stringify(host.policy.sentences);
      groups.set(key, (groups.get(key) || 0) + 1);
    }
    for (const [key, count] of [...groups].sort((a, b) => b[1] - a[1])) {
      const policy = element("div", {class: "policy"}, facts(JSON.parse(key)));
      if (groups.size > 1) policy.append(element("p", {class: "hosts"}, `asked of ${hosts(count)}`));
      byId("policies").append(policy);
    }
  }

  function reasons() {
    byId("why").hidden = !report.reasons.length;
    for (const {code, title, hosts: count} of report.reasons) {
      const button = element("button", {type: "button", "aria-pressed": "false", "data-code": code},
        element("span", {class: "number"}, number(count)), element("span", {class: "title"}, title));
      button.addEventListener("click", () => { view.code = view.code === code ? null : code; filter(); });
      byId("reasons").append(element("li", {}, button));
    }
  }

  function heads() {
    for (const [order, label] of HEADS) {
      const button = element("button", {type: "button"}, label);
      button.addEventListener("click", () => orderBy(order, view.order === order && !view.descending));
      const head = element("th", {role: "columnheader", scope: "col", "data-order": order}, button);
      if (order === "idle") head.append(axis());
      byId("heads").append(head);
    }
    for (const [order, [label]] of Object.entries(ORDERS)) {
      for (const descending of [false, true]) byId("order").append(element("option", {value: `${order} ${descending}`},
        `Sort by ${label}${descending ? ", reversed" : ""}`));
    }
  }

  function key() {
    const sample = (text, from, to, mark) => byId("key").append(
      element("span", {}, bar({from_seconds: from, to_seconds: to, limit_seconds: mark, known: text !== "not known"}), text));
    sample("stays open for so long", scale * .75, scale * .75, null);
    sample("ends somewhere in the lighter part", scale * .5, scale * .8, null);
    sample("never ends", null, null, null);
    if (allLanes.some((lane) => !lane.known)) sample("not known", null, null, null);
    sample("the limit asked for", 0, 0, scale / 2);
    byId("key").append(element("span", {}, `All bars: 0 to ${scale / unit} ${letter}`));
  }

  function reset() {
    Object.assign(view, {state: "all", code: null, text: ""});
    byId("search").value = "";
    document.querySelector("#states input").checked = true;
    filter();
    byId("search").focus();
  }

  const time = new Date(report.generated_at);
  byId("time").textContent = `${time.toLocaleDateString("en-GB", {dateStyle: "long", timeZone: "UTC"})}, ${report.generated_at.slice(11, 16)} UTC`;
  share(); choices(); policies(); reasons(); heads(); key(); sort(); filter();
  byId("search").addEventListener("input", (event) => { view.text = event.target.value; filter(); });
  byId("order").addEventListener("change", (event) => {
    const [order, descending] = event.target.value.split(" ");
    orderBy(order, descending === "true");
  });
  byId("reset").addEventListener("click", reset);
})();
