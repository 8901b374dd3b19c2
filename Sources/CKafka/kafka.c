#include "CKafka.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

// Own declarations of the few parts of librdkafka that are used. Source: rdkafka.h of librdkafka 2.0.2; its ABI is stable since 1.0.
typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_conf_s rd_kafka_conf_t;
typedef struct rd_kafka_headers_s rd_kafka_headers_t;

// rdkafka.h, `struct rd_kafka_message_s`.
typedef struct {
    int err;
    void *topic;
    int32_t partition;
    void *payload;
    size_t payload_size;
    void *key;
    size_t key_size;
    int64_t offset;
    void *opaque;
} rd_kafka_message_t;

enum {
    kind_producer = 0,   // RD_KAFKA_PRODUCER
    conf_ok = 0,         // RD_KAFKA_CONF_OK
    flag_copy = 0x2,     // RD_KAFKA_MSG_F_COPY
    purge_all = 0x1 | 0x2,  // RD_KAFKA_PURGE_F_QUEUE, RD_KAFKA_PURGE_F_INFLIGHT
    all_down = -187,     // RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN
    // `rd_kafka_vtype_t`
    tag_end = 0,
    tag_topic = 1,
    tag_value = 4,
    tag_key = 5,
    tag_opaque = 6,
    tag_flags = 7,
    tag_headers = 10,
};

struct rg_kafka_library {
    rd_kafka_conf_t *(*conf_new)(void);
    void (*conf_destroy)(rd_kafka_conf_t *);
    int (*conf_set)(rd_kafka_conf_t *, const char *, const char *, char *, size_t);
    void (*conf_set_opaque)(rd_kafka_conf_t *, void *);
    void (*conf_set_dr_msg_cb)(rd_kafka_conf_t *, void (*)(rd_kafka_t *, const rd_kafka_message_t *, void *));
    void (*conf_set_error_cb)(rd_kafka_conf_t *, void (*)(rd_kafka_t *, int, const char *, void *));
    void (*conf_set_log_cb)(rd_kafka_conf_t *, void (*)(const rd_kafka_t *, int, const char *, const char *));
    rd_kafka_t *(*make)(int, rd_kafka_conf_t *, char *, size_t);
    int (*producev)(rd_kafka_t *, ...);
    rd_kafka_headers_t *(*headers_new)(size_t);
    int (*header_add)(rd_kafka_headers_t *, const char *, ssize_t, const void *, ssize_t);
    void (*headers_destroy)(rd_kafka_headers_t *);
    int (*poll)(rd_kafka_t *, int);
    int (*flush)(rd_kafka_t *, int);
    int (*purge)(rd_kafka_t *, int);
    void (*destroy)(rd_kafka_t *);
    const char *(*err2str)(int);
};

struct rg_kafka_producer {
    const rg_kafka_library *library;
    rd_kafka_t *handle;
    // Counts the records, so that the late report of an earlier one is not taken for that of this one.
    uintptr_t record;
    int is_reported;
    int code;
    int trouble_code;
    char trouble[400];
};

// Each of these is in librdkafka since 1.0.
static const char *load(rg_kafka_library *library, void *image) {
    const struct {
        const char *name;
        void **place;
    } parts[] = {
        {"rd_kafka_conf_new", (void **)&library->conf_new},
        {"rd_kafka_conf_destroy", (void **)&library->conf_destroy},
        {"rd_kafka_conf_set", (void **)&library->conf_set},
        {"rd_kafka_conf_set_opaque", (void **)&library->conf_set_opaque},
        {"rd_kafka_conf_set_dr_msg_cb", (void **)&library->conf_set_dr_msg_cb},
        {"rd_kafka_conf_set_error_cb", (void **)&library->conf_set_error_cb},
        {"rd_kafka_conf_set_log_cb", (void **)&library->conf_set_log_cb},
        {"rd_kafka_new", (void **)&library->make},
        {"rd_kafka_producev", (void **)&library->producev},
        {"rd_kafka_headers_new", (void **)&library->headers_new},
        {"rd_kafka_header_add", (void **)&library->header_add},
        {"rd_kafka_headers_destroy", (void **)&library->headers_destroy},
        {"rd_kafka_poll", (void **)&library->poll},
        {"rd_kafka_flush", (void **)&library->flush},
        {"rd_kafka_purge", (void **)&library->purge},
        {"rd_kafka_destroy", (void **)&library->destroy},
        {"rd_kafka_err2str", (void **)&library->err2str},
    };
    for (size_t index = 0; index < sizeof parts / sizeof *parts; index++) {
        *parts[index].place = dlsym(image, parts[index].name);
        if (*parts[index].place == NULL) return parts[index].name;
    }
    return NULL;
}

