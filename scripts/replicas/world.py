"""What surrounds the daemons: two places of a service whose counters follow the router's split, and a receiver of messages."""

import http.client
import http.server
import json
import threading
import time
import urllib.error
import urllib.request

REQUESTS_PER_SECOND = 400.0


def call(url, body=None, timeout=2.0, token=None):
    """The status and the JSON of an answer; (0, None) when there is none."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers), timeout=timeout) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        text = error.read()
        try:
            return error.code, json.loads(text)
        except ValueError:
            return error.code, text.decode(errors="replace")
    except (OSError, ValueError, http.client.HTTPException):
        return 0, None


def eventually(holds, seconds, every=0.05):
    """How long it took; None when it did not become so."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if holds():
            return time.monotonic() - began
        time.sleep(every)
    return None


class Caller:
    """Asks one server again and again over one connection."""

    def __init__(self, host, port, timeout):
        self.host, self.port, self.timeout, self.connection = host, port, timeout, None

    def get(self, path):
        """The JSON of an answer with the status 200; None without one."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
            self.connection.request("GET", path)
            answer = self.connection.getresponse()
            text = answer.read()
            return json.loads(text) if answer.status == 200 else None
        except (OSError, ValueError, http.client.HTTPException):
            if self.connection:
                self.connection.close()
            self.connection = None
            return None


class World:
    def __init__(self, host):
        self.host, self.started = host, int(time.time())
        self.share, self.sick = 0.0, None
        self.history = [(time.monotonic(), 0.0)]
        self.requests, self.errors = [0.0, 0.0], [0.0, 0.0]
        self.messages, self.lock = [], threading.Lock()
        self.ports = [self.start(self.counters(place)) for place in (0, 1)]
        self.hook = self.start(self.receiver())

    def start(self, handler):
        server = http.server.ThreadingHTTPServer((self.host, 0), handler)
        server.daemon_threads = True
        # A caller that was killed or cut off.
        server.handle_error = lambda *_: None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_address[1]

    def follow(self, host, port):
        threading.Thread(target=self.run, args=(Caller(host, port, 1),), daemon=True).start()

    def run(self, router):
        last = time.monotonic()
        while True:
            split = router.get("/api/v1/split")
            now = time.monotonic()
            with self.lock:
                if split:
                    self.share = split["canary_basis_points"] / 10_000
                    if self.share != self.history[-1][1]:
                        self.history.append((now, self.share))
                for place, weight in enumerate((1 - self.share, self.share)):
                    more = REQUESTS_PER_SECOND * weight * (now - last)
                    self.requests[place] += more
                    self.errors[place] += more * (0.5 if self.sick == place else 0.0)
            last = now
            time.sleep(0.04)

    def share_of(self, place):
        return self.share if place == 1 else 1 - self.share

    def first_without_traffic(self, place, since):
        """When a place had no traffic first, since a moment; None while it always had."""
        with self.lock:
            found = [moment for moment, share in self.history if moment >= since and (share if place == 1 else 1 - share) == 0]
        return min(found, default=None)

    def time_with_traffic(self, place, since):
        """Seconds in which a place had traffic since a moment."""
        with self.lock:
            history = list(self.history)
        ends = [moment for moment, _ in history[1:]] + [time.monotonic()]
        total = 0.0
        for (begin, share), end in zip(history, ends):
            if end > since and (share if place == 1 else 1 - share) > 0:
                total += end - max(begin, since)
        return total

    def counters(self, place):
        world = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with world.lock:
                    good, bad = world.requests[place] - world.errors[place], world.errors[place]
                body = (
                    f"process_start_time_seconds {world.started}\n# TYPE http_requests_total counter\n"
                    f'http_requests_total{{code="200"}} {good:.3f}\nhttp_requests_total{{code="500"}} {bad:.3f}\n'
                ).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler

    def receiver(self):
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

        return Handler
