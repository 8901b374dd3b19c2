"""Real daemons, a real router and a real store, with their processes."""

import json
import os
import signal
import subprocess
import threading
import time

from network import Relay, free_port
from stores import STORES
from world import Caller, World, call, eventually

RULES = """groups:
  - name: g
    rules:
      - {alert: Errors, indicator: error_rate, when: canary > 10% and canary > 2 * baseline, window: 3s, min_requests: 5, action: rollback}
"""
TOKEN = "proof-of-replicas"


class LeaderWatch:
    """Asks each replica whether it leads, ten times a second, over a way that no cut touches."""

    def __init__(self, cluster):
        self.cluster, self.lock = cluster, threading.Lock()
        # Of each replica: the moments of its answers, and until when it may lead; None while it does not.
        self.samples = [[] for _ in range(cluster.options.replicas)]
        for replica in range(cluster.options.replicas):
            threading.Thread(target=self.run, args=(replica,), daemon=True).start()

    def run(self, replica):
        caller = Caller(*self.cluster.apis[replica], 0.5)
        while True:
            sent = time.monotonic()
            view = caller.get("/api/v1/replicas")
            if view is not None:
                left = view.get("lease_left_ms") or 0
                with self.lock:
                    self.samples[replica].append((sent, sent + left / 1000 if left > 0 else None))
            time.sleep(0.05 if self.cluster.is_awake(replica) else 0.2)

    def since(self, replica, moment):
        with self.lock:
            found = []
            for sample in reversed(self.samples[replica]):
                if sample[0] < moment:
                    break
                found.append(sample)
            return found[::-1]

    def now(self, excluding=()):
        """The replica that says that it leads."""
        moment = time.monotonic()
        for replica in range(len(self.samples)):
            if replica in excluding:
                continue
            with self.lock:
                last = self.samples[replica][-1] if self.samples[replica] else (0, None)
            if moment - last[0] < 1 and last[1] is not None and moment < last[1]:
                return replica
        return None

    def first_lead(self, since, excluding=()):
        """When the first replica was seen to lead since a moment."""
        found = [
            sent for replica in range(len(self.samples)) if replica not in excluding
            for sent, until in self.since(replica, since) if until is not None]  # fmt: skip
        return min(found, default=None)

    def may_raise(self, replica, moment):
        """Whether the replica led at a moment, as far as its answers before and shortly after show."""
        return any(
            until is not None and (sent <= moment <= until + 0.1 or moment <= sent <= moment + 1)
            for sent, until in self.since(replica, moment - 60))  # fmt: skip

    def overlaps(self, since):
        """How often two replicas answered, both later than the other's answer began, that they lead."""
        intervals = []
        for replica in range(len(self.samples)):
            begin = end = None
            for sent, until in self.since(replica, since):
                if until is not None:
                    begin, end = (sent if begin is None else begin), sent
                elif begin is not None:
                    intervals.append((begin, end, replica))
                    begin = None
            if begin is not None:
                intervals.append((begin, end, replica))
        intervals.sort()
        return sum(
            1 for one, (begin, end, replica) in enumerate(intervals) for other in intervals[one + 1:]
            if other[2] != replica and other[0] < end)  # fmt: skip


