"""Prints the records of a topic of Kafka, one JSON object per line, partition by partition; the last line is "end"."""

import json
import sys

from confluent_kafka import Consumer, TopicPartition

server, topic = sys.argv[1], sys.argv[2]
consumer = Consumer({"bootstrap.servers": server, "group.id": "reader", "enable.auto.commit": False})
for partition in sorted(consumer.list_topics(topic, timeout=30).topics[topic].partitions):
    place = TopicPartition(topic, partition, 0)
    first, end = consumer.get_watermark_offsets(place, timeout=30)
    consumer.assign([place])
    position = first
    while position < end:
        record = consumer.poll(30)
        if record is None or record.error():
            sys.exit(f"{topic} {partition} at {position} of {end}: {record and record.error()}")
        position = record.offset() + 1
        headers = {name: value.decode() for name, value in record.headers() or []}
        line = {"partition": partition, "key": record.key().decode(), "headers": headers, "value": record.value().decode()}
        print(json.dumps(line), flush=True)
print("end", flush=True)
