/* SPDX-License-Identifier: MIT
 *
 * Sections and their order; [experiment] and [profile]; where experiments are.
 * Cells are cell.c's, and their meaning expand.c's. The experiments that are
 * shipped are found by name: harness/experiments/NAME.ini, and claims/NAME for
 * those of a folder below that is listed here.
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
#include "target_section.h"
#include "value.h"

enum experiment_key {
    EXPERIMENT_TITLE,
    EXPERIMENT_QUESTION,
    EXPERIMENT_BLOCKS,
    EXPERIMENT_SEED,
    EXPERIMENT_BASELINE,
    EXPERIMENT_BASE,
    EXPERIMENT_HEADLINE,
    EXPERIMENT_MARGIN,
    EXPERIMENT_LATENCY_MARGIN,
    EXPERIMENT_NOISE_FLOOR,
    EXPERIMENT_CALIBRATE_WARMUP,
    EXPERIMENT_POSTGRESQL,
    EXPERIMENT_REDIS,
    EXPERIMENT_KEYS,
};

enum { TRIAL_NAME_MAX = 200 }; /* what the report takes for a name */

static const struct key experiment_keys[EXPERIMENT_KEYS + 1] = {
    [EXPERIMENT_TITLE] = {"title", "text", "the file's name",
                          "a heading for the report"},
    [EXPERIMENT_QUESTION] = {"question", "text", NULL,
                             "what the experiment answers, one sentence"},
    [EXPERIMENT_BLOCKS] = {"blocks", "count", "6",
                           "trials of every cell; below 6 no difference can "
                           "be significant"},
    [EXPERIMENT_SEED] = {"seed", "number", "drawn for the run",
                         "of the order of trials, arrivals and requests"},
    [EXPERIMENT_BASELINE] = {"baseline", "name", NULL,
                             "the model that others are compared with"},
    [EXPERIMENT_BASE] = {"base", "a load point", NULL,
                         "the load point whose figures each model's others are "
                         "divided by, block by block"},
    [EXPERIMENT_HEADLINE] = {"headline", "a metric", "by the kind of load",
                             "what the last lines of a run are about: "
                             "cpu_per_request_ns"},
    [EXPERIMENT_MARGIN] = {"margin", "share", "5%",
                           "the smallest difference that matters, of "
                           "throughput, CPU and memory"},
    [EXPERIMENT_LATENCY_MARGIN] = {"margin.latency", "share", "10%",
                                   "the same of latencies"},
    [EXPERIMENT_NOISE_FLOOR] = {"noise_floor", "yes, no", "no",
                                "a second copy of the baseline takes part: "
                                "what differs between both is noise"},
    [EXPERIMENT_CALIBRATE_WARMUP] = {"calibrate_warmup", "yes, no", "no",
                                     "warmup is the least: before the first "
                                     "block it is found out how long the "
                                     "slowest model needs to settle"},
    [EXPERIMENT_POSTGRESQL] = {"postgresql", "HOST:PORT",
                               "a private one is started",
                               "the PostgreSQL that query asks"},
    [EXPERIMENT_REDIS] = {"redis", "HOST:PORT", "a private one is started",
                          "the Redis that cache asks"},
};

static int take_baseline(const struct reader *reader,
                         const struct ini_entry *entry)
{
    if (!reader_model(reader, entry->line, entry->value))
        return -EINVAL;
    return reader_copy_text(reader, entry, reader->experiment->baseline,
                            sizeof reader->experiment->baseline);
}

static int take_headline(const struct reader *reader,
                         const struct ini_entry *entry)
{
    const char *names[64] = {NULL};
    char hint[512];

    for (int i = 0; i < 63 && metrics[i].name; i++)
        names[i] = metrics[i].name;
    if (!metric_find(entry->value))
        return reader_fail(
            reader, entry->line, "no metric is named \"%s\"%s", entry->value,
            names_suggest(entry->value, names, hint, sizeof hint));
    return reader_copy_text(reader, entry, reader->experiment->headline,
                            sizeof reader->experiment->headline);
}

/* Whether there is a host and a port; the server says what it makes of them. */
static int take_address(const struct reader *reader,
                        const struct ini_entry *entry, enum store store)
{
    char *text = reader->experiment->store_addresses[store];
    const char *colon = strrchr(entry->value, ':');

    if (!colon || colon == entry->value || atoi(colon + 1) < 1)
        return reader_fail(reader, entry->line,
                           "%s is \"%s\"; HOST:PORT is meant", entry->key,
                           entry->value);
    return reader_copy_text(reader, entry, text,
                            sizeof reader->experiment->store_addresses[0]);
}

