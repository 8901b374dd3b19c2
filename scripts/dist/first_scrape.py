"""How long after its start a program sends its first scrape, in milliseconds.

    python3 scripts/dist/first_scrape.py PORT COMMAND...

The command is started here and ended by SIGTERM; its configuration names 127.0.0.1:PORT as a target.
"""

import socket
import subprocess
import sys
import time

LIMIT_SECONDS = 20

with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    server.settimeout(LIMIT_SECONDS)
    started = time.monotonic()
    with subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(LIMIT_SECONDS)
                if not connection.recv(1):
                    sys.exit("the connection was closed without a request")
            print(round((time.monotonic() - started) * 1000))
        except TimeoutError:
            process.terminate()
            sys.exit(f"no scrape within {LIMIT_SECONDS} s: {process.stderr.read().decode()}")
        process.terminate()
