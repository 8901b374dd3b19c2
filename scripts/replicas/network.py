"""How the parts of a cluster reach each other, and how they are cut off.

`Namespaces` gives each daemon and each member of the store a network namespace of its own, with one cable to a common bridge. It
runs inside `unshare --net`, so that everything ends with the process. A cut replaces the address of a neighbour by one that no
part has: packets of that direction vanish without any answer, for connections that exist too, so that calls hang. The API of the
daemons has a network of its own on the same cable, which is never cut: operators can always ask.

`Loopback` needs no rights: relays stand before the members of the store, and swallow what comes while they are cut.
"""

import os
import random
import re
import socket
import subprocess
import threading
import time

NOWHERE = "02:00:00:00:de:ad"
SHARE = re.compile(rb'"canary_basis_points":\s*(\d+)')


def free_port(host="127.0.0.1"):
    """Below the range that the system gives out by itself."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as listener:
            try:
                listener.bind((host, port))
                return port
            except OSError:
                continue


class Relay:
    """A port that leads to another one, until it is cut: then it swallows everything, as a network does.

    `on_write(replica, basis points)` is asked for each change of a split that passes, and gives the seconds that it is held."""

    def __init__(self, host, target, replica=None, on_write=None):
        self.target, self.replica, self.on_write = target, replica, on_write
        self.cut = {"up": False, "down": False}
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            try:
                server = socket.create_connection(self.target, timeout=2)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            for ends in ((client, server, "up"), (server, client, "down")):
                threading.Thread(target=self.pump, args=ends, daemon=True).start()

    def pump(self, source, sink, direction):
        try:
            while data := source.recv(65536):
                if direction == "up" and self.on_write and data.startswith(b"PUT "):
                    data += self.rest(source, data)
                    found = SHARE.search(data)
                    if found:
                        time.sleep(self.on_write(self.replica, int(found[1])))
                while self.cut[direction]:
                    time.sleep(0.05)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    @staticmethod
    def rest(source, data):
        """What is missing of a request whose head and body came in two parts."""
        more = b""
        while b"\r\n\r\n" not in data + more:
            more += source.recv(65536)
        head, body = (data + more).split(b"\r\n\r\n", 1)
        length = re.search(rb"(?i)content-length:\s*(\d+)", head)
        while length and len(body) < int(length[1]):
            part = source.recv(65536)
            if not part:
                break
            body, more = body + part, more + part
        return more


def run(*arguments):
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)


class Namespaces:
    kind = "network namespaces"
    world, gate = "10.77.0.2", "10.77.0.3"

    def __init__(self, replicas, members):
        self.macs = {self.world: "02:00:00:00:00:02", self.gate: "02:00:00:00:00:02"}
        os.makedirs("/run/netns", exist_ok=True)
        run("mount", "-t", "tmpfs", "none", "/run/netns")
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "br0", "address", self.macs[self.world], "type", "bridge")
        run("ip", "link", "set", "br0", "up")
        for address in (self.world, self.gate, "10.78.0.2"):
            run("ip", "address", "add", f"{address}/16", "dev", "br0")
        self.nodes = {f"rg{one}": f"10.77.1.{10 + one}" for one in range(replicas)}
        self.nodes |= {f"store{one}": f"10.77.3.{10 + one}" for one in range(members)}
        for node in self.nodes:
            self.attach(node)
        self.is_cut = set()
        for address in [*self.nodes.values(), self.world, self.gate]:
            for node in [None, *self.nodes]:
                if address not in ((self.world, self.gate) if node is None else (self.nodes[node],)):
                    self.neighbour(node, address, self.macs[address])

    def attach(self, node):
        address = self.nodes[node]
        self.macs[address] = "02:00:00:00:%02x:%02x" % tuple(int(part) for part in address.split(".")[2:])
        run("ip", "netns", "add", node)
        run("ip", "link", "add", f"v{node}", "type", "veth", "peer", "name", "eth0", "address", self.macs[address], "netns", node)
        run("ip", "link", "set", f"v{node}", "master", "br0", "up")
        run("ip", "-n", node, "address", "add", f"{address}/16", "dev", "eth0")
        if node.startswith("rg"):
            run("ip", "-n", node, "address", "add", f"{self.api_of(node)}/16", "dev", "eth0")
        for link in ("lo", "eth0"):
            run("ip", "-n", node, "link", "set", link, "up")

    def command(self, node):
        return ["ip", "netns", "exec", node]

    def address(self, node):
        return self.nodes[node]

    def api_of(self, node):
        return self.nodes[node].replace("10.77.1.", "10.78.1.")

    def port(self, default):
        return default

    def path(self, node, target):
        """Where a node reaches another one."""
        return target

    def cut(self, node, peers, directions=("up", "down")):
        """`up` is what the node sends; `world` and `gate` are peers too."""
        for peer in peers:
            address = getattr(self, peer) if peer in ("world", "gate") else self.nodes[peer]
            ways = {"up": (node, address), "down": (None if peer in ("world", "gate") else peer, self.nodes[node])}
            for direction in directions:
                self.is_cut.add(ways[direction])
                self.neighbour(*ways[direction], NOWHERE)

    def neighbour(self, node, address, mac):
        inside = ["-n", node] if node else []
        run("ip", *inside, "neigh", "replace", address, "lladdr", mac, "dev", "eth0" if node else "br0", "nud", "permanent")

    def heal(self):
        while self.is_cut:
            node, address = self.is_cut.pop()
            self.neighbour(node, address, self.macs[address])


class Loopback:
    kind = "relays"
    world = gate = "127.0.0.1"

    def __init__(self, replicas, members):
        self.relays, self.gates = {}, {}

    def command(self, node):
        return []

    def address(self, node):
        return "127.0.0.1"

    api_of = address

    def port(self, default):
        return free_port()

    def path(self, node, target):
        host, port = target
        relay = self.relays.setdefault((node, port), Relay("127.0.0.1", (host, port)))
        return "127.0.0.1", relay.port

    def cut(self, node, peers, directions=("up", "down")):
        for (owner, _), relay in self.relays.items():
            if owner == node and any(peer.startswith("store") for peer in peers):
                relay.cut.update({direction: True for direction in directions})
        if "gate" in peers and node in self.gates:
            self.gates[node].cut.update({direction: True for direction in directions})

    def heal(self):
        for relay in [*self.relays.values(), *self.gates.values()]:
            relay.cut.update(up=False, down=False)
