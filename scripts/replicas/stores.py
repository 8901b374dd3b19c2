"""The lease stores: real members of etcd, a real Consul, a real PostgreSQL, or a folder of one host."""

import os
import shutil
import signal
import subprocess
import time

from world import call, eventually

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def children(process):
    """The processes that a process has started, without a program that a host may lack."""
    try:
        with open(f"/proc/{process}/task/{process}/children") as file:
            return [int(one) for one in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


class Members:
    """What stores that are processes have in common."""

    def __init__(self, network, folder, count):
        self.network, self.folder, self.count = network, folder, count
        self.processes = [None] * count

    def spawn(self, member, arguments):
        log = open(f"{self.folder}/store{member}.log", "ab")
        command = self.network.command(f"store{member}") + arguments
        self.processes[member] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def kill(self, member):
        self.processes[member].kill()
        self.processes[member].wait()

    def signal(self, member, number):
        self.processes[member].send_signal(number)

    def stop(self):
        for process in self.processes:
            if process and process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()


class Etcd(Members):
    name = "etcd"

    def __init__(self, network, folder, count):
        super().__init__(network, folder, count)
        self.clients = [(network.address(f"store{one}"), network.port(2379)) for one in range(count)]
        self.peers = [(network.address(f"store{one}"), network.port(2380)) for one in range(count)]
        self.generation = 0
        for member in range(count):
            self.start(member)
        self.wait_for_health(60)

    def url(self, place):
        return f"http://{place[0]}:{place[1]}"

    @property
    def cluster(self):
        return ",".join(f"m{one}={self.url(place)}" for one, place in enumerate(self.peers))

    def data(self, member):
        return f"{self.folder}/etcd{member}-{self.generation}"

    def start(self, member):
        client, peer = self.url(self.clients[member]), self.url(self.peers[member])
        self.spawn(member, [
            "etcd", "--name", f"m{member}", "--data-dir", self.data(member), "--log-level", "error",
            "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--initial-cluster", self.cluster, "--initial-cluster-state", "new",
            "--unsafe-no-fsync",
        ])  # fmt: skip

    def is_healthy(self, member):
        answer = call(self.url(self.clients[member]) + "/health", timeout=1)[1]
        return isinstance(answer, dict) and answer.get("health") == "true"

    def wait_for_health(self, seconds):
        """The moment at which a member answers again with a quorum."""
        if eventually(lambda: any(self.is_healthy(one) for one in range(self.count)), seconds) is None:
            raise SystemExit("etcd does not answer")
        return time.monotonic()

    def leading_member(self):
        for member in range(self.count):
            answer = call(self.url(self.clients[member]) + "/v3/maintenance/status", {}, timeout=1)[1]
            if isinstance(answer, dict) and answer.get("leader") and answer["leader"] == answer["header"].get("member_id"):
                return member
        return 0

    def snapshot(self):
        path = f"{self.folder}/snapshot"
        self.control("--endpoints", self.url(self.clients[0]), "snapshot", "save", path)
        return path

    def restore(self, path, token, seconds):
        """All members begin again with what a snapshot holds, after some seconds without any."""
        for member in range(self.count):
            self.kill(member)
            shutil.rmtree(self.data(member), ignore_errors=True)
        time.sleep(seconds)
        self.generation += 1
        for member in range(self.count):
            self.control(
                "snapshot", "restore", path, "--name", f"m{member}", "--data-dir", self.data(member), "--initial-cluster",
                self.cluster, "--initial-advertise-peer-urls", self.url(self.peers[member]), "--initial-cluster-token", token)  # fmt: skip
            self.start(member)

    def control(self, *arguments):
        subprocess.run(
            ["etcdctl", *arguments], env={**os.environ, "ETCDCTL_API": "3"}, check=True, timeout=30, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)  # fmt: skip

    def configuration(self, node):
        paths = [self.network.path(node, place) for place in self.clients]
        return "{kind: etcd, endpoints: [%s]}" % ", ".join(f'"http://{host}:{port}"' for host, port in paths)


class Consul(Members):
    name = "consul"

    def __init__(self, network, folder, count):
        super().__init__(network, folder, 1)
        self.host, self.http = network.address("store0"), network.port(8500)
        self.others = [network.port(port) for port in (8301, 8300)]
        self.start(0)
        self.wait_for_health(60)

    @staticmethod
    def program():
        unpacked = f"{ROOT}/.consul/usr/bin/consul"
        return unpacked if os.path.exists(unpacked) else shutil.which("consul")

    def start(self, member):
        self.spawn(member, [
            self.program(), "agent", "-server", "-bootstrap-expect=1", f"-bind={self.host}", f"-client={self.host}",
            "-data-dir", f"{self.folder}/consul", "-hcl",
            "ports { http = %d dns = -1 grpc = -1 serf_wan = -1 serf_lan = %d server = %d } disable_update_check = true"
            % (self.http, *self.others),
        ])  # fmt: skip

    def is_healthy(self, member):
        return bool(call(f"http://{self.host}:{self.http}/v1/status/leader", timeout=1)[1])

    def wait_for_health(self, seconds):
        if eventually(lambda: self.is_healthy(0), seconds) is None:
            raise SystemExit("Consul does not answer")
        return time.monotonic()

    def leading_member(self):
        return 0

    def configuration(self, node):
        host, port = self.network.path(node, (self.host, self.http))
        return f'{{kind: consul, address: "http://{host}:{port}"}}'


class Postgres(Members):
    """The system's newest PostgreSQL, with a database of its own. It does not run as root."""

    name = "postgresql"

    def __init__(self, network, folder, count):
        super().__init__(network, folder, 1)
        for path in (folder, os.path.dirname(folder)):
            os.chmod(path, 0o755)
        root = "/usr/lib/postgresql"
        self.bin = f"{root}/{max(os.listdir(root), key=int)}/bin"
        self.data, self.host, self.tcp = f"{folder}/postgresql", network.address("store0"), network.port(5432)
        self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
        os.mkdir(self.data)
        if self.user:
            shutil.chown(self.data, "postgres", "postgres")
        self.run(f"{self.bin}/initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "--no-sync")
        with open(f"{self.data}/pg_hba.conf", "a") as file:
            file.write("host all all 0.0.0.0/0 trust\n")
        self.start(0)
        self.wait_for_health(60)
        for text in ("create role rollguard login", "create database rollguard owner rollguard"):
            self.run(*self.network.command("store0"), *self.client, "-c", text, user=[])

    @property
    def client(self):
        return ["psql", "-X", "-q", "-h", self.host, "-p", str(self.tcp), "-U", "postgres"]

    def run(self, *command, user=None):
        ending = subprocess.run(
            [*(self.user if user is None else user), *command], cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if ending.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: {ending.stdout}")

    def start(self, member):
        self.spawn(member, [
            *self.user, f"{self.bin}/postgres", "-D", self.data, "-c", f"listen_addresses={self.host}", "-p", str(self.tcp),
            "-c", "unix_socket_directories=", "-c", "fsync=off",
        ])  # fmt: skip

    def kill(self, member):
        """As a crash: without a checkpoint. SIGKILL would leave its processes behind for a while."""
        self.processes[member].send_signal(signal.SIGQUIT)
        self.processes[member].wait()

    def signal(self, member, number):
        """To its processes too, which serve the connections."""
        process = self.processes[member].pid
        for one in [process, *children(process)]:
            try:
                os.kill(one, number)
            except ProcessLookupError:
                pass

    def is_healthy(self, member):
        command = [*self.network.command("store0"), *self.client, "-c", "select 1"]
        return subprocess.run(command, cwd="/", env={**os.environ, "PGCONNECT_TIMEOUT": "1"}, capture_output=True).returncode == 0

    def wait_for_health(self, seconds):
        if eventually(lambda: self.is_healthy(0), seconds, every=0.1) is None:
            raise SystemExit("PostgreSQL does not answer")
        return time.monotonic()

    def leading_member(self):
        return 0

    def configuration(self, node):
        host, port = self.network.path(node, (self.host, self.tcp))
        return f'{{kind: postgresql, endpoints: ["{host}:{port}"]}}'


class Folder(Members):
    name = "file"

    def __init__(self, network, folder, count):
        super().__init__(network, folder, 0)

    def configuration(self, node):
        return f"{{kind: file, folder: {self.folder}/leases}}"


STORES = {"etcd": Etcd, "consul": Consul, "postgresql": Postgres, "file": Folder}
