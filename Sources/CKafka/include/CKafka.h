// A producer of librdkafka, which is loaded when it is first used: nothing is linked, and its headers are not needed.
//
// A producer belongs to one thread at a time; its callbacks run inside `rg_kafka_poll`.
#ifndef ROLLGUARD_CKAFKA_H
#define ROLLGUARD_CKAFKA_H

#include <stddef.h>

typedef struct rg_kafka_library rg_kafka_library;
typedef struct rg_kafka_producer rg_kafka_producer;

// Loads a library by its name or path. It stays loaded: the library has threads of its own. NULL with the reason in `error`.
const rg_kafka_library *rg_kafka_open(const char *path, char *error, size_t error_size);

// A producer with settings of librdkafka's CONFIGURATION.md: names and values in turns, `count` texts in all. NULL with the reason in
// `error`.
rg_kafka_producer *rg_kafka_make(
    const rg_kafka_library *library, const char *const *settings, size_t count, char *error, size_t error_size);

// Queues one record and forgets what was known of an earlier one. The texts and bytes are copied. `headers` are names and values in
// turns, `count` texts in all. 0, or a code of librdkafka.
int rg_kafka_send(
    rg_kafka_producer *producer, const char *topic, const char *key, const void *body, size_t body_size,
    const char *const *headers, size_t count);

// Waits up to `ms` for something to happen. 1 as soon as the report of the last record is there, else 0.
int rg_kafka_poll(rg_kafka_producer *producer, int ms);

// The code of the report; 0 is a record that all replicas in sync have stored.
int rg_kafka_code(const rg_kafka_producer *producer);

// The last trouble of a connection since `rg_kafka_send`: its code (0 for none) and its text.
int rg_kafka_trouble_code(const rg_kafka_producer *producer);
const char *rg_kafka_trouble(const rg_kafka_producer *producer);

// What a code means, in English.
const char *rg_kafka_text(const rg_kafka_producer *producer, int code);

// Drops what is queued and under way, or waits up to `flush_ms` for it when that is more than 0, and ends the producer.
void rg_kafka_end(rg_kafka_producer *producer, int flush_ms);

// What librdkafka's rdkafka.h calls these codes.
enum {
    RG_KAFKA_TIMED_OUT = -192,             // RD_KAFKA_RESP_ERR__MSG_TIMED_OUT
    RG_KAFKA_NO_SUCH_TOPIC = -188,         // RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC
    RG_KAFKA_INVALID_ARGUMENT = -186,      // RD_KAFKA_RESP_ERR__INVALID_ARG
    RG_KAFKA_LOGIN = -169,                 // RD_KAFKA_RESP_ERR__AUTHENTICATION
    RG_KAFKA_UNKNOWN_TOPIC = 3,            // RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
    RG_KAFKA_MESSAGE_TOO_LARGE = 10,       // RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
    RG_KAFKA_INVALID_TOPIC = 17,           // RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION
    RG_KAFKA_BATCH_TOO_LARGE = 18,         // RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE
    RG_KAFKA_TOPIC_FORBIDDEN = 29,         // RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
    RG_KAFKA_CLUSTER_FORBIDDEN = 31,       // RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED
    RG_KAFKA_NO_SUCH_MECHANISM = 33,       // RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM
    RG_KAFKA_POLICY = 44,                  // RD_KAFKA_RESP_ERR_POLICY_VIOLATION
    RG_KAFKA_PRODUCER_FORBIDDEN = 53,      // RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    RG_KAFKA_LOGIN_REFUSED = 58,           // RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED
    RG_KAFKA_INVALID_RECORD = 87,          // RD_KAFKA_RESP_ERR_INVALID_RECORD
};

#endif
