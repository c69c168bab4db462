/* SPDX-License-Identifier: MIT
 *
 * What a number of workers is called in the servers that people run: the lines
 * of their configuration, filled with figures, and what to mind.
 *
 * Names and meanings are those of the servers' own pages:
 *
 *   gunicorn    docs/source/settings.rst and design.rst of benoitc/gunicorn
 *   uvicorn     docs/settings.md of encode/uvicorn ("Resource Limits")
 *   AnyIO       docs/threads.rst of agronholm/anyio (the limiter of 40)
 *   Puma        Puma::DSL, `workers` and `threads`
 *   Node.js     cluster; CLI, UV_THREADPOOL_SIZE; libuv, "Thread pool work
 *               scheduling" (4 threads, 1024 at most)
 *   Tomcat      Spring Boot's server.tomcat.* (ServerProperties.Tomcat), after
 *               Tomcat's HTTP connector: maxThreads, maxConnections,
 *               acceptCount
 *   HikariCP    README of brettwooldridge/HikariCP (maximumPoolSize)
 *   nginx       ngx_core_module (worker_processes, worker_connections,
 *               thread_pool)
 *   PHP-FPM     php.net, "Configuration" of FPM (pm, pm.max_children)
 *   FrankenPHP  docs/config.md and docs/performance.md of php/frankenphp
 *   Go          package runtime (GOMAXPROCS), database/sql (SetMaxOpenConns)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What a server's number stands for. */
enum server_kind {
    SERVER_PROCESSES, /* a process holds a request until it ends */
    SERVER_THREADS,   /* a thread of one process does */
    SERVER_BOTH,      /* a thread of one of several processes does */
    SERVER_LOOPS,     /* nothing does: processes with a loop each */
    SERVER_DATABASE,  /* a connection to the database, during a call */
    SERVER_KINDS,
};

enum { SERVER_LINES = 3, SERVER_LINE = 256, SERVER_REMARK = 512 };

struct server {
    const char *name, *variant; /* "gunicorn", "gthread"; "": has none */
    enum server_kind kind;
    const char *lines[SERVER_LINES]; /* with {figures}; NULL behind the last */
    const char *remark;              /* with {figures} too */
};

/* Ended by a NULL name. */
extern const struct server servers[];

/* Numbers for one service; 0: not known, or does not apply. */
struct server_figures {
    int cores;
    int process_slots; /* W* of a pool of processes */
    int thread_slots;  /* W* of a pool of threads */
    int loops;
    int offload;     /* threads, beside all loops, for the handler's work */
    int in_flight;   /* requests at once, at a peak of the peak */
    int connections; /* of clients, open at once */
    int database;    /* connections to the database */
};

/* Whether the figures that the server needs are known. */
bool server_applies(const struct server *server,
                    const struct server_figures *figures);

/* How many the lines give in all, of what the kind counts: requests that can be
 * held, loops, or connections. */
int server_slots(const struct server *server,
                 const struct server_figures *figures);

/* Writes a line with its figures. False, and "": one of them is not known. */
bool server_fill(const char *template, const struct server_figures *figures,
                 char *text, size_t size);

/* Writes the remark without those of its parts, which end in "; ", that name a
 * figure that is not known. Returns text. */
const char *server_remark(const struct server *server,
                          const struct server_figures *figures, char *text,
                          size_t size);

/* "gunicorn, gthread". Returns text. */
const char *server_title(const struct server *server, char *text, size_t size);

/* "processes": the kind in JSON. */
const char *server_kind_name(enum server_kind kind);
