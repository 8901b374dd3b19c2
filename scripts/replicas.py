#!/usr/bin/env python3
"""Proves that several daemons over one etcd lose no rollback, double no promotion, and repeat no message.

    scripts/replicas.py [ROLLGUARD] [--cycles 20] [--replicas 3] [--members 3] [--ttl 3] [--stop 15] [--step 2000] [--seed 1]

ROLLGUARD is the program, .build/debug/rollguard unless given. Real etcd members, the real gray router and real daemons run on
loopback; the services are counters that follow the router's split. In each cycle a new version is led from 5 % to 100 %, or
turns sick on its way and has to be taken out, while the leader is killed, stopped (SIGSTOP), or cut off from etcd, or a member
of etcd is killed. Prints a line per cycle and a table. The exit code is 1 when a rollback was lost, a promotion doubled, a
message doubled under another id, or a takeover took longer than the lease and two seconds.
"""

import argparse
import http.server
import json
import os
import random
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
REQUESTS_PER_SECOND = 400.0


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


def eventually(holds, seconds, every=0.05):
    """How long it took; None when it did not become so."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if holds():
            return time.monotonic() - began
        time.sleep(every)
    return None


class Relay:
    """A port that leads to an etcd member, until it is cut: then it swallows everything, as a network does."""

    def __init__(self, target):
        self.target, self.is_cut = target, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=2)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=ends, daemon=True).start()

    def pump(self, source, sink):
        try:
            while data := source.recv(65536):
                while self.is_cut:
                    time.sleep(0.1)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()


class World:
    """Two places of a service whose counters follow the split of the router, and a receiver of messages."""

    def __init__(self):
        self.share, self.sick = 0.0, None
        self.requests, self.errors = [0.0, 0.0], [0.0, 0.0]
        self.messages, self.lock = [], threading.Lock()
        self.ports = [self.serve(place) for place in (0, 1)]
        self.hook = self.serve_hook()

    def follow(self, split_url):
        self.split_url = split_url
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        last = time.monotonic()
        while True:
            status, split = call(self.split_url, timeout=1)
            now = time.monotonic()
            with self.lock:
                if status == 200:
                    self.share = split["canary_basis_points"] / 10_000
                for place, weight in enumerate((1 - self.share, self.share)):
                    more = REQUESTS_PER_SECOND * weight * (now - last)
                    self.requests[place] += more
                    self.errors[place] += more * (0.5 if self.sick == place else 0.0)
            last = now
            time.sleep(0.03)

    def serve(self, place):
        world = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with world.lock:
                    good, bad = world.requests[place] - world.errors[place], world.errors[place]
                body = (
                    "# TYPE http_requests_total counter\n"
                    f'http_requests_total{{code="200"}} {good:.3f}\nhttp_requests_total{{code="500"}} {bad:.3f}\n'
                ).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return start(Handler)

    def serve_hook(self):
        world = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
                with world.lock:
                    world.messages.append((self.headers["Rollguard-Delivery"], self.headers["Rollguard-Event"], body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        return start(Handler)


def start(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


class Cluster:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.clients = [free_port() for _ in range(options.members)]
        self.peers = [free_port() for _ in range(options.members)]
        self.etcd = [self.start_member(member, "new") for member in range(options.members)]
        for port in self.clients:
            if eventually(lambda: call(f"http://127.0.0.1:{port}/health")[1] in ({"health": "true"}, {"health": "true", "reason": ""}), 30) is None:
                raise SystemExit("etcd does not answer")
        self.world = World()
        self.router = self.start_router()
        self.world.follow(self.split_url)
        self.relays = [[Relay(port) for port in self.clients] for _ in range(options.replicas)]
        self.ports = [free_port() for _ in range(options.replicas)]
        self.daemons = [None] * options.replicas
        for replica in range(options.replicas):
            self.configure(replica)
            self.start_daemon(replica)

    def start_member(self, member, state):
        cluster = ",".join(f"m{one}=http://127.0.0.1:{port}" for one, port in enumerate(self.peers))
        client, peer = f"http://127.0.0.1:{self.clients[member]}", f"http://127.0.0.1:{self.peers[member]}"
        arguments = [
            "etcd", "--name", f"m{member}", "--data-dir", f"{self.folder}/etcd{member}", "--log-level", "error",
            "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--initial-cluster", cluster, "--initial-cluster-state", state,
            "--unsafe-no-fsync",
        ]  # fmt: skip
        log = open(f"{self.folder}/etcd{member}.log", "ab")
        process = subprocess.Popen(arguments, stdout=log, stderr=log)
        if process.poll() is not None:
            raise SystemExit("etcd cannot be started")
        return process

    def start_router(self):
        admin, data = free_port(), free_port()
        self.split_url = f"http://127.0.0.1:{admin}/api/v1/split"
        self.router_url = f"http://127.0.0.1:{admin}"
        settings = {
            "state_file": f"{self.folder}/split.json", "baseline": [f"127.0.0.1:{self.world.ports[0]}"], "canary": [f"127.0.0.1:{self.world.ports[1]}"],
            "strategy": {"kind": "random"}, "initial_canary_basis_points": 0,
            "listen": f"127.0.0.1:{data}", "admin_listen": f"127.0.0.1:{admin}",
        }  # fmt: skip
        with open(f"{self.folder}/router.json", "w") as file:
            json.dump(settings, file)
        log = open(f"{self.folder}/router.log", "ab")
        process = subprocess.Popen([self.options.program, "router", "--config", f"{self.folder}/router.json"], stdout=log, stderr=log)
        if eventually(lambda: call(self.split_url)[0] == 200, 30) is None:
            raise SystemExit("the router does not answer: " + open(f"{self.folder}/router.log").read())
        return process

    def configure(self, replica):
        folder = f"{self.folder}/rg{replica}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/rules.yaml", "w") as file:
            file.write(RULES)
        endpoints = ", ".join(f'"http://127.0.0.1:{relay.port}"' for relay in self.relays[replica])
        with open(f"{folder}/rollguard.yaml", "w") as file:
            file.write(f"""state: {folder}/state
