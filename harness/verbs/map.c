/* SPDX-License-Identifier: MIT
 *
 * troika map: which model wins for which wait and CPU time, at several loads
 * and numbers of cores. By forecast: nothing is measured. Standard output holds
 * the map of the service's own load and cores; the stored file holds all.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/exit.h"
#include "harness/base/hint.h"
#include "harness/base/json.h"
#include "harness/decide/decision.h"
#include "harness/map/print.h"
#include "harness/question/asked.h"
#include "harness/results/results.h"
#include "harness/screen/screen.h"
#include "missing.h"
#include "models/runtime/base/units.h"
#include "verbs.h"

/* Requests of each simulation where none are given: the best of eight models
 * is clear long before the digits of a p99 are. */
enum { REQUESTS = 4000, NAME_FIRST_NS = 1000 };

static const double WAIT_NS = 1e6, CPU_NS = 1e4;

struct options {
    struct asked asked; /* first: asked.h */
    struct map_axis waits, cpus;
    struct map_levels levels;
    int language, format;
    int points;
    double wait_ends_ns[2], cpu_ends_ns[2];
    const char *folder;
};

/* "1ms-1s" */
static void take_ends(char *text, const char *flag, double *ends_ns,
                      struct argp_state *state)
{
    char *dash = strchr(text, '-');
    int64_t low = 0, high = 0;

    if (dash)
        *dash = '\0';
    if (!dash || units_parse(UNIT_NS, text, &low) < 0 ||
        units_parse(UNIT_NS, dash + 1, &high) < 0 || low < NAME_FIRST_NS ||
        high <= low || high > (int64_t)3600 * 1000000000) {
        if (dash)
            *dash = '-';
        argp_error(state,
                   "--%s %s: give two times from 1us to 1h, the shorter one "
                   "first: 1ms-1s",
                   flag, text);
    }
    ends_ns[0] = (double)low;
    ends_ns[1] = (double)high;
}

static void take_waits(char *text, void *into, struct argp_state *state)
{
    take_ends(text, "waits", ((struct options *)into)->wait_ends_ns, state);
}

static void take_cpus(char *text, void *into, struct argp_state *state)
{
    take_ends(text, "cpus", ((struct options *)into)->cpu_ends_ns, state);
}

/* Splits a list of numbers at commas. Returns how many there are; 0: the text
 * is no such list. */
static int take_numbers(char *text, double least, double most, double *numbers)
{
    int count = 0;

    for (char *end; count < MAP_LEVELS_MAX; text = end + 1) {
        numbers[count] = strtod(text, &end);
        if (end == text || !(numbers[count] >= least) ||
            numbers[count++] > most || (*end != ',' && *end != '\0'))
            return 0;
        if (*end == '\0')
            return count;
    }
    return 0;
}

static bool all_whole(const double *numbers, int count)
{
    for (int i = 0; i < count; i++)
        if (numbers[i] != floor(numbers[i]))
            return false;
    return true;
}

static void take_loads(char *text, void *into, struct argp_state *state)
{
    struct map_levels *levels = &((struct options *)into)->levels;

    levels->load_count = take_numbers(text, 0.001, 1e7, levels->loads);
    if (levels->load_count == 0)
        argp_error(state,
                   "--loads %s: give up to %d rates (or connections, if the "
                   "service has clients): 100,400,1600",
                   text, MAP_LEVELS_MAX);
}

static void take_cores(char *text, void *into, struct argp_state *state)
{
    struct map_levels *levels = &((struct options *)into)->levels;
    double numbers[MAP_LEVELS_MAX];

    levels->core_count = take_numbers(text, 1, SIMULATION_CORES, numbers);
    if (!all_whole(numbers, levels->core_count))
        levels->core_count = 0;
    for (int i = 0; i < levels->core_count; i++)
        levels->cores[i] = (int)numbers[i];
    if (levels->core_count == 0)
        argp_error(state,
                   "--core-counts %s: give up to %d numbers from 1 to %d: "
                   "1,4,16",
                   text, MAP_LEVELS_MAX, SIMULATION_CORES);
}

#define MEMBER(name) .offset = offsetof(struct options, name)

static const struct flag rows[] = {
    {"waits", 0, "LOW-HIGH", "of the map (three decades: 1ms-1s)", FLAG_CALL,
     .call = take_waits, .heading = "The map:"},
    {"cpus", 0, "LOW-HIGH", "CPU times of the map (three decades: 10us-10ms)",
     FLAG_CALL, .call = take_cpus},
    {"points", 0, "N", "of each axis (13)", FLAG_INT, MEMBER(points),
     .least = 2, .most = MAP_POINTS_MAX},
    {"loads", 0, "N,N...",
     "rates, or connections (the service's, a quarter of "
     "that, and four times that)",
     FLAG_CALL, .call = take_loads},
    {"core-counts", 0, "N,N...",
     "(the service's, and four times "
     "as many)",
     FLAG_CALL, .call = take_cores},
    {"language", 0, "c|cpython|node|any",
     "of the models to choose from (c); or name models", FLAG_CHOICE,
     MEMBER(language)},
    {"output", 'o', "FOLDER", "store the map there, for its page", FLAG_TEXT,
     MEMBER(folder)},
    {"format", 'f', "text|json", "of the answer (text)", FLAG_FORMAT,
     MEMBER(format)},
    {0},
};

static int fail(const char *why)
{
    fprintf(stderr, "troika map: %s\n", why);
    return EXIT_FAILED;
}

/* In a file of lines, so many of them. */
enum { TENTHS = 10 };

/* Only a terminal shows each; NULL: there is none. */
static struct screen *cells;

