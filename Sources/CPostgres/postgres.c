#include "CPostgres.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Own declarations of the few parts of libpq that are used. Source: libpq-fe.h of PostgreSQL 15; its ABI is that of libpq.so.5,
// which is stable since PostgreSQL 8.0.
typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;

enum {
    connection_bad = 1,   // CONNECTION_BAD
    polling_failed = 0,   // PGRES_POLLING_FAILED
    polling_reading = 1,  // PGRES_POLLING_READING
    polling_ok = 3,       // PGRES_POLLING_OK
    // `ExecStatusType`
    result_empty = 0,
    result_command = 1,
    result_tuples = 2,
    result_notice = 6,
    // `PG_DIAG_…` of postgres_ext.h
    field_state = 'C',
    field_primary = 'M',
    field_detail = 'D',
    // More sets than any statements of ours give.
    set_limit = 16,
};

struct rg_pq_library {
    PGconn *(*connect_start)(const char *const *, const char *const *, int);
    int (*connect_poll)(PGconn *);
    int (*status)(const PGconn *);
    int (*socket)(const PGconn *);
    char *(*error)(const PGconn *);
    void (*finish)(PGconn *);
    int (*set_nonblocking)(PGconn *, int);
    void (*(*set_notice_processor)(PGconn *, void (*)(void *, const char *), void *))(void *, const char *);
    int (*send_query)(PGconn *, const char *);
    int (*flush)(PGconn *);
    int (*consume_input)(PGconn *);
    int (*is_busy)(PGconn *);
    PGresult *(*get_result)(PGconn *);
    int (*result_status)(const PGresult *);
    char *(*result_field)(const PGresult *, int);
    int (*row_count)(const PGresult *);
    int (*column_count)(const PGresult *);
    int (*is_null)(const PGresult *, int, int);
    char *(*value)(const PGresult *, int, int);
    int (*length)(const PGresult *, int, int);
    void (*clear)(PGresult *);
};

struct rg_pq_connection {
    const rg_pq_library *library;
    PGconn *handle;
};

struct rg_pq_answer {
    const rg_pq_library *library;
    size_t count;
    PGresult *sets[set_limit];
};

static void say(rg_pq_trouble *trouble, const char *state, const char *text) {
    snprintf(trouble->state, sizeof trouble->state, "%s", state ? state : "");
    snprintf(trouble->text, sizeof trouble->text, "%s", text ? text : "there is no reason");
}

// Each of these is in libpq since PostgreSQL 9.0.
static const char *load(rg_pq_library *library, void *image) {
    const struct {
        const char *name;
        void **place;
    } parts[] = {
        {"PQconnectStartParams", (void **)&library->connect_start},
        {"PQconnectPoll", (void **)&library->connect_poll},
        {"PQstatus", (void **)&library->status},
        {"PQsocket", (void **)&library->socket},
        {"PQerrorMessage", (void **)&library->error},
        {"PQfinish", (void **)&library->finish},
        {"PQsetnonblocking", (void **)&library->set_nonblocking},
        {"PQsetNoticeProcessor", (void **)&library->set_notice_processor},
        {"PQsendQuery", (void **)&library->send_query},
        {"PQflush", (void **)&library->flush},
        {"PQconsumeInput", (void **)&library->consume_input},
        {"PQisBusy", (void **)&library->is_busy},
        {"PQgetResult", (void **)&library->get_result},
        {"PQresultStatus", (void **)&library->result_status},
        {"PQresultErrorField", (void **)&library->result_field},
        {"PQntuples", (void **)&library->row_count},
        {"PQnfields", (void **)&library->column_count},
        {"PQgetisnull", (void **)&library->is_null},
        {"PQgetvalue", (void **)&library->value},
        {"PQgetlength", (void **)&library->length},
        {"PQclear", (void **)&library->clear},
    };
    for (size_t index = 0; index < sizeof parts / sizeof *parts; index++) {
        *parts[index].place = dlsym(image, parts[index].name);
        if (*parts[index].place == NULL) return parts[index].name;
    }
    return NULL;
}

const rg_pq_library *rg_pq_open(const char *path, rg_pq_trouble *trouble) {
    void *image = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (image == NULL) {
        say(trouble, "", dlerror());
        return NULL;
    }
    rg_pq_library *library = calloc(1, sizeof *library);
    const char *missing = library ? load(library, image) : "memory";
    if (missing != NULL) {
        say(trouble, "", "");
        snprintf(trouble->text, sizeof trouble->text, "%s: there is no %s in it", path, missing);
        free(library);
        dlclose(image);
        return NULL;
    }
    return library;
}

// Milliseconds of the monotonic clock.
static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// 1 as soon as the socket is ready, 0 when the time is over.
static int wait_for(const rg_pq_connection *connection, short events, int64_t until) {
    struct pollfd entry = {.fd = connection->library->socket(connection->handle), .events = events};
    for (;;) {
        int64_t left = until - now_ms();
        if (left <= 0 || entry.fd < 0) return 0;
        int ready = poll(&entry, 1, (int)left);
        if (ready > 0) return 1;
        if (ready < 0 && errno != EINTR) return 0;
    }
}

// The library writes notices to the standard error unless they have a place.
static void drop_notice(void *context, const char *text) {
    (void)context;
    (void)text;
}

