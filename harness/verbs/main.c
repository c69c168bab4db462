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
#include <string.h>

#include "harness/base/names.h"
#include "harness/base/version.h"
#include "harness/gate/gate.h"
#include "harness/machine/switches.h"
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
    {"compare", verb_compare, "compare two stored runs", false},
    {"search", verb_search, "the highest rate that keeps a latency limit",
     true},
    {"calibrate", verb_calibrate, "what each model costs on this machine",
     true},
    {"validate", verb_validate, "forecasts against services held back", true},
    {"predict", verb_predict, "what each model would do for a service", false},
    {"size", verb_size,
     "how many workers, threads, connections a service needs", false},
    {"decide", verb_decide,
     "which model should serve a service, how sure, and what would flip it",
     false},
    {"map", verb_map, "which model wins for which wait and CPU time", false},
    {"probe", verb_probe, "a profile of your service, from what you have",
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
    fputs("Usage: troika VERB [ARGUMENT...]\n"
          "Runs identical work under thread, event-loop and process models and "
          "measures it whole.\n\n",
          file);
    for (int i = 0; i < VERBS; i++)
        fprintf(file, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
    fputs("\n  troika VERB --help   the verb's own flags\n"
          "  troika --version     what was built, and how\n"
          "\nExit codes: 0 done; 1 failed; 2 wrong usage or configuration;\n"
          "3 measured, but not every figure is valid; 4 a limit is not met;\n"
          "5 no answer to be relied on (with --strict);\n"
          "130 interrupted (Ctrl-C); 143 terminated; 129 hung up.\n",
          file);
}

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

int main(int argc, char **argv)
{
    static char name[32];

    output_check_at_exit("troika", EXIT_FAILED);
    hint_set_program(argv[0]);
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
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
    for (int i = 0; i < VERBS; i++)
        if (!strcmp(argv[1], verbs[i].name)) {
            /* The program's name in argp's help and messages. */
            snprintf(name, sizeof name, "troika %s", verbs[i].name);
            argv[1] = name;
            return run_verb(&verbs[i], argc - 1, argv + 1);
        }
    return unknown_verb(argv[1]);
}
