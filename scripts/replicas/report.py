"""The tables of all clusters together."""

import os


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else None


def seconds(value):
    return "-" if value is None else f"{value:.2f} s"


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown processor")
    except OSError:
        return "unknown processor"


class Report:
    def __init__(self, options, results, loads, way):
        self.options, self.results, self.loads, self.way = options, results, loads, way
        self.cycles = [cycle for result in results for cycle in result["cycles"]]
        self.limit = options.ttl * (2 if options.store == "consul" else 1) + 2

    def sum(self, name):
        """Of all clusters; of lists their lengths."""
        return sum(result[name] if isinstance(result[name], int) else len(result[name]) for result in self.results)

    def of(self, name, cycles=None):
        return [cycle[name] for cycle in (self.cycles if cycles is None else cycles) if cycle[name] is not None]

    def failures(self, text):
        return sum(1 for cycle in self.cycles for failure in cycle["failures"] if failure.startswith(text))

    @property
    def late(self):
        return [one for one in self.of("takeover") + self.of("gap") if one > self.limit]

    @property
    def is_proven(self):
        broken = [cycle for cycle in self.cycles if cycle["failures"]]
        names = ("doubled", "promotions_doubled", "unheard", "wrong_rollbacks")
        wanted = self.options.cycles
        return not broken and not self.late and not any(self.sum(name) for name in names) and len(self.cycles) >= wanted

    def print(self):
        print(f"\n{self.head()}\n\n{self.totals()}\n\n{self.kinds()}\n", flush=True)
        for index, result in enumerate(self.results):
            for name in ("doubled", "unheard", "wrong_rollbacks"):
                if result[name]:
                    print(f"cluster {index + 1}: {name}: {result[name]}")

    def head(self):
        options = self.options
        priority = "at a high priority (nice -10)" if options.is_prior else "at the usual priority"
        load = f"{median(self.loads):.1f} (median), {max(self.loads):.1f} (most)" if self.loads else "unknown"
        members = {"etcd": f"{options.members} members of etcd", "consul": "one server of Consul", "postgresql": "one PostgreSQL", "file": "files of one host"}[options.store]
        return (
            f"{options.clusters} clusters at once, each of {options.replicas} daemons and {members}; lease {options.ttl} s, stops of "
            f"{options.stop} s, cuts by {self.way}. {os.cpu_count()} cores ({processor()}), load {load}, all of it {priority}; "
            f"seed {options.seed}, {max((result['seconds'] for result in self.results), default=0) / 60:.0f} minutes.")  # fmt: skip

    def totals(self):
        takeovers, rollbacks = self.of("takeover"), self.of("rollback")
        sick = [cycle for cycle in self.cycles if cycle["is_sick"]]
        lost = self.failures("rollback lost")
        rows = [
            ("cycles", len(self.cycles)),
            ("takeovers", len(takeovers)),
            ("time from the fault to the next leader", f"median {seconds(median(takeovers))}, at most {seconds(max(takeovers, default=None))}"),
            (f"of these later than {self.limit} s", len(self.late)),
            ("rollbacks wanted, lost", f"{len(sick)}, {lost}"),
            ("time from sick to a share of 0", f"median {seconds(median(rollbacks))}, at most {seconds(max(rollbacks, default=None))}"),
            ("rolled back, and traffic again for a moment", len([one for one in self.of("again") if one > 0.1])),
            ("rollbacks of versions that were well", self.sum("wrong_rollbacks")),
            ("promotions wanted, lost, doubled", f"{len(self.cycles) - len(sick)}, {self.failures('promotion lost')}, {self.sum('promotions_doubled')}"),
            ("steps set again by the next leader", sum(self.of("repeated_steps"))),
            ("shares raised by a replica that did not lead, or without the store", self.sum_of_raises()),
            ("times that two replicas led at once", self.failures("two replicas")),
            ("messages; repeated under the same id", f"{self.sum('messages')}; {self.sum('repeated')}"),
            ("messages of rollbacks and rollouts doubled under another id", self.doubled("doubled")),
            ("messages of alerts sent again under another id", self.doubled("alerts_doubled")),
            ("rollbacks and promotions without a message", self.sum("unheard")),
            ("cycles with any other failure", len([cycle for cycle in self.cycles if cycle["failures"]])),
        ]  # fmt: skip
        return "| | |\n| --- | --- |\n" + "\n".join(f"| {name} | {value} |" for name, value in rows)

    def doubled(self, name):
        return sum(len(found) - 1 for result in self.results for _, found in result[name])

    def sum_of_raises(self):
        return sum(1 for cycle in self.cycles for failure in cycle["failures"] if "raised the share" in failure)

    def kinds(self):
        lines = ["| fault | cycles | next leader: median, most | without a leader, most | rollbacks: wanted, median, most | promotions |", "| --- | --- | --- | --- | --- | --- |"]
        for kind in dict.fromkeys(cycle["kind"] for cycle in self.cycles):
            cycles = [cycle for cycle in self.cycles if cycle["kind"] == kind]
            takeovers, gaps, rollbacks = (self.of(name, cycles) for name in ("takeover", "gap", "rollback"))
            sick = len([cycle for cycle in cycles if cycle["is_sick"]])
            took = f"{seconds(median(takeovers))}, {seconds(max(takeovers))}" if takeovers else "-"
            back = f"{sick}, {seconds(median(rollbacks))}, {seconds(max(rollbacks))}" if rollbacks else str(sick)
            lines.append(f"| {kind} | {len(cycles)} | {took} | {seconds(max(gaps, default=None))} | {back} | {len(cycles) - sick} |")
        return "\n".join(lines)
