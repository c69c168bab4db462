/* SPDX-License-Identifier: MIT
 *
 * main() of every model's server: flags in, one ready line out, then serve()
 * until told to stop. docs/contract.md says what a program that starts a server
 * can rely on.
 *
 * Names are not resolved: an address is numeric or "localhost". A resolver
 * would load libraries into every server, and add to the memory that is
 * compared.
 */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "describe.h"
#include "limits.h"
#include "models/runtime/base/stats.h"
#include "models/runtime/clients/backend.h"
#include "models/runtime/clients/postgresql.h"
#include "models/runtime/clients/redis.h"
#include "models/runtime/clients/store.h"
#include "models/runtime/http/http.h"
#include "models/runtime/http/output.h"
#include "server.h"

/* How late a sleep may end, so that sleeps due close together share one timer
 * interrupt. Threads and forks inherit the value. The kernel's default of 50 us
 * would make models look slower than they are. With 1 ns, a thousand threads
 * that sleep for 50 ms spend the CPU on interrupts: they reach 90 to 93 % of
 * connections / delay, and 98 % with 10 us. */
static const unsigned long TIMER_SLACK_NS = 10000;

enum {
    EXIT_USAGE = 2,
    WORKERS_MAX = 32768,
    BACKLOG_DEFAULT = 4096,
    OPTIONS_MAX = 10 + PARAMETERS_MAX,
    KEY_COMMON = 1000,
    KEY_PARAMETER = 2000,
};

enum common_key {
    KEY_ADDRESS = KEY_COMMON,
    KEY_PORT,
    KEY_WORKERS,
    KEY_BACKEND,
    KEY_POSTGRESQL,
    KEY_REDIS,
    KEY_BACKLOG,
    KEY_STATS,
    KEY_DESCRIBE,
};

/* The command line's settings. */
struct settings {
    struct sockaddr_in address;
    const char *address_text;
    bool describe;
    struct server_config config;
    const char *given[PARAMETERS_MAX]; /* text of the model's parameters */
};

static int stop_event_fd;
static pid_t main_pid;

/* Forked workers inherit the handler, and Ctrl-C reaches them too, but only the
 * main process decides when to end. */
static void on_stop_signal(int signal)
{
    int saved = errno;

    (void)signal;
    if (getpid() == main_pid) {
        static const struct itimerval limit = {.it_value = {4, 500000}};
        bool first = !server_stopping();
        server_stop();
        eventfd_write(stop_event_fd, 1);
        /* Only once, so that repeated signals cannot postpone the limit. */
        if (first)
            setitimer(ITIMER_REAL, &limit, NULL);
    }
    errno = saved;
}

/* Runs half a second after the drain's limit: a workload's handler occupies the
 * only thread that could have noticed the limit (serial in a long wait).
 * Children die with this process. */
static void on_drain_limit(int signal)
{
    static const char words[] =
        ": requests in flight 4 s after the stop were abandoned\n";

    (void)signal;
    if (getpid() == main_pid) {
        (void)!write(STDERR_FILENO, model.name, strlen(model.name));
        (void)!write(STDERR_FILENO, words, sizeof words - 1);
        _exit(EXIT_SUCCESS);
    }
}

static int parse_number(const char *text, int min, int max, int *number)
{
    char *end;

    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < min || value > max)
        return -EINVAL;
    *number = (int)value;
    return 0;
}

static int parse_host(const char *text, struct sockaddr_in *address)
{
    const char *host = strcmp(text, "localhost") == 0 ? "127.0.0.1" : text;

    address->sin_family = AF_INET;
    return inet_pton(AF_INET, host, &address->sin_addr) == 1 ? 0 : -EINVAL;
}

/* The address of a server that workloads call. Ends the program if the text is
 * not an address. */
static struct sockaddr_in parse_peer(const char *flag, const char *text,
                                     struct argp_state *state)
{
    struct sockaddr_in address = {0};
    const char *colon = strrchr(text, ':');
    char host[64] = "";
    int port = 0;

