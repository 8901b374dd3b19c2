"""What happens to a cluster in a cycle. Each fault gives its victim, the moment at which it began, and what ends it."""

import signal
import threading
import time


class Fault:
    def __init__(self, kind, detail, victim=None):
        self.kind, self.detail, self.victim = kind, detail, victim
        self.began = None
        # The new leader is waited for since this moment; None where the old one stays.
        self.takeover_from = None
        self.end = lambda: None
        # No share is raised while it lasts.
        self.holds_shares = False


class Faults:
    # How often of 20; the restore of a snapshot is one of 41 then.
    DECK = {
        "etcd": {"kill": 4, "stop": 4, "cut store": 2, "cut all": 2, "cut one way": 2, "cut router": 1, "follower": 1, "member": 2, "quorum": 2},
        "consul": {"kill": 3, "stop": 2, "cut store": 2, "cut all": 1, "quorum": 2},
        "postgresql": {"kill": 3, "stop": 2, "cut store": 2, "cut all": 1, "quorum": 2},
        "file": {"kill": 4, "follower": 1},
    }  # fmt: skip

    def __init__(self, cluster, options, dice, has_namespaces):
        self.cluster, self.options, self.dice, self.has_namespaces = cluster, options, dice, has_namespaces
        self.deck, self.decks = [], 0

    def draw(self):
        if not self.deck:
            counts = self.DECK[self.options.store]
            self.deck = [kind for kind, count in counts.items() for _ in range(count) if self.is_possible(kind)]
            self.dice.shuffle(self.deck)
            if self.options.store == "etcd" and self.options.restore and self.decks % 2 == 0:
                self.deck.insert(self.dice.randrange(len(self.deck)), "restore")
            self.decks += 1
        return self.deck.pop(0)

    def is_possible(self, kind):
        if self.options.kinds and kind not in self.options.kinds:
            return False
        if kind == "cut one way":
            return self.has_namespaces
        return kind not in ("member", "quorum") or self.options.store in ("consul", "postgresql") or self.options.members >= 3

    def begin(self, kind, leader, is_sick, free):
        return getattr(self, kind.replace(" ", "_"))(leader, is_sick, free)

    # The leader

    def kill(self, leader, is_sick, free):
        fault = Fault("kill", "", leader)
        self.kill_one(fault, leader)
        fault.takeover_from = fault.began
        return fault

    def kill_one(self, fault, replica):
        fault.began = time.monotonic()
        self.cluster.kill_daemon(replica)
        fault.end = lambda: self.cluster.start_daemon(replica)

    def stop(self, leader, is_sick, free):
        """Anywhere, or while a change of the share is on its way to the router, which it reaches after that, perhaps late."""
        moment = self.dice.choice(("anywhere", "in a step", "in a rollback", "in a rollback") if is_sick else ("anywhere", "in a step", "in a step"))
        fault = Fault("stop", moment, leader)
        if moment == "anywhere":
            self.cluster.freeze(leader)
            fault.began = time.monotonic()
        else:
            self.stop_at_write(fault, leader, free, moment == "in a rollback")
        timer = threading.Timer(self.options.stop, lambda: self.cluster.thaw(leader))
        timer.start()
        fault.end = timer.join
        fault.takeover_from = fault.began
        return fault

    def stop_at_write(self, fault, leader, free, is_rollback):
        late = self.dice.choice((0.0, 0.3, self.options.ttl + 1.5))
        fault.detail += f", the call {late} s late"
        stopped = threading.Event()

        def on_write(replica, points, before):
            share, last = (points, before) if free == 1 else (1 - points, 1 - before)
            if replica != leader or stopped.is_set() or (share == 0) != is_rollback or (share <= last and not is_rollback):
                return 0.0
            self.cluster.freeze(leader)
            fault.began = time.monotonic()
            stopped.set()
            return late

        self.cluster.on_write = on_write
        begun = time.monotonic()
        while not stopped.wait(0.1) and time.monotonic() - begun < 15:
            # Others may have been first, so that nothing is left to change for the leader.
            over = self.cluster.world.first_without_traffic(free, begun)
            if over and time.monotonic() - over > 1:
                break
        if not stopped.is_set():
            stopped.set()
            fault.detail = "anywhere"
            self.cluster.freeze(leader)
            fault.began = time.monotonic()
        self.cluster.on_write = None

    def cut(self, kind, leader, peers, directions=("up", "down"), detail=""):
        fault = Fault(kind, detail, leader)
        fault.began = time.monotonic()
        self.cluster.network.cut(self.cluster.node(leader), peers, directions)
        fault.end = self.cluster.network.heal
        return fault

    @property
    def members(self):
        return [f"store{one}" for one in range(max(1, self.cluster.store.count))]

    def cut_store(self, leader, is_sick, free):
        fault = self.cut("cut store", leader, self.members)
        fault.takeover_from = fault.began
        return fault

    def cut_all(self, leader, is_sick, free):
        fault = self.cut("cut all", leader, [*self.members, "gate", "world"])
        fault.takeover_from = fault.began
        return fault

    def cut_one_way(self, leader, is_sick, free):
        direction = self.dice.choice(("up", "down"))
        detail = "requests are lost" if direction == "up" else "answers are lost"
        fault = self.cut("cut one way", leader, self.members, (direction,), detail)
        fault.takeover_from = fault.began
        return fault

    def cut_router(self, leader, is_sick, free):
        fault = self.cut("cut router", leader, ["gate"], ("up",))
        self.lasts(fault, self.dice.uniform(4, 8))
        return fault

    # Others

    def follower(self, leader, is_sick, free):
        victim = self.dice.choice([one for one in range(self.options.replicas) if one != leader])
        how = self.dice.choice(("killed", "cut off") if self.has_namespaces else ("killed",))
        if how == "killed":
            fault = Fault("follower", how, victim)
            self.kill_one(fault, victim)
            return fault
        return self.cut("follower", victim, [*self.members, "gate", "world"], detail=how)

    # The store

    def member(self, leader, is_sick, free):
        store = self.cluster.store
        first = self.dice.random() < 0.5
        member = store.leading_member() if first else self.dice.randrange(store.count)
        fault = Fault("member", f"{'the first' if first else 'one'}")
        self.take_down(fault, [member])
        return fault

    def quorum(self, leader, is_sick, free):
        """Two of three members for longer than the lease, or the only server."""
        store = self.cluster.store
        members = self.dice.sample(range(store.count), 2) if store.count > 1 else [0]
        fault = Fault("quorum", "")
        self.take_down(fault, members)
        fault.holds_shares = True
        self.lasts(fault, self.options.ttl * self.dice.uniform(2.5, 4))
        return fault

    def take_down(self, fault, members):
        store, how = self.cluster.store, self.dice.choice(("killed", "stopped", "cut off") if self.has_namespaces else ("killed", "stopped"))
        if how == "cut off" and store.count == 1:
            how = "killed"
        fault.detail = f"{fault.detail} {how}".strip()
        fault.began = time.monotonic()
        if how == "cut off":
            everyone = [*self.members, *(self.cluster.node(one) for one in range(self.options.replicas))]
            for member in members:
                self.cluster.network.cut(f"store{member}", [one for one in everyone if one != f"store{member}"])
            fault.end = self.cluster.network.heal
        elif how == "stopped":
            for member in members:
                store.signal(member, signal.SIGSTOP)
            fault.end = lambda: [store.signal(member, signal.SIGCONT) for member in members]
        else:
            for member in members:
                store.kill(member)
            fault.end = lambda: [store.start(member) for member in members]

    def lasts(self, fault, seconds):
        """Ends it by itself, and then waits for a leader."""
        end = fault.end

        def over():
            end()
            if fault.holds_shares:
                fault.takeover_from = self.cluster.store.wait_for_health(60)

        timer = threading.Timer(seconds, over)
        timer.start()
        fault.end = timer.join

    def restore(self, leader, is_sick, free):
        """From a snapshot of before this version or of this moment; as another cluster, or under the same name."""
        store, token = self.cluster.store, self.dice.choice(("etcd-cluster", f"restored-{self.decks}"))
        old = self.snapshot_before and self.dice.random() < 0.5
        path = self.snapshot_before if old else store.snapshot()
        time.sleep(self.dice.uniform(0, 2))
        fault = Fault("restore", ("from before this version" if old else "from a moment ago") + (", same name" if token == "etcd-cluster" else ""))
        fault.began = time.monotonic()
        store.restore(path, token, self.dice.choice((0, self.dice.uniform(0, 2 * self.options.ttl))))
        fault.takeover_from = store.wait_for_health(60)
        return fault

    snapshot_before = None
