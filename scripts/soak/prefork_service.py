"""A WSGI service for gunicorn. With several workers and without the client library's multiprocess mode each worker shows
counters of its own, and one address gives the exposition of whichever worker answers: a common misconfiguration."""

import os

from behaviour import Behaviour
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest

REQUESTS = Counter("http_requests", "Requests by status code.", ["code"])
BEHAVIOUR = Behaviour(os.environ["SOAK_VERSION"])
#: So many first requests of each process fail half of the time: a past that must not count later.
BAD_START = int(os.environ.get("SOAK_BAD_START", "0"))
REASONS = {200: "200 OK", 500: "500 Internal Server Error"}


def app(environment, start_response):
    if environment["PATH_INFO"] == "/metrics":
        start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
        return [generate_latest()]
    global BAD_START
    code, _ = BEHAVIOUR.answer()
    if BAD_START > 0:
        BAD_START -= 1
        code = 500 if BAD_START % 2 else 200
    REQUESTS.labels(code=str(code)).inc()
    body = f"{BEHAVIOUR.version}\n".encode()
    start_response(REASONS[code], [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
