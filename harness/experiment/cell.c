/* SPDX-License-Identifier: MIT
 *
 * The keys of a cell and the collection of their texts. Their meaning is in
 * expand.c.
 */
#include "cell.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "entrants.h"
#include "harness/base/names.h"

const struct key cell_keys[CELL_KEYS + 1] = {
    [CELL_CONNECTIONS] =
        {"connections", "counts",
         "1; in an open loop four "
         "times what the rate needs, at least 16 and four "
         "bursts; in a search 256",
         .help = "open connections; in an open loop the most at any time"},
    [CELL_RATE] = {"rate", "rates per second, or multiples like 1.2x", NULL,
                   .help = "offered rate; 1.2x: 1.2 times the rate of the "
                           "fastest model in a closed loop over the "
                           "`connections`, measured before the first block"},
    [CELL_WORKERS] =
        {"workers", "counts", "the model's own",
         .help = "workers, for the models that have them; `workers.MODEL "
                 "= N` for one of them"},
    [CELL_BACKEND_WORKERS] = {"backend_workers", "counts", "no limit",
                              .help = "calls that the backend serves at once; "
                                      "others wait for their turn"},
    [CELL_WORKLOAD] = {"workload", "name", NULL, .help = "what a request does"},
    [CELL_MODE] = {"mode", NULL, "closed", .help = NULL}, /* in modes.c */
    [CELL_SLO] =
        {"slo", "as in p99<60ms", NULL,
         .help = "the limit on the response time that a search must keep; in "
                 "an open loop answers within it are counted as goodput"},
    [CELL_ARRIVALS] = {"arrivals", "poisson, uniform, burst:K", "poisson",
                       .help =
                           "when requests are due; burst:K: K together at each "
                           "Poisson instant"},
    [CELL_MODELS] = {"models", "names, or all", "all",
                     .help = "models to compare; all: every model in C that "
                             "has the workload, except yardsticks"},
    [CELL_PLACEMENT] =
        {"placement", "split, shared", "split",
         .help = "split: the server has half of the CPUs, generator and "
                 "backend have the others; shared: everybody has all"},
    [CELL_CPU_QUOTA] =
        {"cpu_quota", "percent of a CPU", "no limit",
         .help = "CPU time that the server may use, as a container's limit "
                 "does: 150%: 150 ms in each 100 ms (cgroups)"},
    [CELL_WARMUP] = {"warmup", "time", "1s", .help = "load before the window"},
    [CELL_WINDOW] = {"window", "time", "3s; in a soak 10m",
                     .help = "the time that is measured; in a search one step, "
                             "longer if the percentile needs it"},
    [CELL_TIMEOUT] = {"timeout", "time", "30s", .help = "of one request"},
    [CELL_THINK] = {"think", "time", "0s",
                    .help = "pause between answer and request"},
    [CELL_ACTIVE] = {"active", "share", "1%",
                     .help = "share of the connections that get a request each "
                             "second, one after another; 0: none"},
    [CELL_RECOVERY] =
        {"recovery", "time", "0s",
         .help = "after the window, how long to wait at most until the server "
                 "answers as quickly as before; 0s: recovery is not "
                 "measured"},
    [CELL_SEQUENCE] =
        {"sequence", "name", "the load point's",
         .help = "load points of one experiment with the same sequence get the "
                 "same requests in a block, at the same times if their rates "
                 "are the same"},
    [CELL_BESIDE_WORKLOAD] =
        {"beside.workload", "name", NULL,
         .help = "a second load on the same server, an open "
                 "loop; its parameters are `beside.PARAMETER`"},
    [CELL_BESIDE_RATE] = {"beside.rate", "rate per second", NULL,
                          .help = "its offered rate"},
    [CELL_BESIDE_CONNECTIONS] = {"beside.connections", "count",
                                 "as for connections",
                                 .help = "the most connections it opens"},
    [CELL_SLICES] = {"slices", "count", "10",
                     .help = "slices of each model in a block"},
    [CELL_SLICE] = {"slice", "time", "1s",
                    .help = "how long the load stays with a server"},
    [CELL_DISCARD] = {"discard", "time", "200ms",
                      .help = "the beginning of a slice that is not counted"},
};

