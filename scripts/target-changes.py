#!/usr/bin/env python3
"""Measures the CPU time of the daemon while a list of 10 000 targets changes 100 times a second.

    scripts/target-changes.py [ROLLGUARD] [--seconds 60] [--targets 10000] [--rate 100]

ROLLGUARD is the program, .build/release/rollguard unless given. All targets are in the pools, so each change goes all the way:
the source, the labels, the pools, the kernel, its journal and the scrapes. The addresses do not answer and the scrape interval
is five minutes, so that what is measured is the list. Prints a line per kind of source: percent of a core without and with the
changes (user and system time of the process), how many targets the journal says were added, and the memory.
"""

import argparse
import http.server
import json
import os
import re
import socket
import subprocess
import tempfile
import threading
import time

RULES = """groups:
  - name: g
    rules:
      - {alert: Errors, indicator: error_rate, when: canary > 10%, window: 10m, action: rollback}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Targets:
    """The list; every change replaces an address by one that was never there."""

    def __init__(self, count):
        self.addresses = [self.address(10, number) for number in range(count)]
        self.made = 0
        self.place = 0

    @staticmethod
    def address(first, number):
        return f"{first}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:9090"

    def change(self, count):
        for _ in range(count):
            self.addresses[self.place % len(self.addresses)] = self.address(11, self.made)
            self.made += 1
            self.place += 7919

    def body(self):
        half = len(self.addresses) // 2
        groups = [(self.addresses[:half], "v1"), (self.addresses[half:], "v2")]
        return json.dumps([{"targets": some, "labels": {"version": version}} for some, version in groups]).encode()


class Server:
    """Answers each request with the list as it is."""

    def __init__(self, targets):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = targets.body()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/list"


def configuration(folder, source):
    return f"""state: {folder}/state
listen: "127.0.0.1:{free_port()}"
releases:
  - name: big
    scrape: {{interval: 300s, timeout: 1s}}
    discovery: [{source}]
    pools:
      baseline: {{version: v1, select: {{version: v1}}}}
      canary: {{version: v2, select: {{version: v2}}}}
    indicators: {{requests: r_total, errors: 'r_total{{code="500"}}'}}
    router: {{kind: gray, instances: ["http://127.0.0.1:9"]}}
    rules: [rules.yaml]
"""


def write(folder, name, text):
    """Beside the file, then renamed over it."""
    with open(f"{folder}/{name}.new", "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    os.rename(f"{folder}/{name}.new", f"{folder}/{name}")


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(process):
    with open(f"/proc/{process.pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024


def measure(kind, options):
    targets = Targets(options.targets)
    with tempfile.TemporaryDirectory() as folder:
        write(folder, "list.json", targets.body())
        source = (
            "{kind: file, files: [list.json]}"
            if kind == "file"
            else '{kind: http, url: "%s", refresh: 1s}' % Server(targets).url
        )
        write(folder, "rollguard.yaml", configuration(folder, source))
        write(folder, "rules.yaml", RULES)
        with open(f"{folder}/log", "w") as log:
            process = subprocess.Popen(
                [options.rollguard, "run", "--config", f"{folder}/rollguard.yaml"], stdout=log, stderr=log
            )
        try:
            time.sleep(15)
            quiet = share(process, options.seconds / 2, lambda: None)

            def change():
                targets.change(options.rate)
                if kind == "file":
                    write(folder, "list.json", targets.body())

            busy = share(process, options.seconds, change)
            memory = resident_mib(process)
            time.sleep(20)
        finally:
            process.terminate()
            process.wait()
        with open(f"{folder}/log") as log:
            added = sum(int(found) for found in re.findall(r"targets: (\d+) added", log.read()))
    print(
        f"{kind}: {100 * quiet:.1f} % of a core without changes, {100 * busy:.1f} % with {options.rate} a second; "
        f"{added - options.targets} of {targets.made} changes in the journal, {memory:.0f} MiB",
        flush=True,
    )


def share(process, seconds, each_second):
    began, used = time.monotonic(), cpu_seconds(process)
    turn = 0
    while time.monotonic() - began < seconds:
        each_second()
        turn += 1
        time.sleep(max(0, began + turn - time.monotonic()))
    return (cpu_seconds(process) - used) / (time.monotonic() - began)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rollguard", nargs="?", default=".build/release/rollguard")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--targets", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=100)
    options = parser.parse_args()
    for kind in ("file", "http"):
        measure(kind, options)


if __name__ == "__main__":
    main()
