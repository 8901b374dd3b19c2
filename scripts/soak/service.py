"""A service with the Python client library of Prometheus, one process:  service.py VERSION PORT"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from behaviour import Behaviour
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

REQUESTS = Counter("http_requests", "Requests by status code.", ["code"])
DURATION = Histogram(
    "http_request_duration_seconds", "Time of a request.",
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behaviour = None

    def do_GET(self):
        if self.path == "/metrics":
            return self.send(200, generate_latest(), CONTENT_TYPE_LATEST)
        code, seconds = self.behaviour.answer()
        REQUESTS.labels(code=str(code)).inc()
        DURATION.observe(seconds)
        self.send(code, f"{self.behaviour.version}\n".encode(), "text/plain")

    def do_POST(self):
        self.behaviour.change(self.path)
        self.send(200, b"changed\n", "text/plain")

    def send(self, code, body, content_type):
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        """A proxy that closes a kept connection is nothing to report."""


if __name__ == "__main__":
    Handler.behaviour = Behaviour(sys.argv[1])
    Server(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
