/* SPDX-License-Identifier: MIT
 *
 * libpq used without blocking, as its manual describes (chapters "Database
 * Connection Control" and "Asynchronous Command Processing"): PQconnectPoll
 * says what to wait for; a query is sent and flushed; PQgetResult is called
 * once PQisBusy says that it will not block.
 *
 * User, password and database come from the environment (PGUSER, PGPASSWORD,
 * PGDATABASE); the defaults are postgres, none, postgres. TLS is off unless
 * PGSSLMODE asks for it.
 */
#include "postgresql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/runtime/runtime.h"
#include "pool.h"
#include "store.h"

#if defined(TROIKA_WITHOUT_CLIENT) || !__has_include(<libpq-fe.h>)

int postgresql_load(char *why, size_t why_size)
{
    snprintf(why, why_size,
             "built without libpq; make deps-claims, then make again");
    return -ENOSYS;
}

int postgresql_call(const struct postgresql_query *query, postgresql_row *row,
                    void *context, struct reply *reply)
{
    (void)query, (void)row, (void)context;
    return store_explain(STORE_POSTGRESQL, -ENOSYS, "", reply);
}

#else

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <unistd.h>

#define LIBRARY "libpq.so.5"
#define FUNCTIONS(X)                                                           \
    X(PQclear)                                                                 \
    X(PQconnectPoll)                                                           \
    X(PQconnectStartParams)                                                    \
    X(PQconsumeInput)                                                          \
    X(PQerrorMessage)                                                          \
    X(PQfinish)                                                                \
    X(PQflush)                                                                 \
    X(PQgetResult)                                                             \
    X(PQgetlength)                                                             \
    X(PQgetvalue)                                                              \
    X(PQisBusy)                                                                \
    X(PQntuples)                                                               \
    X(PQresultErrorMessage)                                                    \
    X(PQresultStatus)                                                          \
    X(PQsendPrepare)                                                           \
    X(PQsendQueryPrepared)                                                     \
    X(PQsetnonblocking)                                                        \
    X(PQsocket)                                                                \
    X(PQstatus)

/* The library's functions by their own names: pq.PQflush. */
static struct {
#define X(name) __typeof__(name) *(name);
    FUNCTIONS(X)
#undef X
} pq;

enum { WORDS_MAX = 200 };

/* A connection and its prepared statement. */
struct link {
    PGconn *conn;
    const char *prepared; /* the SQL of the unnamed statement; NULL: none yet */
};

/* One call: its statement, its deadline, and why it failed. */
struct call {
    const struct postgresql_query *query;
    int64_t deadline_ns;
    char words[WORDS_MAX];
};

int postgresql_load(char *why, size_t why_size)
{
    static const char *const names[] = {
#define X(name) #name,
        FUNCTIONS(X)
#undef X
    };
    return store_library(STORE_POSTGRESQL, LIBRARY, names,
                         sizeof names / sizeof *names, (void **)&pq, why,
                         why_size);
}

static int fail(struct call *call, int error, const char *words)
{
    snprintf(call->words, sizeof call->words, "%s", words);
    return error;
}

/* Called in a forked child. PQfinish would tell the server to end the parent's
 * session, so only the socket is closed; libpq's memory stays allocated. */
static void drop_inherited(intptr_t connection)
{
    struct link *link = (struct link *)connection;
    close(pq.PQsocket(link->conn));
}

static void close_link(struct link *link)
{
    if (link)
        pq.PQfinish(link->conn);
    free(link);
}

static const char *setting(const char *variable, const char *otherwise)
{
    const char *value = getenv(variable);
    return value ? value : otherwise;
}

static PGconn *start_connection(void)
{
    const struct sockaddr_in *address = store_address(STORE_POSTGRESQL);
    char host[INET_ADDRSTRLEN], port[8];
    const char *const keywords[] = {
        "hostaddr", "port",       "user",    "dbname",
        "sslmode",  "gssencmode", "options", "fallback_application_name",
        NULL};
    inet_ntop(AF_INET, &address->sin_addr, host, sizeof host);
    snprintf(port, sizeof port, "%d", ntohs(address->sin_port));
    const char *const values[] = {host,
                                  port,
                                  setting("PGUSER", "postgres"),
                                  setting("PGDATABASE", "postgres"),
                                  setting("PGSSLMODE", "disable"),
                                  "disable",
                                  "-c plan_cache_mode=force_generic_plan",
                                  "troika",
                                  NULL};
    return pq.PQconnectStartParams(keywords, values, 0);
}

