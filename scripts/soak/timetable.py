"""What happens when, drawn from the seed."""

import random


def draw(seconds, faulty, seed):
    """A list of (second, what, argument), sorted.

    The faults come between a quarter and 65 % of the run, so that each has time to be found and to reach everybody.
    The receiver `second` is down when the first fault comes. Every 30 s the daemon gets a SIGHUP, with a changed
    configuration and without in turn."""
    chance = random.Random(seed)
    events = []
    faults = sorted(chance.uniform(0.25, 0.65) * seconds for _ in faulty)
    for second, release in zip(faults, chance.sample(faulty, len(faulty))):
        events.append((second, "fault", release))
    for number, second in enumerate(range(30, int(seconds) - 20, 30)):
        events.append((second, "reload", number % 2 == 0))
    downs = [faults[0] - 5] if faults else []
    downs += [start for start in range(60, int(seconds * 0.7), 150) if not downs or abs(start - downs[0]) > 70]
    for number, second in enumerate(downs):
        events.append((second, "receiver down", number % 2 == 0))
        events.append((second + chance.uniform(15, 40), "receiver up", None))
    second = 20.0
    while second < seconds - 45:
        events.append((second, "target down", None))
        events.append((second + chance.uniform(5, 12), "target up", None))
        second += chance.uniform(35, 50)
    return sorted(events, key=lambda event: event[0])
