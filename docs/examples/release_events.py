"""Reads events of releases from a stream of NATS JetStream, and applies each once.

    python3 release_events.py nats://127.0.0.1:4222 RELEASES billing /var/lib/billing/releases.db

It needs nats-py. An event may come twice, and after a newer one: the table `seen` recognises the first, `sequence` the second.
With --all it ends when the stream has no more, and prints what it did with each event.
"""

import argparse
import asyncio
import json
import sqlite3

import nats

TABLES = """
create table if not exists seen (id text primary key);
create table if not exists releases (name text primary key, sequence integer not null, event text not null);
"""


def apply(store, event):
    """The id and the effect are one transaction: after a crash both are there, or none."""
    data = event["data"]
    with store:
        new = store.execute("insert into seen (id) values (?) on conflict do nothing", (event["id"],))
        if new.rowcount == 0:
            return "double"
        if event["type"] == "rollguard.plan_event.v1":
            # A step of a plan. It has no sequence: it says what is to be done, not what state the release is in.
            return "applied"
        # Replace this by what your service does: pause, drain, drop what the bad version wrote.
        changed = store.execute(
            "insert into releases (name, sequence, event) values (?, ?, ?) on conflict (name) do update"
            " set sequence = excluded.sequence, event = excluded.event where excluded.sequence > releases.sequence",
            (data["release"], data["sequence"], data["event"]),
        )
        return "applied" if changed.rowcount else "older"


async def main():
    arguments = argparse.ArgumentParser()
    for name in ["server", "stream", "consumer", "database"]:
        arguments.add_argument(name)
    arguments.add_argument("--all", action="store_true")
    given = arguments.parse_args()
    store = sqlite3.connect(given.database)
    store.executescript(TABLES)
    connection = await nats.connect(given.server)
    subscription = await connection.jetstream().pull_subscribe("", durable=given.consumer, stream=given.stream)
    while True:
        try:
            messages = await subscription.fetch(100, timeout=1)
        except asyncio.TimeoutError:
            if given.all:
                break
            continue
        for message in messages:
            event = json.loads(message.data)
            outcome = apply(store, event)
            # Acknowledged after the transaction: a crash in between brings it once more, as a double.
            await message.ack()
            print(json.dumps({"id": event["id"], "outcome": outcome, "sequence": event["data"].get("sequence")}), flush=True)
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