listen: 127.0.0.1:{self.ports[replica]}
external_url: http://127.0.0.1:{self.ports[replica]}
replicas: {{name: rg-{replica + 1}, ttl: {self.options.ttl}s, store: {{kind: etcd, endpoints: [{endpoints}]}}}}
receivers:
  - {{name: oncall, kind: webhook, url: "http://127.0.0.1:{self.world.hook}/"}}
releases:
  - name: checkout
    scrape: {{interval: 500ms, timeout: 400ms}}
    places:
      blue:  {{targets: ["127.0.0.1:{self.world.ports[0]}"]}}
      green: {{targets: ["127.0.0.1:{self.world.ports[1]}"]}}
    start: {{blue: v1.0.0}}
    indicators:
      requests: http_requests_total
      errors:   http_requests_total{{code=~"5.."}}
    router: {{kind: gray, instances: ["{self.router_url}"]}}
    rollback: {{observe_every: 1s}}
    steps: {{list: [5%, 25%, 50%, 100%], every: {{min: {self.options.step}ms, settle: 100ms}}}}
    bake: {{for: {self.options.step}ms}}
    rules: [rules.yaml]
""")

    def start_daemon(self, replica):
        folder = f"{self.folder}/rg{replica}"
        log = open(f"{folder}/log", "ab")
        self.daemons[replica] = subprocess.Popen(
            [self.options.program, "run", "--config", f"{folder}/rollguard.yaml", "--allow-loopback-changes"],
            stdout=log, stderr=log, cwd=folder)  # fmt: skip

    def api(self, replica, path, body=None, timeout=1.0):
        return call(f"http://127.0.0.1:{self.ports[replica]}{path}", body, timeout)

    def leader(self, excluding=()):
        """The replica that says itself that it leads."""
        for replica in range(self.options.replicas):
            if replica in excluding:
                continue
            status, view = self.api(replica, "/api/v1/replicas")
            if status == 200 and view.get("lease_left_ms", 0) > 0:
                return replica
        return None

    def phase(self, replica):
        status, view = self.api(replica, "/api/v1/releases/checkout")
        return (view or {}).get("phase") if status == 200 else None

    def version(self, replica):
        """The version of the baseline's place."""
        status, view = self.api(replica, "/api/v1/releases/checkout")
        return view["baseline"]["version"] if status == 200 else None

    def stop(self):
        for process in self.daemons + [self.router] + self.etcd:
            if process and process.poll() is None:
                try:
                    process.send_signal(signal.SIGCONT)
                    process.kill()
                except OSError:
                    pass
                process.wait()