/* Opens a connection. Returns 0 and sets *link, or a negative errno. */
static int open_link(struct call *call, struct link **link)
{
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    *link = calloc(1, sizeof **link);
    if (!*link || !((*link)->conn = start_connection())) {
        free(*link);
        *link = NULL;
        return -ENOMEM;
    }
    PGconn *conn = (*link)->conn;
    int error = pq.PQstatus(conn) == CONNECTION_BAD ? -ECONNREFUSED : 0;
    while (error >= 0 && next != PGRES_POLLING_OK) {
        error = rt_wait_fd(pq.PQsocket(conn),
                           next == PGRES_POLLING_READING ? RT_READABLE
                                                         : RT_WRITABLE,
                           call->deadline_ns);
        if (error >= 0 &&
            (next = pq.PQconnectPoll(conn)) == PGRES_POLLING_FAILED)
            error = -ECONNREFUSED;
    }
    if (error >= 0 && pq.PQsetnonblocking(conn, 1) == 0)
        return 0;
    error = error < 0 ? error : -EIO;
    fail(call, error, pq.PQerrorMessage(conn));
    close_link(*link);
    *link = NULL;
    return error;
}

/* Sends the bytes that are still unsent, and waits for the next result. */
static int await_result(struct call *call, PGconn *conn)
{
    for (;;) {
        int unsent = pq.PQflush(conn);
        if (unsent < 0)
            return fail(call, -ECONNRESET, pq.PQerrorMessage(conn));
        if (!unsent && !pq.PQisBusy(conn))
            return 0;
        int events = rt_wait_fd(pq.PQsocket(conn),
                                RT_READABLE | (unsent ? RT_WRITABLE : 0),
                                call->deadline_ns);
        if (events < 0)
            return events;
        if ((events & RT_READABLE) && !pq.PQconsumeInput(conn))
            return fail(call, -ECONNRESET, pq.PQerrorMessage(conn));
    }
}

/* Takes the only result of a command, which must have this status, and makes
 * the connection ready for the next command. Returns 0 and sets *result, which
 * the caller clears; or a negative errno. */
static int take_result(struct call *call, PGconn *conn, ExecStatusType wanted,
                       PGresult **result)
{
    PGresult *first = NULL, *next = NULL;
    int error;
    while ((error = await_result(call, conn)) == 0 &&
           (next = pq.PQgetResult(conn))) {
        if (first)
            pq.PQclear(next);
        else
            first = next;
    }
    if (error == 0 && (!first || pq.PQresultStatus(first) != wanted))
        error = fail(call, -EPROTO,
                     first ? pq.PQresultErrorMessage(first) : "no result");
    if (error < 0)
        pq.PQclear(first); /* NULL is allowed */
    else
        *result = first;
    return error;
}

/* Prepares the statement, unless the connection has it already. */
static int prepare(struct call *call, struct link *link)
{
    PGresult *result;
    if (link->prepared == call->query->sql)
        return 0;
    link->prepared = NULL;
    if (!pq.PQsendPrepare(link->conn, "", call->query->sql, call->query->count,
                          NULL))
        return fail(call, -ECONNRESET, pq.PQerrorMessage(link->conn));
    int error = take_result(call, link->conn, PGRES_COMMAND_OK, &result);
    if (error < 0)
        return error;
    pq.PQclear(result);
    link->prepared = call->query->sql;
    return 0;
}

/* Makes one attempt on a connection, and then keeps or closes it. Returns 0 and
 * sets *result, or a negative errno. */
static int run(struct call *call, struct link *link, PGresult **result)
{
    int error = prepare(call, link);
    if (error == 0 &&
        !pq.PQsendQueryPrepared(link->conn, "", call->query->count,
                                call->query->values, NULL, NULL, 0))
        error = fail(call, -ECONNRESET, pq.PQerrorMessage(link->conn));
    if (error == 0)
        error = take_result(call, link->conn, PGRES_TUPLES_OK, result);
    if (error < 0 ||
        !pool_give(POOL_POSTGRESQL, (intptr_t)link, drop_inherited))
        close_link(link);
    return error;
}

int postgresql_call(const struct postgresql_query *query, postgresql_row *row,
                    void *context, struct reply *reply)
{
    struct call call = {.query = query,
                        .deadline_ns =
                            rt_now() + query->wait_ns + STORE_GRACE_NS};
    struct link *link = NULL;
    PGresult *result = NULL;
    int error = -ECONNRESET;
    if (!store_address(STORE_POSTGRESQL))
        return store_explain(STORE_POSTGRESQL, -EDESTADDRREQ, "", reply);
    intptr_t kept = pool_take(POOL_POSTGRESQL);
    if (kept != POOL_EMPTY)
        error = run(&call, (struct link *)kept, &result);
    /* A kept connection may have been closed before it was used. A new
     * connection shows whether anything is really wrong. */
    if (error == -ECONNRESET) {
        call.words[0] = '\0';
        error = open_link(&call, &link);
        if (error == 0)
            error = run(&call, link, &result);
    }
    if (error < 0)
        return store_explain(STORE_POSTGRESQL, error, call.words, reply);
    int rows = pq.PQntuples(result);
    for (int i = 0; i < rows; i++)
        row(context, pq.PQgetvalue(result, i, 0),
            (size_t)pq.PQgetlength(result, i, 0));
    pq.PQclear(result);
    return rows;
}

#endif
