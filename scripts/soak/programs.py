"""Programs on loopback: started, watched and stopped; nothing of them outlives the soak."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

SYSTEM_FOLDERS = "/usr/sbin:/usr/bin:/usr/local/bin"


def find(name, *folders):
    """The path of a program, first in `folders`, then where Debian puts it."""
    path = shutil.which(name, path=":".join([*folders, SYSTEM_FOLDERS]))
    if path is None:
        raise SystemExit(f"soak: {name} is missing; `scripts/setup.sh soak` installs it")
    return path


_given = set()


def free_port():
    """A port below the range that the system gives out by itself, so that no client socket takes it meanwhile."""
    while True:
        port = random.randrange(12_000, 31_000)
        with socket.socket() as probe:
            if port not in _given and probe.connect_ex(("127.0.0.1", port)) != 0:
                _given.add(port)
                return port


class Program:
    """One program with its log file."""

    all = []

    def __init__(self, name, arguments, folder, environment=None, own_group=False):
        self.name, self.arguments, self.folder = name, [str(argument) for argument in arguments], folder
        self.environment = {**os.environ, **(environment or {})}
        self.own_group = own_group
        self.log = os.path.join(folder, f"{name}.log")
        Program.all.append(self)
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env=self.environment, start_new_session=self.own_group)
        self.pid = self.process.pid

    @property
    def is_running(self):
        return self.process.poll() is None

    def send(self, number):
        if self.is_running:
            self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, within_s=10):
        """Ends it; returns its exit code, or None when it had to be killed."""
        self.send(number)
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def tail(self, lines=15):
        with open(self.log, errors="replace") as log:
            return "".join(log.readlines()[-lines:])


def stop_all():
    for program in reversed(Program.all):
        program.stop(within_s=3)


def fetch(url, timeout_s=3):
    """The text of a response body."""
    with urllib.request.urlopen(url, timeout=timeout_s) as answer:
        return answer.read().decode()


def post(url, timeout_s=3):
    with urllib.request.urlopen(urllib.request.Request(url, data=b"", method="POST"), timeout=timeout_s) as answer:
        return answer.read().decode()


def wait_for(url, program, within_s=30):
    """Returns when the address answers; ends the soak when it does not."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and program.is_running:
        try:
            return fetch(url)
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"soak: {program.name} does not answer on {url}:\n{program.tail()}")
