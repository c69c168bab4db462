/* SPDX-License-Identifier: MIT
 *
 * troika stores: runs a private PostgreSQL and Redis, like those of trials,
 * until Ctrl-C, for tests and for trying the workloads query and cache by hand.
 * Standard output holds one line of JSON with their addresses and with the
 * environment variables that their clients need.
 */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/server/guardian.h"
#include "harness/server/store_server.h"
#include "models/runtime/http/output.h"
#include "verbs.h"

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    stop = number;
}

static error_t take_store(char *word, void *into, struct argp_state *state)
{
    bool *wanted = into;

    for (int store = STORE_NONE + 1; store < STORES; store++)
        if (!strcmp(word, store_name(store)))
            return wanted[store] = true, 0;
    argp_error(state, "%s: there is postgresql and redis", word);
    return 0;
}

static void add_environment(const struct store_server *server,
                            json_t *environment)
{
    char words[STORE_WORDS][STORE_WORD_SIZE];
    int n = store_server_environment(server, words);

    for (int i = 0; i < n; i++) {
        char *value = strchr(words[i], '=');

        *value++ = '\0';
        json_object_set_new(environment, words[i], json_string(value));
    }
}

/* Starts the wanted stores and prints their addresses. Returns an exit code. */
static int start(const bool *wanted, struct store_server *servers)
{
    json_t *json = json_object(), *environment = json_object();
    char why[1024];
    int code = EXIT_OK;

    for (int store = STORE_NONE + 1; store < STORES && code == EXIT_OK;
         store++) {
        if (!wanted[store])
            continue;
        if (store_server_ensure(store, &servers[store], NULL, &stop, why,
                                sizeof why) < 0) {
            if (!stop)
                fprintf(stderr, "troika stores: %s\n", why);
            code = EXIT_FAILED;
        }
        json_object_set_new(json, store_name(store),
                            json_string(servers[store].address));
        add_environment(&servers[store], environment);
    }
    json_object_set_new(json, "environment", environment);
    if (code == EXIT_OK) {
        json_dumpf(json, stdout, JSON_COMPACT);
        puts("");
        if (output_flush() < 0)
            code = EXIT_FAILED;
    }
    json_decref(json);
    return code;
}

/* Waits until a signal comes or a store ends. Returns an exit code. */
static int watch(const bool *wanted, struct store_server *servers)
{
    char words[512];

    while (!stop) {
        for (int store = STORE_NONE + 1; store < STORES; store++)
            if (wanted[store] &&
                !process_alive(&servers[store].process, words, sizeof words)) {
                fprintf(stderr, "troika stores: %s %s\n", store_title(store),
                        words);
                return EXIT_FAILED;
            }
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    return EXIT_OK;
}

int verb_stores(int argc, char **argv)
{
    static const struct flag rows[] = {{0}};
    static const struct flags flags = {
        .rows = rows,
        .arguments = "[postgresql] [redis]",
        .help =
            "Starts a private PostgreSQL and Redis on loopback, or the one "
            "that is named. Prints one line of JSON: their addresses and, as "
            "\"environment\", the variables with their passwords. Ctrl-C ends "
            "the servers and removes their files.\v"
            "  export PGPASSWORD=... REDISCLI_AUTH=...\n"
            "  troika serve event-loop --postgresql HOST:PORT --redis "
            "HOST:PORT\n"
            "  curl 'http://127.0.0.1:8080/query?rows=10'",
        .word = take_store};
    struct store_server servers[STORES] = {0};
    struct sigaction action = {.sa_handler = on_signal};
    bool wanted[STORES] = {false};
    int code;

    flags_parse(&flags, argc, argv, wanted);
    if (!wanted[STORE_POSTGRESQL] && !wanted[STORE_REDIS])
        wanted[STORE_POSTGRESQL] = wanted[STORE_REDIS] = true;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (guardian_start() < 0) {
        fputs("troika stores: the guardian did not start\n", stderr);
        return EXIT_FAILED;
    }
    code = start(wanted, servers);
    if (code == EXIT_OK)
        code = watch(wanted, servers);
    store_server_stop_all(servers);
    return stop ? 128 + stop : code;
}
