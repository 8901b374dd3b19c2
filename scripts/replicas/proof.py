"""The cycles of one cluster: what is led or turns sick, what happens meanwhile, and what must hold."""

import json
import random
import threading
import time

from cluster import Cluster
from faults import Faults
from world import eventually

# Of these each is sent once for its incident or rollout; the last ones once for each share too.
ONCE = ("rollback_intended", "rollback_acknowledged", "rollout_begun", "rollout_ended", "baking", "step_standing")


class Cycle:
    """What is known of one cycle, for the table."""

    def __init__(self, number, kind, version):
        self.number, self.kind, self.version = number, kind, version
        self.detail, self.is_sick = "", False
        self.sick_from = self.takeover = self.rollback = self.gap = None
        self.again = 0.0
        self.repeated_steps = self.raised_without_lead = 0
        self.failures = []

    def facts(self):
        return {name: value for name, value in vars(self).items()}


class Proof:
    def __init__(self, options, folder, network):
        self.options, self.dice = options, random.Random(options.seed * 1_000 + options.worker)
        self.cluster = Cluster(options, folder, network)
        self.world, self.watch = self.cluster.world, self.cluster.watch
        self.faults = Faults(self.cluster, options, self.dice, network.kind == "network namespaces")
        self.cycles, self.sick_next, self.answer = [], {}, None
        self.began = time.monotonic()

    def run(self, number_of_cycles):
        for number in range(number_of_cycles):
            kind = self.faults.draw()
            cycle = Cycle(number + 1, kind, f"v1.{number + 1}.0")
            self.cycles.append(cycle)
            self.cycle(cycle)
            self.world.sick = None
            self.print(cycle)
            if len([one for one in self.cycles if one.failures]) >= self.options.give_up:
                print("too many failures: no more cycles", flush=True)
                break
            yield self.results()

    def cycle(self, cycle):
        began = time.monotonic()
        first = len(self.cluster.writes)
        wants_sick = self.turns_sick(cycle.kind)
        if eventually(lambda: self.watch.now() is not None, 30) is None:
            return cycle.failures.append("no replica leads within 30 s")
        free = 1 if self.world.share < 0.5 else 0
        if cycle.kind == "restore":
            self.faults.snapshot_before = self.cluster.store.snapshot()
        if not self.begin(cycle.version):
            return cycle.failures.append(f"it cannot begin: {self.answer}")
        if eventually(lambda: self.world.share_of(free) > 0, 30) is None:
            return cycle.failures.append(f"it gets no share: {self.cluster.describe()}")
        fault_at = self.dice.uniform(0.0, 1.75 * self.options.step / 1000)
        # Before the fault, or while the next leader takes over.
        sick_at = max(0.0, fault_at + self.dice.uniform(-2, 1.5 if cycle.kind in ("cut router", "follower", "member") else 5))
        timer = threading.Timer(sick_at, self.turn_sick, (cycle, free))
        if wants_sick:
            timer.start()
        time.sleep(fault_at)
        leader = self.watch.now()
        if leader is None:
            timer.cancel()
            return cycle.failures.append("the leader was lost without a cause")
        fault = self.faults.begin(cycle.kind, leader, wants_sick, free)
        if wants_sick:
            timer.join()
        self.follow(cycle, fault, free)
        self.world.sick = None
        self.settle(cycle, fault, free)
        self.judge(cycle, fault, free, first, began)

    def turns_sick(self, kind):
        """Each kind turns sick every other time; which of two comes first is drawn."""
        self.sick_next[kind] = not self.sick_next.get(kind, self.dice.random() < 0.5)
        return self.sick_next[kind]

    def turn_sick(self, cycle, free):
        """Unless the version has nearly everything: then there is nothing left to compare it with."""
        if 0 < self.world.share_of(free) < 0.5:
            self.world.sick, cycle.is_sick, cycle.sick_from = free, True, time.monotonic()

    def begin(self, name):
        def is_begun():
            replica = self.watch.now()
            if replica is None:
                return False
            body = {"version": name, "reason": "proof", "by": "proof"}
            status, self.answer = self.cluster.api(replica, "/api/v1/releases/checkout/begin", body, timeout=6)
            return status in (200, 201, 202)

        return eventually(is_begun, 30, every=0.5) is not None

    def follow(self, cycle, fault, free):
        """Until the version is out, or has everything; and until the fault is over."""
        if cycle.is_sick:
            if eventually(lambda: self.world.first_without_traffic(free, cycle.sick_from), 30) is None:
                cycle.failures.append(f"rollback lost: it keeps its share: {self.cluster.describe()}")
            else:
                cycle.rollback = self.world.first_without_traffic(free, cycle.sick_from) - cycle.sick_from
        if fault.takeover_from is not None and fault.kind in ("kill", "cut store", "cut all", "cut one way"):
            eventually(lambda: self.watch.first_lead(fault.takeover_from, excluding=(fault.victim,)), self.options.ttl * 2 + 10)
        fault.end()
        fault.ended = time.monotonic()
        if not cycle.is_sick and eventually(lambda: self.world.share_of(free) == 1, 90) is None:
            cycle.failures.append(f"promotion lost: {self.cluster.describe()}")

    def settle(self, cycle, fault, free):
        replicas = range(self.options.replicas)

        def agrees():
            return all((self.cluster.version(one) == cycle.version) != cycle.is_sick for one in replicas) and all(
                self.cluster.running(one) is None for one in replicas)

        if eventually(agrees, 90, every=0.3) is None:
            cycle.failures.append(f"the replicas do not agree: {self.cluster.describe()}")
        # What the old leader does when it continues would be seen here.
        end = max(fault.ended + 3, time.monotonic() + 0.5)
        time.sleep(end - time.monotonic())
        share = self.world.share_of(free)
        if cycle.is_sick and share > 0 and eventually(lambda: self.world.share_of(free) == 0, 5) is None:
            cycle.failures.append("rollback lost: it has a share again")
        if not cycle.is_sick and share < 1:
            cycle.failures.append(f"promotion lost: its share is {share} again")

    def judge(self, cycle, fault, free, first, began):
        cycle.detail = fault.detail
        replaced = () if fault.victim is None or fault.kind in ("quorum", "restore") else (fault.victim,)
        if fault.takeover_from is not None:
            # A store that has just come back may have no leader yet.
            eventually(lambda: self.watch.first_lead(fault.takeover_from, excluding=replaced), self.options.ttl * 2 + 10)
            moment = self.watch.first_lead(fault.takeover_from, excluding=replaced)
            if moment is None:
                cycle.failures.append("no replica took over")
            else:
                cycle.takeover = moment - fault.takeover_from
        elif fault.kind != "restore":
            cycle.gap = self.longest_gap(fault.began)
        if cycle.rollback is not None:
            cycle.again = self.world.time_with_traffic(free, cycle.sick_from + cycle.rollback + 0.001)
        if self.watch.overlaps(began):
            cycle.failures.append("two replicas said at once that they lead")
        self.judge_writes(cycle, fault, free, first)

    def judge_writes(self, cycle, fault, free, first):
        raised = set()
        for moment, replica, points, before in self.cluster.writes[first:]:
            share, last = (points / 10_000, before) if free == 1 else (1 - points / 10_000, 1 - before)
            if share <= last:
                continue
            if share in raised:
                cycle.repeated_steps += 1
            raised.add(share)
            if not self.watch.may_raise(replica, moment):
                cycle.raised_without_lead += 1
                cycle.failures.append(f"rg-{replica + 1} raised the share to {share} without the lead")
            if fault.holds_shares and fault.began + self.options.ttl < moment < fault.takeover_from:
                cycle.failures.append(f"rg-{replica + 1} raised the share to {share} without the store")

    def longest_gap(self, since):
        moments = sorted(
            sent for replica in range(self.options.replicas) for sent, until in self.watch.since(replica, since)
            if until is not None)  # fmt: skip
        moments = [since, *moments, time.monotonic()]
        return max(later - earlier for earlier, later in zip(moments, moments[1:]))

    def print(self, cycle):
        def shown(seconds):
            return "-" if seconds is None else f"{seconds:.1f} s"

        detail = f" ({cycle.detail})" if cycle.detail else ""
        again = f", traffic again {cycle.again:.1f} s" if cycle.again else ""
        print(
            f"{time.strftime('%H:%M:%S')} cycle {cycle.number}: {cycle.kind}{detail}, {'sick' if cycle.is_sick else 'well'}, takeover "
            f"{shown(cycle.takeover)}, rollback {shown(cycle.rollback)}, without leader {shown(cycle.gap)}{again}"
            + "".join(f"\n    FAILED: {text}" for text in cycle.failures), flush=True)  # fmt: skip

    # Messages

    def messages(self):
        """Counts all messages so far, by their ids and by what they say."""
        with self.world.lock:
            messages = list(self.world.messages)
        ids, contents, alerts, heard = {}, {}, {}, set()
        sick = {cycle.version for cycle in self.cycles if cycle.is_sick}
        wrong = set()
        for delivery, event, body in messages:
            ids[delivery] = ids.get(delivery, 0) + 1
            key = (event, body.get("incident"), body.get("rollout"), body.get("canary_version"))
            heard.add((event, body.get("canary_version")))
            if event in ONCE:
                share = json.dumps(body.get("split_after")) + body.get("summary", "") if event == "step_standing" else ""
                contents.setdefault((*key, share), set()).add(delivery)
            elif event.startswith("alert_"):
                alerts.setdefault(key, set()).add(delivery)
            if event == "rollback_intended" and body.get("canary_version") not in sick:
                wrong.add(body.get("canary_version"))
        doubled = [(key, sorted(found)) for key, found in contents.items() if len(found) > 1]
        promoted = [key for key, found in doubled if key[0] == "rollout_ended" and key[3] not in sick]
        unheard = [
            cycle.version for cycle in self.cycles if not cycle.failures
            and (("rollback_intended", cycle.version) if cycle.is_sick else ("rollout_ended", cycle.version)) not in heard]  # fmt: skip
        return {
            "messages": len(ids), "repeated": sum(count - 1 for count in ids.values()), "doubled": doubled,
            "alerts_doubled": [(key, sorted(found)) for key, found in alerts.items() if len(found) > 1], "promotions_doubled": promoted,
            "unheard": unheard, "wrong_rollbacks": sorted(str(one) for one in wrong),
        }  # fmt: skip

    def results(self):
        return {"cycles": [cycle.facts() for cycle in self.cycles], "seconds": time.monotonic() - self.began, **self.messages()}
