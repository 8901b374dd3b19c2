"""Starts the example services and asks them what they have served."""

import os

from programs import Program, fetch, free_port, post, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))


class Service:
    """One instance of one version."""

    def __init__(self, program, port, metrics_port, counter):
        self.program, self.port, self.metrics_port, self.counter = program, port, metrics_port, counter
        wait_for(f"http://{self.exporter}/metrics", program)

    @property
    def exporter(self):
        return f"127.0.0.1:{self.metrics_port}"

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def change(self, query):
        post(f"http://{self.address}/fault?{query}")

    def requests(self):
        """Requests served so far, by its own exposition; 0 while it is down."""
        try:
            body = fetch(f"http://{self.exporter}/metrics")
        except OSError:
            return 0
        lines = (line for line in body.splitlines() if line.startswith((self.counter + "{", self.counter + " ")))
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


class Services:
    """Makes services in one folder with one Python."""

    def __init__(self, folder, python):
        self.folder, self.python = folder, python

    def plain(self, name, version):
        port = free_port()
        program = Program(name, [self.python, f"{HERE}/service.py", version, port], self.folder)
        return Service(program, port, port, "http_requests_total")

    def telemetry(self, name, version):
        port, metrics_port = free_port(), free_port()
        program = Program(
            name, [self.python, f"{HERE}/otel_service.py", version, port, metrics_port], self.folder)
        return Service(program, port, metrics_port, "http_server_request_duration_seconds_count")

    def prefork(self, name, version, bad_start=0):
        """Three processes behind one address.

        bad_start: so many first requests of each process fail half of the time. That is over before anybody watches."""
        port = free_port()
        gunicorn = os.path.join(os.path.dirname(self.python), "gunicorn")
        program = Program(
            name, [gunicorn, "--workers", 3, "--bind", f"127.0.0.1:{port}", "--log-level", "warning",
                   "--chdir", HERE, "prefork_service:app"], self.folder,
            {"SOAK_VERSION": version, "SOAK_BAD_START": str(bad_start)})
        return Service(program, port, port, "http_requests_total")