class Cluster:
    def __init__(self, options, folder, network):
        self.options, self.folder, self.network = options, folder, network
        self.frozen = set()
        self.daemons = [None] * options.replicas
        self.router, self.writes, self.on_write = None, [], None
        self.store = STORES[options.store](network, folder, options.members)
        self.world = World(network.world)
        self.start_router()
        self.ports = [network.port(9411) for _ in range(options.replicas)]
        self.apis = [(network.api_of(self.node(one)), self.ports[one]) for one in range(options.replicas)]
        for replica in range(options.replicas):
            self.configure(replica)
            self.start_daemon(replica)
        self.watch = LeaderWatch(self)

    @staticmethod
    def node(replica):
        return f"rg{replica}"

    def start_router(self):
        admin, data = free_port(), free_port()
        settings = {
            "state_file": f"{self.folder}/split.json", "baseline": ["%s:%d" % (self.world.host, self.world.ports[0])],
            "canary": ["%s:%d" % (self.world.host, self.world.ports[1])], "strategy": {"kind": "random"},
            "initial_canary_basis_points": 0, "listen": f"127.0.0.1:{data}", "admin_listen": f"127.0.0.1:{admin}",
        }  # fmt: skip
        with open(f"{self.folder}/router.json", "w") as file:
            json.dump(settings, file)
        log = open(f"{self.folder}/router.log", "ab")
        self.router = subprocess.Popen([self.options.program, "router", "--config", f"{self.folder}/router.json"], stdout=log, stderr=log)
        if eventually(lambda: call(f"http://127.0.0.1:{admin}/api/v1/split")[0] == 200, 30) is None:
            raise SystemExit("the router does not answer: " + open(f"{self.folder}/router.log").read())
        self.world.follow("127.0.0.1", admin)
        # Changes pass by here, each replica by a port of its own, so that it is known who made which.
        self.gates = [
            Relay(self.network.gate, ("127.0.0.1", admin), replica, self.note_write) for replica in range(self.options.replicas)]
        if hasattr(self.network, "gates"):
            self.network.gates = {self.node(one): gate for one, gate in enumerate(self.gates)}

    def note_write(self, replica, points):
        """A change of the split on its way to the router; gives the seconds for which it is held up."""
        before = self.writes[-1][2] / 10_000 if self.writes else 0.0
        self.writes.append((time.monotonic(), replica, points, before))
        return self.on_write(replica, points / 10_000, before) if self.on_write else 0.0

    def configure(self, replica):
        folder, world, places = f"{self.folder}/rg{replica}", self.world.host, self.world.ports
        os.makedirs(folder, exist_ok=True)
        for name, text in (("rules.yaml", RULES), ("token", TOKEN)):
            with open(f"{folder}/{name}", "w") as file:
                file.write(text)
        os.chmod(f"{folder}/token", 0o600)
        address = "%s:%d" % self.apis[replica]
        with open(f"{folder}/rollguard.yaml", "w") as file:
            file.write(f"""state: {folder}/state
listen: {{address: "{address}", token_file: token}}
external_url: http://{address}
replicas: {{name: rg-{replica + 1}, ttl: {self.options.ttl}s, store: {self.store.configuration(self.node(replica))}}}
receivers:
  - {{name: oncall, kind: webhook, url: "http://{world}:{self.world.hook}/"}}
releases:
  - name: checkout
    scrape: {{interval: 500ms, timeout: 400ms}}
    places:
      blue:  {{targets: ["{world}:{places[0]}"]}}
      green: {{targets: ["{world}:{places[1]}"]}}
    start: {{blue: v1.0.0}}
    indicators:
      requests: http_requests_total
      errors:   http_requests_total{{code=~"5.."}}
    router: {{kind: gray, instances: ["http://{self.network.gate}:{self.gates[replica].port}"]}}
    rollback: {{observe_every: 1s}}
    steps: {{list: [5%, 25%, 50%, 100%], every: {{min: {self.options.step}ms, settle: 100ms}}}}
    bake: {{for: {self.options.step}ms}}
    rules: [rules.yaml]
""")

    def start_daemon(self, replica):
        folder = f"{self.folder}/rg{replica}"
        log = open(f"{folder}/log", "ab")
        command = self.network.command(self.node(replica)) + [self.options.program, "run", "--config", f"{folder}/rollguard.yaml"]
        self.daemons[replica] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder)

    def kill_daemon(self, replica):
        self.daemons[replica].kill()
        self.daemons[replica].wait()

    def freeze(self, replica):
        self.frozen.add(replica)
        self.daemons[replica].send_signal(signal.SIGSTOP)

    def thaw(self, replica):
        self.daemons[replica].send_signal(signal.SIGCONT)
        self.frozen.discard(replica)

    def is_awake(self, replica):
        return replica not in self.frozen and self.daemons[replica] is not None and self.daemons[replica].poll() is None

    def api(self, replica, path, body=None, timeout=1.0):
        if not self.is_awake(replica):
            return 0, None
        return call("http://%s:%d%s" % (*self.apis[replica], path), body, timeout, TOKEN)

    def version(self, replica):
        """The version of the baseline's place."""
        status, view = self.api(replica, "/api/v1/releases/checkout")
        return view["baseline"]["version"] if status == 200 else None

    def running(self, replica):
        status, view = self.api(replica, "/api/v1/releases/checkout/rollouts")
        return (view or {}).get("running") if status == 200 else "unknown"

    def any_runs(self):
        """Whether a replica that answers says that a rollout runs."""
        return any(self.running(one) not in (None, "unknown") for one in range(self.options.replicas))

    def describe(self):
        views = []
        for one in range(self.options.replicas):
            status, release = self.api(one, "/api/v1/releases/checkout")
            text = f"{release['phase']}: {release['explanation']}" if status == 200 else "does not answer"
            views.append(f"rg-{one + 1} {text}")
        return f"share {self.world.share}, " + "; ".join(views)

    def stop(self):
        for process in self.daemons + [self.router]:
            if process and process.poll() is None:
                try:
                    process.send_signal(signal.SIGCONT)
                    process.kill()
                except OSError:
                    pass
                process.wait()
        self.store.stop()