static int take_experiment(const struct reader *reader,
                           const struct ini_entry *entry, int key)
{
    struct experiment *experiment = reader->experiment;
    const char *text = entry->value;
    static const char *const answers[] = {"no", "yes", NULL};
    int result = 0, answer = 0;
    char why[256];

    switch ((enum experiment_key)key) {
    case EXPERIMENT_TITLE:
        return reader_copy_text(reader, entry, experiment->title,
                                sizeof experiment->title);
    case EXPERIMENT_QUESTION:
        return reader_copy_text(reader, entry, experiment->question,
                                sizeof experiment->question);
    case EXPERIMENT_BLOCKS:
        result = value_count(text, 1, EXPERIMENT_BLOCKS_MAX,
                             &experiment->blocks, why, sizeof why);
        break;
    case EXPERIMENT_SEED:
        result = value_seed(text, &experiment->seed, why, sizeof why);
        break;
    case EXPERIMENT_BASELINE:
        return take_baseline(reader, entry);
    case EXPERIMENT_BASE:
        return reader_copy_text(reader, entry, experiment->base,
                                sizeof experiment->base);
    case EXPERIMENT_HEADLINE:
        return take_headline(reader, entry);
    case EXPERIMENT_MARGIN:
        result = value_share(text, &experiment->margin, why, sizeof why);
        break;
    case EXPERIMENT_LATENCY_MARGIN:
        result =
            value_share(text, &experiment->latency_margin, why, sizeof why);
        break;
    case EXPERIMENT_NOISE_FLOOR:
        result = value_choice(text, answers, &answer, why, sizeof why);
        experiment->noise_floor = answer == 1;
        break;
    case EXPERIMENT_CALIBRATE_WARMUP:
        result = value_choice(text, answers, &answer, why, sizeof why);
        experiment->calibrate_warmup = answer == 1;
        break;
    case EXPERIMENT_POSTGRESQL:
        return take_address(reader, entry, STORE_POSTGRESQL);
    case EXPERIMENT_REDIS:
        return take_address(reader, entry, STORE_REDIS);
    case EXPERIMENT_KEYS:
        break;
    }
    return reader_judged(reader, entry, result, why);
}

/* What [experiment] says that is no key of its own is a default of the
 * cells. */
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
        result = key >= 0 ? take_experiment(reader, entry, key)
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

static int read_section(const struct reader *reader, int section,
                        struct cell *defaults)
{
    static const char *const names[] = {"experiment", "profile", "target",
                                        "cell", NULL};
    const struct ini_section *s = &reader->ini->sections[section];
    size_t word = strcspn(s->name, " \t");
    char name[INI_SECTION_MAX], hint[128];

    snprintf(name, sizeof name, "%.*s", (int)word, s->name);
    if (!strcmp(name, "cell"))
        return read_cell(reader, section, defaults);
    if (!strcmp(name, "target"))
        return 0; /* read before all others, which name it */
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

/* The base is a load point, whose ids are known only now. */
static int check_base(const struct reader *reader)
{
    const struct experiment *experiment = reader->experiment;
    const char *ids[EXPERIMENT_CELLS_MAX + 1] = {NULL};
    char hint[512];
    int line = 1;

    for (int i = 0; i < experiment->load_point_count; i++)
        ids[i] = experiment->load_points[i].id;
    for (int i = 0; ids[i]; i++)
        if (!strcmp(ids[i], experiment->base))
            return 0;
    for (int i = 0; i < reader->ini->entry_count; i++)
        if (!strcmp(reader->ini->entries[i].key, "base"))
            line = reader->ini->entries[i].line;
    return reader_fail(reader, line, "no load point is called \"%s\"%s",
                       experiment->base,
                       names_suggest(experiment->base, ids, hint, sizeof hint));
}

/* What concerns the experiment as a whole. */
static int check_whole(const struct reader *reader, const struct cell *defaults)
{
    const struct experiment *experiment = reader->experiment;
    int result;

    if (experiment->load_point_count == 0 && experiment->left_out[0] == '\0')
        return reader_fail(reader, 1,
                           "there is no [cell NAME]: nothing to measure");
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
    int result = 0;

    if (ini->entry_count > 0 && ini->entries[0].section < 0)
        return reader_fail(reader, ini->entries[0].line,
                           "\"%s\" is in no section; begin with [experiment]",
                           ini->entries[0].key);
    if (ini->section_count == 0)
        return reader_fail(reader, 1, "there is no [experiment] section");
    if (strcmp(ini->sections[0].name, "experiment") != 0) {
        result = read_section(reader, 0, &defaults);
        if (result < 0 && strstr(reader->why, "unknown section"))
            return result;
        return reader_fail(reader, ini->sections[0].line,
                           "the first section must be [experiment], whose "
                           "keys are the defaults of the cells");
    }
    for (int i = 0; i < ini->section_count && result == 0; i++)
        result = read_section(reader, i, &defaults);
    return result < 0 ? result : check_whole(reader, &defaults);
}

/* The file's name without directory and .ini. A name that was cut would stand
 * for another file, too. */
static int set_name(const struct reader *reader, const char *path)
{
    struct experiment *experiment = reader->experiment;
    const char *base = strrchr(path, '/');
    size_t length;

    base = base ? base + 1 : path;
    length = strlen(base);
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

/* A trial's files are named EXPERIMENT-bN-LOADPOINT-MODEL and more: the file
 * system takes 255 bytes, and the report leaves as many for its own. */
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

/* The claims' experiments lie in a folder of their own, for they are many. */
static const char *const shipped_folders[] = {"", "claims/"};
enum { FOLDERS = sizeof shipped_folders / sizeof shipped_folders[0] };

static int count_of(char *const *names)
{
    int count = 0;

    while (names && names[count])
        count++;
    return count;
}

/* Puts the names of one folder, with the folder before each, behind `names`.
 * Returns 0 or -ENOMEM. */
static int add_folder(char ***names, const char *folder)
{
    char below[64], directory[PATH_MAX];
    char **found = NULL, **more;
    int count = count_of(*names), result = 0;

    snprintf(below, sizeof below, "harness/experiments/%s", folder);
    if (tree_source(below, directory, sizeof directory) == 0)
        found = tree_names(directory, ".ini");
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
    char below[128], hint[2048];
    const char *nearest;

    if (experiment_is_shipped(name)) {
        snprintf(below, sizeof below, "harness/experiments/%s.ini", name);
        return tree_source(below, path, path_size);
    }
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
