#!/usr/bin/env python3
"""Proves that a fleet of daemons over one etcd shares its releases out and loses nothing when members join, leave and die.

    scripts/fleet.py [ROLLGUARD] [--releases 6] [--shards 16] [--ttl 3] [--keep] [--interactive]

ROLLGUARD is the program, .build/debug/rollguard unless given. A real etcd and real daemons run on loopback; the services and their
routers are counters that follow the split. Two members share the releases and lead a new version of each; a third one joins, the
owner of a latched release leaves by SIGTERM, and the owner of a rollout under way is killed while a canary turns sick. Prints a
table. The exit code is 1 when a latch was lost, a rollback was missing, a share was raised by two members or dropped without a
reason, a release was not scraped for 3 seconds, or an API named another owner than the one that leads.
"""

import argparse
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

RULES = """groups:
  - name: g
    rules:
      - {alert: Errors, indicator: error_rate, when: canary > 10% and canary > 2 * baseline, window: 3s, min_requests: 5, action: rollback}
"""
REQUESTS_PER_SECOND = 200.0
GAP_LIMIT_SECONDS = 3.0


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def call(url, body=None, timeout=2.0):
    """The status and the JSON of an answer; (0, None) when there is none."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=timeout) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        text = error.read()
        try:
            return error.code, json.loads(text)
        except ValueError:
            return error.code, text.decode(errors="replace")
    except (OSError, ValueError):
        return 0, None


def eventually(holds, seconds, every=0.1):
    """How long it took; None when it did not become so."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if holds():
            return time.monotonic() - began
        time.sleep(every)
    return None


