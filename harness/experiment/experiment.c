/* SPDX-License-Identifier: MIT
 *
 * The sections of a file and their order, the [experiment] section, and where
 * experiments are. Cells are in cell.c, their meaning in expand.c. A shipped
 * experiment is found by its name: harness/experiments/NAME.ini, or claims/NAME
 * for one in a folder listed here.
 */
#include "experiment.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cell.h"
#include "entrants.h"
#include "expand.h"
#include "harness/base/names.h"
#include "harness/base/tree.h"
#include "harness/figures/metric.h"
#include "ini.h"
#include "modes.h"
#include "profile.h"
#include "shipped_targets.h"
#include "target_section.h"
#include "value.h"

enum { TRIAL_NAME_MAX = 200 }; /* the longest name that the report accepts */

static int take_seed(const struct reader *reader, const struct ini_entry *entry,
                     const struct key *key, void *into)
{
    struct experiment *experiment = into;

    (void)key;
    char why[256];
    return reader_judged(
        reader, entry,
        value_seed(entry->value, &experiment->seed, why, sizeof why), why);
}

static int take_baseline(const struct reader *reader,
                         const struct ini_entry *entry, const struct key *key,
                         void *into)
{
    struct experiment *experiment = into;

    if (!reader_model(reader, entry->line, entry->value))
        return -EINVAL;
    return reader_copy_text(reader, entry, experiment->baseline, key->size);
}

static int take_headline(const struct reader *reader,
                         const struct ini_entry *entry, const struct key *key,
                         void *into)
{
    struct experiment *experiment = into;
    const char *names[64] = {NULL};

    for (int i = 0; i < 63 && metrics[i].name; i++)
        names[i] = metrics[i].name;
    char hint[512];
    if (!metric_find(entry->value))
        return reader_fail(
            reader, entry->line, "no metric is named \"%s\"%s", entry->value,
            names_suggest(entry->value, names, hint, sizeof hint));
    return reader_copy_text(reader, entry, experiment->headline, key->size);
}

/* Checks only that there is a host and a port; connecting shows the rest. */
static int take_address(const struct reader *reader,
                        const struct ini_entry *entry, const struct key *key,
                        void *into)
{
    const char *colon = strrchr(entry->value, ':');

    if (!colon || colon == entry->value || atoi(colon + 1) < 1)
        return reader_fail(reader, entry->line,
                           "%s is \"%s\"; HOST:PORT is meant", entry->key,
                           entry->value);
    return reader_copy_text(reader, entry, (char *)into + key->offset,
                            key->size);
}

#define IN(member) KEY_IN(struct experiment, member)

static const struct key experiment_keys[] = {
    {"title", "text", "the file's name", "a heading for the report", KEY_TEXT,
     IN(title)},
    {"question", "text", NULL, "what the experiment answers, one sentence",
     KEY_TEXT, IN(question)},
    {"blocks", "count", "6",
     "trials of every cell; below 6 no difference can be significant",
     KEY_COUNT, IN(blocks), .min = 1, .max = EXPERIMENT_BLOCKS_MAX},
    {"seed", "number", "drawn for the run",
     "for the order of trials, the arrivals and the requests",
     .take = take_seed},
    {"baseline", "name", NULL, "the model that others are compared with",
     KEY_OWN, IN(baseline), .take = take_baseline},
    {"base", "a load point", NULL,
     "the load point by whose figures those of the others are divided, model "
     "by model and block by block",
     KEY_TEXT, IN(base)},
    {"headline", "a metric", "by the kind of load",
     "the metric of the last lines of a run, such as cpu_per_request_ns",
     KEY_OWN, IN(headline), .take = take_headline},
    {"margin", "share", "5%",
     "the smallest difference that matters, of throughput, CPU and memory",
     KEY_SHARE, IN(margin)},
    {"margin.latency", "share", "10%",
     "the smallest difference that matters, of latencies", KEY_SHARE,
     IN(latency_margin)},
    {"noise_floor", "yes, no", "no",
     "a second copy of the baseline takes part: any difference between the two "
     "is noise",
     KEY_YES, IN(noise_floor)},
    {"calibrate_warmup", "yes, no", "no",
     "`warmup` is a minimum: before the first block, troika measures how long "
     "the slowest model needs to settle",
     KEY_YES, IN(calibrate_warmup)},
    {"postgresql", "HOST:PORT", "a private one is started",
     "the PostgreSQL that query asks", KEY_OWN,
     IN(store_addresses[STORE_POSTGRESQL]), .take = take_address},
    {"redis", "HOST:PORT", "a private one is started",
     "the Redis that cache asks", KEY_OWN, IN(store_addresses[STORE_REDIS]),
     .take = take_address},
    {0}};

