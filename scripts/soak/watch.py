"""Watches the program from outside: the same process, its memory, its open files, its own counters."""

import os
import re
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field

from programs import fetch


@dataclass
class Sample:
    at: float
    rss_anon_kib: int
    rss_kib: int
    files: Counter


@dataclass
class Watch:
    """One process over the run."""

    pid: int
    port: int
    began: float
    start_ticks: str = field(init=False)
    samples: list = field(default_factory=list)
    lost_at: float = None

    def __post_init__(self):
        self.start_ticks = self._start_ticks()

    def _start_ticks(self):
        """When the process started: with the pid, what makes it the same process."""
        with open(f"/proc/{self.pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[19]

    def sample(self):
        """Takes a sample; remembers when the process was gone."""
        now = time.monotonic() - self.began
        try:
            if self._start_ticks() != self.start_ticks:
                raise FileNotFoundError
            with open(f"/proc/{self.pid}/status") as file:
                status = dict(line.split(":", 1) for line in file)
            self.samples.append(Sample(now, _kib(status["RssAnon"]), _kib(status["VmRSS"]), self._open_files()))
        except (FileNotFoundError, ProcessLookupError, KeyError):
            self.lost_at = self.lost_at or now

    def _open_files(self):
        kinds = Counter()
        folder = f"/proc/{self.pid}/fd"
        for name in os.listdir(folder):
            try:
                kinds[re.sub(r":\[\d+\]|\d+", "", os.readlink(os.path.join(folder, name)))] += 1
            except FileNotFoundError:
                pass
        return kinds

    def around(self, second):
        """RssAnon and RSS in KiB and the number of open files: the medians of the samples near that second."""
        near = sorted(self.samples, key=lambda sample: abs(sample.at - second))[:7]
        if not near:
            return 0, 0, 0
        return tuple(int(statistics.median(values)) for values in zip(
            *((each.rss_anon_kib, each.rss_kib, each.files.total()) for each in near)))

    def files_that_grew(self, since_s):
        """`socket +3`, between the samples nearest to a second and the last one."""
        if not self.samples:
            return "unknown"
        before = min(self.samples, key=lambda sample: abs(sample.at - since_s)).files
        grown = self.samples[-1].files - before
        return ", ".join(f"{kind} +{count}" for kind, count in grown.most_common(4)) or "none"

    def metric(self, name, **labels):
        """The sum of the daemon's own series with these labels; 0 when there is none."""
        total = 0.0
        for line in self._exposition().splitlines():
            if line.startswith((name + "{", name + " ")):
                if all(f'{label}="{value}"' in line for label, value in labels.items()):
                    total += float(line.rsplit(" ", 1)[1])
        return total

    def _exposition(self):
        try:
            return fetch(f"http://127.0.0.1:{self.port}/metrics", 5)
        except OSError:
            return ""


def _kib(text):
    return int(text.split()[0])
