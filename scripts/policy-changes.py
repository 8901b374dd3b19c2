#!/usr/bin/env python3
"""Measures how long a policy that is changed in a configuration centre takes to reach the traffic.

    scripts/policy-changes.py [ROLLGUARD] [--centre etcd|consul] [--router gray|haproxy|nginx] [--changes 20] [--members 3] [--seed 1]

A real etcd or Consul holds the share, which is turned from 0 to 100 % and back: of the gray router, which reads it itself, or of
HAProxy or nginx, which get it from the daemon (`share_from: centre`). The time is from before the write to the first answer of the other version; requests follow each other without a pause. Prints each time, the median and
the longest one. The exit code is 1 when a change did not arrive within 10 s.
"""

import argparse
import base64
import http.client
import http.server
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "replicas"))

from network import Loopback, free_port  # noqa: E402
from report import processor  # noqa: E402
from stores import STORES  # noqa: E402
from world import eventually  # noqa: E402

KEY = "rollguard/v1/policy/checkout/"


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"http_requests_total 1\nhttp_errors_total 0\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Servers(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A router that ends cuts its connections off."""


def start_server():
    server = Servers(("127.0.0.1", 0), Server)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_address[1]}"


class Centre:
    def __init__(self, store):
        self.store = store

    def put(self, name, text):
        if self.store.name == "etcd":
            pair = {name: base64.b64encode(value.encode()).decode() for name, value in (("key", KEY + name), ("value", text))}
            address, body, method = self.store.url(self.store.clients[0]) + "/v3/kv/put", json.dumps(pair), "POST"
        else:
            address, body, method = f"http://{self.store.host}:{self.store.http}/v1/kv/{KEY}{name}", text, "PUT"
        urllib.request.urlopen(urllib.request.Request(address, data=body.encode(), method=method), timeout=5).read()

    def configuration(self):
        if self.store.name == "consul":
            return f'{{kind: consul, address: "http://{self.store.host}:{self.store.http}"}}'
        return "{kind: etcd, endpoints: [%s]}" % ", ".join(f'"{self.store.url(place)}"' for place in self.store.clients)


class Traffic:
    """Notes which version answered last, and since when."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        self.version, self.since = None, 0.0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                self.connection.request("GET", "/")
                answer = self.connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                # The router has ended; while it runs, the next request opens another connection.
                self.connection.close()
                time.sleep(0.01)
                continue
            version = answer.getheader("X-Rollguard-Version")
            if version != self.version:
                self.version, self.since = version, time.monotonic()
            time.sleep(0.001)


HAPROXY = """
global
    stats socket {folder}/admin.sock mode 600 level admin
defaults
    mode http
    timeout connect 1s
    timeout client 10s
    timeout server 10s
frontend entry
    bind 127.0.0.1:{port}
    default_backend checkout
backend checkout
    balance roundrobin
    http-response set-header X-Rollguard-Version %[srv_name]
    server baseline {baseline} weight 100
    server canary {canary} weight 1
"""

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    include {folder}/checkout.conf;
    upstream baseline {{ server {baseline}; }}
    upstream canary {{ server {canary}; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://$checkout_version;
            add_header X-Rollguard-Version $checkout_version;
        }}
        location = /.rollguard/checkout {{
            default_type application/json;
            return 200 "$rollguard_checkout\\n";
        }}
    }}
}}
"""

NGINX_SPLIT = """
split_clients "$request_id" $checkout_version {{ 1% canary; * baseline; }}
map "" $rollguard_checkout {{ default '{{"canary_basis_points":100,"revision":"first"}}'; }}
"""

NGINX_ROUTER = (
    "{{kind: nginx, include: {folder}/checkout.conf, command: [/usr/sbin/nginx, -p, {folder}, -e, stderr, -c, {folder}/router.cfg], "
    'state_url: "http://127.0.0.1:{port}/.rollguard/checkout", split: {{choices: [{{variable: $checkout_version, key: $request_id}}], '
    "baseline: baseline, canary: canary}}}}"
)

RELEASE = """
listen: 127.0.0.1:0
releases:
  - name: checkout
    scrape: {{interval: 1s, timeout: 500ms}}
    pools:
      baseline: {{version: v1, targets: ["{baseline}"]}}
      canary: {{version: v2, targets: ["{canary}"]}}
    indicators: {{requests: http_requests_total, errors: http_errors_total}}
    router: {router}
    share_from: centre
    rules:
      - name: checkout
        rules: [{{alert: Errors, indicator: error_rate, window: 10s, when: canary > 5%, min_requests: 1000, action: rollback}}]
"""