/* A key of [experiment] that is not its own is a default for the cells. */
static int read_experiment(const struct reader *reader, int section,
                           struct cell *defaults)
{
    int result = 0;

    for (int i = 0; i < reader->ini->entry_count && result == 0; i++) {
        const struct ini_entry *entry = &reader->ini->entries[i];
        int key = reader_key(experiment_keys, entry->key);
        if (entry->section != section)
            continue;
        if ((result = reader_duplicate(reader, i)) < 0)
            break;
        result = key >= 0 ? reader_take(reader, entry, &experiment_keys[key],
                                        reader->experiment)
                          : cell_take(reader, defaults, i);
        if (result < 0 && key < 0 && strstr(reader->why, "unknown key"))
            result =
                reader_unknown_key(reader, entry, experiment_keys, cell_keys);
    }
    return result;
}

static int read_cell(const struct reader *reader, int section,
                     const struct cell *defaults)
{
    const struct ini_section *sections = reader->ini->sections;
    struct cell cell = *defaults;
    int result = 0;

    cell.name = sections[section].name + strlen("cell");
    cell.name += strspn(cell.name, " \t");
    cell.line = sections[section].line;
    if (!reader_good_name(cell.name))
        return reader_fail(reader, cell.line,
                           "a cell needs a name of letters, digits, dots and "
                           "dashes, up to 39: [cell fetch]");
    for (int i = 0; i < section; i++)
        if (!strcmp(sections[i].name, sections[section].name))
            return reader_fail(reader, cell.line,
                               "there is a [cell %s] on line %d already",
                               cell.name, sections[i].line);
    if (expand_leaves_out(reader, &cell, section))
        return 0;
    for (int i = 0; i < reader->ini->entry_count && result == 0; i++)
        if (reader->ini->entries[i].section == section)
            result = cell_take(reader, &cell, i);
    return result < 0 ? result : expand_cell(reader, &cell);
}

/* The reports read these sections (docs/claims.md). A claim stands in the file
 * of its experiment, above, between or below the sections of that. */
static bool is_of_a_claim(const struct ini_section *section)
{
    return !strncmp(section->name, "claim ", 6) ||
           !strncmp(section->name, "figure ", 7) ||
           !strncmp(section->name, "verdict ", 8);
}

static int read_section(const struct reader *reader, int section,
                        struct cell *defaults)
{
    char name[INI_SECTION_MAX];
    static const char *const names[] = {"experiment", "profile", "target",
                                        "cell",       "claim",   "figure",
                                        "verdict",    NULL};
    const struct ini_section *s = &reader->ini->sections[section];
    size_t word = strcspn(s->name, " \t");

    snprintf(name, sizeof name, "%.*s", (int)word, s->name);
    if (!strcmp(name, "cell"))
        return read_cell(reader, section, defaults);
    char hint[128];
    if (!strcmp(name, "target"))
        return 0; /* target_section_read_all has read it */
    if (is_of_a_claim(s))
        return 0;
    if (!strcmp(s->name, "claim") || !strcmp(s->name, "figure") ||
        !strcmp(s->name, "verdict"))
        return reader_fail(reader, s->line,
                           "[%s] needs a name, as in [claim C07], [figure "
                           "gain] and [verdict REFUTED]",
                           s->name);
    if (strcmp(s->name, "experiment") != 0 && strcmp(s->name, "profile") != 0)
        return reader_fail(reader, s->line, "unknown section [%s]%s", s->name,
                           names_suggest(name, names, hint, sizeof hint));
    for (int i = 0; i < section; i++)
        if (!strcmp(reader->ini->sections[i].name, s->name))
            return reader_fail(reader, s->line,
                               "there is an [%s] on line %d already", s->name,
                               reader->ini->sections[i].line);
    if (!strcmp(s->name, "profile"))
        return profile_read(reader, section);
    return read_experiment(reader, section, defaults);
}