const rg_kafka_library *rg_kafka_open(const char *path, char *error, size_t error_size) {
    void *image = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (image == NULL) {
        const char *reason = dlerror();
        snprintf(error, error_size, "%s", reason ? reason : path);
        return NULL;
    }
    rg_kafka_library *library = calloc(1, sizeof *library);
    const char *missing = library ? load(library, image) : "memory";
    if (missing != NULL) {
        snprintf(error, error_size, "%s: there is no %s in it", path, missing);
        free(library);
        dlclose(image);
        return NULL;
    }
    return library;
}

static void reported(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque) {
    (void)handle;
    rg_kafka_producer *producer = opaque;
    if ((uintptr_t)message->opaque != producer->record) return;
    producer->is_reported = 1;
    producer->code = message->err;
}

static void troubled(rd_kafka_t *handle, int code, const char *reason, void *opaque) {
    (void)handle;
    rg_kafka_producer *producer = opaque;
    // What happened to the last connection says more.
    if (code == all_down && producer->trouble_code != 0) return;
    producer->trouble_code = code;
    snprintf(producer->trouble, sizeof producer->trouble, "%s", reason ? reason : "");
}

rg_kafka_producer *rg_kafka_make(
    const rg_kafka_library *library, const char *const *settings, size_t count, char *error, size_t error_size) {
    rg_kafka_producer *producer = calloc(1, sizeof *producer);
    rd_kafka_conf_t *conf = producer ? library->conf_new() : NULL;
    if (conf == NULL) {
        snprintf(error, error_size, "no memory is left");
        free(producer);
        return NULL;
    }
    producer->library = library;
    for (size_t index = 0; index + 1 < count; index += 2) {
        if (library->conf_set(conf, settings[index], settings[index + 1], error, error_size) != conf_ok) {
            library->conf_destroy(conf);
            free(producer);
            return NULL;
        }
    }
    library->conf_set_opaque(conf, producer);
    library->conf_set_dr_msg_cb(conf, reported);
    library->conf_set_error_cb(conf, troubled);
    // Else it writes to the standard error.
    library->conf_set_log_cb(conf, NULL);
    producer->handle = library->make(kind_producer, conf, error, error_size);
    if (producer->handle == NULL) {
        library->conf_destroy(conf);
        free(producer);
        return NULL;
    }
    return producer;
}

int rg_kafka_send(
    rg_kafka_producer *producer, const char *topic, const char *key, const void *body, size_t body_size,
    const char *const *headers, size_t count) {
    const rg_kafka_library *library = producer->library;
    producer->record += 1;
    producer->is_reported = 0;
    producer->code = 0;
    producer->trouble_code = 0;
    producer->trouble[0] = 0;
    rd_kafka_headers_t *list = library->headers_new(count / 2);
    for (size_t index = 0; index + 1 < count; index += 2) {
        library->header_add(list, headers[index], -1, headers[index + 1], -1);
    }
    int code = library->producev(
        producer->handle, tag_topic, topic, tag_flags, (int)flag_copy, tag_key, (void *)key, strlen(key), tag_value,
        (void *)body, body_size, tag_headers, list, tag_opaque, (void *)producer->record, tag_end);
    // A record that is queued owns its headers.
    if (code != 0) library->headers_destroy(list);
    return code;
}

int rg_kafka_poll(rg_kafka_producer *producer, int ms) {
    if (!producer->is_reported) producer->library->poll(producer->handle, ms);
    return producer->is_reported;
}

int rg_kafka_code(const rg_kafka_producer *producer) { return producer->code; }

int rg_kafka_trouble_code(const rg_kafka_producer *producer) { return producer->trouble_code; }

const char *rg_kafka_trouble(const rg_kafka_producer *producer) { return producer->trouble; }

const char *rg_kafka_text(const rg_kafka_producer *producer, int code) { return producer->library->err2str(code); }

void rg_kafka_end(rg_kafka_producer *producer, int flush_ms) {
    const rg_kafka_library *library = producer->library;
    if (flush_ms > 0) library->flush(producer->handle, flush_ms);
    library->purge(producer->handle, purge_all);
    library->poll(producer->handle, 0);
    library->destroy(producer->handle);
    free(producer);
}
