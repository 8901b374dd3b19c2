"""Clients:  load.py PORT:RATE …  Each sends so many requests per second to a router on loopback, from users with names,
on two kept connections, until it is ended."""

import http.client
import itertools
import random
import sys
import threading
import time


def client(port, rate):
    connection = None
    due = time.monotonic()
    for _ in itertools.count():
        due += random.expovariate(rate)
        time.sleep(max(0, due - time.monotonic()))
        # After a stall those who would have come in it are gone.
        due = max(due, time.monotonic() - 1)
        try:
            connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/", headers={"X-User-Id": f"user-{random.randrange(1_000)}"})
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            if connection:
                connection.close()
            connection = None


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        port, rate = (int(part) for part in argument.split(":"))
        for _ in range(2):
            threading.Thread(target=client, args=(port, rate / 2), daemon=True).start()
    threading.Event().wait()
