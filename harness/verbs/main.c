/* SPDX-License-Identifier: MIT
 *
 * main of the harness: finds the verb and calls it. A new verb needs a file
 * harness/verbs/NAME.c, a declaration in verbs.h and a row in the table below.
 */
#include "harness/base/exit.h"
#include "harness/base/hint.h"
#include "verbs.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "complete.h"
#include "harness/base/flags.h"
#include "harness/base/names.h"
#include "harness/base/version.h"
#include "harness/gate/gate.h"
#include "harness/machine/switches.h"
#include "harness/screen/screen.h"
#include "models/runtime/http/output.h"

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
    bool switched; /* reads variables of the environment (switches.h) */
} verbs[] = {
    {"bench", verb_bench, "run experiments and say who leads, and how sure",
     true},
    {"summarise", verb_summarise,
     "recompute the summary of a run's stored trials", false},
    {"runs", verb_runs, "list, name, tag and prune the stored runs", false},
    {"report", verb_report, "charts, page and decision record of a stored run",
     false},
    {"compare", verb_compare, "compare two stored runs", false},
    {"search", verb_search, "the highest rate that keeps a latency limit",
     true},
    {"claims", verb_claims, "what articles claim, measured and judged", true},
    {"calibrate", verb_calibrate, "what each model costs on this machine",
     true},
    {"validate", verb_validate, "forecasts against services held back", true},
    {"predict", verb_predict, "what each model would do for a service", false},
    {"size", verb_size,
     "how many workers, threads, connections a service needs", false},
    {"decide", verb_decide,
     "which model should serve a service, how sure, what would flip it", false},
    {"record", verb_record,
     "record and page of a decision that decide -o stored; --verify", false},
    {"map", verb_map, "which model wins for which wait and CPU time", false},
    {"probe", verb_probe, "a profile of your service, from what you have",
     true},
    {"judge", verb_judge, "which law others' benchmark figures break", false},
    {"target", verb_target, "an experiment file for a service of your own",
     true},
    {"load", verb_load, "drive an HTTP server and time every request", true},
    {"serve", verb_serve, "run one model as a server", false},
    {"stores", verb_stores, "a private PostgreSQL and Redis, to try things",
     false},
    {"doctor", verb_doctor, "what on this machine spoils measurements", true},
    {"selftest", verb_selftest, "check the instrument with planted faults",
     true},
    {"primitives", verb_primitives, "what switches, tasks and wake-ups cost",
     true},
    {"list", verb_list, "models, workloads, experiments; gates, keys", false},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

static void print_help(FILE *file)
{
    static const char *const first[] = {
        "Usage: troika VERB [ARGUMENT...]",
        ("Runs identical work under thread, event-loop and process models, "
         "measured."),
        ""};
    static const char *const last[] = {
        "",
        "  troika VERB --help   the verb's own flags; also: troika help VERB",
        "  troika --version     what was built, and how",
        "",
        "Exit codes: 0 done; 1 failed; 2 wrong usage or configuration;",
        "3 measured, but not every figure is valid; 4 a limit is not met;",
        "5 no answer to be relied on (with --strict);",
        "130 interrupted (Ctrl-C); 143 terminated; 129 hung up."};
    char line[256];

    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
        screen_print_narrow(file, first[i]);
    for (int i = 0; i < VERBS; i++) {
        snprintf(line, sizeof line, "  %-10s %s", verbs[i].name,
                 verbs[i].summary);
        screen_print_narrow(file, line);
    }
    for (size_t i = 0; i < sizeof last / sizeof last[0]; i++)
        screen_print_narrow(file, last[i]);
}

/* What make calls otherwise. */
static const struct make_word {
    const char *word, *verb;
} make_words[] = {
    {"own", "bench --url URL, or --command 'COMMAND {port}'"},
    {"adr", "report --only adr"},
    {"resume", "bench --resume=RUN"},
    {"standard", "bench standard"},
    {"charts", "report --only charts"},
};

static int unknown_verb(const char *word)
{
    static const char *const options[] = {"--help", "--version", NULL};
    const char *known[VERBS + 1] = {NULL};
    char hint[256];

    if (word[0] == '-') {
        fprintf(stderr, "troika: unknown option \"%s\"%s (troika --help)\n",
                word, names_suggest(word, options, hint, sizeof hint));
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < sizeof make_words / sizeof *make_words; i++)
        if (!strcmp(word, make_words[i].word)) {
            fprintf(stderr, "troika: unknown verb \"%s\"; give %s\n", word,
                    make_words[i].verb);
            return EXIT_USAGE;
        }
    for (int i = 0; i < VERBS; i++)
        known[i] = verbs[i].name;
    fprintf(stderr, "troika: unknown verb \"%s\"%s (troika --help)\n", word,
            names_suggest(word, known, hint, sizeof hint));
    return EXIT_USAGE;
}

static int run_verb(const struct verb *verb, int argc, char **argv)
{
    const char *gates[GATES_MAX + 1] = {NULL};
    struct gate_about about[GATES_MAX];
    char why[512];

    for (int i = gate_all(about) - 1; i >= 0; i--)
        gates[i] = about[i].id;
    if (!verb->switched || switches_check(gates, why, sizeof why))
        return verb->run(argc, argv);
    fprintf(stderr, "%s: %s\n", argv[0], why);
    return EXIT_USAGE;
}

/* What a verb is asked for: `troika complete FLAG BEGUN VERB WORDS...`. */
static const char *begun;

static void tell_value(const struct flag *row)
{
    exit(complete_value(row, begun));
}

static void tell_known(const struct flag *row)
{
    _exit(row ? 0 : 1);
}

static const struct verb *find_verb(const char *name)
{
    for (int i = 0; i < VERBS; i++)
        if (!strcmp(name, verbs[i].name))
            return &verbs[i];
    return NULL;
}

/* Calls a verb for its table of flags. That of serve is the model's. */
static int ask_verb(const char *name, int argc, char **argv)
{
    const struct verb *verb = find_verb(name);

    return verb && verb->run != verb_serve ? verb->run(argc, argv)
                                           : EXIT_FAILED;
}

/* The values of a flag, for the scripts of completion, which alone call it.
 * Exits with 1 if the flag takes none. */
static int complete(int argc, char **argv)
{
    if (argc < 5)
        return EXIT_USAGE;
    begun = argv[3];
    flags_ask(argv[2], tell_value);
    return ask_verb(argv[4], argc - 4, argv + 4);
}

/* Asks each verb whether it has the flag, in a child, since a verb's table is
 * its own. Writes their names. Returns text. */
static char *find_owners(const char *flag, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < VERBS && used < size; i++) {
        char *argv[] = {(char *)verbs[i].name, NULL};
        int status = -1;
        pid_t child = fork();
        if (child == 0) {
            flags_ask(flag, tell_known);
            _exit(ask_verb(verbs[i].name, 1, argv));
        }
        if (child > 0 && waitpid(child, &status, 0) == child && status == 0)
            used += (size_t)snprintf(text + used, size - used, "%s%s",
                                     used > 0 ? ", " : "", verbs[i].name);
    }
    return text;
}

int main(int argc, char **argv)
{
    static char name[32];

    output_check_at_exit("troika", EXIT_FAILED);
    screen_fold_output();
    hint_set_program(argv[0]);
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    /* troika help VERB: as troika VERB --help. */
    static char help[] = "--help";
    if (!strcmp(argv[1], "help") && argc > 2) {
        argv[1] = argv[2];
        argv[2] = help;
        argc = 3;
    } else if (!strcmp(argv[1], "help")) {
        argv[1] = help;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
        !strcmp(argv[1], "-?")) {
        print_help(stdout);
        return EXIT_OK;
    }
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
        printf("troika %s (%s; %s; %s)\n", version(), version_variant(),
               version_compiler(), version_cflags());
        return EXIT_OK;
    }
    if (!strcmp(argv[1], "complete"))
        return complete(argc, argv);
    const struct verb *verb = find_verb(argv[1]);
    if (!verb)
        return unknown_verb(argv[1]);
    /* The program's name in argp's help and messages. */
    snprintf(name, sizeof name, "troika %s", verb->name);
    argv[1] = name;
    flags_set_owners(find_owners);
    return run_verb(verb, argc - 1, argv + 1);
}