static bool has_parameter(const struct workload_entry *workload,
                          const char *name)
{
    return workload &&
           parameters_find(workload->workload->parameters, name) >= 0;
}

/* A default that no cell can use would be a silent misunderstanding. */
static int check_default(const struct reader *reader,
                         const struct ini_entry *entry)
{
    const struct experiment *experiment = reader->experiment;
    bool beside = !strncmp(entry->key, "beside.", 7);

    for (int i = 0; i < experiment->load_point_count; i++) {
        const struct load_point *point = &experiment->load_points[i];
        if (beside ? has_parameter(point->beside.workload, entry->key + 7)
                   : has_parameter(point->workload, entry->key))
            return 0;
    }
    return reader_fail(reader, entry->line,
                       "no cell has a workload with the parameter \"%s\"",
                       entry->key);
}

/* The base is checked here because it names a load point, and their ids are not
 * known earlier. */
static int check_base(const struct reader *reader)
{
    struct experiment *experiment = reader->experiment;
    const char *ids[EXPERIMENT_CELLS_MAX + 1] = {NULL};
    int line = 1;

    for (int i = 0; i < experiment->load_point_count; i++)
        ids[i] = experiment->load_points[i].id;
    for (int i = 0; ids[i]; i++)
        if (!strcmp(ids[i], experiment->base))
            return 0;
    if (reader_lacks_workload(reader)) {
        experiment->base[0] = '\0'; /* that of a cell that is left out */
        return 0;
    }
    for (int i = 0; i < reader->ini->entry_count; i++)
        if (!strcmp(reader->ini->entries[i].key, "base"))
            line = reader->ini->entries[i].line;
    char hint[512];
    return reader_fail(reader, line, "no load point is called \"%s\"%s",
                       experiment->base,
                       names_suggest(experiment->base, ids, hint, sizeof hint));
}

/* Checks of the experiment as a whole. */
static int check_whole(const struct reader *reader, const struct cell *defaults)
{
    const struct experiment *experiment = reader->experiment;

    if (experiment->load_point_count == 0 && experiment->left_out[0] == '\0')
        return reader_fail(reader, 1,
                           "there is no [cell NAME]: nothing to measure");
    int result;
    for (int i = 0; i < defaults->loose_count; i++) {
        result =
            check_default(reader, &reader->ini->entries[defaults->loose[i]]);
        if (result < 0)
            return result;
    }
    if (experiment->base[0] != '\0' && (result = check_base(reader)) < 0)
        return result;
    if (experiment->baseline[0] == '\0' && experiment->noise_floor)
        return reader_fail(reader, 1,
                           "noise_floor = yes needs a baseline: the model "
                           "that a second copy of takes part");
    if (experiment->baseline[0] == '\0')
        return 0;
    for (int i = 0; i < experiment->load_point_count; i++)
        for (int m = 0; experiment->load_points[i].models[m]; m++)
            if (!strcmp(experiment->load_points[i].models[m],
                        experiment->baseline))
                return 0;
    reader_leave_out(reader, "the baseline %s takes part in no cell",
                     experiment->baseline);
    return 0;
}

static int read_sections(const struct reader *reader)
{
    const struct ini_file *ini = reader->ini;
    struct cell defaults = {0};
    int result = 0, first = 0;

    if (ini->entry_count > 0 && ini->entries[0].section < 0)
        return reader_fail(reader, ini->entries[0].line,
                           "\"%s\" is in no section; begin with [experiment]",
                           ini->entries[0].key);
    while (first < ini->section_count && is_of_a_claim(&ini->sections[first]))
        first++;
    if (first == ini->section_count)
        return reader_fail(reader, 1, "there is no [experiment] section");
    if (strcmp(ini->sections[first].name, "experiment") != 0) {
        result = read_section(reader, first, &defaults);
        if (result < 0 && strstr(reader->why, "unknown section"))
            return result;
        return reader_fail(reader, ini->sections[first].line,
                           "the first section must be [experiment], whose "
                           "keys are the defaults of the cells");
    }
    for (int i = first; i < ini->section_count && result == 0; i++)
        result = read_section(reader, i, &defaults);
    return result < 0 ? result : check_whole(reader, &defaults);
}

