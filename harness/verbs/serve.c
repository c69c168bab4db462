/* SPDX-License-Identifier: MIT
 *
 * troika serve MODEL [FLAG...]: becomes that model's server. The model parses
 * the flags (docs/contract.md), all but --backend. Without --backend, a backend
 * starts beside the server, so that the workloads that call one work at once.
 *
 * The backend is a child of the process that becomes the server by exec, and is
 * killed with it. process_start would not do: its control groups and its
 * guardian need a harness that outlives the server.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/names.h"
#include "harness/screen/screen.h"
#include "harness/server/models.h"
#include "harness/server/ready_line.h"
#include "models/runtime/base/parameter.h"
#include "models/runtime/workload.h"
#include "verbs.h"

static const char BACKEND_MODEL[] = "event-loop";

enum { BACKEND_READY_MS = 5000, FLAGS_MAX = 64 };

static void usage(FILE *file)
{
    static const char *const lines[] = {
        "Usage: troika serve MODEL [FLAG...]",
        ("Runs one model as a server until SIGTERM or Ctrl-C. The flags are "
         "the "
         "model's own: `troika serve MODEL --help` lists them, `troika list` "
         "the models."),
        "",
        ("  --backend HOST:PORT  the server that fetch, gather, mixed and "
         "service call"),
        "  --backend auto       start one beside this (the default)",
        "  --backend none       have none",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        screen_print_narrow(file, lines[i]);
}

static void __attribute__((noreturn)) become_backend(const char *path, int out)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Ctrl-C is for the server, which still needs its backend to drain. */
    setpgid(0, 0);
    dup2(out, STDOUT_FILENO);
    execl(path, path, "--port", "0", (char *)NULL);
    _exit(127);
}

/* Reads the ready line. Returns its port or a negative errno. */
static int ready_port(int fd)
{
    char line[1024] = "";
    size_t used = 0;

    while (used == 0 || line[used - 1] != '\n') {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int events = poll(&wait, 1, BACKEND_READY_MS);
        if (events == 0)
            return -ETIMEDOUT;
        ssize_t got = read(fd, line + used, sizeof line - 1 - used);
        if (got <= 0)
            return got < 0 ? -errno : -ECHILD;
        used += (size_t)got;
    }
    struct ready_line ready;
    line[used] = '\0';
    return ready_line_read(line, &ready) ? ready.port : -EPROTO;
}

static int start_backend(const char *path)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        become_backend(path, ends[1]);
    close(ends[1]);
    int port = ready_port(ends[0]);
    close(ends[0]);
    if (port < 0)
        kill(pid, SIGKILL);
    return port;
}

static bool wants_backend(const struct model_info *model)
{
    for (const struct workload_entry *w = workloads; w->name; w++)
        if (w->workload->needs_backend && models_has_workload(model, w->name))
            return true;
    return false;
}

/* Starts a backend and writes its HOST:PORT, or leaves "" and says why. */
static void automatic_backend(const struct model_info *models,
                              const struct model_info *model, char *text,
                              size_t size)
{
    const struct model_info *backend = models_find(models, BACKEND_MODEL);
    int port;

    if (!wants_backend(model))
        return;
    if (!backend || !backend->available) {
        fprintf(stderr,
                "troika serve: no backend: the model %s is not built; "
                "workloads that call one answer 503 (--backend HOST:PORT)\n",
                BACKEND_MODEL);
        return;
    }
    port = start_backend(backend->path);
    if (port < 0) {
        fprintf(stderr,
                "troika serve: no backend: %s did not become ready (%s); "
                "workloads that call one answer 503 (--backend HOST:PORT)\n",
                backend->path, strerror(-port));
        return;
    }
    snprintf(text, size, "127.0.0.1:%d", port);
    fprintf(stderr,
            "troika serve: started a backend for it: %s on %s (--backend none "
            "to have none)\n",
            BACKEND_MODEL, text);
}

/* Takes "--backend VALUE" or "--backend=VALUE" out of argv[from...]. Returns
 * the value or NULL. */
