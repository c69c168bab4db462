/* SPDX-License-Identifier: MIT
 *
 * A PostgreSQL query: some rows of a table by primary key, and a sleep in the
 * database for queries that take long. Row k of the table is the SHA-256 of k's
 * decimal text, in hexadecimal. So the answer can be computed without the
 * database, and skipping the query makes a wrong body. `troika stores` fills
 * the table; on a server of your own, do this once:
 *
 *   CREATE TABLE troika_rows (key bigint PRIMARY KEY, value text NOT NULL);
 *   INSERT INTO troika_rows SELECT k, encode(sha256(k::text::bytea), 'hex')
 *     FROM generate_series(0, 9999) AS k;
 *
 * requires: libpq
 */
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "models/runtime/base/mix.h"
#include "models/runtime/clients/postgresql.h"
#include "models/runtime/workload.h"

enum { TABLE_ROWS = 10000, HEX_SIZE = 2 * SHA256_DIGEST_LENGTH };

enum { ROWS, DELAY };
static const struct parameter parameters[] = {
    [ROWS] = {"rows", UNIT_COUNT, "1", 1, 1000, 0, "rows to select"},
    [DELAY] = {"delay", UNIT_NS, "0ms", 0, 3600000000000, 0,
               "how long the database sleeps before"},
    {.name = NULL},
};

/* A function in FROM runs once, whatever the number of rows. */
static const char sql[] = "SELECT value FROM pg_sleep($3::float8), troika_rows "
                          "WHERE key >= $1::bigint AND key < $2::bigint "
                          "ORDER BY key";

/* The proof of the rows so far: of every byte, and of their order. */
struct proof {
    uint64_t check;
    int rows;
};

static int64_t query_wait_ns(const struct arguments *arguments)
{
    return argument(arguments, DELAY);
}

static int64_t first_key(const struct arguments *arguments)
{
    int64_t choices = TABLE_ROWS - argument(arguments, ROWS) + 1;
    return (int64_t)(mix(arguments->seed) % (uint64_t)choices);
}

static void add_row(void *context, const char *value, size_t size)
{
    struct proof *proof = context;
    proof->check = mix_bytes(proof->check, value, size);
    proof->rows++;
}

static int print(const struct arguments *arguments, const struct proof *proof,
                 struct reply *reply)
{
    return reply_printf(
        reply, "query rows=%d delay_ns=%lld seed=%llu check=%016llx\n",
        proof->rows, (long long)argument(arguments, DELAY),
        (unsigned long long)arguments->seed, (unsigned long long)proof->check);
}

static int query_handle(const struct arguments *arguments, struct reply *reply)
{
    int64_t first = first_key(arguments);
    int64_t end = first + argument(arguments, ROWS);
    char from[24], to[24], delay_s[32];
    const char *const values[] = {from, to, delay_s};
    struct postgresql_query query = {
        .sql = sql,
        .values = values,
        .count = 3,
        .wait_ns = argument(arguments, DELAY),
    };
    struct proof proof = {0};
    snprintf(from, sizeof from, "%lld", (long long)first);
    snprintf(to, sizeof to, "%lld", (long long)end);
    snprintf(delay_s, sizeof delay_s, "%.9f", (double)query.wait_ns / 1e9);
    int rows = postgresql_call(&query, add_row, &proof, reply);
    return rows < 0 ? rows : print(arguments, &proof, reply);
}

static int query_answer(const struct arguments *arguments, struct reply *reply)
{
    int64_t first = first_key(arguments);
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char text[24], hex[HEX_SIZE];
    struct proof proof = {0};
    for (int64_t key = first; key < first + argument(arguments, ROWS); key++) {
        int length = snprintf(text, sizeof text, "%lld", (long long)key);
        SHA256((const unsigned char *)text, (size_t)length, digest);
        for (int i = 0; i < HEX_SIZE; i++)
            hex[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
        add_row(&proof, hex, sizeof hex);
    }
    return print(arguments, &proof, reply);
}

const struct workload workload_query = {
    .summary = "a query of PostgreSQL",
    .kind = WORKLOAD_IO,
    .parameters = parameters,
    .store = STORE_POSTGRESQL,
    .handle = query_handle,
    .answer = query_answer,
    .wait_ns = query_wait_ns,
    .source = "I/O-bound services wait for their database: async frameworks "
              "are not the faster ones there (Cal Paterson: Async Python is "
              "not faster)",
};
