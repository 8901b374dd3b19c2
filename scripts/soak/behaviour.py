"""What the example services do: answer, be slow, fail. Shared by the three kinds of services."""

import random
import time
from urllib.parse import parse_qs, urlsplit


class Behaviour:
    """Fails one request in a hundred while all is well."""

    def __init__(self, version):
        self.version = version
        self.errors = 0.01
        self.extra_s = 0.0

    def change(self, url):
        """`/fault?errors=0.4`, `/fault?latency=0.5` (seconds), `/fault?none=1`."""
        query = parse_qs(urlsplit(url).query)
        self.errors = float(query.get("errors", ["0.01"])[0])
        self.extra_s = float(query.get("latency", ["0"])[0])

    def answer(self):
        """Serves one request: its status and how long it took in seconds."""
        began = time.perf_counter()
        time.sleep(random.uniform(0.001, 0.004) + self.extra_s * (random.random() < 0.5))
        code = 500 if random.random() < self.errors else 200
        return code, time.perf_counter() - began
