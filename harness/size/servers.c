/* SPDX-License-Identifier: MIT */
#include "servers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    UV_POOL = 4,               /* libuv's own */
    NGINX_CONNECTIONS = 512,   /* nginx's own */
    TOMCAT_CONNECTIONS = 8192, /* Tomcat's own */
};

const struct server servers[] = {
    {"gunicorn",
     "sync",
     SERVER_PROCESSES,
     {"gunicorn --workers {children} APP"},
     "a worker is held while its request waits; whoever finds none free queues "
     "in the kernel (--backlog, 2048), where the server's own times do not "
     "show "
     "it"},
    {"gunicorn",
     "gthread",
     SERVER_BOTH,
     {"gunicorn --worker-class gthread --workers {processes} --threads "
      "{threads} APP"},
     "slots are workers x threads; of one process's threads the GIL lets one "
     "compute, so there is a process for each core; --worker-connections "
     "(1000) "
     "must be above --threads"},
    {"gunicorn",
     "gevent",
     SERVER_LOOPS,
     {"gunicorn --worker-class gevent --workers {loops} APP",
      "  --worker-connections {per_loop}"},
     "--worker-connections (1000) counts connections of one process, idle ones "
     "too, and follows from the clients that connect (-c); a greenlet waits "
     "for nothing but memory, if all that it calls is "
     "patched; "
     "a driver in C that blocks holds the whole process, as with sync"},
    {"uvicorn",
     "",
     SERVER_LOOPS,
     {"uvicorn APP --workers {loops}",
      "  --limit-concurrency {per_loop}  # only if no more connect: else 503"},
     "--limit-concurrency counts connections of one process, idle ones too, "
     "so it follows from the clients that connect (-c) and not from the rate; "
     "code that blocks in an async def holds the loop"},
    {"fastapi",
     "def endpoints",
     SERVER_BOTH,
     {"uvicorn APP --workers {processes}",
      "anyio.to_thread.current_default_thread_limiter().total_tokens = "
      "{threads}"
      "  # where the app starts"},
     "AnyIO has 40 threads a process, so without the second line {processes} x "
     "40 requests at once and {processes} x 40 / (wait + CPU) a second at "
     "most; "
     "async def endpoints take none of them; the GIL is as with gthread"},
    {"puma",
     "",
     SERVER_BOTH,
     {"workers {processes}  # config/puma.rb", "threads {threads}, {threads}"},
     "slots are workers x threads; the GVL lets one thread of a process "
     "compute; Active Record's pool is per process: {threads} at least"},
    {"node",
     "cluster",
     SERVER_LOOPS,
     {"for (let i = 0; i < {loops}; i++) cluster.fork();  // in the primary",
      "UV_THREADPOOL_SIZE={uv_pool} node SERVER.js"},
     "the pool is each process's own, {loops} x {uv_pool} in all; fs, "
     "dns.lookup, zlib and crypto share it; set it outside of the program, "
     "which is too late; if a request blocks one of its threads for all of its "
     "wait, {blocking} a process"},
    {"tomcat",
     "Spring Boot",
     SERVER_THREADS,
     {"server.tomcat.threads.max={slots}",
      "server.tomcat.max-connections={tomcat_connections}",
      "server.tomcat.accept-count=100"},
     "requests of connections beyond threads.max queue inside, without a limit "
     "but max-connections; beyond that accept-count wait in the kernel"},
    {"hikaricp",
     "",
     SERVER_DATABASE,
     {"spring.datasource.hikari.maximum-pool-size={database}"},
     "of one instance; the database sees the sum of all; code that keeps a "
     "connection for its whole request needs {slots}, one for each slot; "
     "connectionTimeout (30 s) is how long a request may queue for one"},
    {"nginx",
     "",
     SERVER_LOOPS,
     {"worker_processes {loops};",
      "events { worker_connections {nginx_connections}; }",
      "thread_pool default threads={uv_pool} max_queue=65536;"},
     "worker_connections is of one process and counts connections to backends "
     "too, so twice the clients; thread_pool is each process's own and serves "
     "files alone (aio threads)"},
    {"php-fpm",
     "",
     SERVER_PROCESSES,
     {"pm = static", "pm.max_children = {children}"},
     "a child is held while its request waits; the queue is listen.backlog; "
     "with pm = dynamic a burst waits for children to start"},
    {"frankenphp",
     "",
     SERVER_THREADS,
     {"frankenphp {", "    num_threads {slots}", "    max_threads {slots} }"},
     "threads of a worker { num } are part of num_threads, not beside it, and "
     "must be fewer; max_threads counts the first ones too; the queue has no "
     "limit but max_wait_time"},
    {"go",
     "",
     SERVER_LOOPS,
     {"GOMAXPROCS={loops} SERVER",
      "db.SetMaxOpenConns({database})  // unlimited otherwise"},
     "a goroutine that waits holds no thread, so there is nothing else to "
     "size; "
     "before Go 1.25 GOMAXPROCS does not see a container's CPU quota"},
    {0},
};