    if (colon && (size_t)(colon - text) < sizeof host)
        snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    if (!colon || parse_host(host, &address) ||
        parse_number(colon + 1, 1, 65535, &port))
        argp_failure(state, EXIT_USAGE, 0,
                     "--%s %s: not HOST:PORT (an IPv4 address or localhost, "
                     "port 1 to 65535)",
                     flag, text);
    address.sin_port = htons((uint16_t)port);
    return address;
}

static void parse_store(enum store store, const char *text,
                        struct argp_state *state)
{
    static int (*const load[STORES])(char *why, size_t why_size) = {
        [STORE_POSTGRESQL] = postgresql_load,
        [STORE_REDIS] = redis_load,
    };
    struct sockaddr_in address = parse_peer(store_name(store), text, state);
    char why[512];

    if (load[store](why, sizeof why) < 0)
        argp_failure(state, EXIT_USAGE, 0, "--%s: %s", store_name(store), why);
    store_use(store, &address);
}

static error_t parse_common(int key, char *text, struct argp_state *state)
{
    struct settings *settings = state->input;
    struct sockaddr_in backend;
    int port;

    switch (key) {
    case KEY_ADDRESS:
        settings->address_text = text;
        if (parse_host(text, &settings->address))
            argp_failure(state, EXIT_USAGE, 0,
                         "--address %s: not an IPv4 address or localhost",
                         text);
        return 0;
    case KEY_PORT:
        if (parse_number(text, 0, 65535, &port))
            argp_failure(state, EXIT_USAGE, 0,
                         "--port %s: not a port (0 to 65535)", text);
        settings->address.sin_port = htons((uint16_t)port);
        return 0;
    case KEY_WORKERS:
        if (!model.workers_default)
            argp_failure(state, EXIT_USAGE, 0,
                         "--workers %s: %s has no workers; leave out the flag",
                         text, model.name);
        if (parse_number(text, 1, WORKERS_MAX, &settings->config.workers))
            argp_failure(state, EXIT_USAGE, 0,
                         "--workers %s: not a number from 1 to %d", text,
                         WORKERS_MAX);
        return 0;
    case KEY_BACKEND:
        backend = parse_peer("backend", text, state);
        backend_use(&backend);
        return 0;
    case KEY_POSTGRESQL:
        parse_store(STORE_POSTGRESQL, text, state);
        return 0;
    case KEY_REDIS:
        parse_store(STORE_REDIS, text, state);
        return 0;
    case KEY_BACKLOG:
        if (parse_number(text, 1, 1 << 20, &settings->config.backlog))
            argp_failure(state, EXIT_USAGE, 0,
                         "--backlog %s: not a number from 1 to %d", text,
                         1 << 20);
        return 0;
    case KEY_STATS:
        if (stats_enable())
            argp_failure(state, EXIT_FAILURE, ENOMEM, "--stats: no memory");
        return 0;
    case KEY_DESCRIBE:
        settings->describe = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct settings *settings = state->input;

    if (key >= KEY_PARAMETER && key < KEY_PARAMETER + PARAMETERS_MAX) {
        settings->given[key - KEY_PARAMETER] = text;
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        argp_failure(state, EXIT_USAGE, 0, "unexpected argument %s", text);
    return parse_common(key, text, state);
}

static const struct argp_option common_options[] = {
    {"address", KEY_ADDRESS, "IPv4", 0, "address to bind (default 127.0.0.1)",
     0},
    {"port", KEY_PORT, "N", 0,
     "port to listen on; 0: any free port (default 8080)", 0},
    {"workers", KEY_WORKERS, "N", 0, "number of workers", 0},
    {"backend", KEY_BACKEND, "HOST:PORT", 0, "the backend that workloads call",
     0},
    {"postgresql", KEY_POSTGRESQL, "HOST:PORT", 0,
     "the PostgreSQL that query calls", 0},
    {"redis", KEY_REDIS, "HOST:PORT", 0, "the Redis that cache calls", 0},
    {"backlog", KEY_BACKLOG, "N", 0,
     "connections that may wait to be accepted (default 4096)", 0},
    {"stats", KEY_STATS, NULL, 0, "keep statistics for GET /stats", 0},
    {"describe", KEY_DESCRIBE, NULL, 0, "print the model as JSON and exit", 0},
};

/* The common flags, then one for each parameter of the model. `help` holds the
 * texts, because argp only points to them. */
static void build_options(struct argp_option *options,
                          char help[PARAMETERS_MAX][160])
{
    size_t count = sizeof common_options / sizeof *common_options;

    memcpy(options, common_options, sizeof common_options);
    if (!model.workers_default)
        options[KEY_WORKERS - KEY_COMMON].flags = OPTION_HIDDEN;
    for (int i = 0; model.parameters && model.parameters[i].name; i++) {
        const struct parameter *parameter = &model.parameters[i];
        snprintf(help[i], sizeof help[i], "%s (default %s)", parameter->help,
                 parameter->default_text);
        options[count++] = (struct argp_option){parameter->name,
                                                KEY_PARAMETER + i,
                                                units[parameter->unit].name,
                                                0,
                                                help[i],
                                                1};
    }
    options[count] = (struct argp_option){0};
}

static void parse_flags(int argc, char **argv, struct settings *settings)
{
    static const struct parameter none[] = {{0}};
    struct argp_option options[OPTIONS_MAX];
    char help[PARAMETERS_MAX][160];
    char text[256], why[256];
    struct argp argp = {
        .options = options, .parser = parse_option, .doc = text};

    snprintf(text, sizeof text, "%s: %s", model.name, model.summary);
    build_options(options, help);
    argp_program_version = "troika " TROIKA_VERSION;
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, settings);
    if (parameters_parse(model.parameters ? model.parameters : none,
                         settings->given, &settings->config.arguments, why,
                         sizeof why)) {
        fprintf(stderr, "%s: bad flag: %s\n", model.name, why);
        exit(EXIT_USAGE);
    }
}

/* Prints the line of --describe. Returns the exit status. */
static int print_description(void)
{
    struct reply json;
    size_t size;

    reply_init(&json);
    int rc = describe_model(&json);
    const char *body = reply_body(&json, &size);
    if (rc == 0)
        fwrite(body, 1, size, stdout);
    reply_free(&json);
    return rc || output_flush() ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The name of a member that every model must set and that this one does not, or
 * NULL. */
static const char *missing_operation(void)
{
    const struct rt_operations *have = model.operations;

    return !have               ? "operations"
           : !have->sleep      ? "sleep"
           : !have->connect    ? "connect"
           : !have->read       ? "read"
           : !have->write      ? "write"
           : !have->wait_fd    ? "wait_fd"
           : !have->close      ? "close"
           : !have->spawn      ? "spawn"
           : !have->join       ? "join"
           : !have->yield      ? "yield"
           : !model.serve      ? "serve"
           : !model.discipline ? "discipline"
                               : NULL;
}

static int somaxconn(void)
{
    long long limit = limits_number("/proc/sys/net/core/somaxconn");
    return limit > 0 ? (int)limit : SOMAXCONN;
}

static int fail_to_listen(const struct settings *settings, int error)
{
    const char *remedy =
        error == EADDRINUSE ? "stop what listens there, or take another "
                              "--port (0 picks a free one)"
        : error == EACCES   ? "take a --port of 1024 or more, or run as root"
        : error == EADDRNOTAVAIL
            ? "take an --address of this machine, such as 127.0.0.1"
            : "take another --address or --port";

    fprintf(stderr, "%s: cannot listen on %s:%d: %s; %s\n", model.name,
            settings->address_text, ntohs(settings->address.sin_port),
            strerror(error), remedy);
    return -error;
}

/* Opens the listening socket and fills in the port that the kernel picked. */
static int start_listening(struct settings *settings)
{
    struct sockaddr *address = (struct sockaddr *)&settings->address;
    socklen_t length = sizeof settings->address;
    int one = 1, limit = somaxconn();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return fail_to_listen(settings, errno);
    if (settings->config.backlog > limit) {
        fprintf(stderr,
                "%s: --backlog %d: the kernel allows %d; raise "
                "net.core.somaxconn for more\n",
                model.name, settings->config.backlog, limit);
        settings->config.backlog = limit;
    }
    if (settings->config.backlog == 0)
        settings->config.backlog =
            limit < BACKLOG_DEFAULT ? limit : BACKLOG_DEFAULT;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, address, length) || listen(fd, settings->config.backlog) ||
        getsockname(fd, address, &length)) {
        int error = errno;
        close(fd);
        return fail_to_listen(settings, error);
    }
    return fd;
}