class Proof:
    KINDS = ("kill", "stop", "cut", "member")

    def __init__(self, options, folder):
        self.options, self.dice = options, random.Random(options.seed)
        self.cluster = Cluster(options, folder)
        self.version, self.failures = 0, []
        self.takeovers, self.rollbacks, self.rows = [], [], []
        self.lost = self.promotions = self.doubled = 0

    def run(self):
        for number in range(self.options.cycles):
            self.cycle(number)
        self.count_messages()
        return self.report()

    def cycle(self, number):
        kind = self.KINDS[number % len(self.KINDS)] if self.options.members > 1 else self.KINDS[number % 3]
        turns_sick = (number // len(self.KINDS) + number) % 2 == 0
        leader = self.wait_for_leader()
        if leader is None:
            return self.fail(number, "no replica leads within 30 s")
        self.version += 1
        name = f"v1.{self.version}.0"
        free = 1 if self.cluster.world.share < 0.5 else 0
        if not self.begin(leader, name):
            return self.fail(number, f"{name} cannot begin: {self.answer}")
        if eventually(lambda: self.share_of(free) > 0, 30) is None:
            return self.fail(number, f"{name} gets no share: {self.describe()}")
        time.sleep(self.dice.uniform(0.0, self.options.step / 700))
        if turns_sick:
            self.cluster.world.sick = free
        began = time.monotonic()
        heal = self.trouble(kind, leader)
        takeover = self.time_takeover(kind, leader, began)
        if turns_sick:
            self.expect_rollback(number, name, free, began)
        else:
            self.expect_promotion(number, name, free)
        heal()
        self.cluster.world.sick = None
        self.settle(number, name, turns_sick)
        took = "-" if takeover is None else f"{takeover:.1f} s"
        print(f"cycle {number + 1}: {kind}, {name} {'sick' if turns_sick else 'well'}, takeover {took}", flush=True)

    def share_of(self, place):
        share = self.cluster.world.share
        return share if place == 1 else 1 - share

    def wait_for_leader(self):
        eventually(lambda: self.cluster.leader() is not None, 30)
        return self.cluster.leader()

    def begin(self, leader, name):
        def is_begun():
            replica = self.cluster.leader()
            if replica is None:
                return False
            body = {"version": name, "reason": "proof", "by": "proof"}
            status, self.answer = self.cluster.api(replica, "/api/v1/releases/checkout/begin", body, timeout=6)
            return status in (200, 201, 202)

        return eventually(is_begun, 30, every=0.5) is not None

    def trouble(self, kind, leader):
        """Does it, and gives what ends it."""
        cluster = self.cluster
        if kind == "kill":
            cluster.daemons[leader].kill()
            cluster.daemons[leader].wait()
            return lambda: cluster.start_daemon(leader)
        if kind == "stop":
            cluster.daemons[leader].send_signal(signal.SIGSTOP)
            timer = threading.Timer(self.options.stop, lambda: cluster.daemons[leader].send_signal(signal.SIGCONT))
            timer.start()
            return timer.join
        if kind == "cut":
            for relay in cluster.relays[leader]:
                relay.is_cut = True

            def reconnect():
                for relay in cluster.relays[leader]:
                    relay.is_cut = False

            return reconnect
        member = self.dice.randrange(self.options.members)
        cluster.etcd[member].kill()
        cluster.etcd[member].wait()

        def revive():
            cluster.etcd[member] = cluster.start_member(member, "existing")

        return revive

    def time_takeover(self, kind, leader, began):
        if kind == "member":
            return None
        took = eventually(lambda: self.cluster.leader(excluding=(leader,)) is not None, 60)
        if took is None:
            self.failures.append("no replica took over")
            return None
        took = time.monotonic() - began
        self.takeovers.append(took)
        return took

    def expect_rollback(self, number, name, free, began):
        took = eventually(lambda: self.share_of(free) == 0, 30)
        if took is None:
            self.lost += 1
            return self.fail(number, f"{name} is sick and keeps its share: {self.describe()}")
        self.rollbacks.append(time.monotonic() - began)
        # It stays out, also when the old leader continues.
        time.sleep(1)
        if eventually(lambda: self.share_of(free) > 0, 3) is not None:
            time.sleep(3)
            if self.share_of(free) > 0:
                self.lost += 1
                self.fail(number, f"{name} came back after its rollback")

    def expect_promotion(self, number, name, free):
        if eventually(lambda: self.share_of(free) == 1, 90) is None:
            return self.fail(number, f"{name} does not get everything: {self.describe()}")
        self.promotions += 1

    def settle(self, number, name, turns_sick):
        replicas = range(self.options.replicas)

        def agrees():
            return all((self.cluster.version(one) == name) != turns_sick for one in replicas) and all(
                self.running(one) is None for one in replicas)

        if eventually(agrees, 60, every=0.3) is None:
            self.fail(number, f"the replicas do not agree on {name}: {self.describe()}")

    def running(self, replica):
        status, view = self.cluster.api(replica, "/api/v1/releases/checkout/rollouts")
        return (view or {}).get("running") if status == 200 else "unknown"

    def describe(self):
        views = []
        for one in range(self.options.replicas):
            status, release = self.cluster.api(one, "/api/v1/releases/checkout")
            text = f"{release['phase']}: {release['explanation']}" if status == 200 else "does not answer"
            views.append(f"rg-{one + 1} {text}")
        return f"share {self.cluster.world.share}, " + "; ".join(views)

    def fail(self, number, text):
        self.failures.append(f"cycle {number + 1}: {text}")
        print(f"cycle {number + 1}: FAILED: {text}", flush=True)

    def count_messages(self):
        time.sleep(2)
        with self.cluster.world.lock:
            messages = list(self.cluster.world.messages)
        ids, events = {}, {}
        for delivery, event, body in messages:
            ids[delivery] = ids.get(delivery, 0) + 1
            subject = body.get("incident") or body.get("rollout")
            if event in ("rollback_intended", "rollout_ended", "rollout_begun"):
                events.setdefault((subject, event), set()).add(delivery)
        self.messages, self.repeated = len(ids), sum(count - 1 for count in ids.values())
        self.doubled_messages = sum(len(found) - 1 for found in events.values())
        promoted = {}
        for delivery, event, body in messages:
            if event == "rollout_ended" and "promoted" in json.dumps(body.get("summary", "")):
                promoted.setdefault(body.get("rollout"), set()).add(delivery)
        self.doubled = sum(len(found) - 1 for found in promoted.values())

    def report(self):
        limit = self.options.ttl + 2
        slow = [one for one in self.takeovers if one > limit]
        rows = [
            ("cycles", self.options.cycles),
            ("takeovers", len(self.takeovers)),
            ("time to take over, median", f"{median(self.takeovers):.2f} s"),
            ("time to take over, longest", f"{max(self.takeovers, default=0):.2f} s (lease {self.options.ttl} s)"),
            ("takeovers later than the lease and 2 s", len(slow)),
            ("rollbacks wanted", len(self.rollbacks) + self.lost),
            ("time to a share of 0, median", f"{median(self.rollbacks):.2f} s"),
            ("rollbacks lost", self.lost),
            ("promotions", self.promotions),
            ("promotions doubled", self.doubled),
            ("messages", self.messages),
            ("messages repeated under the same id", self.repeated),
            ("messages doubled under another id", self.doubled_messages),
            ("other failures", len(self.failures)),
        ]
        print("\n| | |\n| --- | --- |")
        for name, value in rows:
            print(f"| {name} | {value} |")
        return not (slow or self.lost or self.doubled or self.doubled_messages or self.failures)


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else 0.0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", nargs="?", default=".build/debug/rollguard")
    for name, value in (("cycles", 20), ("replicas", 3), ("members", 3), ("ttl", 3), ("stop", 15), ("step", 2000), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and journals")
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    # No process outlives it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = tempfile.mkdtemp(prefix="rollguard-replicas-")
    proof = None
    try:
        proof = Proof(options, folder)
        is_proven = proof.run()
    finally:
        if proof:
            proof.cluster.stop()
        if options.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if is_proven else 1)


if __name__ == "__main__":
    main()
