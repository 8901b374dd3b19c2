// The page: one state, drawn again whenever it changes. Everything that is shown comes from the HTTP API.
import { clock, plot, shareBar, sparkline } from "/ui/plots.js";

const view = document.getElementById("view");
const HISTORY_MS = 15 * 60 * 1000;

const state = {
  status: null, session: null, histories: new Map(), incident: null, incidentID: null, away: null, drawn: new Map(),
};

// ---- text

class Markup {
  constructor(text) { this.text = text; }
  toString() { return this.text; }
}

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (value) => String(value).replace(/[&<>"']/g, (character) => escapes[character]);
const shown = (value) => {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(shown).join("");
  return value == null || value === false ? "" : escape(value);
};
// A template whose values are escaped, unless they are templates themselves.
const html = (texts, ...values) => new Markup(texts.map((text, index) => text + shown(values[index])).join(""));

const number = (value, digits = 3) => {
  if (value == null) return "–";
  if (value === 0) return "0";
  return Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString("en").replaceAll(",", " ") : String(Number(value.toPrecision(digits)));
};
const percent = (value) => (value == null ? "–" : `${number(value * 100)} %`);
const seconds = (value) => {
  if (value == null) return "–";
  return value < 1 ? `${number(value * 1000)} ms` : `${number(value)} s`;
};
const duration = (value) => {
  if (value < 90) return `${Math.round(value)} s`;
  if (value < 5400) return `${Math.round(value / 60)} min`;
  return value < 172800 ? `${number(value / 3600)} h` : `${Math.round(value / 86400)} d`;
};
const rate = (value) => (value == null ? "–" : `${number(value)}/s`);
const share = (basisPoints) => (basisPoints == null ? "unknown" : `${number(basisPoints / 100)} %`);
const time = (text) => html`<time datetime="${text}">${new Date(text).toLocaleString([], { hour12: false })}</time>`;
const words = (text) => text.replaceAll("_", " ");
const versioned = (release) => release.rollouts?.running ?? null;

const tones = {
  watching: "ok", promoted: "ok", rolling_back: "bad", rolled_back: "bad", held: "warn", healthy: "ok", breached: "bad",
  firing: "bad", pending: "warn", acknowledged: "ok", abandoned: "bad", standing: "ok", baking: "ok",
  done: "ok", proved: "ok", failed: "bad", unknown: "bad", waiting_for_person: "warn",
};
const pill = (text, tone = tones[text]) => html`<span class="pill ${tone ?? ""}">${words(text)}</span>`;
const link = {
  release: (name) => `#/release/${encodeURIComponent(name)}`,
  incident: (id) => `#/incident/${encodeURIComponent(id)}`,
  unit: (name) => `#/unit/${encodeURIComponent(name)}`,
};
const unitOf = (release) => state.status.units.find((unit) => unit.releases.includes(release.name)) ?? null;

// ---- drawing: a section is replaced when its markup differs, so focus and selection stay

const section = (id, classes) => {
  const known = document.getElementById(id);
  if (known) return known;
  const made = document.createElement("section");
  made.id = id;
  made.className = classes;
  view.append(made);
  return made;
};
const put = (id, classes, markup) => {
  const place = section(id, classes);
  const text = shown(markup);
  if (state.drawn.get(id) === text) return place;
  const focused = place.contains(document.activeElement) ? { ...document.activeElement.dataset } : {};
  state.drawn.set(id, text);
  place.innerHTML = text;
  if (focused.do) {
    [...place.querySelectorAll("[data-do]")].find(({ dataset }) => dataset.do === focused.do
      && dataset.about === focused.about && dataset.step === focused.step)?.focus();
  }
  return place;
};
const fill = (id, ...nodes) => document.getElementById(id)?.replaceChildren(...nodes);
const clear = () => {
  state.drawn.clear();
  view.replaceChildren();
};

// ---- the API

const api = async (path, options = {}) => {
  const answer = await fetch(path, { credentials: "same-origin", ...options });
  const text = await answer.text();
  let body = null;
  try { body = text ? JSON.parse(text) : null; } catch { body = { error: text }; }
  return { ok: answer.ok, status: answer.status, body };
};
const key = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const send = (path, body, headers = {}) => api(path, {
  method: "POST", body: JSON.stringify(body),
  headers: { "Content-Type": "application/json", "X-Rollguard-Page": "1", "Idempotency-Key": key(), ...headers },
});
const loadSession = async () => {
  try {
    const answer = await api("/api/v1/session", { headers: { "X-Rollguard-Page": "1" } });
    if (answer.ok) state.session = answer.body;
  } catch { /* the stream says that the daemon is away */ }
  const account = document.getElementById("account");
  account.hidden = state.session?.changes !== "token";
  account.textContent = state.session?.signed_in ? `Sign out${state.session.name ? ` (${state.session.name})` : ""}` : "Sign in";
};

// ---- histories for the plots

const rowsOf = ({ columns, points }) =>
  points.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
const loadHistory = async (name) => {
  if (state.histories.has(name)) return;
  state.histories.set(name, { points: [], marks: [], loaded: false });
  try {
    const answer = await api(`/api/v1/releases/${encodeURIComponent(name)}/history`);
    if (!answer.ok) return;
    const { marks, routers } = answer.body;
    state.histories.set(name, { points: rowsOf(answer.body), marks, routers, loaded: true });
    draw();
  } catch { state.histories.delete(name); }
};
// What the server's history will hold for this moment too.
const addPoint = (release, at) => {
  const history = state.histories.get(release.name);
  if (!history?.loaded) return;
  const records = release.rules.map((rule) => rule.regression).filter(Boolean);
  const errors = records.map((record) => record.comparisons.find((one) => one.name === "errors")).find(Boolean);
  const nearest = records.toSorted((a, b) => b.log_evidence - b.bar_log_evidence - (a.log_evidence - a.bar_log_evidence))[0];
  const point = { at_ms: at, canary_basis_points: release.canary_basis_points };
  for (const side of ["baseline", "canary"]) {
    point[`${side}_request_rate_per_second`] = release[side].request_rate_per_second;
    point[`${side}_error_rate`] = release[side].error_rate;
    point[`${side}_latency_p99_seconds`] = release[side].latency_p99_seconds;
    for (const one of release[side].latencies ?? []) {
      const column = `${side}_latency_${one.name}`;
      point[`${column}_seconds`] = one.seconds;
      point[`${column}_low_seconds`] = one.low_seconds ?? (one.high_seconds == null ? null : 0);
      point[`${column}_high_seconds`] = one.high_seconds;
    }
    point[`${side}_error_rate_low`] = errors?.[side].requests > 0 ? errors[side].rate_low : null;
    point[`${side}_error_rate_high`] = errors?.[side].requests > 0 ? errors[side].rate_high : null;
  }
  point.log_evidence = nearest?.log_evidence;
  point.bar_log_evidence = nearest?.bar_log_evidence;
  history.points.push(point);
  history.points = history.points.filter((one) => one.at_ms > at - HISTORY_MS);
  addSplits(history, release, at);
};
// Only changes are kept, as in the server's history.
const addSplits = (history, release, at) => {
  const step = versioned(release)?.wanted_step || null;
  history.routers = release.router.slice(0, 32).map(({ instance, canary_basis_points: share }) => {
    const changes = history.routers?.find((one) => one.instance === instance)?.changes ?? [];
    const last = changes.at(-1);
    if (!last || last.canary_basis_points !== share || last.step !== step) changes.push({ at_ms: at, canary_basis_points: share, step });
    return { instance, changes: changes.slice(-64) };
  });
};
const pointsOf = (history, column) => history.points.map((point) => [point.at_ms, point[column] ?? null]);
// - bounds: the columns of the interval, where there is one.
const pair = (release, history, column, bounds) => ["baseline", "canary"].map((side) => ({
  name: release[side].version, kind: side === "baseline" ? "base" : "canary",
  points: pointsOf(history, `${side}_${column}`),
  band: bounds && history.points.map((point) => [point.at_ms, point[`${side}_${bounds[0]}`], point[`${side}_${bounds[1]}`]]),
}));
const errorBounds = ["error_rate_low", "error_rate_high"];
const span = (history) => {
  const to = history.points.at(-1)?.at_ms ?? Date.now();
  return { from: Math.max(history.points[0]?.at_ms ?? to - 60000, to - HISTORY_MS), to: to };
};

// ---- plots that two views have

// `p50`, `p99`: what the history holds of the latency.
const percentilesOf = (history) => [...new Set(history.points.flatMap((point) => Object.keys(point))
  .map((column) => column.match(/^canary_latency_(p[\d.]+)_seconds$/)?.[1]).filter(Boolean))]
  .toSorted((one, other) => Number(one.slice(1)) - Number(other.slice(1)));
// One plot per percentile, side by side.
const latencyPlots = (release, history, common) => {
  const names = percentilesOf(history);
  return (names.length ? names : ["p99"]).map((name) => {
    const place = document.createElement("div");
    const title = document.createElement("h3");
    title.textContent = name;
    place.append(title, plot({ ...common, label: `Latency ${name}`, format: seconds, least: 0.001,
      empty: "no latency in the shortest window",
      series: pair(release, history, `latency_${name}_seconds`, [`latency_${name}_low_seconds`, `latency_${name}_high_seconds`]) }));
    return place;
  });
};
// What each router instance read back, as steps: a split holds until the next one.
const splitSeries = (routers, from, to) => routers.map(({ instance, changes }, index) => {
  const points = [];
  changes.forEach((change, place) => {
    const until = changes[place + 1]?.at_ms ?? to;
    if (until < from) return;
    points.push([Math.max(from, change.at_ms), change.canary_basis_points], [until, change.canary_basis_points]);
  });
  return { name: instance, kind: `router r${index % 6}`, points };
});
const splitPlot = (routers, range, marks) => plot({ ...range, marks, label: "Split of each router instance", format: share,
  least: 1000, gap: Infinity, empty: "nothing was read back", series: splitSeries(routers, range.from, range.to) });

// ---- parts of views

const warnings = (texts) => texts.map((text) => html`<p class="warning"><b>Warning:</b> ${text}</p>`);
const legend = (release) => ["baseline", "canary"].map((side) => {
  const pool = release[side];
  const up = pool.targets.filter((target) => target.up).length;
  const part = release.canary_basis_points == null ? "unknown share"
    : share(side === "canary" ? release.canary_basis_points : 10000 - release.canary_basis_points);
  return html`<span><span class="key ${side === "canary" ? "canary" : "base"}"></span>${pool.version} · ${part} ·
    ${number(pool.request_rate_per_second)} requests/s · ${up} of ${pool.targets.length} up</span>`;
});
const shareSVG = (release) =>
  release.canary_basis_points == null ? "" : new Markup(shareBar(release.canary_basis_points).outerHTML);
const rolloutLine = (release, rollout = versioned(release)) => {
  if (!rollout) return "";
  const position = rollout.steps.length ? `step ${rollout.step} of ${rollout.steps.length}` : "";
  return html`<p><span class="strong">Rollout ${rollout.id}</span> ${pill(rollout.state)} ${position}${
    rollout.waits_for ? html`<br><span class="note">waits for ${rollout.waits_for}</span>` : ""}</p>
    ${rollout.halts.map((halt) => html`<p class="warning"><b>Halted:</b> ${halt.text}. ${halt.remedy}</p>`)}
    ${rollout.paused ? html`<p class="warning"><b>Paused</b> by ${rollout.paused.by}: ${rollout.paused.reason}</p>` : ""}`;
};
// `2 rules healthy, 1 firing`.
const verdictsOf = (release) => {
  const counts = new Map();
  for (const rule of release.rules) {
    const state = rule.alert === "inactive" ? rule.verdict ?? "not judged" : rule.alert;
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts.size ? html`<p class="note">Rules: ${[...counts].map(([state, count]) => `${count} ${words(state)}`).join(", ")}</p>` : "";
};
const pills = (release) => html`${pill(release.phase)}${state.status.dry_run ? pill("dry run", "warn") : ""}`;

// ---- the overview

const drawOverview = () => {
  document.title = "Releases · Rollguard";
  const { releases, journal_problem: problem } = state.status;
  put("summary", "card", html`<h1>Releases</h1><p class="note">${releases.length} watched,
    ${releases.filter((release) => release.open_incident).length} with an open incident</p>
    ${problem ? html`<p class="warning"><b>The journal cannot be written:</b> ${problem}</p>` : ""}`);
  for (const unit of state.status.units) {
    put(`unit-${unit.name}`, "card", html`<div class="head"><h2 class="title"><a href="${link.unit(unit.name)}">${unit.name}</a></h2>
      <span class="note">a unit of ${unit.releases.length} releases</span></div>${rolloutLine(unit)}${partsTable(unit)}`);
  }
  for (const release of releases) {
    const id = `release-${release.name}`;
    put(id, "card", html`<div class="head"><h2 class="title"><a href="${link.release(release.name)}">${release.name}</a></h2>
      ${pills(release)}<code>${release.baseline.version} → ${release.canary.version}</code>${partOf(release)}</div>
      <p class="why">${release.explanation}</p>${unitOf(release) ? "" : rolloutLine(release)}${verdictsOf(release)}
      ${shareSVG(release)}<div class="legend">${legend(release)}</div>
      <div class="sparks"><div><h3>Requests</h3><div id="${id}-requests"></div></div>
      <div><h3>Error rate</h3><div id="${id}-errors"></div></div>
      <div><h3>Latency p99</h3><div id="${id}-latency"></div></div></div>
      ${warnings(release.warnings)}
      ${release.open_incident ? html`<p><a href="${link.incident(release.open_incident)}">Incident ${release.open_incident}</a></p>` : ""}`);
  }
  for (const release of releases.slice(0, 20)) {
    loadHistory(release.name);
    drawSparks(release, `release-${release.name}`);
  }
};
const drawSparks = (release, id) => {
  const history = state.histories.get(release.name);
  if (!history?.loaded || !history.points.length) return;
  const { from, to } = span(history);
  const rows = [["requests", "request_rate_per_second", "Requests", rate], ["errors", "error_rate", "Error rate", percent],
    ["latency", "latency_p99_seconds", "Latency p99", seconds]];
  for (const [part, column, label, format] of rows) {
    const now = ["baseline", "canary"].map((side) => `${release[side].version} ${format(release[side][column])}`).join(", ");
    const caption = document.createElement("figcaption");
    caption.textContent = now;
    fill(`${id}-${part}`, sparkline(`${label}: ${now}`, pair(release, history, column), from, to), caption);
  }
};

// ---- a unit: several releases that are led as one rollout

const partOf = (release) => {
  const unit = unitOf(release);
  return unit ? html`<span class="note">part of <a href="${link.unit(unit.name)}">${unit.name}</a></span>` : "";
};
const partsTable = (unit) => {
  const parts = new Map((unit.rollouts.running?.parts ?? []).map((part) => [part.release, part]));
  return html`<div class="scroll" tabindex="0"><table><tr><th scope="col">Part</th><th scope="col">Phase</th><th scope="col">Versions</th>
    <th scope="col" class="n">Canary</th><th scope="col" class="n">Error rate</th><th scope="col">In the rollout</th><th scope="col">Waits for</th></tr>
    ${unit.releases.map((name) => {
    const release = state.status.releases.find((one) => one.name === name);
    const part = parts.get(name);
    return release ? html`<tr><td><a href="${link.release(name)}">${part?.name ?? name}</a></td><td>${pill(release.phase)}</td>
      <td><code>${release.baseline.version} → ${release.canary.version}</code></td><td class="n">${share(release.canary_basis_points)}</td>
      <td class="n">${percent(release.canary.error_rate)}</td>
      <td>${part ? html`${words(part.state)}, step ${part.step} ${part.ready ? pill("ready", "ok") : ""}` : "–"}</td>
      <td>${part?.waits_for || (part?.ready ? "the other parts" : "")}</td></tr>` : "";
  })}</table></div>`;
};
const drawUnit = (name) => {
  document.title = `${name} · Rollguard`;
  const unit = state.status.units.find((one) => one.name === name);
  if (!unit) {
    put("head", "card", html`<h1>${name}</h1><p>No unit has this name now. <a href="#/">All releases</a></p>`);
    return;
  }
  const incidents = state.status.incidents.filter((one) => unit.releases.includes(one.release));
  put("head", "card", html`<div class="head"><h1>${name}</h1><span class="note">a unit: its releases are led as one rollout</span>
    <span class="actions">${actions({ ...unit, phase: "" })}</span></div>${partsTable(unit)}`);
  put("rollout", "card", rolloutSection(unit));
  put("past", "card", incidentsTable(incidents, "Incidents of its releases"));
};

// ---- one release

const drawRelease = (name) => {
  document.title = `${name} · Rollguard`;
  const release = state.status.releases.find((one) => one.name === name);
  if (!release) {
    put("head", "card", html`<h1>${name}</h1><p>No release has this name now. <a href="#/">All releases</a></p>`);
    return;
  }
  put("head", "card", html`<div class="head"><h1>${release.name}</h1>${pills(release)}
    <code>${release.baseline.version} → ${release.canary.version}</code>${partOf(release)}<span class="actions">${actions(release)}</span></div>
    <p class="why">${release.explanation}</p>${release.schema ? html`<p class="why">Schema of the database: ${release.schema}</p>` : ""}${release.group
    ? html`<p class="why">Group ${release.group}</p>` : ""}
    ${shareSVG(release)}<div class="legend">${legend(release)}</div>${warnings(release.warnings)}
    ${release.open_incident ? html`<p><a href="${link.incident(release.open_incident)}">Incident ${release.open_incident}</a></p>` : ""}`);
  if (release.rollouts) put("rollout", "card", rolloutSection(release));
  if (release.plan) put("plan", "card", releasePlan(release));
  const half = (id, title, more = "") => put(id, "card half", html`<h2>${title}</h2><div id="${id}-plot"></div>${more}`);
  half("errors", "Error rate");
  half("evidence", "Evidence that the canary is worse", evidenceText(release));
  put("latency", "card", html`<h2>Latency</h2><div id="latency-plot" class="plots"></div>`);
  half("shares", "Canary's share");
  half("splits", "Split of each router instance", splitsTable(release));
  put("rules", "card", rulesTable(release));
  put("instances", "card wide", instancesTable(release));
  put("router", "card third", routerTable(release));
  put("past", "card", incidentsTable(state.status.incidents.filter((one) => one.release === name), "Incidents of this release"));
  loadHistory(name);
  drawPlots(release);
};
const drawPlots = (release) => {
  const history = state.histories.get(release.name);
  if (!history?.loaded) return;
  const marks = history.marks.map((mark) => ({ at: mark.at_ms, kind: mark.kind, text: mark.text }));
  const common = { ...span(history), marks };
  fill("errors-plot", plot({ ...common, label: "Error rate", format: percent, least: 0.001, series: pair(release, history, "error_rate", errorBounds) }));
  fill("latency-plot", ...latencyPlots(release, history, common));
  const splits = history.routers ?? [];
  const first = Math.min(common.from, ...splits.flatMap((one) => one.changes.slice(0, 1).map((change) => change.at_ms)));
  fill("splits-plot", splitPlot(splits, { from: first, to: common.to }, marks));
  fill("shares-plot", plot({ ...common, label: "Canary's share", format: (value) => share(value), least: 1000,
    series: [{ name: release.canary.version, kind: "canary", points: pointsOf(history, "canary_basis_points") }] }));
  const bar = history.points.at(-1)?.bar_log_evidence;
  fill("evidence-plot", plot({ ...common, label: "Evidence", format: (value) => number(value), negative: true, least: 1,
    bar: bar == null ? null : { value: bar, text: "proven" },
    series: [{ name: "log e", kind: "canary", points: pointsOf(history, "log_evidence") }] }));
};
// What each router instance read back in each step of the rollout under way, and since when.
const splitsTable = (release) => {
  const rollout = versioned(release);
  const routers = state.histories.get(release.name)?.routers ?? [];
  if (!rollout || !routers.length) return html`<p class="note">Kept since the daemon started: each change, up to 64 for an instance.</p>`;
  const begun = Date.parse(rollout.opened_at);
  const steps = [...new Set(routers.flatMap((one) => one.changes.filter((change) => change.at_ms >= begun && change.step).map((change) => change.step)))]
    .toSorted((one, other) => one - other);
  const cell = (changes, step) => {
    const last = changes.findLastIndex((change) => change.step === step && change.at_ms >= begun);
    if (last < 0) return "–";
    // A step that is wanted does not change a split that was read before it.
    let first = last;
    while (first > 0 && changes[first - 1].step === step && changes[first - 1].canary_basis_points === changes[last].canary_basis_points) first -= 1;
    return html`${share(changes[last].canary_basis_points)} <span class="note">${clock(changes[first].at_ms)}</span>`;
  };
  return html`<div class="scroll" tabindex="0"><table><caption class="note">Read back in each step, and since when</caption><tr><th scope="col">Instance</th>
    ${steps.map((step) => html`<th scope="col">Step ${step}, ${share(rollout.steps.find((one) => one.index === step)?.canary_basis_points)}</th>`)}</tr>
    ${routers.map(({ instance, changes }) => html`<tr><td>${instance}</td>${steps.map((step) => html`<td>${cell(changes, step)}</td>`)}</tr>`)}</table></div>`;
};
const evidenceText = (release) => {
  const records = release.rules.filter((rule) => rule.regression);
  if (!records.length) return html`<p class="note">No rule of this release compares statistically.</p>`;
  return records.map(({ name, regression: record }) => html`<p class="note">${name}: ${record.sentence}. False alarms: at most
    ${percent(record.false_alarm)} of healthy releases.${record.requests_needed != null && !record.worse
    ? ` About ${number(record.requests_needed)} more requests${record.seconds_needed != null ? `, ${duration(record.seconds_needed)}` : ""}.` : ""}</p>`);
};
const rolloutSection = (release) => {
  const { running, ended, plan, steps, places, frozen, queued, latched } = { plan: null, ...release.rollouts };
  const current = running ?? null;
  const list = (current?.steps.length ? current.steps : steps).map((step) => {
    const done = current && step.index < current.step;
    const here = current && step.index === current.step;
    return html`<li><span aria-hidden="true">${done ? "✓" : here ? "▶" : "·"}</span><b>${share(step.canary_basis_points)}</b>
      <span>${done ? "passed" : here ? html`${current.state}${current.standing_seconds != null ? ` for ${duration(current.standing_seconds)}` : ""}` : step.asks.join("; ") || "no gates"}
      ${here ? html`<ul class="gates">${current.gates.map((gate) => html`<li>${pill(gate.open ? "open" : "closed", gate.open ? "ok" : "warn")} ${gate.gate}: ${gate.text}</li>`)}</ul>` : ""}</span></li>`;
  });
  return html`<h2>Rollout</h2>${current ? rolloutLine(release) : html`<p>No rollout is under way.</p>`}
    ${frozen ? html`<p class="warning"><b>Frozen</b> by ${frozen.by}: ${frozen.reason}</p>` : ""}
    <ol class="steps">${list}</ol>
    <p class="note">${places.map((place) => `${place.name}: ${place.version ?? "empty"}, ${place.role}`).join(" · ")}${
    current?.way_back ? ` · way back: ${current.way_back}` : ""}${queued ? ` · next: ${queued.version}` : ""}${
    latched.length ? ` · latched: ${latched.map((one) => one.version ?? one).join(", ")}` : ""}</p>
    ${ended.length ? html`<div class="scroll" tabindex="0"><table><caption class="note">Ended</caption><tr><th scope="col">Rollout</th><th scope="col">Version</th><th scope="col">End</th><th scope="col">At</th></tr>
    ${ended.slice(0, 8).map((one) => html`<tr><td>${one.id}</td><td>${one.version}</td><td>${pill(one.end, one.end === "promoted" ? "ok" : "warn")} ${one.end_reason}</td><td>${one.ended_at ? time(one.ended_at) : ""}</td></tr>`)}</table></div>` : ""}`;
};
const valueOf = (rule, side, name) => {
  const value = side?.value ?? rule.regression?.comparisons[0]?.[name]?.rate;
  if (value == null) return "–";
  return { share: percent, seconds, per_second: rate }[rule.unit]?.(value) ?? number(value);
};
const rulesTable = (release) => html`<h2>Rules</h2><div class="scroll" tabindex="0"><table><tr><th scope="col">Rule</th><th scope="col">When</th>
  <th scope="col" class="n">Canary</th><th scope="col" class="n">Baseline</th><th scope="col">Verdict</th><th scope="col">Action</th></tr>
  ${release.rules.map((rule) => html`<tr><td>${rule.name}</td><td><code>${rule.when}</code></td>
  <td class="n">${valueOf(rule, rule.canary, "canary")}</td><td class="n">${valueOf(rule, rule.baseline, "baseline")}</td>
  <td>${pill(rule.alert === "inactive" ? rule.verdict ?? "not judged" : rule.alert)} <span class="note">${rule.reason ?? ""}</span></td>
  <td>${rule.action}</td></tr>`)}</table></div>`;
const instancesTable = (release) => html`<h2>Instances</h2><div class="scroll" tabindex="0"><table><tr><th scope="col">Instance</th>
  <th scope="col">Version</th><th scope="col">Answers</th><th scope="col" class="n">Requests/s</th><th scope="col" class="n">Errors</th>
  <th scope="col" class="n">Mean latency</th><th scope="col">Differs</th><th scope="col" class="n">Series</th><th scope="col">Last scrape</th></tr>
  ${["baseline", "canary"].map((side) => release[side].targets.map((target) => html`<tr><td>${target.instance}</td>
  <td>${release[side].version}</td><td>${target.up == null ? pill("not yet") : target.up ? pill("up", "ok") : pill("down", "bad")}
  <span class="note">${target.error ?? ""}</span></td><td class="n">${number(target.figures?.request_rate_per_second)}</td>
  <td class="n">${percent(target.figures?.error_rate)}</td><td class="n">${seconds(target.figures?.latency_mean_seconds)}</td>
  <td>${target.figures?.differs ? html`${pill("differs", "warn")} ${target.figures.differs}` : ""}</td>
  <td class="n">${number(target.samples)}</td><td>${target.last_scrape_at ? time(target.last_scrape_at) : "–"}</td></tr>`))}</table></div>
  <p class="note">Figures of about the last minute. An instance differs where its share of errors, or its latency, is far from that of
  the others of its version.</p>`;
// What the canary's share is to be: that of the incident, else that of the step; null where nothing asks for one.
const wantedShare = (release) => {
  const incident = state.status.incidents.find((one) => one.id === release.open_incident);
  if (incident) return incident.canary_basis_points_wanted;
  const rollout = versioned(release);
  if (!rollout || rollout.state === "ended") return null;
  return rollout.steps.find((step) => step.index === rollout.wanted_step)?.canary_basis_points ?? rollout.canary_basis_points;
};
const routerTable = (release) => {
  const wanted = wantedShare(release);
  const rollout = versioned(release);
  const step = (basisPoints) => rollout?.steps.find((one) => one.canary_basis_points === basisPoints)?.index;
  const follows = (one) => (wanted == null || one.canary_basis_points == null ? ""
    : one.canary_basis_points === wanted ? pill("as wanted", "ok") : pill("differs", "warn"));
  return html`<h2>Router</h2>${wanted == null ? "" : html`<p class="note">Wanted: ${share(wanted)}${rollout ? `, step ${rollout.wanted_step}` : ""}</p>`}
    <div class="scroll" tabindex="0"><table><tr><th scope="col">Instance</th><th scope="col" class="n">Canary</th>
    ${rollout ? html`<th scope="col" class="n">Step</th>` : ""}<th scope="col">Read-back</th></tr>
    ${release.router.map((one) => html`<tr><td>${one.instance}</td><td class="n">${share(one.canary_basis_points)}</td>
    ${rollout ? html`<td class="n">${step(one.canary_basis_points) ?? "–"}</td>` : ""}
    <td>${follows(one)} ${one.level} <span class="note">${one.problem ?? ""}</span></td></tr>`)}</table></div>`;
};

// ---- groups: releases that go back together

// Companions of this daemon have a page here; those of another one have theirs there.
const companion = ({ release, daemon }) => daemon ? html`${release} at ${daemon}` : html`<a href="${link.release(release)}">${release}</a>`;
const groupOf = ({ group, companion_of: lead }) => html`<h2>Group ${group?.name ?? lead.name}</h2>${lead
  ? html`<p>Goes back with ${lead.release}, because of incident ${state.status?.incidents.some(({ id }) => id === lead.incident)
    ? html`<a href="${link.incident(lead.incident)}">${lead.incident}</a>` : lead.incident}.</p>` : ""}${group ? html`<ul>${group.goes.map((one) =>
    html`<li>${companion(one)}: ${one.from_version} → ${one.to_version}; ${one.incident && !one.daemon
      ? html`<a href="${link.incident(one.incident)}">${one.text}</a>` : one.text}</li>`)}${group.stays.map((one) =>
    html`<li>${companion(one)} stays: ${one.reason}</li>`)}</ul>${group.state === "asked" ? html`<p class="note">${group.text}</p>` : ""}${group.state === "held"
    ? html`<p class="note">One of them refused, so only this release went back.</p>` : ""}` : ""}`;

// ---- plans: what goes back beside the traffic

const planPoints = { before: "before the router's call", split: "when the router was called", proof: "after the proof", drained: "when what was in hand is done", after: "at the end" };
const planRoads = { begin: "before the first share", promote: "before and after everything", rollback: "on the way back" };
const planKinds = { exec: "program", http: "request", flag: "flag", consumers: "consumers", event: "event", backup: "backup", workload: "workload", person: "by hand" };
const planHeads = ["Step", "Kind", "When"];
const planTable = (heads, rows) => html`<div class="scroll" tabindex="0"><table><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr>${rows}</table></div>`;
const planCells = (step) => html`<td>${step.name}${step.instructions ? html`<br><span class="note">${step.instructions}</span>` : ""}</td>
  <td>${planKinds[step.kind] ?? step.kind}</td><td>${step.road && step.road !== "rollback" ? `${step.road}: ` : ""}${planPoints[step.at] ?? step.at}</td>`;
// The plan of an incident, with what an operator may decide.
const planRun = (run, incident) => {
  const button = (step, order) => html`<button type="button" data-do="plan-${order}" data-about="${incident}" data-step="${step.name}"
    aria-label="${notices[`plan-${order}`].title}: ${step.name}">${notices[`plan-${order}`].title}…</button> `;
  // A step that has not begun may be left out; more is offered only where a step waits for an operator, or has failed.
  const offered = (step) => (step.orders ?? []).filter((order) => step.needs_operator || step.kind === "person"
    || step.state === "failed" || step.state === "planned" && order === "skip");
  return html`<p>${run.text}${run.open && run.overdue ? html` ${pill("overdue", "warn")}` : ""}</p>
    ${planTable([...planHeads, "State", "Tries", "Decide"], run.steps.map((step) => html`<tr>${planCells(step)}
    <td>${pill(step.state)} <span class="note">${step.text}, since ${clock(Date.parse(step.since))}</span></td><td class="n">${step.attempts}</td>
    <td>${offered(step).map((order) => button(step, order))}</td></tr>`))}
    ${run.open ? html`<p class="actions"><button type="button" data-do="plan-abandon" data-about="${incident}">Abandon the plan…</button></p>`
    : html`<p class="note">The plan has ended.</p>`}`;
};
// What a rollout does on its ways forward, and what is repeated meanwhile.
const forwardPlan = ({ forward, forward_steps: next, watched }) => html`${forward ? html`<h3>Ways forward</h3>
  <p class="note">Of rollout ${forward.id}, on the road ${forward.road}: ${planRoads[forward.road] ?? ""}${forward.undone_by ? `; undone by ${forward.undone_by}` : ""}</p>
  ${planRun(forward.run, forward.id)}` : next?.length ? html`<h3>Ways forward</h3>
  ${planTable([...planHeads, "On failure"], next.map((step) => html`<tr>${planCells(step)}<td>${step.on_failure}</td></tr>`))}` : ""}
  ${watched?.length ? html`<p class="note">Repeated while a canary is watched: ${watched.map((step) => html`${step.name}, each ${duration(step.every_seconds)} ${step.fails ? pill("fails", "warn") : ""} `)}</p>` : ""}`;
const releasePlan = ({ plan }) => html`<h2>Plan</h2>${forwardPlan(plan)}${plan.run ? html`<p class="note">Of incident <a href="${link.incident(plan.incident)}">${plan.incident}</a></p>
  ${planRun(plan.run, plan.incident)}` : html`<p class="note">What a rollback does beside the traffic. The router is called first, and waits for no step.</p>
  ${plan.steps.length ? planTable([...planHeads, "On failure"], plan.steps.map((step) => html`<tr>${planCells(step)}<td>${step.on_failure}</td></tr>`)) : html`<p class="note">No step is on the way back.</p>`}`}`;

// ---- incidents and deliveries

const incidentsTable = (incidents, title) => html`<h2>${title}</h2>${incidents.length ? html`<div class="scroll" tabindex="0"><table><tr>
  <th scope="col">Incident</th><th scope="col">Release</th><th scope="col">State</th><th scope="col">Versions</th><th scope="col">Cause</th><th scope="col">Opened</th></tr>
  ${incidents.map((one) => html`<tr><td><a href="${link.incident(one.id)}">${one.id}</a></td><td>${one.release}</td>
  <td>${pill(one.state)}</td><td><code>${one.from_version} → ${one.to_version}</code></td><td>${one.rule ?? `${one.by ?? words(one.trigger)}: ${one.reason ?? ""}`}</td>
  <td>${time(one.opened_at)}</td></tr>`)}</table></div>` : html`<p class="note">None.</p>`}`;
const drawIncidents = () => {
  document.title = "Incidents · Rollguard";
  put("all", "card", html`<h1>Incidents</h1>${incidentsTable(state.status.incidents, "Newest first")}`);
};
const drawDeliveries = () => {
  document.title = "Deliveries · Rollguard";
  const outbox = state.status.outbox;
  put("all", "card", outbox ? html`<h1>Deliveries</h1><p>${outbox.delivered} delivered, ${outbox.waiting} waiting,
    ${outbox.dead} given up.</p>${outbox.receivers.length ? html`<div class="scroll" tabindex="0"><table><tr><th scope="col">Receiver</th><th scope="col" class="n">Waiting</th><th scope="col" class="n">Given up</th><th scope="col">Next</th></tr>
    ${outbox.receivers.map((one) => html`<tr><td>${one.name}</td><td class="n">${one.waiting}</td><td class="n">${one.dead}</td><td>${one.next?.event ?? ""}</td></tr>`)}</table></div>` : ""}`
    : html`<h1>Deliveries</h1><p class="warning">The outbox could not be read.</p>`);
  put("dead", "card", html`<h2>Given up</h2>${state.status.dead_letters.length ? html`<div class="scroll" tabindex="0"><table><tr><th scope="col">Receiver</th><th scope="col">Event</th><th scope="col">Reason</th><th scope="col">At</th></tr>
    ${state.status.dead_letters.map((one) => html`<tr><td>${one.receiver}</td><td>${words(one.event)}</td><td>${one.reason}</td><td>${time(one.at)}</td></tr>`)}</table></div>` : html`<p class="note">None.</p>`}`);
};
// ---- silences and acknowledgements

const drawSilences = () => {
  document.title = "Silences · Rollguard";
  const { silences, open } = state.status.notifications;
  put("all", "card", html`<div class="head"><h1>Silences</h1><span class="actions"><button type="button" data-do="silence">Silence…</button></span></div>
    <p class="note">A silence hides messages, never actions, and never that a rollback does not get through.</p>
    ${silences.length ? html`<div class="scroll" tabindex="0"><table><tr><th scope="col">Silence</th><th scope="col">Hides</th><th scope="col">Reason</th>
    <th scope="col">By</th><th scope="col">Ends</th><th scope="col" class="n">Hidden</th><th scope="col"><span class="hidden-text">Action</span></th></tr>
    ${silences.map((one) => html`<tr><td>${one.id}</td><td><code>${one.match}</code></td><td>${one.reason}</td><td>${one.by}</td>
    <td>${time(one.ends_at)}</td><td class="n">${one.hidden}</td>
    <td><button type="button" data-do="end-silence" data-about="${one.id}" aria-label="End ${one.id}">End…</button></td></tr>`)}</table></div>`
    : html`<p class="note">None is in force.</p>`}`);
  put("open", "card", html`<h2>What waits for an operator</h2>${open.length ? html`<div class="scroll" tabindex="0"><table><tr>
    <th scope="col">Subject</th><th scope="col">Release</th><th scope="col">Since</th><th scope="col">Notified</th><th scope="col">Next</th><th scope="col">Acknowledged</th></tr>
    ${open.map((one) => html`<tr><td>${one.subject}</td><td><a href="${link.release(one.release)}">${one.release}</a></td><td>${time(one.opened_at)}</td>
    <td>${one.receivers.join(", ")}</td><td>${one.next.length ? html`${one.next.join(", ")} at ${time(one.next_at)}` : ""}</td>
    <td>${one.acknowledged_by ? html`by ${one.acknowledged_by}` : html`<button type="button" data-do="acknowledge"
    data-about="${one.subject.startsWith("incident:") || one.subject.startsWith("rollout:") ? one.subject.slice(one.subject.indexOf(":") + 1) : one.release}"
    aria-label="Acknowledge ${one.subject}">Acknowledge…</button>`}</td></tr>`)}</table></div>`
    : html`<p class="note">Nothing, as far as the routes of the configuration say.</p>`}`);
};

// ---- a link of a message: asks once more

const drawLink = (token) => {
  document.title = "Acknowledge · Rollguard";
  if (state.linkToken !== token) {
    state.linkToken = token;
    state.link = null;
    readLink(token).catch(() => {});
  }
  const found = state.link;
  if (!found) return put("all", "card", html`<h1>A link of a message</h1><p class="note">Reading …</p>`);
  if (found.problem) return put("all", "card", html`<h1>A link of a message</h1><p class="warning">${found.problem}</p>`);
  const { incident, release, acknowledged_by: by, expired, expires_at: end, done } = found;
  put("all", "card", html`<h1>Acknowledge ${incident}?</h1>
    <p>Incident <a href="${link.incident(incident)}">${incident}</a> of <a href="${link.release(release)}">${release}</a> is
    ${pill(found.state)}. Acknowledging says that somebody takes care of it: nothing of it is escalated any more.</p>
    ${done ? html`<p role="status"><b>${done}</b></p>` : by ? html`<p><b>It was acknowledged by ${by}.</b></p>`
    : expired ? html`<p class="warning">This link has expired. Acknowledge the incident on its page.</p>`
    : html`<form id="link-form"><label>Your name <input id="link-by" maxlength="100" autocomplete="name"></label>
    <p id="link-problem" class="problem" role="alert"></p><button class="primary">Acknowledge</button></form>
    <p class="note">This link can do nothing else, until ${time(end)}.</p>`}`);
};
const readLink = async (token) => {
  const answer = await send("/api/v1/links/read", { token });
  if (state.linkToken !== token) return;
  state.link = answer.ok ? answer.body : { problem: answer.body?.error ?? `The daemon answered ${answer.status}.` };
  draw();
};
view.addEventListener("submit", async (event) => {
  if (event.target.id !== "link-form") return;
  event.preventDefault();
  const by = byID("link-by").value.trim();
  try {
    const answer = await send("/api/v1/links/use", { token: state.linkToken, ...(by ? { by } : {}) });
    if (answer.ok) {
      state.link.done = answer.body.text;
      return draw();
    }
    byID("link-problem").textContent = answer.body?.error ?? answer.body?.text ?? `The daemon answered ${answer.status}.`;
  } catch { byID("link-problem").textContent = "The daemon could not be reached; send it again."; }
});
const loadIncident = async (id) => {
  if (state.incident?.id !== id) state.around = null;
  const answer = await api(`/api/v1/incidents/${encodeURIComponent(id)}`);
  if (state.incidentID !== id) return;
  state.incident = answer.ok ? answer.body : { problem: answer.body?.error ?? `status ${answer.status}` };
  const plots = await api(`/api/v1/incidents/${encodeURIComponent(id)}/history`);
  state.around = plots.ok && plots.body.points.length > 1 ? { ...plots.body, points: rowsOf(plots.body) } : null;
  draw();
};
// Asked for again when the status says that it has changed.
const incidentMark = (id) => {
  const isWaiting = state.incident?.notifications?.some((one) => one.state === "waiting");
  const plan = state.status?.releases.find((one) => one.plan?.incident === id)?.plan.run;
  const group = state.status?.releases.find((one) => one.name === state.incident?.release)?.group;
  return JSON.stringify([state.status?.incidents.find((one) => one.id === id), plan, group, isWaiting ? state.status?.outbox?.waiting : null]);
};
const drawIncident = (id) => {
  document.title = `${id} · Rollguard`;
  const mark = incidentMark(id);
  if (state.incidentID !== id || state.incidentMark !== mark) {
    state.incidentID = id;
    state.incidentMark = mark;
    loadIncident(id).catch(() => {});
  }
  const incident = state.incident;
  if (!incident || (incident.id && incident.id !== id)) return put("head", "card", html`<h1>${id}</h1><p class="note">Loading …</p>`);
  if (incident.problem) return put("head", "card", html`<h1>${id}</h1><p class="warning">${incident.problem}</p>`);
  put("head", "card", html`<div class="head"><h1>${incident.id}</h1>${pill(incident.state)}
    <code>${incident.from_version} → ${incident.to_version}</code>
    <span class="actions">${incident.open && !incident.acknowledged_by ? html`<button type="button" data-do="acknowledge"
    data-about="${incident.id}">Acknowledge…</button>` : ""}<button type="button" data-do="print">Print</button></span></div>
    <p class="why"><a href="${link.release(incident.release)}">${incident.release}</a>: ${incident.rule
    ? html`rule <b>${incident.rule}</b> fired` : html`${words(incident.trigger)} by ${incident.by ?? "?"}: ${incident.reason ?? ""}`};
    share of the canary ${share(incident.canary_basis_points_before)} before, ${share(incident.canary_basis_points_wanted)} wanted.
    Opened ${time(incident.opened_at)}${incident.closed_at ? html`, closed ${time(incident.closed_at)}` : ""}.</p>
    ${incident.acknowledged_by ? html`<p>Acknowledged by ${incident.acknowledged_by}.</p>` : ""}
    ${incident.journal_problem ? html`<p class="warning">${incident.journal_problem}</p>` : ""}`);
  if (incident.group || incident.companion_of) put("group", "card", groupOf(incident));
  if (incident.plan) put("plan", "card", html`<h2>Plan</h2>${planRun(incident.plan, incident.id)}`);
  if (incident.alert) put("values", "card", alertSection(incident.alert));
  put("story", "card", html`<h2>What happened</h2><ol class="timeline">${incident.timeline.map((line) => html`<li>
    <time datetime="${line.at}">${clock(Date.parse(line.at))}</time><b>${words(line.step)}</b><span>${line.detail}</span></li>`)}</ol>`);
  put("notified", "card", html`<h2>Notifications</h2>${incident.notifications.length ? html`<div class="scroll" tabindex="0"><table><tr><th scope="col">Receiver</th><th scope="col">Event</th>
    <th scope="col">State</th><th scope="col" class="n">Attempts</th><th scope="col">At</th></tr>${incident.notifications.map((one) => html`<tr><td>${one.receiver}</td><td>${words(one.event)}</td>
    <td>${pill(one.state, { delivered: "ok", waiting: "warn", dead: "bad" }[one.state])} <span class="note">${one.state === "delivered" ? "" : one.reason}</span></td>
    <td class="n">${one.attempts}</td><td>${one.at ? clock(Date.parse(one.at)) : ""}</td></tr>`)}</table></div>` : html`<p class="note">None.</p>`}`);
  put("entries", "card", html`<h2>Journal</h2><div class="scroll" tabindex="0"><table><tr><th scope="col" class="n">Entry</th><th scope="col">At</th><th scope="col">Event</th><th scope="col">Text</th></tr>
    ${incident.entries.map((entry) => html`<tr><td class="n">${entry.sequence}</td><td class="t">${clock(Date.parse(entry.at))}</td><td>${words(entry.event)}</td><td>${entry.text}</td></tr>`)}</table></div>
    <p class="actions"><a href="/api/v1/incidents/${encodeURIComponent(id)}/report" download="${id}.html">Download the signed report</a> ·
    <a href="/api/v1/incidents/${encodeURIComponent(id)}" download="${id}.json">Download as JSON</a></p>`);
  for (const [part, title] of [["errors", "Error rate"], ["splits", "Split of each router instance"]]) {
    put(`around-${part}`, "card half", html`<h2>${title} around the incident</h2><div id="around-${part}-plot"></div>`);
  }
  put("around-latency", "card", html`<h2>Latency around the incident</h2><div id="around-latency-plot" class="plots"></div>`);
  drawAround(incident);
};
const drawAround = (incident) => {
  const history = state.around;
  if (!history) return;
  const side = (name) => (name === "baseline" ? incident.to_version : incident.from_version);
  const release = { baseline: { version: side("baseline") }, canary: { version: side("canary") } };
  const marks = [...history.marks.map((mark) => ({ at: mark.at_ms, kind: mark.kind, text: mark.text })),
    ...incident.timeline.map((line) => ({ at: Date.parse(line.at), kind: "incident", text: words(line.step) }))];
  const common = { from: history.points[0].at_ms, to: history.points.at(-1).at_ms, marks };
  fill("around-errors-plot", plot({ ...common, label: "Error rate", format: percent, least: 0.001, series: pair(release, history, "error_rate", errorBounds) }));
  fill("around-latency-plot", ...latencyPlots(release, history, common));
  fill("around-splits-plot", splitPlot(history.routers ?? [], common, marks));
};
const alertSection = (alert) => {
  const evidence = alert.evidence;
  const row = (name, side) => html`<tr><td>${name} ${side.version}</td><td class="n">${valueOf(evidence, side, name.toLowerCase())}</td>
    <td class="n">${number(side.requests)}</td><td class="n">${number(side.errors)}</td><td class="n">${side.healthy_targets} of ${side.targets}</td></tr>`;
  return html`<h2>The values that decided</h2><p><code>${evidence.condition}</code> over ${duration(evidence.window_ms / 1000)}</p>
    <div class="scroll" tabindex="0"><table><tr><th scope="col">Pool</th><th scope="col" class="n">Value</th><th scope="col" class="n">Requests</th><th scope="col" class="n">Errors</th><th scope="col" class="n">Targets</th></tr>
    ${row("Canary", evidence.canary)}${row("Baseline", evidence.baseline)}</table></div>
    ${evidence.regression ? html`<p>${evidence.regression.sentence}</p>` : ""}${evidence.notes.map((text) => html`<p class="note">${text}</p>`)}`;
};

// ---- acting

const actions = (release) => {
  const rollout = versioned(release);
  const made = [];
  const button = (action, text, kind = "") => made.push(html`<button type="button" class="${kind}" data-do="${action}">${text}</button>`);
  if (rollout && rollout.state !== "ended") {
    button(rollout.paused || rollout.halts.length ? "resume" : "pause", rollout.paused || rollout.halts.length ? "Resume…" : "Pause…");
    if (rollout.asked.some((gate) => !gate.lapsed)) button("approve", "Approve…");
    if (rollout.state === "standing" || rollout.state === "baking") button("promote", "Promote…");
    button("abort", "Abort…");
  }
  if (release.phase === "rolled_back") button("rearm", "Re-arm…");
  button("rollback", "Roll back…", "danger");
  return made;
};
// What each order does, where it is sent, and the same as a command.
const orders = {
  rollback: { title: "Roll back", text: (release) => `All traffic of ${release.name} goes back to the version before.`,
    path: (release) => `/api/v1/releases/${encodeURIComponent(release.name)}/rollback`, command: (release) => `rollguard rollback ${release.name} --reason "…"` },
  rearm: { title: "Re-arm", gives: true, text: (release) => `${release.canary.version} is watched again and may get traffic.`,
    path: (release) => `/api/v1/releases/${encodeURIComponent(release.name)}/rearm`, command: (release) => `rollguard rearm ${release.name} --reason "…"` },
  pause: { title: "Pause", text: () => "Nothing goes up until the rollout is resumed. A rollback stays possible.",
    command: (release, rollout) => `rollguard pause ${rollout.id} --reason "…"` },
  resume: { title: "Resume", gives: true, text: () => "The pause, and halts that an operator has to end, are over; the share may rise.",
    command: (release, rollout) => `rollguard resume ${rollout.id} --reason "…"` },
  approve: { title: "Approve", gives: true, body: (rollout) => ({ step: rollout.step }), text: (release, rollout) => `Step ${rollout.step} of ${rollout.version} is approved; the share may rise.`,
    command: (release, rollout) => `rollguard approve ${rollout.id} --step ${rollout.step} --reason "…"` },
  promote: { title: "Promote", gives: true, body: (rollout) => ({ step: rollout.step }), text: (release, rollout) => rollout.state === "baking"
    ? `The bake of ${rollout.version} ends now.` : `Step ${rollout.step} of ${rollout.version} is passed although gates are closed.`,
    command: (release, rollout) => `rollguard promote ${rollout.id} --step ${rollout.step} --reason "…"` },
  abort: { title: "Abort", text: (release, rollout) => `${rollout.version} is taken out, without a verdict.`,
    command: (release, rollout) => `rollguard abort ${rollout.id} --reason "…"` },
};
// Orders about notifications; `about` is the silence, or the subject that is acknowledged.
const silenceBody = () => {
  const releases = byID("act-release").value.split(",").map((name) => name.trim()).filter(Boolean);
  return { for_seconds: Number(byID("act-hours").value) * 3600, ...(releases.length ? { release: releases } : {}) };
};
const notices = {
  silence: { title: "Silence", fields: true, text: () => "Hides messages about these releases until its end. Rollbacks that do not get through are reported all the same.",
    path: () => "/api/v1/silences", body: silenceBody, command: () => 'rollguard silence add --release NAME --for 2h --reason "…"' },
  "end-silence": { title: "End", noReason: true, text: (about) => `${about} ends now.`,
    path: (about) => `/api/v1/silences/${encodeURIComponent(about)}/end`, command: (about) => `rollguard silence end ${about}` },
  acknowledge: { title: "Acknowledge", text: (about) => `You take care of ${about}: nothing of it is escalated any more.`,
    path: (about) => `/api/v1/acknowledge/${encodeURIComponent(about)}`, command: (about) => `rollguard acknowledge ${about} --reason "…"` },
};
// Orders about a step of an incident's plan, or about the plan.
for (const [action, title, text] of [
  ["done", "Done", (incident, step) => `${step} of the plan of ${incident} is done: the plan continues.`],
  ["retry", "Try again", (incident, step) => `${step} of the plan of ${incident} runs once more.`],
  ["skip", "Skip", (incident, step) => `${step} of the plan of ${incident} is left out: the plan continues without it.`],
  ["abandon", "Abandon the plan", (incident) => `No further step of the plan of ${incident} runs. What is under way is not ended.`],
]) {
  notices[`plan-${action}`] = { title, text, danger: action === "abandon",
    path: (incident) => `/api/v1/incidents/${encodeURIComponent(incident)}/plan`, body: (rollout, step) => ({ action, ...(step ? { step } : {}) }),
    command: (incident, rollout, step) => `rollguard plan ${action} ${incident}${step ? ` ${step}` : ""} --reason "…"` };
}
const byID = (id) => document.getElementById(id);
let pending = null;
const openOrder = async (name, about = null, step = null) => {
  const isNotice = name in notices;
  const subjects = [...state.status.releases, ...state.status.units];
  const release = isNotice ? about : subjects.find((one) => one.name === route().name);
  const order = orders[name] ?? notices[name];
  if ((!release && name !== "silence") || !order) return;
  const rollout = isNotice ? null : versioned(release);
  if (state.session?.changes === "token" && !state.session.signed_in) return openSignIn(() => openOrder(name, about, step));
  const bySocket = state.session?.changes === "socket";
  pending = { name, release, rollout, order, step };
  byID("act-title").textContent = isNotice ? [order.title, step ?? about].filter(Boolean).join(": ") : `${order.title}: ${release.name}`;
  byID("act-text").textContent = bySocket
    ? "This daemon takes no changes over the network: it has no token in `listen`. On its machine, run:" : order.text(release, isNotice ? step : rollout);
  byID("act-command").hidden = !bySocket;
  byID("act-command").textContent = order.command(release, rollout, step);
  byID("act-reason-label").hidden = bySocket || order.noReason === true;
  byID("act-silence").hidden = bySocket || !order.fields;
  byID("act-release").value = "";
  byID("act-name-label").hidden = bySocket || !order.gives;
  byID("act-name-wanted").textContent = release?.name ?? "";
  byID("act-do").hidden = bySocket;
  byID("act-do").textContent = order.title;
  byID("act-do").className = order.gives || isNotice && !order.danger ? "primary" : "danger";
  byID("act-problem").textContent = "";
  byID("act-reason").value = "";
  byID("act-name").value = "";
  byID("act-reason").required = !bySocket && !order.noReason;
  byID("act").showModal();
};
byID("act-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, release, rollout, order, step } = pending;
  const problem = byID("act-problem");
  if (order.gives && byID("act-name").value.trim() !== release.name) {
    problem.textContent = `Type ${release.name} to confirm.`;
    return;
  }
  byID("act-do").disabled = true;
  try {
    const path = order.path?.(release) ?? `/api/v1/rollouts/${encodeURIComponent(rollout.id)}/${name}`;
    const tag = order.path ? {} : { "If-Match": `"${rollout.tag}"` };
    const reason = order.noReason ? {} : { reason: byID("act-reason").value.trim() };
    const answer = await send(path, { ...reason, ...order.body?.(rollout, step) }, tag);
    if (answer.ok) return byID("act").close();
    problem.textContent = answer.body?.error ?? answer.body?.text ?? `The daemon answered ${answer.status}.`;
    if (answer.status === 401 || answer.status === 403) await loadSession();
  } catch {
    problem.textContent = "The daemon could not be reached; send it again.";
  } finally { byID("act-do").disabled = false; }
});
let afterSignIn = null;
const openSignIn = (next = null) => {
  afterSignIn = next;
  byID("sign-problem").textContent = "";
  byID("sign-token").value = "";
  byID("sign").showModal();
};
byID("sign-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const answer = await send("/api/v1/session", { token: byID("sign-token").value.trim() });
    byID("sign-token").value = "";
    if (!answer.ok) {
      byID("sign-problem").textContent = answer.body?.error ?? `The daemon answered ${answer.status}.`;
      return;
    }
    await loadSession();
    byID("sign").close();
    afterSignIn?.();
  } catch { byID("sign-problem").textContent = "The daemon could not be reached."; }
});
byID("act-cancel").addEventListener("click", () => byID("act").close());
byID("sign-cancel").addEventListener("click", () => byID("sign").close());
byID("account").addEventListener("click", async () => {
  if (!state.session?.signed_in) return openSignIn();
  await send("/api/v1/session/end", {});
  await loadSession();
});
view.addEventListener("click", (event) => {
  const { do: action, about, step } = event.target.closest?.("[data-do]")?.dataset ?? {};
  if (action === "print") window.print();
  else if (action) openOrder(action, about, step);
});