/* Raises the soft limit of descriptors, which exists only for programs that use
 * select(), to the hard limit. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* TROIKA_DIE_WITH_PARENT=PID: no server may outlive the harness. The PID is in
 * the environment, not in a flag, so that foreign servers may ignore it. If the
 * parent has another PID, it may be a script in between, which is fine while
 * the harness lives. A parent of 0 is outside our PID namespace. */
static void die_with_parent(void)
{
    const char *text = getenv("TROIKA_DIE_WITH_PARENT");
    int parent;

    if (!text || parse_number(text, 1, INT32_MAX, &parent))
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* The parent may have ended before prctl(). */
    if (parent > 1 && getppid() != parent && getppid() != 0 &&
        kill(parent, 0) && errno == ESRCH)
        _exit(EXIT_FAILURE);
}

static int catch_signals(void)
{
    struct sigaction stop = {.sa_handler = on_stop_signal,
                             .sa_flags = SA_RESTART};
    struct sigaction limit = {.sa_handler = on_drain_limit};

    main_pid = getpid();
    stop_event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_event_fd < 0)
        return -errno;
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGALRM, &limit, NULL);
    return 0;
}

/* Returns 0, or a negative errno after a message on stderr. The program that
 * started the server waits for this line. */
static int print_ready(const struct settings *settings)
{
    char workers[16] = "null";

    if (model.workers_default)
        snprintf(workers, sizeof workers, "%d", settings->config.workers);
    printf("{\"ready\":true,\"port\":%d,\"model\":\"%s\",\"workers\":%s,"
           "\"pid\":%d}\n",
           ntohs(settings->address.sin_port), model.name, workers, getpid());
    return output_flush();
}

