"""The table at the end. Each line has what was seen, what it must be, and whether it is."""

#: What may be added in the second half of the run: windows are full by then, and what still grows are caches of the
#: journal's database and what the allocator keeps.
RSS_ANON_GROWTH_KIB = 8 * 1024
OPEN_FILES_GROWTH = 12
#: A machine that runs twenty services on two cores lets a cycle fall out now and then.
SKIPPED_SHARE = 0.02
#: From a fault to the last request that the canary serves.
ROLLBACK_WITHIN_S = 60


class Report:
    def __init__(self):
        self.rows = []

    def line(self, name, seen, must, is_right):
        self.rows.append((name, str(seen), str(must), "ok" if is_right else "FAILED"))

    @property
    def is_right(self):
        return all(row[3] == "ok" for row in self.rows)

    def text(self):
        rows = [("line", "seen", "must be", ""), *self.rows]
        widths = [min(60, max(len(row[column]) for row in rows)) for column in range(3)]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0])) for row in rows)


def report(world, watch, seconds, reloads, exit_code, others_ended):
    """The table of one run. `others_ended`: names of programs of the world that ended by themselves."""
    table = Report()
    _process(table, watch, seconds, exit_code)
    _releases(table, world)
    _messages(table, world, watch)
    cycles, skipped = watch.last_cycles, watch.last_skipped
    table.line("skipped cycles", f"{skipped:.0f} of {cycles:.0f}", f"at most {SKIPPED_SHARE:.0%}",
               cycles > 0 and skipped <= SKIPPED_SHARE * cycles)
    table.line("other programs that ended", ", ".join(others_ended) or 0, 0, not others_ended)
    table.line("reloads", f"{watch.last_reloads:.0f}, {watch.last_reloads_failed:.0f} failed", f"{reloads}, 0 failed",
               watch.last_reloads == reloads and watch.last_reloads_failed == 0)
    return table


def _process(table, watch, seconds, exit_code):
    lived = watch.lost_at if watch.lost_at is not None else seconds
    table.line("uptime of the same process", f"{lived:.0f} s, pid {watch.pid}", f"{seconds:.0f} s",
               watch.lost_at is None)
    table.line("restarts", 0 if watch.lost_at is None else "the process ended", 0, watch.lost_at is None)
    table.line("exit code after SIGTERM", exit_code, 0, exit_code == 0)
    quarter, half, end = (watch.around(seconds * part) for part in (0.25, 0.5, 1))
    shown = ", ".join(f"{anon / 1024:.1f}" for anon, _, _ in (quarter, half, end))
    table.line("RssAnon MiB at 25, 50, 100 %", shown, f"at most +{RSS_ANON_GROWTH_KIB // 1024} after 50 %",
               end[0] - half[0] <= RSS_ANON_GROWTH_KIB)
    table.line("RSS MiB at 25, 50, 100 %", ", ".join(f"{rss / 1024:.1f}" for _, rss, _ in (quarter, half, end)),
               "(shown)", True)
    table.line("open files at 25, 50, 100 %", ", ".join(str(files) for _, _, files in (quarter, half, end)),
               f"at most +{OPEN_FILES_GROWTH} after 50 %", end[2] - half[2] <= OPEN_FILES_GROWTH)
    table.line("files that grew after 50 %", watch.files_that_grew(seconds * 0.5), "(shown)", True)


def _releases(table, world):
    wrong, missed = [], []
    for release in world.releases:
        intended = world.first.of(release.name, "rollback_intended")
        if release.fault is None:
            if intended or release.is_quiet:
                wrong.append(release.name)
        elif any(message.at < release.fault_at_clock for message in intended):
            wrong.append(f"{release.name} (before its fault)")
        elif release.quiet_at is None or release.quiet_at - release.fault_at > ROLLBACK_WITHIN_S:
            missed.append(release.name)
        else:
            took = release.quiet_at - release.fault_at
            table.line(f"rollback of {release.name}", f"quiet {took:.1f} s after the fault",
                       f"within {ROLLBACK_WITHIN_S} s", True)
    faulty = sum(release.fault is not None for release in world.releases)
    table.line("wrong rollbacks", ", ".join(wrong) or 0, f"0 of {len(world.releases) - faulty} healthy releases",
               not wrong)
    table.line("missed rollbacks", ", ".join(missed) or 0, f"0 of {faulty} releases with a fault", not missed)


def _messages(table, world, watch):
    numbers = {}
    for receiver in (world.first, world.second):
        seen, order = set(), []
        for message in receiver.messages:
            if message.delivery not in seen:
                seen.add(message.delivery)
                order.append(message.sequence)
        numbers[receiver.name] = set(order)
        again = len(receiver.messages) - len(seen)
        table.line(f"messages of {receiver.name}", f"{len(order)}, {again} again, {receiver.refused} refused",
                   "in order", order == sorted(order) and len(order) > 0)
        for release in (each for each in world.releases if each.fault):
            sent = [event for event in ("rollback_intended", "rollback_acknowledged")
                    if len({message.delivery for message in receiver.of(release.name, event)}) == 1]
            if len(sent) != 2:
                table.line(f"{receiver.name} about {release.name}", ", ".join(sent) or "nothing",
                           "intended and acknowledged, once each", False)
    table.line("messages that only one of both has", len(numbers["first"] ^ numbers["second"]), 0,
               numbers["first"] == numbers["second"])
    firing = {alert["labels"].get("release") for message in world.from_alertmanager.messages
              for alert in message.body["alerts"] if alert["status"] == "firing"}
    faulty = {release.name for release in world.releases if release.fault}
    table.line("firing through Alertmanager", ", ".join(sorted(firing & faulty)) or "nothing",
               ", ".join(sorted(faulty)), faulty <= firing)
    table.line("deliveries waiting, dead", f"{watch.last_waiting:.0f}, {watch.last_dead:.0f}", "0, 0",
               watch.last_waiting == 0 and watch.last_dead == 0)