// ---- routes

const route = () => {
  const [, kind = "", name = ""] = location.hash.match(/^#\/([a-z]*)\/?(.*)$/) ?? [];
  try { return { kind, name: decodeURIComponent(name) }; } catch { return { kind: "", name: "" }; }
};
const draw = () => {
  if (!state.status) return;
  const { kind, name } = route();
  if (!state.drawn.size) view.replaceChildren();
  if (kind === "release") drawRelease(name);
  else if (kind === "incident") drawIncident(name);
  else if (kind === "incidents") drawIncidents();
  else if (kind === "deliveries") drawDeliveries();
  else if (kind === "silences") drawSilences();
  else if (kind === "unit") drawUnit(name);
  else if (kind === "link") drawLink(name);
  else drawOverview();
  const current = { release: "releases", unit: "releases", "": "releases", incident: "incidents" }[kind] ?? kind;
  for (const item of document.querySelectorAll("nav a")) {
    if (item.dataset.view === current) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
  }
};
window.addEventListener("hashchange", () => {
  clear();
  draw();
  view.focus();
  window.scrollTo(0, 0);
});

// ---- live

const live = byID("live");
const showLive = () => {
  const at = state.status ? Date.parse(state.status.at) : null;
  live.className = state.away ? "live away" : "live";
  live.textContent = state.away ? `no connection${at ? `, shown as of ${clock(at)}` : ""}` : at ? `live, changed ${clock(at)}` : "connecting";
};
const take = (status) => {
  state.status = status;
  state.away = null;
  const names = new Set(status.releases.map((release) => release.name));
  for (const name of state.histories.keys()) if (!names.has(name)) state.histories.delete(name);
  for (const release of status.releases) addPoint(release, Date.parse(status.at));
  // Releases that left the configuration leave the overview.
  for (const card of view.querySelectorAll('section[id^="release-"]')) {
    if (!names.has(card.id.slice(8))) { state.drawn.delete(card.id); card.remove(); }
  }
  for (const card of view.querySelectorAll('section[id^="unit-"]')) {
    if (!status.units.some((unit) => `unit-${unit.name}` === card.id)) { state.drawn.delete(card.id); card.remove(); }
  }
  draw();
  showLive();
};
let source = null;
const away = () => {
  if (!state.away) {
    // What happened meanwhile comes with the histories.
    state.histories.clear();
    state.away = Date.now();
  }
  showLive();
};
const connect = () => {
  source = new EventSource("/api/v1/stream");
  source.addEventListener("status", (event) => take(JSON.parse(event.data)));
  source.addEventListener("error", away);
};
// Without a stream, because there are too many or something on the way holds it back, the status is asked for.
setInterval(async () => {
  if (source.readyState === EventSource.OPEN && state.status && !state.away) return;
  try {
    const answer = await api("/api/v1/status");
    if (answer.ok) take(answer.body);
    if (source.readyState === EventSource.CLOSED) connect();
  } catch { away(); }
}, 5000);

loadSession();
connect();