static const char *take_backend(int from, char **argv)
{
    const char *value = NULL;
    int to = from;

    for (int i = from; argv[i]; i++) {
        if (!strncmp(argv[i], "--backend=", 10))
            value = argv[i] + 10;
        else if (!strcmp(argv[i], "--backend") && argv[i + 1])
            value = argv[++i];
        else
            argv[to++] = argv[i];
    }
    argv[to] = NULL;
    return value;
}

/* Whether the server will only print something and exit. */
static bool only_asks(char **argv)
{
    static const char *const asking[] = {"--help", "-?",        "-h", "--usage",
                                         "-V",     "--version", NULL};

    for (; *argv; argv++)
        for (int i = 0; asking[i]; i++)
            if (!strcmp(*argv, asking[i]) || !strcmp(*argv, "--describe"))
                return true;
    return false;
}

static const struct model_info *find(const struct model_info *models,
                                     const char *name)
{
    const struct model_info *model = models_find(models, name);
    const char *names[MODELS_MAX + 1];
    char hint[512];

    if (!model) {
        models_names(models, names);
        fprintf(stderr, "troika serve: no model is named \"%s\"%s\n", name,
                names_suggest(name, names, hint, sizeof hint));
        return NULL;
    }
    if (model->path[0] == '\0') {
        fprintf(stderr, "troika serve: %s is %s\n", name, model->reason);
        return NULL;
    }
    return model;
}

/* Whether each flag is, or abbreviates, one that the model has; if not, says so
 * and names the nearest. The model checks everything else. */
static bool knows_flags(const struct model_info *model, char **argv)
{
    const char *names[FLAGS_MAX + 1] = {
        "stats", "describe", "help",    "usage", "version",    "address",
        "port",  "workers",  "backlog", "redis", "postgresql", "backend"};
    enum { ALONE = 5 }; /* the first five names take no value */
    int count = 12;
    char hint[512];

    for (const struct parameter *p = model->settings;
         p && p->name && count < FLAGS_MAX; p++)
        names[count++] = p->name;
    for (; *argv && strcmp(*argv, "--") != 0; argv++) {
        if (strncmp(*argv, "--", 2) != 0)
            continue;
        if (*flags_suggest(*argv, names, hint, sizeof hint)) {
            fprintf(stderr, "troika serve: %s has no flag \"%s\"%s\n",
                    model->name, *argv, hint);
            return false;
        }
        bool alone = strchr(*argv, '=');
        for (int i = 0; i < ALONE; i++)
            alone |= !strncmp(names[i], *argv + 2, strlen(*argv + 2));
        argv += !alone && argv[1];
    }
    return true;
}

int verb_serve(int argc, char **argv)
{
    const struct model_info *models, *model;
    char *args[FLAGS_MAX + 4], address[256] = "";
    const char *backend;
    int n = 0;

    if (argc < 2 || argv[1][0] == '-') {
        bool asked =
            argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));
        usage(asked ? stdout : stderr);
        return asked ? EXIT_OK : EXIT_USAGE;
    }
    if (argc > FLAGS_MAX) {
        fprintf(stderr, "troika serve: more than %d flags\n", FLAGS_MAX);
        return EXIT_USAGE;
    }
    models = models_all();
    model = find(models, argv[1]);
    if (!model || (model->available && !knows_flags(model, argv + 2)))
        return EXIT_USAGE;
    backend = take_backend(2, argv);
    if ((!backend || !strcmp(backend, "auto")) && !only_asks(argv + 2))
        automatic_backend(models, model, address, sizeof address);
    else if (backend && strcmp(backend, "none") != 0)
        snprintf(address, sizeof address, "%s", backend);
    args[n++] = (char *)model->path;
    if (address[0] != '\0') {
        args[n++] = (char *)"--backend";
        args[n++] = address;
    }
    for (int i = 2; argv[i]; i++)
        args[n++] = argv[i];
    args[n] = NULL;
    execv(model->path, args);
    fprintf(stderr, "troika serve: %s cannot be started: %s\n", model->path,
            strerror(errno));
    return EXIT_FAILED;
}