class Service:
    """A release: a router with a split, and two places whose counters follow it."""

    def __init__(self, name):
        self.name, self.share, self.sick = name, 0.0, None
        self.requests, self.errors = [0.0, 0.0], [0.0, 0.0]
        self.lock, self.last = threading.Lock(), time.monotonic()
        # Times of what was read, and of what was set.
        self.scraped, self.longest_gap, self.puts = None, 0.0, []
        self.ports = [self.serve(self.metrics(place)) for place in (0, 1)]
        self.router = self.serve(self.split)

    def advance(self):
        now = time.monotonic()
        for place, weight in enumerate((1 - self.share, self.share)):
            more = REQUESTS_PER_SECOND * weight * (now - self.last)
            self.requests[place] += more
            self.errors[place] += more * (0.5 if self.sick == place else 0.0)
        self.last = now

    def metrics(self, place):
        def answer(_):
            with self.lock:
                self.advance()
                if place == 0:
                    if self.scraped is not None:
                        self.longest_gap = max(self.longest_gap, self.last - self.scraped)
                    self.scraped = self.last
                good, bad = self.requests[place] - self.errors[place], self.errors[place]
            text = f'# TYPE http_requests_total counter\nhttp_requests_total{{code="200"}} {good:.3f}\nhttp_requests_total{{code="500"}} {bad:.3f}\n'
            return text.encode(), "text/plain; version=0.0.4"

        return answer

    def split(self, body):
        with self.lock:
            self.advance()
            if body is not None:
                self.share = json.loads(body)["canary_basis_points"] / 10_000
                self.puts.append((time.monotonic(), self.share))
            return json.dumps({"canary_basis_points": round(self.share * 10_000)}).encode(), "application/json"

    def serve(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self, body):
                text, kind = answer(body)
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                self.reply(None)

            def do_PUT(self):
                self.reply(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_address[1]

    def configuration(self):
        return f"""  - name: {self.name}
    scrape: {{interval: 500ms, timeout: 400ms}}
    places:
      blue:  {{targets: ["127.0.0.1:{self.ports[0]}"]}}
      green: {{targets: ["127.0.0.1:{self.ports[1]}"]}}
    start: {{blue: v1.0.0}}
    indicators:
      requests: http_requests_total
      errors:   http_requests_total{{code=~"5.."}}
    router: {{kind: gray, instances: ["http://127.0.0.1:{self.router}"]}}
    rollback: {{observe_every: 1s}}
    steps: {{list: [5%, 25%, 50%, 100%], every: {{min: 4s, settle: 100ms}}}}
    bake: {{for: 1s}}
    rules: [rules.yaml]
"""


class Fleet:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.services = [Service(f"release-{number}") for number in range(options.releases)]
        self.etcd_port, peer = free_port(), free_port()
        client, peers = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{peer}"
        log = open(f"{folder}/etcd.log", "ab")
        self.etcd = subprocess.Popen(
            ["etcd", "--data-dir", f"{folder}/etcd", "--log-level", "error", "--listen-client-urls", client,
             "--advertise-client-urls", client, "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
             "--initial-cluster", f"default={peers}", "--unsafe-no-fsync"], stdout=log, stderr=log)  # fmt: skip
        if eventually(lambda: call(f"{client}/health")[0] == 200, 30) is None:
            raise SystemExit("etcd does not answer")
        self.ports = [free_port() for _ in range(options.members)]
        self.daemons = [None] * options.members

    def start(self, member):
        folder = f"{self.folder}/rg{member}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/rules.yaml", "w") as file:
            file.write(RULES)
        with open(f"{folder}/rollguard.yaml", "w") as file:
            file.write(f"""state: {folder}/state
listen: 127.0.0.1:{self.ports[member]}
external_url: http://127.0.0.1:{self.ports[member]}
replicas:
  name: rg-{member + 1}
  ttl: {self.options.ttl}s
  store: {{kind: etcd, endpoints: ["http://127.0.0.1:{self.etcd_port}"]}}
  fleet: {{copies: 2, shards: {self.options.shards}}}
releases:
""" + "".join(one.configuration() for one in self.services))
        log = open(f"{folder}/log", "ab")
        self.daemons[member] = subprocess.Popen(
            [self.options.program, "run", "--config", f"{folder}/rollguard.yaml", "--allow-loopback-changes"],
            stdout=log, stderr=log, cwd=folder)  # fmt: skip

    def end(self, member, how):
        self.daemons[member].send_signal(how)
        self.daemons[member].wait()
        self.daemons[member] = None

    @property
    def running(self):
        return [member for member, daemon in enumerate(self.daemons) if daemon is not None]

    def api(self, member, path, body=None, timeout=6.0):
        return call(f"http://127.0.0.1:{self.ports[member]}{path}", body, timeout)

    def view(self, member):
        status, view = self.api(member, "/api/v1/fleet")
        return view if status == 200 else None

    def is_steady(self):
        """In the view of every member, with all of them."""
        for member in self.running:
            view = self.view(member)
            if view is None or len(view["members"]) != len(self.running) or not all(one["leads"] for one in view["members"]):
                return False
            used = [shard for shard in view["shards"] if shard["releases"]]
            if any(shard["state"] != "steady" or len(shard["standbys"]) != min(2, len(self.running)) - 1 for shard in used):
                return False
        return True

    def shard(self, release, member=None):
        view = self.view(self.running[0] if member is None else member)
        return next((one for one in (view or {}).get("shards", []) if release in one["releases"]), None)

    def owner(self, release):
        """Index of the member that leads a release; None while none does."""
        shard = self.shard(release)
        return int(shard["owner"][3:]) - 1 if shard and shard["owner"] else None

    def watchers(self, release):
        shard = self.shard(release) or {"owner": None, "standbys": []}
        return [int(name[3:]) - 1 for name in [shard["owner"], *shard["standbys"]] if name]

    def release(self, member, name):
        status, view = self.api(member, f"/api/v1/releases/{name}")
        return view if status == 200 else None

    def begin(self, name, version):
        """At its owner, whoever that is at the moment."""
        def is_begun():
            owner = self.owner(name)
            if owner is None or owner not in self.running:
                return False
            body = {"version": version, "reason": "proof", "by": "proof"}
            status, self.answer = self.api(owner, f"/api/v1/releases/{name}/begin", body)
            return status in (200, 201, 202)

        return eventually(is_begun, 30, every=0.5) is not None

    def stop(self):
        for process in self.daemons + [self.etcd]:
            if process and process.poll() is None:
                process.kill()
                process.wait()


