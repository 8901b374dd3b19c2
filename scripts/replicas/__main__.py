"""Proves that several daemons over one store lose no rollback, double no promotion, and repeat no message.

    python3 scripts/replicas [ROLLGUARD] [--cycles 20] [--clusters 1] [--store etcd] [--stop 60] [--seed 1] [...]

ROLLGUARD is the program, .build/debug/rollguard unless given. Real members of etcd (or Consul, PostgreSQL, or files), the real gray router and
real daemons; the services are counters that follow the router's split. In each cycle a new version is led from 5 % to 100 %, or
turns sick on its way and has to be taken out, while the leader is killed, stopped (SIGSTOP), or cut off from the store, the router,
or everything; while members of the store are away, one or a quorum; or while the store begins again from a snapshot. What happens
when is drawn from the seed. As root each daemon and each member has a network namespace, and a cut is silence; else relays swallow.

Prints a line per cycle and two tables. The exit code is 1 when a rollback or a promotion was lost, a promotion or a message was
doubled, a well version was rolled back, a replica raised a share without the lead, two led at once, or a takeover took longer than
the lease (with Consul twice the lease) and two seconds.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

NUMBERS = (
    ("cycles", 20, "in all clusters together"), ("clusters", 1, "that run at once, each with its own daemons and store"),
    ("replicas", 3, "daemons of a cluster"), ("members", 3, "members of etcd"), ("ttl", None, "the lease in seconds (3; with Consul 10)"),
    ("stop", 60, "seconds for which a leader is stopped"), ("step", 2000, "least time of a step in ms"), ("seed", 1, "of what is drawn"),
    ("give-up", 5, "failed cycles after which a cluster stops"), ("worker", None, argparse.SUPPRESS),
)  # fmt: skip


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", default=".build/debug/rollguard")
    for name, value, text in NUMBERS:
        parser.add_argument(f"--{name}", type=int, default=value, help=text)
    parser.add_argument("--store", choices=("etcd", "consul", "postgresql", "file"), default="etcd")
    parser.add_argument("--kinds", help="only these faults, such as 'kill,cut store'")
    parser.add_argument("--relays", action="store_true", help="cut by relays, also where there are namespaces")
    parser.add_argument("--keep", action="store_true", help="keep the folders with logs and journals")
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    found = parser.parse_args()
    found.program = os.path.abspath(found.program)
    found.ttl = found.ttl or (10 if found.store == "consul" else 3)
    found.kinds = found.kinds.split(",") if isinstance(found.kinds, str) else None
    found.restore = found.store == "etcd" and shutil.which("etcdctl") is not None and (not found.kinds or "restore" in found.kinds)
    found.is_prior = os.geteuid() == 0
    return found


def has_namespaces():
    """Whether this user may make namespaces and the tools for it are there."""
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"):
        return False
    try:
        probe = "ip link add br0 type bridge && ip link add v0 type veth peer name v1"
        return subprocess.run(["unshare", "--net", "sh", "-c", probe], capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def take_priority():
    """Other programs of the machine have to wait: the bounds of leases are real time."""
    try:
        os.setsid()
    except OSError:
        pass
    try:
        os.nice(-10)
        with open("/proc/self/autogroup", "w") as file:
            file.write("-10")
    except OSError:
        pass


def work(found):
    """One cluster, in this process."""
    from network import Loopback, Namespaces
    from proof import Proof

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.mkdir(found.folder)
    network = (Loopback if found.relays else Namespaces)(found.replicas, found.members)
    proof = None
    try:
        proof = Proof(found, found.folder, network)
        for results in proof.run(found.cycles):
            write(found.folder + ".json", results)
        # What the other replicas still have to send.
        time.sleep(2 * found.ttl + 3)
        write(found.folder + ".json", proof.results())
    finally:
        if proof:
            proof.cluster.stop()


def write(path, results):
    with open(path + ".new", "w") as file:
        json.dump(results, file)
    os.replace(path + ".new", path)


def start(found, worker, folder, relays):
    """A process for a cluster, in a network of its own."""
    cycles = found.cycles // found.clusters + (1 if worker < found.cycles % found.clusters else 0)
    arguments = [sys.executable, os.path.dirname(os.path.abspath(__file__)), found.program, "--worker", str(worker), "--store", found.store]
    for name, value in (
        ("cycles", cycles), ("replicas", found.replicas), ("members", found.members), ("ttl", found.ttl), ("stop", found.stop),
        ("step", found.step), ("seed", found.seed), ("give-up", found.give_up), ("folder", f"{folder}/{worker}"),
    ):  # fmt: skip
        arguments += [f"--{name}", str(value)]
    if found.kinds:
        arguments += ["--kinds", ",".join(found.kinds)]
    if relays:
        arguments.append("--relays")
    else:
        arguments = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *arguments]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=take_priority)


def show(worker, process, is_single):
    for line in process.stdout:
        print(line.rstrip() if is_single else f"[{worker + 1}] {line.rstrip()}", flush=True)


def sample_load(loads):
    while True:
        loads.append(os.getloadavg()[0])
        time.sleep(10)


def supervise(found):
    from report import Report

    relays = found.relays or found.store == "file" or not has_namespaces()
    # No process outlives it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder, processes, loads = tempfile.mkdtemp(prefix="rollguard-replicas-"), [], []
    threading.Thread(target=sample_load, args=(loads,), daemon=True).start()
    try:
        processes = [start(found, worker, folder, relays) for worker in range(found.clusters)]
        shows = [threading.Thread(target=show, args=(one, process, found.clusters == 1)) for one, process in enumerate(processes)]
        for thread in shows:
            thread.start()
        has_ended = all([process.wait() == 0 for process in processes])
        for thread in shows:
            thread.join()
        results = []
        for worker in range(found.clusters):
            if os.path.exists(f"{folder}/{worker}.json"):
                with open(f"{folder}/{worker}.json") as file:
                    results.append(json.load(file))
        report = Report(found, results, loads, "relays" if relays else "network namespaces")
        report.print()
        return has_ended and report.is_proven
    finally:
        for process in processes:
            if process.poll() is None:
                process.terminate()
                process.wait()
        if found.keep:
            print(f"kept: {folder}", flush=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    found = options()
    if found.worker is None:
        sys.exit(0 if supervise(found) else 1)
    work(found)
