/* SPDX-License-Identifier: MIT */
#include "missing.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/exit.h"
#include "harness/base/hint.h"
#include "harness/calibrate/machine_file.h"
#include "harness/server/models.h"
#include "verbs.h"

enum { LIST_SIZE = 2048 };

/* Models that stand for a language where nobody names any. */
static const char *const cpython[] = {"cpython-threads", "cpython-asyncio",
                                      "cpython-processes", NULL};
static const char *const node[] = {"node", "node-cluster", NULL};

/* Calibrates in a child, whose results are progress here. Returns its exit
 * code. */
static int calibrate(char **argv)
{
    int count = 0, status;

    while (argv[count])
        count++;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        int code = verb_calibrate(count, argv);
        fflush(NULL);
        _exit(code);
    }
    if (pid < 0)
        return EXIT_FAILED;
    /* Ctrl-C reaches the child too, which ends its servers first. */
    void (*before)(int) = signal(SIGINT, SIG_IGN);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    signal(SIGINT, before);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static void add(const struct machine *machine, const char *name, char *list)
{
    size_t used = strlen(list);

    if (machine_model(machine, name) || !models_find(models_all(), name))
        return;
    snprintf(list + used, LIST_SIZE - used, "%s%s", used ? "," : "", name);
}

static void add_all(const struct machine *machine, const char *const *names,
                    char *list)
{
    for (int i = 0; names[i]; i++)
        add(machine, names[i], list);
}

static bool has_c(const struct machine *machine)
{
    for (int i = 0; i < machine->model_count; i++)
        if (!machine->models[i].foreign)
            return true;
    return false;
}

/* The models of C that the program came with constants of. */
static void add_c(const struct machine *machine, char *list)
{
    static struct machine shipped;
    char why[600];

    if (machine_file_shipped(&shipped, why, sizeof why) < 0)
        return;
    for (int i = 0; i < shipped.model_count; i++)
        if (!shipped.models[i].foreign)
            add(machine, shipped.models[i].name, list);
}

/* The names of models that have no constants, with commas. `c`: those of C are
 * asked about. */
static void find(const struct missing *missing, const struct machine *machine,
                 bool c, char *list)
{
    list[0] = '\0';
    if (c && missing->count == 0 && !has_c(machine))
        add_c(machine, list);
    for (int i = 0; i < missing->count; i++)
        add(machine, missing->named[i], list);
    if (missing->count == 0 && missing->cpython)
        add_all(machine, cpython, list);
    if (missing->count == 0 && missing->node)
        add_all(machine, node, list);
}

/* Whether any of the models of C is asked about. */
static bool needs_c(const struct missing *missing)
{
    for (int i = 0; i < missing->count; i++) {
        const struct model_info *model =
            models_find(models_all(), missing->named[i]);
        if (model && !model->foreign)
            return true;
    }
    return missing->count == 0 && missing->c;
}

/* Reads the constants. *own: they are of this machine. */
static bool read_own(const struct missing *missing, struct machine *machine,
                     bool *own)
{
    char why[5000];
    bool shipped = false;

    if (advice_machine(NULL, machine, &shipped, why, sizeof why) < 0) {
        fprintf(stderr, "troika %s: %s\n", missing->verb, why);
        return false;
    }
    *own = !shipped;
    return true;
}

struct missing missing_of(const char *verb, const struct question *question,
                          enum language language, int64_t wait_ns)
{
    return (struct missing){
        .verb = verb,
        .named = question->models,
        .count = question->model_count,
        .c = language == LANGUAGE_C || language == LANGUAGE_ANY,
        .cpython = language == LANGUAGE_CPYTHON,
        .node = language == LANGUAGE_NODE,
        .wait_ns = wait_ns,
    };
}

int missing_refuse(const struct missing *missing, const struct machine *machine,
                   bool shipped, const char *more)
{
    char list[LIST_SIZE];

    find(missing, machine, missing->c, list);
    fprintf(stderr,
            "troika %s: there are no constants of such models: %s "
            "calibrate%s%s%s%s\n",
            missing->verb, hint_program(), list[0] ? " --models " : "", list,
            list[0] && !shipped ? " --add" : "", more);
    return EXIT_FAILED;
}

int missing_calibrate(const struct missing *missing)
{
    static struct machine machine, none;
    char list[LIST_SIZE], verb[] = "troika calibrate", models[] = "--models",
                          addition[] = "--add", wait[64];
    bool own;
    int code = EXIT_OK;

    snprintf(wait, sizeof wait, "--wait-for-quiet=%" PRId64 "ms",
             missing->wait_ns / 1000000);
    if (!read_own(missing, &machine, &own))
        return EXIT_FAILED;
    bool c = needs_c(missing);
    bool all = !own && c;
    if (all) {
        fprintf(stderr, "there are no constants of this machine yet: they are "
                        "measured first, which takes about six minutes\n");
        code = calibrate((char *[]){verb, wait, NULL});
        if (!read_own(missing, &machine, &own))
            return EXIT_FAILED;
    }
    find(missing, own ? &machine : &none, c, list);
    if ((!all || own) && list[0]) {
        fprintf(stderr,
                "measured first, since there are no constants of "
                "them: %s\n",
                list);
        code = calibrate(
            (char *[]){verb, wait, models, list, own ? addition : NULL, NULL});
        if (!read_own(missing, &machine, &own))
            return EXIT_FAILED;
        find(missing, own ? &machine : &none, c, list);
    }
    if (own && !list[0])
        return EXIT_OK;
    fprintf(stderr, "troika %s: there are no constants of this machine\n",
            missing->verb);
    return code == EXIT_OK ? EXIT_FAILED : code;
}