static int ceiling(int number, int by)
{
    return by > 0 ? (number + by - 1) / by : 0;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* Connections of one of several processes: chance gives one more than its
 * share. 0: nobody knows how many connect; those that ask at a time are not all
 * of them. */
static int per_loop(const struct server_figures *f)
{
    if (f->loops <= 0 || f->connections <= 0)
        return 0;
    double mean = larger(f->connections, f->in_flight) / (double)f->loops;
    return f->loops == 1 ? (int)ceil(mean)
                         : (int)ceil(mean + 3 * sqrt(fmax(mean, 1)));
}

static int threads_of(const struct server_figures *f)
{
    return ceiling(f->thread_slots, f->cores);
}

/* A figure by the name between braces; 0: not known; -1: there is no such
 * name. */
static int figure_of(const struct server_figures *f, const char *name,
                     size_t length)
{
    const struct {
        const char *name;
        int value;
    } figures[] = {
        {"children", f->process_slots},
        {"slots", f->thread_slots},
        {"processes", f->cores},
        {"threads", threads_of(f)},
        {"loops", f->loops},
        {"per_loop", per_loop(f)},
        {"uv_pool", larger(UV_POOL, ceiling(f->offload, f->loops))},
        {"blocking", ceiling(f->thread_slots, f->loops)},
        {"nginx_connections", larger(NGINX_CONNECTIONS, 2 * per_loop(f))},
        {"tomcat_connections", larger(TOMCAT_CONNECTIONS, f->connections)},
        {"database", f->database},
    };

    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (strlen(figures[i].name) == length &&
            !strncmp(figures[i].name, name, length))
            return figures[i].value;
    return -1;
}

bool server_fill(const char *template, const struct server_figures *figures,
                 char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    while (*template != '\0' && used + 1 < size) {
        const char *end = *template == '{' ? strchr(template, '}') : NULL;
        int value =
            end ? figure_of(figures, template + 1, (size_t)(end - template) - 1)
                : -1;
        if (value < 0) { /* as it stands, braces too */
            text[used++] = *template ++;
            text[used] = '\0';
            continue;
        }
        if (value == 0) {
            text[0] = '\0';
            return false;
        }
        snprintf(text + used, size - used, "%d", value);
        used = strlen(text);
        template = end + 1;
    }
    return true;
}

const char *server_remark(const struct server *server,
                          const struct server_figures *figures, char *text,
                          size_t size)
{
    char part[SERVER_REMARK], filled[SERVER_REMARK];
    size_t used = 0;

    text[0] = '\0';
    for (const char *at = server->remark, *end; at; at = end) {
        end = strstr(at, "; ");
        snprintf(part, sizeof part, "%.*s", end ? (int)(end - at) : -1, at);
        end = end ? end + 2 : NULL;
        if (!server_fill(part, figures, filled, sizeof filled) || used >= size)
            continue;
        snprintf(text + used, size - used, "%s%s", used > 0 ? "; " : "",
                 filled);
        used = strlen(text);
    }
    return text;
}

int server_slots(const struct server *server,
                 const struct server_figures *figures)
{
    switch (server->kind) {
    case SERVER_PROCESSES:
        return figures->process_slots;
    case SERVER_THREADS:
        return figures->thread_slots;
    case SERVER_BOTH:
        return figures->cores * threads_of(figures);
    case SERVER_LOOPS:
        return figures->loops;
    case SERVER_DATABASE:
        return figures->database;
    case SERVER_KINDS:
        break;
    }
    return 0;
}

bool server_applies(const struct server *server,
                    const struct server_figures *figures)
{
    return server_slots(server, figures) > 0;
}

const char *server_title(const struct server *server, char *text, size_t size)
{
    snprintf(text, size, "%s%s%s", server->name,
             server->variant[0] != '\0' ? ", " : "", server->variant);
    return text;
}

const char *server_kind_name(enum server_kind kind)
{
    static const char *const names[SERVER_KINDS] = {
        [SERVER_PROCESSES] = "processes",
        [SERVER_THREADS] = "threads",
        [SERVER_BOTH] = "processes x threads",
        [SERVER_LOOPS] = "loops",
        [SERVER_DATABASE] = "database connections",
    };
    return names[kind];
}