static rg_pq_connection *start(
    const rg_pq_library *library, const char *const *settings, size_t count, rg_pq_trouble *trouble) {
    size_t pairs = count / 2;
    rg_pq_connection *connection = calloc(1, sizeof *connection);
    const char **names = calloc(pairs + 1, sizeof *names), **values = calloc(pairs + 1, sizeof *values);
    if (connection != NULL && names != NULL && values != NULL) {
        for (size_t pair = 0; pair < pairs; pair++) {
            names[pair] = settings[2 * pair];
            values[pair] = settings[2 * pair + 1];
        }
        connection->library = library;
        connection->handle = library->connect_start(names, values, 0);
    }
    free(names);
    free(values);
    if (connection == NULL || connection->handle == NULL) {
        say(trouble, "", "no memory is left");
        free(connection);
        return NULL;
    }
    return connection;
}

rg_pq_connection *rg_pq_connect(
    const rg_pq_library *library, const char *const *settings, size_t count, int timeout_ms, rg_pq_trouble *trouble) {
    int64_t until = now_ms() + timeout_ms;
    rg_pq_connection *connection = start(library, settings, count, trouble);
    if (connection == NULL) return NULL;
    // Before the first poll the socket is waited for as if it had asked to write.
    int step = library->status(connection->handle) == connection_bad ? polling_failed : -1;
    while (step != polling_ok) {
        if (step == polling_failed) {
            say(trouble, "", library->error(connection->handle));
            rg_pq_end(connection);
            return NULL;
        }
        if (!wait_for(connection, step == polling_reading ? POLLIN : POLLOUT, until)) {
            say(trouble, "", "the server did not answer in time");
            rg_pq_end(connection);
            return NULL;
        }
        step = library->connect_poll(connection->handle);
    }
    library->set_notice_processor(connection->handle, drop_notice, NULL);
    library->set_nonblocking(connection->handle, 1);
    return connection;
}

void rg_pq_end(rg_pq_connection *connection) {
    connection->library->finish(connection->handle);
    free(connection);
}

// 0 when the connection is of no more use, with the reason.
static int send_all(rg_pq_connection *connection, const char *statements, int64_t until, rg_pq_trouble *trouble) {
    const rg_pq_library *library = connection->library;
    int left = library->send_query(connection->handle, statements) ? library->flush(connection->handle) : -1;
    while (left > 0) {
        // While it sends it has to read: the server may wait for its answers to be taken.
        if (!wait_for(connection, POLLIN | POLLOUT, until)) {
            say(trouble, "", "the server took too long");
            return 0;
        }
        left = library->consume_input(connection->handle) ? library->flush(connection->handle) : -1;
    }
    if (left < 0) say(trouble, "", library->error(connection->handle));
    return left == 0;
}

static int read_all(rg_pq_connection *connection, rg_pq_answer *answer, int64_t until, rg_pq_trouble *trouble) {
    const rg_pq_library *library = connection->library;
    int is_good = 1;
    for (;;) {
        while (library->is_busy(connection->handle)) {
            if (!wait_for(connection, POLLIN, until)) {
                if (is_good) say(trouble, "", "the server took too long");
                return 0;
            }
            if (!library->consume_input(connection->handle)) {
                if (is_good) say(trouble, "", library->error(connection->handle));
                return 0;
            }
        }
        PGresult *result = library->get_result(connection->handle);
        if (result == NULL) return is_good;
        int status = library->result_status(result);
        if (status == result_tuples && is_good && answer->count < set_limit) {
            answer->sets[answer->count++] = result;
            continue;
        }
        if (is_good && status != result_command && status != result_empty && status != result_notice) {
            is_good = 0;
            const char *primary = library->result_field(result, field_primary);
            const char *detail = library->result_field(result, field_detail);
            say(trouble, library->result_field(result, field_state), primary);
            if (primary == NULL) say(trouble, "", library->error(connection->handle));
            size_t used = strlen(trouble->text);
            if (detail != NULL) snprintf(trouble->text + used, sizeof trouble->text - used, " (%s)", detail);
        }
        library->clear(result);
        // A server that ends the connection says why, and there is nothing after that.
        if (library->status(connection->handle) == connection_bad) return 0;
    }
}

rg_pq_answer *rg_pq_run(rg_pq_connection *connection, const char *statements, int timeout_ms, rg_pq_trouble *trouble) {
    int64_t until = now_ms() + timeout_ms;
    rg_pq_answer *answer = calloc(1, sizeof *answer);
    if (answer == NULL) {
        say(trouble, "", "no memory is left");
        return NULL;
    }
    answer->library = connection->library;
    say(trouble, "", "the connection broke");
    if (send_all(connection, statements, until, trouble) && read_all(connection, answer, until, trouble)) return answer;
    rg_pq_free(answer);
    return NULL;
}

size_t rg_pq_set_count(const rg_pq_answer *answer) { return answer->count; }

int rg_pq_row_count(const rg_pq_answer *answer, size_t set) { return answer->library->row_count(answer->sets[set]); }

int rg_pq_column_count(const rg_pq_answer *answer, size_t set) { return answer->library->column_count(answer->sets[set]); }

const char *rg_pq_value(const rg_pq_answer *answer, size_t set, int row, int column, int *size) {
    const rg_pq_library *library = answer->library;
    *size = 0;
    if (library->is_null(answer->sets[set], row, column)) return NULL;
    *size = library->length(answer->sets[set], row, column);
    return library->value(answer->sets[set], row, column);
}

void rg_pq_free(rg_pq_answer *answer) {
    for (size_t index = 0; index < answer->count; index++) answer->library->clear(answer->sets[index]);
    free(answer);
}