static bool is_parameter(const char *name)
{
    for (const struct workload_entry *w = workloads; w->name; w++)
        if (parameters_find(w->workload->parameters, name) >= 0)
            return true;
    return false;
}

/* Refuses a key and suggests the nearest of all words that can begin a line of
 * a cell. */
static int unknown_key(const struct reader *reader,
                       const struct ini_entry *entry)
{
    int count = 0;
    const char *names[CELL_KEYS + 256];
    for (int i = 0; i < CELL_KEYS; i++)
        names[count++] = cell_keys[i].name;
    for (const struct workload_entry *w = workloads; w->name; w++)
        for (const struct parameter *p = w->workload->parameters;
             p->name && count < CELL_KEYS + 255; p++)
            names[count++] = p->name;
    count = entrants_setting_names(reader, names, count, CELL_KEYS + 255);
    names[count] = NULL;
    if (!names_nearest(entry->key, names))
        names[CELL_KEYS] = NULL;
    char hint[512];
    return reader_fail(reader, entry->line, "unknown key \"%s\"%s", entry->key,
                       names_suggest(entry->key, names, hint, sizeof hint));
}

/* Refuses an entry without a value, and an entry of a key that its section has
 * on line `before` already. A line before the section holds a default, which
 * may be replaced. */
static int judge(const struct reader *reader, const struct ini_entry *entry,
                 int before)
{
    if (before > reader->ini->sections[entry->section].line)
        return reader_fail(reader, entry->line,
                           "\"%s\" was given on line %d already", entry->key,
                           before);
    if (entry->value[0] == '\0')
        return reader_fail(reader, entry->line, "\"%s\" has no value",
                           entry->key);
    return 0;
}

static int take_text(const struct reader *reader, struct cell_text *into,
                     const struct ini_entry *entry)
{
    int result = judge(reader, entry, into->text ? into->line : 0);

    if (result == 0)
        *into = (struct cell_text){entry->value, entry->line};
    return result;
}

static int take_workers_of(const struct reader *reader, struct cell *cell,
                           const struct ini_entry *entry)
{
    const char *name = entry->key + strlen("workers.");
    const struct model_info *model = reader_model(reader, entry->line, name);

    if (!model)
        return -EINVAL;
    if (model->available && !model->has_workers)
        return reader_fail(reader, entry->line,
                           "the model %s has no worker setting", name);
    return take_text(reader, &cell->workers_of[model - reader->models], entry);
}

/* Adds an entry to those whose values are read with the workload or the models
 * known. */
static int take_later(const struct reader *reader, int index, int *list,
                      int *count, int most)
{
    const struct ini_entry *entry = &reader->ini->entries[index];
    int before = 0;

    for (int i = 0; i < *count; i++) {
        const struct ini_entry *old = &reader->ini->entries[list[i]];
        if (!strcmp(old->key, entry->key))
            before = old->line;
    }
    int result;
    if ((result = judge(reader, entry, before)) < 0)
        return result;
    if (*count == most)
        return reader_fail(reader, entry->line, "too many parameters");
    list[(*count)++] = index;
    return 0;
}

static int take_loose(const struct reader *reader, struct cell *cell, int index)
{
    const char *name = reader->ini->entries[index].key;

    if (is_parameter(strncmp(name, "beside.", 7) ? name : name + 7))
        return take_later(reader, index, cell->loose, &cell->loose_count,
                          sizeof cell->loose / sizeof *cell->loose);
    if (entrants_have_setting(reader, name))
        return take_later(reader, index, cell->settings, &cell->setting_count,
                          sizeof cell->settings / sizeof *cell->settings);
    /* A workload that is not here may have this parameter. */
    if (reader_lacks_workload(reader))
        return 0;
    return unknown_key(reader, &reader->ini->entries[index]);
}

int cell_take(const struct reader *reader, struct cell *cell, int index)
{
    const struct ini_entry *entry = &reader->ini->entries[index];

    for (int i = 0; i < CELL_KEYS; i++)
        if (!strcmp(cell_keys[i].name, entry->key))
            return take_text(reader, &cell->fixed[i], entry);
    if (!strncmp(entry->key, "workers.", 8))
        return take_workers_of(reader, cell, entry);
    return take_loose(reader, cell, index);
}