def start_gray(options, folder, centre, port, log):
    settings = {
        "state_file": f"{folder}/split.json", "baseline": [start_server()], "canary": [start_server()], "strategy": {"kind": "random"},
        "initial_canary_basis_points": 0, "listen": f"127.0.0.1:{port}", "admin_listen": f"127.0.0.1:{free_port()}",
    }  # fmt: skip
    with open(f"{folder}/router.json", "w") as file:
        json.dump(settings, file)
    with open(f"{folder}/rollguard.yaml", "w") as file:
        file.write(f"state: {folder}/state\ncentre: {centre.configuration()}\n")
    command = ["router", "--config", f"{folder}/router.json", "--centre", f"{folder}/rollguard.yaml", "--policy", "checkout"]
    return [subprocess.Popen([os.path.abspath(options.program)] + command, stdout=log, stderr=log)]


def start_behind_the_daemon(options, folder, centre, port, log):
    """HAProxy or nginx, and the daemon that leads it."""
    servers = {"folder": folder, "port": port, "baseline": start_server(), "canary": start_server()}
    if options.router == "haproxy":
        text, command = HAPROXY, ["haproxy", "-db", "-f", f"{folder}/router.cfg"]
        router = f"{{kind: haproxy, socket: {folder}/admin.sock, backend: checkout, servers: {{baseline: [baseline], canary: [canary]}}}}"
    else:
        text, command = NGINX, ["nginx", "-p", folder, "-e", "stderr", "-c", f"{folder}/router.cfg"]
        router = NGINX_ROUTER.format(**servers)
        with open(f"{folder}/checkout.conf", "w") as file:
            file.write(NGINX_SPLIT.format())
    with open(f"{folder}/router.cfg", "w") as file:
        file.write(text.format(**servers))
    with open(f"{folder}/rollguard.yaml", "w") as file:
        file.write(f"state: {folder}/state\ncentre: {centre.configuration()}\n" + RELEASE.format(router=router, **servers))
    programs = [subprocess.Popen(command, stdout=log, stderr=log)]
    if eventually(lambda: answers(port), 30) is None:
        raise SystemExit("the router does not answer")
    run = [os.path.abspath(options.program), "run", "--config", f"{folder}/rollguard.yaml"]
    return programs + [subprocess.Popen(run, stdout=log, stderr=log)]


def measure(options, centre, traffic, dice):
    times = []
    for number in range(options.changes):
        time.sleep(dice.uniform(0.5, 2.5))
        share, version = ("100", "canary") if number % 2 == 0 else ("0", "baseline")
        began = time.monotonic()
        centre.put("share", share)
        if eventually(lambda: traffic.version == version, 10, every=0.001) is None:
            print(f"change {number + 1} to {share} %: did not arrive within 10 s")
            return None
        times.append((traffic.since - began) * 1000)
        print(f"change {number + 1} to {share} %: {times[-1]:.0f} ms", flush=True)
    return sorted(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", default=".build/debug/rollguard")
    parser.add_argument("--centre", choices=("etcd", "consul"), default="etcd")
    parser.add_argument("--router", choices=("gray", "haproxy", "nginx"), default="gray")
    for name, value in (("changes", 20), ("members", 3), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder, store, programs, times = tempfile.mkdtemp(prefix="rollguard-policy-"), None, [], None
    try:
        store = STORES[options.centre](Loopback(0, options.members), folder, options.members)
        centre, data = Centre(store), free_port()
        centre.put("share", "0")
        if options.router == "gray":
            centre.put("strategy.json", '{"kind": "random"}')
        log = open(f"{folder}/router.log", "ab")
        if options.router == "gray":
            programs = start_gray(options, folder, centre, data, log)
        else:
            programs = start_behind_the_daemon(options, folder, centre, data, log)
        if eventually(lambda: answers(data), 30) is None:
            raise SystemExit("the router does not answer: " + open(f"{folder}/router.log").read())
        traffic = Traffic(data)
        # The daemon has taken the share of the centre, and nothing of the canary answers any more.
        if eventually(lambda: settled(traffic), 30) is None:
            raise SystemExit("the first share is not in force: " + open(f"{folder}/router.log").read())
        times = measure(options, centre, traffic, random.Random(options.seed))
    finally:
        for program in reversed(programs):
            program.terminate()
            program.wait()
        if store:
            store.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if times:
        members = f"{options.members} members of etcd" if options.centre == "etcd" else "one server of Consul"
        print(
            f"{options.router}, {members}, {os.cpu_count()} cores ({processor()}), load {os.getloadavg()[0]:.1f}: median of {len(times)} changes "
            f"{times[len(times) // 2]:.0f} ms, at most {times[-1]:.0f} ms")  # fmt: skip
    sys.exit(0 if times else 1)


def settled(traffic):
    """Only the baseline has answered for three seconds."""
    return traffic.version == "baseline" and time.monotonic() - traffic.since > 3


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


if __name__ == "__main__":
    main()
