"""Consumes a queue of RabbitMQ as a service would: it connects again whenever the connection ends."""

import sys
import time

import pika

port, user, password, queue = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]

while True:
    try:
        login = pika.PlainCredentials(user, password)
        connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port, "/", login))
        channel = connection.channel()
        for method, properties, body in channel.consume(queue, auto_ack=True):
            print(properties.message_id, flush=True)
    except Exception as error:
        print(type(error).__name__, file=sys.stderr, flush=True)
        time.sleep(0.2)
