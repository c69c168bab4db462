/* SPDX-License-Identifier: MIT */
#include "origin.h"

#include <stdio.h>
#include <string.h>

#include "harness/base/json.h"
#include "harness/run/environment.h"

static const char EXPERIMENT[] = "calibrate";

/* Hexadecimal digits of a fingerprint that tell two machines apart. */
enum { SHOWN = 12 };

struct list {
    char text[1024];
};

static void add_fact(const char *fact, const char *there, const char *here,
                     void *context)
{
    struct list *list = context;
    size_t used = strlen(list->text);

    snprintf(list->text + used, sizeof list->text - used,
             "%s%s %.120s, here %.120s", used ? "; " : "", fact, there, here);
}

static bool check_experiment(const json_t *run, char *why, size_t why_size)
{
    const json_t *experiments = json_object_get(run, "experiments");
    const char *name = json_text_of(json_array_get(experiments, 0), "name");
    size_t count = json_array_size(experiments);

    if (count == 1 && !strcmp(name, EXPERIMENT))
        return true;
    snprintf(why, why_size,
             "the run %s measured the experiment %.80s%s, and constants come "
             "from the experiment %s alone: name a run of troika calibrate",
             json_text_of(run, "run_id"), name, count > 1 ? " and others" : "",
             EXPERIMENT);
    return false;
}

bool origin_check_run(const json_t *run, const json_t *here, char *why,
                      size_t why_size)
{
    const json_t *there = json_object_get(run, "environment");
    const char *print = json_text_of(there, "fingerprint");
    struct list facts = {""};

    if (!check_experiment(run, why, why_size))
        return false;
    if (print[0] && json_text_is(here, "fingerprint", print))
        return true;
    environment_compare(there, here, add_fact, &facts);
    snprintf(why, why_size,
             "the run %s is of another machine, kernel or build (%.*s, here "
             "%.*s): %s; calibrate this machine, or take that run on its own",
             json_text_of(run, "run_id"), SHOWN, print[0] ? print : "none",
             SHOWN, json_text_of(here, "fingerprint"),
             facts.text[0] ? facts.text : "its facts are damaged");
    return false;
}

bool origin_check_constants(const struct machine *machine, const json_t *here,
                            char *why, size_t why_size)
{
    const char *print = json_text_of(here, "fingerprint");

    if (print[0] && !strcmp(machine->fingerprint, print))
        return true;
    snprintf(why, why_size,
             "the constants of %s (run %s) are of another machine, kernel or "
             "build than this (%.*s, here %.*s)",
             machine->at, machine->run_id, SHOWN, machine->fingerprint, SHOWN,
             print);
    return false;
}
