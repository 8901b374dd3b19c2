"""The soak: the release executable as a user runs it, for longer than its timers, among real programs.

    python3 scripts/soak --rollguard PATH [--minutes 30] [--seed N] [--keep] [--without RELEASE …]

It shares no code with the program and sees of it what an operator sees. The exit code is 1 when a line of the table at
the end is not as it must be."""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import timetable
from programs import Program, fetch, stop_all, wait_for
from releases import configuration
from report import report
from watch import Watch
from world import World

#: Every service has served before it is watched, and the processes of `stock` have their bad start behind them.
WARM_UP_S = 20
#: The last notifications have reached every receiver: Alertmanager waits for 30 s, and repeats every minute.
LAST_WORDS_S = 90


class Soak:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.seconds = options.minutes * 60
        self.world = World(folder, os.path.abspath(options.rollguard), sys.executable)
        self.world.releases = [each for each in self.world.releases if each.name not in options.without]
        self.generation, self.reloads = 0, 0

    def say(self, text):
        print(f"{time.monotonic() - self.began:8.1f} s  {text}", flush=True)

    def configure(self):
        """Writes the configuration, another one each time. Every second one leaves a target out."""
        basket = self.world.basket
        listed = self.world.listed_at_times.exporter
        basket.baseline = [target for target in basket.baseline if target != listed]
        if self.generation % 2 == 0:
            basket.baseline.append(listed)
        text = configuration(
            self.world.releases, [self.world.first, self.world.second], self.world.alertmanager_port,
            self.world.listen_port, self.generation)
        # By rename, as an editor would: the daemon may read at any moment.
        path = os.path.join(self.folder, "rollguard.yaml")
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)
        self.generation += 1
        return path

    def start(self):
        self.world.start_load()
        time.sleep(WARM_UP_S)
        path = self.configure()
        check = subprocess.run([self.options.rollguard, "check", path], capture_output=True, text=True)
        if check.returncode != 0:
            raise SystemExit(f"soak: the configuration is refused:\n{check.stdout}{check.stderr}")
        self.daemon = Program("rollguard", [self.options.rollguard, "run", "--config", path], self.folder,
                              own_group=True)
        self.began = time.monotonic()
        wait_for(f"http://127.0.0.1:{self.world.listen_port}/-/healthy", self.daemon)
        self.watch = Watch(self.daemon.pid, self.world.listen_port, self.began)
        self.say(f"the daemon runs, pid {self.daemon.pid}")

    def run(self):
        faulty = [release for release in self.world.releases if release.fault]
        events = timetable.draw(self.seconds, faulty, self.options.seed)
        next_look = 0.0
        while (now := time.monotonic() - self.began) < self.seconds and self.daemon.is_running:
            while events and events[0][0] <= now:
                self.happen(*events.pop(0))
            self.watch.sample()
            if now >= next_look:
                self.check_releases(now)
                next_look = now + 2
            time.sleep(1)
        if not self.daemon.is_running:
            self.watch.sample()
            self.say(f"the daemon ended by itself:\n{self.daemon.tail()}")

    def happen(self, _, what, argument):
        world = self.world
        if what == "fault":
            self.say(f"{argument.name} breaks: {argument.fault}")
            argument.fault_at, argument.fault_at_clock = time.monotonic() - self.began, time.monotonic()
            for service in argument.services:
                service.change(argument.fault)
        elif what == "reload":
            if argument:
                self.configure()
            self.reloads += 1
            for program in [self.daemon, *world.gray_routers]:
                program.send(signal.SIGHUP)
        elif what == "receiver down":
            self.say(f"the receiver {world.second.name} is down")
            world.second.down(refuse=argument)
        elif what == "receiver up":
            world.second.up()
            self.say(f"the receiver {world.second.name} is back")
        elif what == "target down":
            world.restless.stop(signal.SIGKILL)
        elif what == "target up":
            world.restless.start()

    def check_releases(self, now):
        """Whether the canaries serve: by the services' own counters, not by what anybody says. Reads the API as people
        would, too."""
        for release in self.world.releases:
            served = sum(service.requests() for service in release.services)
            release.is_quiet = served == getattr(release, "served", None)
            if not release.is_quiet:
                release.quiet_at = None
            elif release.quiet_at is None:
                release.quiet_at = now
                self.say(f"the canary of {release.name} serves nothing more")
            release.served = served
        for path in ("/api/v1/status", "/api/v1/incidents"):
            try:
                fetch(f"http://127.0.0.1:{self.world.listen_port}{path}", 5)
            except OSError as error:
                self.say(f"the API does not answer {path}: {error}")

    def finish(self):
        self.world.second.up()
        deadline = time.monotonic() + LAST_WORDS_S
        faulty = {release.name for release in self.world.releases if release.fault}
        while time.monotonic() < deadline and self.daemon.is_running:
            reported = {alert["labels"].get("release") for message in self.world.from_alertmanager.messages
                    for alert in message.body["alerts"]}
            if self.watch.metric("rollguard_outbox_deliveries", state="waiting") == 0 and faulty <= reported:
                break
            time.sleep(1)
        watch = self.watch
        watch.last_waiting = watch.metric("rollguard_outbox_deliveries", state="waiting")
        watch.last_dead = watch.metric("rollguard_outbox_deliveries", state="dead")
        watch.last_cycles = watch.metric("rollguard_cycles_total")
        watch.last_skipped = watch.metric("rollguard_cycles_skipped_total")
        watch.last_reloads = watch.metric("rollguard_reloads_total", result="success")
        watch.last_reloads_failed = watch.metric("rollguard_reloads_total", result="failure")
        ended = [each.name for each in Program.all if not each.is_running and each is not self.daemon]
        return report(self.world, watch, self.seconds, self.reloads, self.daemon.stop(within_s=15), ended)


def main():
    parser = argparse.ArgumentParser(prog="soak", description=__doc__.split("\n")[0])
    parser.add_argument("--rollguard", required=True, help="the executable")
    parser.add_argument("--minutes", type=float, default=30, help="at least 3")
    parser.add_argument("--seed", type=int, default=None, help="of the times; drawn when left out")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    parser.add_argument("--without", nargs="*", default=[], help="releases to leave out")
    options = parser.parse_args()
    if options.minutes < 3:
        parser.error("fewer than 3 minutes say nothing: faults need time to be found")
    options.seed = random.randrange(1 << 31) if options.seed is None else options.seed
    options.rollguard = os.path.abspath(options.rollguard)
    folder = tempfile.mkdtemp(prefix="rollguard-soak-")
    print(f"soak: {options.minutes:g} minutes, seed {options.seed}, logs in {folder}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    is_right = False
    try:
        soak = Soak(options, folder)
        soak.start()
        soak.run()
        table = soak.finish()
        print(table.text(), flush=True)
        is_right = table.is_right
    finally:
        stop_all()
        if is_right and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"soak: the logs are in {folder}", flush=True)
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
