#!/usr/bin/env python3
"""Follows a rollback through the page in a real browser, and acts on a release there.

    scripts/test-page.py EXECUTABLE [--browser /usr/bin/chromium] [--screenshots FOLDER] [--figures docs/page.md]

Two worlds, each a process of the executable: the demo, whose bad version is rolled back while a view is open, and a daemon
with a token between two small services and the gray router, where an operator signs in and acts, silences and
acknowledges, also by the link of a message. Exit code 0 when every expectation held. --figures writes what a first visit
costs into the document. Needs the packages of scripts/page.txt.
"""
import argparse
import contextlib
import http.server
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

PATIENCE_MS = 60_000


class Service(http.server.BaseHTTPRequestHandler):
    """Metrics of a service that serves some requests a second, without serving any."""

    def do_GET(self):
        requests = int(1000 + (time.monotonic() - self.server.begin) * 50)
        lines = [f'http_requests_total{{code="200"}} {requests}', 'http_requests_total{code="500"} 0']
        for bound, part in (("0.05", 0.6), ("0.1", 0.95), ("0.5", 1), ("+Inf", 1)):
            lines.append(f'http_seconds_bucket{{le="{bound}"}} {int(requests * part)}')
        lines += [f"http_seconds_count {requests}", f"http_seconds_sum {requests * 0.05}"]
        body = "\n".join(["# TYPE http_seconds histogram", *lines, ""]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Chat(http.server.BaseHTTPRequestHandler):
    """A chat's webhook that keeps the texts it gets."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.texts.append(body["text"])
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def chat():
    """The server; its texts are in `texts`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    server.texts = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()


@contextlib.contextmanager
def service():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.begin = time.monotonic()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """A process of the executable whose output is read as it comes."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def find(self, pattern):
        end = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < end:
            for line in list(self.lines):
                if match := re.search(pattern, line):
                    return match
            if self.process.poll() is not None and not self.reader.is_alive():
                break
            time.sleep(0.05)
        raise AssertionError(f"no line with {pattern}:\n{''.join(self.lines[-40:])}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()


class Browser:
    """Pages whose errors are kept: a message on the console is a failure, but for those of a lost connection."""

    def __init__(self, browser):
        self.browser = browser
        self.problems = []
        self.may_fail = False

    def page(self, dark=False, width=1280):
        page = self.browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", locale="en-GB")
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: self._console(message))
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("request", lambda request: self._request(request))
        return page

    def _console(self, message):
        # The demo ends by itself; the page shows a lost connection.
        lost = re.search(r"net::ERR_(CONNECTION|INCOMPLETE|NETWORK|EMPTY)", message.text)
        if message.type in ("error", "warning") and not self.may_fail and not lost:
            self.problems.append(f"console: {message.text}")

    def _request(self, request):
        if not request.url.startswith("http://127.0.0.1:"):
            self.problems.append(f"a request to another site: {request.url}")


def check_readable(page, what):
    """What axe-core finds wrong is wrong; wide content scrolls in its own box, not the whole page."""
    found = Axe().run(page).response["violations"]
    assert not found, f"{what}: " + "; ".join(f'{one["id"]}: {one["nodes"][0]["html"]}' for one in found)
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"{what}: {overflow} px too wide"


def measure(page, session, figures):
    """Bytes and times of a first visit, as Lighthouse would take them."""
    entries = page.evaluate("""() => {
        const paint = performance.getEntriesByName("first-contentful-paint")[0];
        const own = performance.getEntriesByType("resource").filter((one) => one.name.includes("/ui/"));
        const document = performance.getEntriesByType("navigation")[0];
        return {paint: paint ? paint.startTime : null, requests: own.length + 1,
                bytes: own.reduce((sum, one) => sum + one.encodedBodySize, document.encodedBodySize)};
    }""")
    assert entries["bytes"] < 150_000, entries
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    row = (f'| {entries["bytes"] / 1000:.1f} kB | {entries["requests"]} | {entries["paint"]:.0f} ms '
           f'| {metrics["ScriptDuration"] * 1000:.0f} ms | {metrics["LayoutDuration"] * 1000:.0f} ms '
           f'| {metrics["JSHeapUsedSize"] / 1e6:.1f} MB |')
    print("page: bytes, requests, first content, script, layout, heap:", row)
    if figures:
        text = figures.read_text()
        place = r"(?<=<!-- figures -->\n)(.*\n.*\n).*(?=\n<!-- end of figures -->)"
        figures.write_text(re.sub(place, rf"\g<1>{row}", text))


def follow_the_demo(executable, browser, screenshots, figures):
    demo = Program(executable, "demo", "--fault", "errors", "--seed", "1")
    try:
        base = demo.find(r"(http://127\.0\.0\.1:\d+)/api/v1/status").group(1)
        overview, release = browser.page(), browser.page()
        session = overview.context.new_cdp_session(overview)
        session.send("Performance.enable")
        overview.goto(base + "/")
        expect(overview.get_by_role("link", name="checkout", exact=True)).to_be_visible()
        measure(overview, session, figures)
        release.goto(base + "/#/release/checkout")
        expect(release.locator("#head .pill").first).to_have_text("watching")
        expect(release.locator("#errors-plot polyline").first).to_be_attached()
        # One plot per percentile: the median, the 99th and those that rules use.
        for name in ("p50", "p99"):
            place = release.locator("#latency-plot > div", has=release.locator("h3", has_text=re.compile(f"^{name}$")))
            expect(place.locator("polyline.canary").first).to_be_attached()
        expect(release.locator("#splits-plot polyline.router").first).to_be_attached()
        # Each instance has its own figures.
        expect(release.locator("#instances tr").nth(1).locator("td").nth(3)).to_have_text(re.compile(r"^[\d.]+$"))
        check_readable(release, "the release")
        incident = browser.page()
        incident.goto(base + "/")
        demo.find(r">>> v1\.5\.0 goes bad")
        # In a view of its own, as soon as it is there: the demo ends by itself when the rollback has.
        expect(release.locator("#past a").first).to_be_attached(timeout=PATIENCE_MS)
        incident.goto(base + "/" + release.locator("#past a").first.get_attribute("href"))
        # Without a reload: the views follow by themselves.
        expect(release.locator("#head .pill").first).to_have_text("rolled back", timeout=PATIENCE_MS)
        expect(overview.locator("#release-checkout .pill").first).to_have_text("rolled back")
        expect(incident.locator("#story")).to_contain_text("intended")
        expect(incident.locator("#head .pill").first).to_have_text("acknowledged")
        expect(incident.locator("#head")).to_contain_text("CanaryErrorRate")
        expect(incident.locator("#entries")).to_contain_text("proven by traffic")
        expect(incident.locator("#notified")).to_be_attached()
        expect(incident.locator("#around-latency-plot polyline.canary").first).to_be_attached()
        expect(incident.locator("#around-splits-plot polyline.router").first).to_be_attached()
        expect(release.locator("#shares-plot polyline").first).to_be_attached()
        shot(release, screenshots, "release")
        shot(overview, screenshots, "overview")
        shot(incident, screenshots, "incident")
        check_readable(overview, "the overview")
        check_readable(incident, "the incident")
        for page in (overview, release, incident):
            page.close()
    finally:
        demo.stop()


def on_a_dark_phone(browser, base):
    phone = browser.page(dark=True, width=360)
    for path in ("/", "/#/release/checkout", "/#/incidents", "/#/deliveries", "/#/silences", "/#/unit/shop"):
        phone.goto(base + path)
        expect(phone.locator("main h1").first).to_be_visible()
        check_readable(phone, f"{path} on a dark phone")
    phone.goto(base + "/")
    phone.reload()
    expect(phone.locator("main h1").first).to_be_visible()
    phone.keyboard.press("Tab")
    assert phone.evaluate("document.activeElement.className") == "skip", "the first key reaches the skip link"
    phone.close()


def shot(page, folder, name):
    if folder:
        page.screenshot(path=str(folder / f"{name}.png"), full_page=True)


def configuration(folder, port, targets, router, units, chat_port):
    (folder / "token").write_text("a-token-for-the-test\n")
    dead = free_port()

    def rules(group, *others):
        rule = "{alert: Errors, indicator: error_rate, when: canary > 5%, window: 5s, action: rollback}"
        return f"rules: [{{name: {group}, rules: [{', '.join([rule, *others])}]}}]"

    worse = "{alert: Worse, indicator: [error_rate, latency], regression: {tolerance: 50%}, action: notify}"

    def part(place, address):
        return f"""
        places: {{{place}: {{targets: ["{targets[0]}"]}}, green: {{targets: ["{targets[1]}"]}}}}
        scrape: {{interval: 500ms, timeout: 400ms}}
        start: {{{place}: v1}}
        indicators: {{requests: http_requests_total, errors: 'http_requests_total{{code=~"5.."}}'}}
        router: {{kind: gray, instances: ["http://{address}"]}}
        {rules("own")}"""

    def stuck(name):
        # No router listens there, so a rollback of it stays open.
        return f"""
  - name: {name}
    scrape: {{interval: 500ms, timeout: 400ms}}
    pools: {{baseline: {{version: v1, targets: ["{targets[0]}"]}}, canary: {{version: v2, targets: ["{targets[1]}"]}}}}
    indicators: {{requests: http_requests_total, errors: 'http_requests_total{{code=~"5.."}}'}}
    router: {{kind: gray, instances: ["http://127.0.0.1:{dead}"]}}
    {rules(name)}"""

    (folder / "rollguard.yaml").write_text(f"""
state: {folder}/state
external_url: http://127.0.0.1:{port}
acknowledge_links: 1h
receivers: [{{name: chat, kind: mattermost, url: "http://127.0.0.1:{chat_port}/hooks/x"}}]
routes: [{{to: [chat]}}]
listen: {{address: "127.0.0.1:{port}", tokens: [{{name: ann, token_file: {folder}/token, may: [release, approve, operate]}}]}}
releases:
  - name: checkout
    scrape: {{interval: 500ms, timeout: 400ms}}
    pools:
      baseline: {{version: v1, targets: ["{targets[0]}"]}}
      canary:   {{version: v2, targets: ["{targets[1]}"]}}
    indicators: {{requests: http_requests_total, errors: 'http_requests_total{{code=~"5.."}}', latency: http_seconds}}
    router: {{kind: gray, instances: ["{router}"]}}
    proof: {{below: 100/s}}
    plan:
      steps:
        - {{name: cache, kind: exec, command: [/bin/true], idempotent: true}}
        - {{name: dead-letters, kind: person, text: read the queue orders.dlq}}
        - {{name: index, kind: exec, command: [/bin/false], idempotent: true, on_failure: hold}}
    {rules("checkout", worse)}{stuck("stuck")}{stuck("jammed")}
  - name: shop
    parts:
      api:{part("blue", units[0])}
      web:{part("blue", units[1])}
    order: [api, web]
    steps: {{list: [10%, 100%], every: {{min: 1h, rules: [Errors]}}}}
""")


def act(executable, browser):
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        old, new = stack.enter_context(service()), stack.enter_context(service())
        admins = [start_router(stack, executable, folder, name, (old, new), share)
                  for name, share in (("checkout", 3000), ("api", 0), ("web", 0))]
        messages = stack.enter_context(chat())
        port = free_port()
        configuration(folder, port, (old, new), f"http://{admins[0]}", admins[1:], messages.server_address[1])
        base = f"http://127.0.0.1:{port}"
        daemon = Program(executable, "run", "--config", str(folder / "rollguard.yaml"))
        stack.callback(lambda: daemon.stop())
        wait_for(base + "/-/ready")
        page = browser.page()
        page.goto(base + "/#/release/checkout")
        # Percentiles with the bounds that the statistical rule knows.
        expect(page.locator("#latency-plot h3")).to_have_text(["p50", "p90", "p99"])
        expect(page.locator("#latency-plot polygon.band.canary").first).to_be_attached(timeout=PATIENCE_MS)
        expect(page.locator("#errors-plot polygon.band.canary")).to_be_attached(timeout=PATIENCE_MS)
        sign_in(page, browser)
        incident = roll_back(page, executable, base, folder)
        show_a_unit(page, executable, base, folder)
        add_and_end_a_silence(page, base)
        acknowledge_on_the_page(page, base)
        acknowledge_by_a_link(browser, page, base, messages)
        refuse_other_sites(page, base, browser)
        on_a_dark_phone(browser, base)
        lose_the_daemon(page, browser, daemon)
        daemon = Program(executable, "run", "--config", str(folder / "rollguard.yaml"))
        expect(page.locator("#live")).to_contain_text("live", timeout=PATIENCE_MS)
        browser.may_fail = False
        expect(page.locator("#head .pill").first).to_have_text("rolled back")
        # The plots around the incident are there after the restart.
        page.goto(incident)
        expect(page.locator("#around-errors-plot polyline").first).to_be_attached()


def start_router(stack, executable, folder, name, targets, share):
    """Its admin address."""
    (folder / f"{name}.json").write_text(json.dumps({
        "state_file": f"{folder}/{name}-split.json", "baseline": [targets[0]], "canary": [targets[1]],
        "strategy": {"kind": "random"}, "initial_canary_basis_points": share}))
    router = Program(executable, "router", "--config", str(folder / f"{name}.json"))
    stack.callback(router.stop)
    return router.find(r"admin API on (127\.0\.0\.1:\d+)").group(1)


def show_a_unit(page, executable, base, folder):
    """While its rollout is under way."""
    command = [executable, "begin", "shop", "--version", "v2", "--reason", "a test", "--address", base]
    subprocess.run([*command, "--token-file", str(folder / "token")], check=True, stdout=subprocess.DEVNULL)
    page.goto(base + "/#/")
    expect(page.locator("#unit-shop tr")).to_have_count(3)
    expect(page.locator("#unit-shop tr").nth(1)).to_contain_text("standing, step 1", timeout=PATIENCE_MS)
    check_readable(page, "the overview with a unit")
    page.locator("#unit-shop h2 a").click()
    expect(page.locator("#head h1")).to_have_text("shop")
    expect(page.locator("#rollout .steps > li")).to_have_count(2)
    expect(page.locator("#head").get_by_role("button", name="Pause…")).to_be_visible()
    check_readable(page, "a unit")
    page.locator("#head table a").first.click()
    expect(page.locator("#router tr").nth(1)).to_contain_text("as wanted")
    # What the router's instance read back in the first step, and since when.
    expect(page.locator("#splits th").nth(1)).to_have_text("Step 1, 10 %")
    expect(page.locator("#splits td").nth(1)).to_have_text(re.compile(r"^10 % \d\d:\d\d:\d\d$"), timeout=PATIENCE_MS)
    expect(page.locator("#splits-plot polyline.router").first).to_be_attached()
    check_readable(page, "a part of a unit")


def add_and_end_a_silence(page, base):
    page.goto(base + "/#/silences")
    page.get_by_role("button", name="Silence…").click()
    dialog = page.locator("#act")
    dialog.get_by_label("Releases").fill("shop, cart-*")
    dialog.get_by_label("Reason").fill("a rehearsal")
    check_readable(page, "the form of a silence")
    dialog.get_by_role("button", name="Silence").click()
    expect(dialog).to_be_hidden()
    row = page.locator("#all tr").nth(1)
    expect(row).to_contain_text("release=shop,cart-*")
    expect(row).to_contain_text("a rehearsal")
    expect(row).to_contain_text("ann")
    check_readable(page, "the silences")
    row.get_by_role("button").click()
    dialog.get_by_role("button", name="End").click()
    expect(page.locator("#all")).to_contain_text("None is in force.")


def roll_back_for_good(page, base, name):
    """An incident that stays open, because no router answers."""
    page.goto(f"{base}/#/release/{name}")
    expect(page.locator("#head h1")).to_have_text(name)
    page.get_by_role("button", name="Roll back…").click()
    page.locator("#act").get_by_label("Reason").fill("a rehearsal")
    page.locator("#act").get_by_role("button", name="Roll back").click()
    expect(page.locator("#head .pill").first).to_have_text("rolling back", timeout=PATIENCE_MS)


def acknowledge_on_the_page(page, base):
    roll_back_for_good(page, base, "jammed")
    page.goto(base + "/#/silences")
    page.locator("#open tr", has_text="incident:jammed").get_by_role("button").click()
    page.locator("#act").get_by_label("Reason").fill("repairing the router")
    page.locator("#act").get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#open tr", has_text="incident:jammed")).to_contain_text("by ann")


def acknowledge_by_a_link(browser, page, base, messages):
    """As whoever reads the chat: in a browser that has not signed in."""
    roll_back_for_good(page, base, "stuck")
    end = time.monotonic() + PATIENCE_MS / 1000
    found = None
    while not found and time.monotonic() < end:
        time.sleep(0.1)
        for text in list(messages.texts):
            found = found or re.search(r"\[acknowledge\]\((\S+stuck\S*)\)", text)
    assert found, "no message has a link"
    reader = browser.page(width=360)
    reader.goto(found.group(1))
    expect(reader.locator("#all h1")).to_contain_text("Acknowledge stuck-")
    check_readable(reader, "a link of a message")
    reader.get_by_label("Your name").fill("bea")
    reader.get_by_role("button", name="Acknowledge").click()
    expect(reader.get_by_role("status").last).to_contain_text("is acknowledged by bea, by a link in a message")
    page.goto(base + "/#/silences")
    expect(page.locator("#open tr", has_text="incident:stuck")).to_contain_text("by bea")
    # Changed by one digit it does nothing.
    browser.may_fail = True
    forged = re.sub(r"%2F(\w)(\w{63})%2F", lambda one: f"%2F{'1' if one[1] == '0' else '0'}{one[2]}%2F", found.group(1))
    reader.goto(forged)
    expect(reader.locator("#all .warning")).to_contain_text("not one of this daemon's")
    browser.may_fail = False
    reader.close()
    page.goto(base + "/#/release/checkout")
    expect(page.locator("#head h1")).to_have_text("checkout")


def wait_for(url):
    end = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if urllib.request.urlopen(url, timeout=2).status == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"no answer from {url}")


def sign_in(page, browser):
    expect(page.locator("#head .pill").first).to_have_text("watching")
    page.get_by_role("button", name="Roll back…").click()
    dialog = page.locator("#sign")
    browser.may_fail = True
    dialog.get_by_label("Token").fill("wrong")
    dialog.get_by_role("button", name="Sign in").click()
    expect(page.locator("#sign-problem")).to_contain_text("the token is wrong")
    browser.may_fail = False
    check_readable(page, "the sign-in")
    dialog.get_by_label("Token").fill("a-token-for-the-test")
    dialog.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out (ann)")).to_be_visible()
    cookie = page.context.cookies()[0]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict", cookie
    assert "a-token" not in cookie["value"], "the cookie holds nothing of the token"


def roll_back(page, executable, base, folder):
    dialog = page.locator("#act")
    check_readable(page, "an order")
    dialog.get_by_label("Reason").fill("the graphs say so")
    dialog.get_by_role("button", name="Roll back").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#head .pill").first).to_have_text("rolled back", timeout=PATIENCE_MS)
    decide_about_the_plan(page)
    page.get_by_role("button", name="Re-arm…").click()
    dialog.get_by_label("Reason").fill("fixed")
    dialog.get_by_role("button", name="Re-arm").click()
    expect(page.locator("#act-problem")).to_contain_text("Type checkout to confirm")
    dialog.get_by_role("button", name="Cancel").click()
    page.locator("#past a").first.click()
    expect(page.locator("#head")).to_contain_text("the graphs say so")
    expect(page.locator("#head")).to_contain_text("ann")
    expect(page.locator("#around-errors-plot polyline").first).to_be_attached()
    abandon_the_plan(page)
    incident = page.url
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the signed report").click()
    verify(executable, base, download.value, folder / "report.html")
    page.go_back()
    return incident


def step_of_the_plan(page, name):
    return page.locator("#plan tr", has=page.locator("td", has_text=re.compile(f"^{name}")))


def decide_about_the_plan(page):
    """On the view of the release, while the plan waits for an operator."""
    waiting = step_of_the_plan(page, "dead-letters")
    expect(step_of_the_plan(page, "cache")).to_contain_text("done", timeout=PATIENCE_MS)
    expect(waiting).to_contain_text("waiting for person", timeout=PATIENCE_MS)
    expect(waiting).to_contain_text("read the queue orders.dlq")
    # What is done is done; what has not begun may be left out, and no more.
    expect(step_of_the_plan(page, "cache").get_by_role("button")).to_have_count(0)
    expect(step_of_the_plan(page, "index").get_by_role("button")).to_have_count(1)
    check_readable(page, "a plan that waits")
    dialog = page.locator("#act")
    # With the keyboard alone.
    waiting.get_by_role("button", name="Done: dead-letters").focus()
    page.keyboard.press("Enter")
    expect(dialog.locator("h2")).to_have_text("Done: dead-letters")
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_be_visible()
    dialog.get_by_label("Reason").fill("replayed, 12 messages")
    check_readable(page, "an order about a plan")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(waiting).to_contain_text("ann: replayed, 12 messages", timeout=PATIENCE_MS)
    expect(waiting.get_by_role("button")).to_have_count(0)
    expect(step_of_the_plan(page, "index")).to_contain_text("has failed", timeout=PATIENCE_MS)


def abandon_the_plan(page):
    """On the view of the incident: a step that has failed is tried once more, then the plan is given up."""
    failed = step_of_the_plan(page, "index")
    dialog = page.locator("#act")
    failed.get_by_role("button", name="Try again: index").click()
    dialog.get_by_label("Reason").fill("the disk is back")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog).to_be_hidden()
    # The program was run twice.
    expect(failed.locator("td").nth(4)).to_have_text("2", timeout=PATIENCE_MS)
    expect(failed.get_by_role("button", name="Skip: index")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Abandon the plan…").click()
    dialog.get_by_label("Reason").fill("indexed by hand")
    dialog.get_by_role("button", name="Abandon the plan").click()
    expect(page.locator("#plan")).to_contain_text("The plan has ended.", timeout=PATIENCE_MS)
    expect(page.locator("#plan button")).to_have_count(0)
    check_readable(page, "the incident with a plan")


def verify(executable, base, download, file):
    download.save_as(str(file))
    key = urllib.request.urlopen(base + "/api/v1/report-key", timeout=5).read().decode().strip()
    command = [executable, "verify", str(file), "--key", key]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    file.write_bytes(file.read_bytes().replace(b"the graphs say so", b"the graphs say no"))
    changed = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    assert changed.returncode == 1, changed


def refuse_other_sites(page, base, browser):
    """The cookie alone, as another site could make a browser send it, changes nothing."""
    browser.may_fail = True
    status = page.evaluate(
        """async () => (await fetch("/api/v1/releases/checkout/rearm",
            {method: "POST", body: JSON.stringify({reason: "x"})})).status""")
    assert status == 401, status
    browser.may_fail = False
    request = urllib.request.Request(
        base + "/api/v1/releases/checkout/rearm", data=b'{"reason": "x"}', method="POST",
        headers={"Cookie": "rollguard_session=0", "X-Rollguard-Page": "1", "Origin": "http://example.net"})
    try:
        urllib.request.urlopen(request, timeout=5)
        raise AssertionError("a call of another site was taken")
    except urllib.error.HTTPError as error:
        assert error.code == 403, error.code


def lose_the_daemon(page, browser, daemon):
    browser.may_fail = True
    daemon.stop()
    expect(page.locator("#live")).to_contain_text("no connection", timeout=PATIENCE_MS)
    expect(page.locator("#head .pill").first).to_have_text("rolled back")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("executable")
    arguments.add_argument("--browser", default=shutil.which("chromium") or "/usr/bin/chromium")
    arguments.add_argument("--screenshots", type=pathlib.Path)
    arguments.add_argument("--figures", type=pathlib.Path, help="the document whose row of figures is replaced")
    given = arguments.parse_args()
    if given.screenshots:
        given.screenshots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        # The sandbox of Chromium needs rights that a container has not; the pages are our own.
        opened = playwright.chromium.launch(executable_path=given.browser, args=["--no-sandbox"])
        browser = Browser(opened)
        follow_the_demo(given.executable, browser, given.screenshots, given.figures)
        act(given.executable, browser)
        opened.close()
    assert not browser.problems, "\n".join(browser.problems)
    print("page: everything held")


if __name__ == "__main__":
    main()