/* Everything before serve(). Returns 0, or a negative errno after a message on
 * stderr. */
static int prepare(struct settings *settings)
{
    const char *missing = missing_operation();

    if (missing) {
        fprintf(stderr, "%s: models/%s.c leaves .%s unset\n", model.name,
                model.name, missing);
        return -ENOSYS;
    }
    int rc = catch_signals();
    if (rc) {
        fprintf(stderr, "%s: cannot catch signals: %s\n", model.name,
                strerror(-rc));
        return rc;
    }
    raise_descriptor_limit();
    prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
    settings->config.stop_fd = stop_event_fd;
    settings->config.listen_fd = start_listening(settings);
    return settings->config.listen_fd < 0 ? settings->config.listen_fd : 0;
}

int main(int argc, char **argv)
{
    struct settings settings = {
        .address = {.sin_family = AF_INET,
                    .sin_port = htons(8080),
                    .sin_addr = {htonl(INADDR_LOOPBACK)}},
        .address_text = "127.0.0.1",
    };

    output_check_at_exit(model.name, EXIT_FAILURE);
    die_with_parent();
    if (model.workers_default)
        settings.config.workers = model.workers_default();
    parse_flags(argc, argv, &settings);
    if (settings.describe)
        return print_description();
    if (prepare(&settings) || print_ready(&settings))
        return EXIT_FAILURE;
    int rc = model.serve(&settings.config);
    if (rc < 0) {
        limits_print(model.name, rc);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
