// A connection of libpq, which is loaded when it is first used: nothing is linked, and its headers are not needed.
//
// A connection belongs to one thread at a time. Every call ends when its time is over, but for the resolution of names: libpq asks the
// resolver of the host and waits for as long as that takes. After a call that has failed the connection is of no more use.
#ifndef ROLLGUARD_CPOSTGRES_H
#define ROLLGUARD_CPOSTGRES_H

#include <stddef.h>

typedef struct rg_pq_library rg_pq_library;
typedef struct rg_pq_connection rg_pq_connection;
typedef struct rg_pq_answer rg_pq_answer;

// Why something failed: the SQLSTATE when the server gave one, else "", and a text.
typedef struct {
    char state[6];
    char text[600];
} rg_pq_trouble;

// Loads a library by its name or path; it stays loaded. NULL with the reason.
const rg_pq_library *rg_pq_open(const char *path, rg_pq_trouble *trouble);

// Connects to one server with the parameters of libpq's documentation, "Database Connection Control Functions": names and values in
// turns, `count` texts in all. NULL with the reason. A host that is a name is resolved first, which `timeout_ms` does not bound.
rg_pq_connection *rg_pq_connect(
    const rg_pq_library *library, const char *const *settings, size_t count, int timeout_ms, rg_pq_trouble *trouble);

// Sends statements in one message and reads all that they answer. NULL with the reason, which is that of the first statement that
// failed.
rg_pq_answer *rg_pq_run(rg_pq_connection *connection, const char *statements, int timeout_ms, rg_pq_trouble *trouble);

// Closes the connection.
void rg_pq_end(rg_pq_connection *connection);

// Of an answer: the sets of rows, one per statement that gives rows.
size_t rg_pq_set_count(const rg_pq_answer *answer);
int rg_pq_row_count(const rg_pq_answer *answer, size_t set);
int rg_pq_column_count(const rg_pq_answer *answer, size_t set);

// A value as text; NULL for NULL. It lives as long as the answer.
const char *rg_pq_value(const rg_pq_answer *answer, size_t set, int row, int column, int *size);

void rg_pq_free(rg_pq_answer *answer);

#endif