/* Sets the name: that of the file without directory and .ini. A name that is
 * too long is refused, since a shortened one could be that of another file. */
static int set_name(const struct reader *reader, const char *path)
{
    struct experiment *experiment = reader->experiment;
    const char *base = strrchr(path, '/');

    base = base ? base + 1 : path;
    size_t length = strlen(base);
    if (length > 4 && !strcmp(base + length - 4, ".ini"))
        length -= 4;
    if (length >= sizeof experiment->name)
        return reader_fail(reader, 1,
                           "the file's name has %zu characters without .ini, "
                           "and results are named by at most %zu; rename it",
                           length, sizeof experiment->name - 1);
    snprintf(experiment->name, sizeof experiment->name, "%.*s", (int)length,
             base);
    snprintf(experiment->path, sizeof experiment->path, "%s", path);
    for (char *c = experiment->name; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            *c = '-';
    snprintf(experiment->title, sizeof experiment->title, "%s",
             experiment->name);
    return 0;
}

/* The files of a trial are named EXPERIMENT-bN-LOADPOINT-MODEL and more. The
 * file system allows 255 bytes, of which the report needs some for its own
 * names. */
static int check_file_names(const struct reader *reader)
{
    const struct experiment *experiment = reader->experiment;

    for (int i = 0; i < experiment->load_point_count; i++) {
        const struct load_point *point = &experiment->load_points[i];

        for (int j = 0; point->models[j]; j++) {
            size_t length = strlen(experiment->name) + strlen("-b1000-") +
                            strlen(point->id) + strlen("-") +
                            strlen(point->models[j]);

            if (length > TRIAL_NAME_MAX)
                return reader_fail(
                    reader, point->line,
                    "a trial of %s at %s would be named with %zu characters, "
                    "and at most %d are allowed for experiment, cell and model "
                    "together; shorten the name of the file or the cell",
                    point->models[j], point->id, length, TRIAL_NAME_MAX);
        }
    }
    return 0;
}

int experiment_read(const char *path, const struct model_info *models,
                    struct experiment **experiment, char *why, size_t why_size)
{
    return experiment_read_copy(path, NULL, models, experiment, why, why_size);
}

int experiment_read_copy(const char *path, const char *home,
                         const struct model_info *models,
                         struct experiment **experiment, char *why,
                         size_t why_size)
{
    struct reader reader = {.path = path, .why = why, .why_size = why_size};
    struct ini_file ini;
    int result;

    *experiment = NULL;
    result = ini_read(path, &ini, why, why_size);
    if (result < 0)
        goto out;
    reader.ini = &ini;
    reader.experiment = calloc(1, sizeof *reader.experiment);
    if (!reader.experiment) {
        snprintf(why, why_size, "%s: out of memory", path);
        result = -ENOMEM;
        goto out;
    }
    result = set_name(&reader, path);
    reader.experiment->blocks = 6;
    reader.experiment->margin = 0.05;
    reader.experiment->latency_margin = 0.1;
    reader.experiment->profile.connections = 1;
    for (int i = 0; i < MODELS_MAX && models[i].name; i++)
        reader.experiment->models[i] = models[i];
    reader.models = reader.experiment->models;
    if (result == 0)
        result = target_section_read_all(&reader, home);
    if (result == 0)
        result = shipped_targets_add(&reader);
    if (result == 0)
        result = read_sections(&reader);
    if (result == 0 && reader.experiment->noise_floor)
        entrants_add_copies(reader.experiment);
    if (result == 0)
        result = check_file_names(&reader);
    if (result < 0)
        experiment_free(reader.experiment);
    else
        *experiment = reader.experiment;
out:
    ini_free(&ini);
    return result;
}

void experiment_free(struct experiment *experiment)
{
    free(experiment);
}

/* The experiments of the claims have a folder of their own, because there are
 * many. */
static const char *const shipped_folders[] = {"", "claims/"};
enum { FOLDERS = sizeof shipped_folders / sizeof shipped_folders[0] };

static int count_of(char *const *names)
{
    int count = 0;

    while (names && names[count])
        count++;
    return count;
}

/* Adds the names in one folder, each with the folder before it, to `names`.
 * Returns 0 or -ENOMEM. */
static int add_folder(char ***names, const char *folder)
{
    char **found = NULL;
    int count = count_of(*names), result = 0;
    char below[64];
    snprintf(below, sizeof below, "harness/experiments/%s", folder);
    char directory[PATH_MAX];
    if (tree_source(below, directory, sizeof directory) == 0)
        found = tree_names(directory, ".ini");
    char **more;
    more =
        realloc(*names, (size_t)(count + count_of(found) + 1) * sizeof *more);
    if (!more) {
        tree_names_free(found);
        return -ENOMEM;
    }
    *names = more;
    for (int i = 0; i < count_of(found) && result == 0; i++) {
        if (asprintf(&more[count], "%s%s", folder, found[i]) < 0)
            result = -ENOMEM;
        else
            count++;
    }
    more[count] = NULL;
    tree_names_free(found);
    return result;
}

const char *const *experiment_names(void)
{
    static const char *const none[] = {NULL};
    static char **names;
    static bool listed;

    for (int i = 0; i < FOLDERS && !listed; i++)
        if (add_folder(&names, shipped_folders[i]) < 0)
            break;
    listed = true;
    return names ? (const char *const *)names : none;
}

bool experiment_is_shipped(const char *name)
{
    for (const char *const *known = experiment_names(); *known; known++)
        if (!strcmp(*known, name))
            return true;
    return false;
}

int experiment_find(const char *name, char *path, size_t path_size, char *why,
                    size_t why_size)
{
    size_t length = strlen(name);
    char below[128];
    if (experiment_is_shipped(name)) {
        snprintf(below, sizeof below, "harness/experiments/%s.ini", name);
        return tree_source(below, path, path_size);
    }
    const char *nearest;
    if (strchr(name, '/') ||
        (length > 4 && !strcmp(name + length - 4, ".ini"))) {
        if ((size_t)snprintf(path, path_size, "%s", name) < path_size &&
            access(path, R_OK) == 0)
            return 0;
        nearest = names_nearest(name, experiment_names());
        snprintf(why, why_size, "%s cannot be read: %s%s%s%s", name,
                 strerror(errno), nearest ? "; did you mean " : "",
                 nearest ? nearest : "", nearest ? "?" : "");
        return -ENOENT;
    }
    char hint[2048];
    snprintf(why, why_size, "no experiment is named \"%s\"%s", name,
             names_suggest(name, experiment_names(), hint, sizeof hint));
    return -ENOENT;
}

static void describe_section(FILE *file, const char *section)
{
    fprintf(
        file,
        "### %s\n\n| key | value | default | meaning |\n|---|---|---|---|\n",
        section);
}

static void describe_key(FILE *file, const struct key *key, const char *value,
                         const char *help)
{
    fprintf(file, "| `%s` | %s | %s | %s |\n", key->name, value,
            key->default_text ? key->default_text : "none", help);
}

void experiment_describe_keys(FILE *file)
{
    static const struct {
        const char *section;
        const struct key *keys;
    } tables[] = {{"[experiment]", experiment_keys},
                  {"[profile]", profile_keys},
                  {"[target NAME]", target_keys}};
    char value[128], help[1024];

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        describe_section(file, tables[i].section);
        for (const struct key *key = tables[i].keys; key->name; key++)
            describe_key(file, key, key->value, key->help);
        fputc('\n', file);
    }
    describe_section(file, "[cell NAME]");
    for (int key = 0; key < CELL_KEYS; key++)
        describe_key(file, &cell_keys[key],
                     modes_value(key, value, sizeof value),
                     modes_help(key, help, sizeof help));
}