static void tell(int done, int all)
{
    char line[1][SCREEN_LINE];

    if (cells) {
        snprintf(line[0], SCREEN_LINE, "map: %d of %d cells", done, all);
        screen_show(cells, line, 1);
    } else if (done * TENTHS / all != (done - 1) * TENTHS / all) {
        fprintf(stderr, "%d of %d cells\n", done, all);
    }
}

static void lay_out(const struct options *options, const struct service *p,
                    struct map *map)
{
    struct map_levels standard = map_levels_standard(p);
    const double *wait = options->wait_ends_ns, *cpu = options->cpu_ends_ns;

    map->levels = options->levels;
    if (map->levels.load_count == 0) {
        memcpy(map->levels.loads, standard.loads, sizeof standard.loads);
        map->levels.load_count = standard.load_count;
    }
    if (map->levels.core_count == 0) {
        memcpy(map->levels.cores, standard.cores, sizeof standard.cores);
        map->levels.core_count = standard.core_count;
    }
    map->wait = map_axis_standard(WAIT_NS, p->wait_ns);
    map->cpu = map_axis_standard(CPU_NS, p->cpu_ns);
    int waits = options->points > 0 ? options->points : map->wait.count;
    int cpus = options->points > 0 ? options->points : map->cpu.count;
    map->wait = wait[1] > 0
                    ? map_axis_of(wait[0], wait[1], waits)
                    : map_axis_of(map->wait.of_ns[0],
                                  map->wait.of_ns[map->wait.count - 1], waits);
    map->cpu = cpu[1] > 0
                   ? map_axis_of(cpu[0], cpu[1], cpus)
                   : map_axis_of(map->cpu.of_ns[0],
                                 map->cpu.of_ns[map->cpu.count - 1], cpus);
}

/* The folder is made before anything is computed. */
static int make_folder(const char *folder)
{
    char why[5000];

    return results_new_folder(folder, "a map", why, sizeof why) < 0 ? fail(why)
                                                                    : EXIT_OK;
}

static int store(const char *folder, const json_t *json)
{
    char path[4096], why[5000];

    snprintf(path, sizeof path, "%s/map.json", folder);
    if (results_store_at(path, json, why, sizeof why) < 0)
        return fail(why);
    char command[8192];
    fprintf(stderr, "stored: %s; the page: %s\n", path,
            hint_make("map", "DIR", "report", folder, command, sizeof command));
    return EXIT_OK;
}

static int answer(const struct options *options, const struct map *map,
                  const struct advice *advice)
{
    json_t *json = map_json(map, advice);
    int code = options->folder ? store(options->folder, json) : EXIT_OK;

    if (code == EXIT_OK && options->format)
        json_print(json);
    else if (code == EXIT_OK)
        map_print(map, advice);
    json_decref(json);
    return code;
}

static int draw(struct options *options, struct asked_from *from)
{
    static struct advice advice;
    static struct map map;
    static const struct bands none;
    struct question *question = &options->asked.question;
    struct wishes wishes = wishes_standard(&question->service);

    if (options->asked.peak > 0 && question->service.rate_per_s > 0)
        wishes.peak = options->asked.peak;
    if (options->asked.requests == 0)
        question->precision.requests = REQUESTS;
    question->as_of = advice_now();
    map.matter = (struct matter){.service = &question->service,
                                 .machine = &from->machine,
                                 .wishes = &wishes,
                                 .workers = question->workers,
                                 .precision = question->precision};
    if (decision_models(question, &from->machine,
                        (enum language)options->language, &map.matter) < 0) {
        struct missing missing =
            missing_of("map", question, (enum language)options->language, 0);
        return missing_refuse(&missing, &from->machine, from->shipped, "");
    }
    if (options->folder && make_folder(options->folder) != EXIT_OK)
        return EXIT_FAILED;
    lay_out(options, &question->service, &map);
    advice_begin(question, &from->machine, from->shipped, &from->bands,
                 &advice);
    map_validated(&map, advice.validated ? &from->bands : &none);
    cells = screen_open(stderr);
    int made = map_make(&map, tell);
    screen_close(cells);
    int code = made < 0 ? fail("there is too little memory")
                        : answer(options, &map, &advice);
    map_free(&map);
    return code;
}

int verb_map(int argc, char **argv)
{
    static const struct flags flags = {
        .first = asked_flags,
        .rows = rows,
        .arguments = "[PROFILE] [MODEL...]",
        .help = "Which model wins for which wait and CPU time, at several "
                "loads and numbers of cores. All else is as the flags and the "
                "profile say, whose own wait and CPU time are marked. Each "
                "cell is decided as troika decide does, from the forecasts "
                "alone."
                "\vExit codes: 0 done; 1 there are no constants, or a stored "
                "file is damaged; 2 usage, or a service that contradicts "
                "itself.",
        .word = asked_word,
        .given = asked_given,
        .once = true,
    };
    static struct options options;
    static struct asked_from from;
    char why[256];

    flags_parse(&flags, argc, argv, &options);
    int code = asked_open(&options.asked, "map", &from);
    bool closed = options.asked.question.service.rate_per_s <= 0;
    if (code == EXIT_OK)
        asked_in_own_time(&options.asked.question,
                          (enum language)options.language, &from);
    if (code == EXIT_OK && closed &&
        !all_whole(options.levels.loads, options.levels.load_count)) {
        fprintf(stderr, "troika map: --loads are numbers of connections here, "
                        "and whole ones\n");
        code = EXIT_USAGE;
    }
    if (code == EXIT_OK &&
        !asked_language_applies(&options.asked, why, sizeof why)) {
        fprintf(stderr, "troika map: %s\n", why);
        code = EXIT_USAGE;
    }
    if (code == EXIT_OK)
        code = draw(&options, &from);
    asked_close(&from);
    return code;
}
