"""Receivers of webhooks that remember what came, and may be down for a while."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Message:
    """One accepted call."""

    def __init__(self, headers, body):
        self.at = time.monotonic()
        self.body = body
        self.event = headers.get("Rollguard-Event")
        self.delivery = headers.get("Rollguard-Delivery", "")

    @property
    def sequence(self):
        """The number of the notification: `<journal>-<number>-<receiver>`; the same for all receivers."""
        return int(self.delivery.split("-")[1])

    @property
    def release(self):
        return self.body.get("release")


class Receiver:
    """Listens on a port of its own. While it is down, connections are refused or answered with 503, in turn."""

    def __init__(self, name, port):
        self.name, self.port = name, port
        self.messages = []
        self.refused = 0
        self.answers_503 = False
        self.server = None
        self.up()

    def up(self):
        self.answers_503 = False
        if self.server is None:
            self.server = _Server(("127.0.0.1", self.port), self._handler())
            threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def down(self, refuse):
        if not refuse:
            self.answers_503 = True
        elif self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def of(self, release, event):
        return [message for message in self.messages if message.release == release and message.event == event]

    def _handler(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if receiver.answers_503:
                    receiver.refused += 1
                    return self.answer(503)
                receiver.messages.append(Message(self.headers, json.loads(body)))
                self.answer(200)

            def answer(self, code):
                self.send_response(code)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_):
        """A sender that goes away is nothing to report."""