class Proof:
    def __init__(self, fleet):
        self.fleet, self.failures, self.rows = fleet, [], []

    def expect(self, holds, text):
        if not holds:
            self.failures.append(text)
            print(f"FAILED: {text}", flush=True)
        return holds

    def timed(self, name, holds, seconds):
        took = eventually(holds, seconds)
        self.expect(took is not None, f"{name} within {seconds} s: {self.describe()}")
        self.rows.append((name, "-" if took is None else f"{took:.1f} s"))
        return took is not None

    def run(self):
        fleet = self.fleet
        for member in (0, 1):
            fleet.start(member)
        self.timed("two members are steady", fleet.is_steady, 60)
        for service in fleet.services:
            self.expect(fleet.begin(service.name, "v1.1.0"), f"{service.name} begins: {getattr(fleet, 'answer', None)}")
        fleet.start(2)
        self.timed("a third one has joined, and all is steady", fleet.is_steady, 60)
        self.expect(all(one["leads"] > 0 for one in fleet.view(0)["members"]), "each member leads something")
        self.check_answers()
        sick, led, both = fleet.services[0], fleet.services[1], fleet.services[2]
        self.latch(sick)
        self.leave(sick)
        self.kill(led, both)
        self.return_of_all(sick)
        self.check_traces(latched=[sick, both])
        return self.report()

    def check_answers(self):
        """Each member names the owner, and refuses what is not its own."""
        fleet, body = self.fleet, {"version": "v9", "reason": "proof", "by": "proof"}
        for service in fleet.services:
            owner, watchers = fleet.owner(service.name), fleet.watchers(service.name)
            for member in fleet.running:
                path = f"/api/v1/releases/{service.name}"
                status, answer = fleet.api(member, path)
                if member in watchers:
                    self.expect(status == 200, f"rg-{member + 1} shows {service.name}: {status}")
                else:
                    self.expect(status == 404 and answer["code"] == "watched_elsewhere", f"{service.name}: {status} {answer}")
                    self.expect(f"rg-{owner + 1}" in answer["error"], f"{service.name}: {answer}")
                if member != owner:
                    status, answer = fleet.api(member, path + "/begin", body)
                    wanted = (409, "not_leader") if member in watchers else (404, "watched_elsewhere")
                    self.expect((status, answer.get("code")) == wanted, f"begin of {service.name}: {status} {answer}")
                    self.expect(f":{fleet.ports[owner]}" in answer.get("text", ""), f"begin of {service.name}: {answer}")

    def latch(self, service):
        self.timed("its canary has a share", lambda: service.share > 0, 30)
        service.sick = 1
        self.timed("a sick canary is taken out", lambda: service.share == 0, 20)
        self.timed("all its watchers have the latch", lambda: self.is_latched(service), 20)

    def is_latched(self, service):
        views = [self.fleet.release(member, service.name) for member in self.fleet.watchers(service.name)]
        return len(views) == 2 and all(view and view["phase"] == "rolled_back" for view in views)

    def leave(self, service):
        """The owner of a latched release ends by SIGTERM."""
        fleet = self.fleet
        owner = fleet.owner(service.name)
        fleet.end(owner, signal.SIGTERM)
        self.timed("the owner has left: another one leads", lambda: fleet.owner(service.name) not in (None, owner), 15)
        self.timed("and all is steady", fleet.is_steady, 60)
        self.expect(self.is_latched(service), f"the latch holds after SIGTERM: {self.describe()}")
        body = {"version": "v1.1.0", "reason": "proof", "by": "proof"}
        status, answer = fleet.api(fleet.owner(service.name), f"/api/v1/releases/{service.name}/begin", body)
        self.expect((status, answer.get("code")) == (409, "latched"), f"a latched version begins: {status} {answer}")
        fleet.start(owner)
        self.timed("it returns, and all is steady", fleet.is_steady, 60)

    def kill(self, led, both):
        """The owner of a rollout under way is killed, and a canary of its turns sick at the same moment."""
        fleet = self.fleet
        for service in (led, both):
            eventually(lambda: (self.running_of(service.name)) is None, 60)
            self.expect(fleet.begin(service.name, "v1.2.0"), f"{service.name} begins: {fleet.answer}")
            before = 1 if service.share < 0.5 else 0
            service.canary = before
            self.timed(f"{service.name} is led", lambda: self.share_of(service) > 0, 30)
        owner = fleet.owner(led.name)
        both.sick = both.canary
        fleet.end(owner, signal.SIGKILL)
        self.timed("a canary that turned sick as its owner was killed is taken out", lambda: self.share_of(both) == 0, 20)
        self.timed("the owner was killed: another one leads", lambda: fleet.owner(led.name) not in (None, owner), 15)
        self.timed("the rollout is led to its end", lambda: self.share_of(led) == 1, 60)
        self.expect(self.share_of(both) == 0, "the sick canary stays out")
        fleet.start(owner)
        self.timed("it returns after the kill, and all is steady", fleet.is_steady, 60)

    def running_of(self, name):
        owner = self.fleet.owner(name)
        status, view = self.fleet.api(owner, f"/api/v1/releases/{name}/rollouts") if owner is not None else (0, None)
        return (view or {}).get("running") if status == 200 else "unknown"

    @staticmethod
    def share_of(service):
        return service.share if service.canary == 1 else 1 - service.share

    def return_of_all(self, service):
        """Both watchers of the latched release are killed at once."""
        fleet = self.fleet
        self.gaps = [one.longest_gap for one in fleet.services]
        gone = fleet.watchers(service.name)
        for member in gone:
            fleet.end(member, signal.SIGKILL)
        self.timed("both watchers were killed: the third one leads", lambda: fleet.owner(service.name) in fleet.running, 30)
        for member in gone:
            fleet.start(member)
        self.timed("they return, and all is steady", fleet.is_steady, 90)
        self.expect(self.is_latched(service), f"the latch holds after all its watchers were killed: {self.describe()}")

    def check_traces(self, latched):
        """What the routers and the services saw."""
        longest = max(self.gaps)
        self.rows.append(("longest time without a scrape, until both watchers were killed", f"{longest:.1f} s"))
        self.expect(longest <= GAP_LIMIT_SECONDS, f"a release was not scraped for {longest:.1f} s")
        dropped = 0
        for service in self.fleet.services:
            if service in latched or service is self.fleet.services[1]:
                continue
            shares = [share for _, share in service.puts]
            dropped += sum(later < earlier for earlier, later in zip(shares, shares[1:]))
        self.rows.append(("shares that dropped in a rollout without a fault", dropped))
        self.expect(dropped == 0, f"a share dropped: {[[s for _, s in one.puts] for one in self.fleet.services]}")
        self.expect(latched[0].share == 0, "the latched release has a share")

    def describe(self):
        lines = []
        for member in self.fleet.running:
            view = self.fleet.view(member)
            shards = [one for one in (view or {}).get("shards", []) if one["releases"]]
            lines.append(f"rg-{member + 1}: " + "; ".join(
                f"{','.join(one['releases'])} {one['owner']}+{'+'.join(one['standbys'])} {one['state']}" for one in shards))  # fmt: skip
        return " | ".join(lines)

    def report(self):
        print("\n| | |\n| --- | --- |")
        for name, value in [*self.rows, ("failures", len(self.failures))]:
            print(f"| {name} | {value} |")
        return not self.failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", nargs="?", default=".build/debug/rollguard")
    for name, value in (("releases", 6), ("members", 3), ("shards", 16), ("ttl", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and journals")
    parser.add_argument("--interactive", action="store_true", help="start everything and wait, for trying by hand")
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    # No process outlives it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = tempfile.mkdtemp(prefix="rollguard-fleet-")
    fleet = None
    try:
        fleet = Fleet(options, folder)
        if options.interactive:
            for member in range(options.members):
                fleet.start(member)
            print(f"folder {folder}; APIs on {', '.join(f'127.0.0.1:{port}' for port in fleet.ports)}; Ctrl-C ends", flush=True)
            signal.pause()
        is_proven = Proof(fleet).run()
    finally:
        if fleet:
            fleet.stop()
        if options.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if is_proven else 1)


if __name__ == "__main__":
    main()
