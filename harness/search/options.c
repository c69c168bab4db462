/* SPDX-License-Identifier: MIT
 *
 * Flags; and a cell made of them, as an experiment file has it, so that the
 * same checks apply and say the same sentences.
 */
#include "options.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/options.h"
#include "harness/server/models.h"
#include "models/runtime/base/units.h"

enum {
    KEY_WORKLOAD = 256,
    KEY_SLO,
    KEY_URL,
    KEY_STEP,
    KEY_WARMUP,
    KEY_SEED,
};

enum { SEARCH_NAMES_MAX = 64 };

static const struct argp_option rows[] = {
    {"workload", KEY_WORKLOAD, "NAME", 0,
     "what a request does; its parameters are given as --NAME=VALUE", 0},
    {"slo", KEY_SLO, "LIMIT", 0, "the limit to be kept: 'p99<50ms'", 0},
    {"url", KEY_URL, "URL", 0, "any HTTP server instead of models", 0},
    {"connections", 'c', "N", 0, "the most at any time (256)", 0},
    {"step", KEY_STEP, "TIME", 0,
     "how long a step measures (1s), longer where the percentile needs it", 0},
    {"warmup", KEY_WARMUP, "TIME", 0, "load before each (250ms)", 0},
    {"seed", KEY_SEED, "N", 0, "of arrivals and requests (1)", 0},
    {"format", 'f', "text|json", 0, "of the result (text)", 0},
    {"output", 'o', "FILE", 0,
     "write the result's JSON there, too; - is standard output, as --format "
     "json",
     0},
    {"quiet", 'q', NULL, 0, "no progress, only the result", 0},
    {0},
};

static error_t parse_output(int key, char *value, struct argp_state *state)
{
    struct search_options *options = state->input;
    int64_t number;

    switch (key) {
    case KEY_SEED:
        if (units_parse(UNIT_COUNT, value, &number) < 0 || number < 0)
            argp_error(state, "--seed %s: give a whole number", value);
        options->seed = (uint64_t)number;
        return 0;
    case 'f':
        if (strcmp(value, "text") != 0 && strcmp(value, "json") != 0)
            argp_error(state, "--format is \"%s\"; there is text and json",
                       value);
        options->json = !strcmp(value, "json");
        return 0;
    case 'o':
        if (strcmp(value, "-") == 0)
            options->json = true;
        else
            options->output = value;
        return 0;
    case 'q':
        options->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        if (options->model_count == SEARCH_GIVEN_MAX)
            argp_error(state, "more than %d models", SEARCH_GIVEN_MAX);
        options->models[options->model_count++] = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void check_whole(const struct search_options *options,
                        struct argp_state *state)
{
    if (options->slo == NULL)
        argp_error(state, "a limit is missing: --slo 'p99<50ms'");
    if (options->url != NULL &&
        (options->model_count > 0 || options->workload ||
         options->parameter_count > 0))
        argp_error(state, "models and workloads do not go with --url");
    if (options->url == NULL &&
        (options->model_count == 0 || !options->workload))
        argp_error(state, "name models and a --workload (troika list), or "
                          "give a --url");
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct search_options *options = state->input;

    switch (key) {
    case KEY_WORKLOAD:
        options->workload = value;
        return 0;
    case KEY_SLO:
        options->slo = value;
        return 0;
    case KEY_URL:
        options->url = value;
        return 0;
    case KEY_STEP:
        options->step = value;
        return 0;
    case KEY_WARMUP:
        options->warmup = value;
        return 0;
    case 'c':
        options->connections = value;
        return 0;
    case ARGP_KEY_END:
        check_whole(options, state);
        return 0;
    default:
        return parse_output(key, value, state);
    }
}

/* The parameters of all workloads, for who misspelt one. */
static const char *const *parameter_names(void)
{
    static const char *names[SEARCH_NAMES_MAX + 1];
    int count = 0;

    for (const struct workload_entry *w = workloads; w->name; w++)
        for (const struct parameter *p = w->workload->parameters;
             p->name != NULL && count < SEARCH_NAMES_MAX; p++)
            names[count++] = p->name;
    return names;
}

/* Takes --NAME=VALUE out of the arguments where NAME is some workload's
 * parameter: whether it is this one's is found out with the cell. */
static int take_parameters(int argc, char **argv,
                           struct search_options *options)
{
    int kept = 1;

    for (int i = 1; i < argc; i++) {
        size_t length = strcspn(argv[i], "=");
        bool mine = false;
        char name[64];

        snprintf(name, sizeof(name), "%.*s", length > 2 ? (int)(length - 2) : 0,
                 length > 2 ? argv[i] + 2 : "");
        for (const struct workload_entry *w = workloads; w->name; w++)
            mine |= parameters_find(w->workload->parameters, name) >= 0;
        mine &= !strncmp(argv[i], "--", 2) && argv[i][length] == '=' &&
                options->parameter_count < SEARCH_GIVEN_MAX;
        if (mine)
            options->parameters[options->parameter_count++] = argv[i] + 2;
        else
            argv[kept++] = argv[i];
    }
    return kept;
}

/* A cell as an experiment file has it, so that the same checks apply. */
static void write_cell(const struct search_options *options, FILE *file)
{
    if (options->url == NULL)
        fputs("[experiment]\nmodels = ", file);
    else
        fputs("[experiment]\n", file);
    for (int i = 0; i < options->model_count; i++)
        fprintf(file, "%s%s", i > 0 ? ",\n  " : "", options->models[i]);
    fprintf(file, "\n[cell search]\nmode = search\nworkload = %s\nslo = %s\n",
            options->url == NULL ? options->workload : "hello", options->slo);
    fprintf(file, "window = %s\nwarmup = %s\ntimeout = 10s\n",
            options->step ? options->step : "1s",
            options->warmup ? options->warmup : "250ms");
    if (options->connections != NULL)
        fprintf(file, "connections = %s\n", options->connections);
    for (int i = 0; i < options->parameter_count; i++)
        fprintf(file, "%s\n", options->parameters[i]);
}

int search_options_cell(const struct search_options *options,
                        struct experiment **experiment, char *why,
                        size_t why_size)
{
    char path[] = "/tmp/troika-search-XXXXXX";
    int fd = mkstemp(path), result;
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    const char *sentence;

    if (file == NULL) {
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
        return -EIO;
    }
    write_cell(options, file);
    if (fclose(file) != 0)
        result = -EIO;
    else
        result = experiment_read(path, models_all(), experiment, why, why_size);
    unlink(path);
    /* The file is nobody's: its lines would say nothing. */
    sentence = result < 0 ? strstr(why, ": ") : NULL;
    if (sentence != NULL && !strncmp(why, path, strlen(path)))
        memmove(why, sentence + 2, strlen(sentence + 2) + 1);
    return result;
}

int search_options_parse(int argc, char **argv, struct search_options *options)
{
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "MODEL...\n--url URL",
        .doc = "Finds the highest rate at which a percentile of the response "
               "time keeps a limit: a closed loop, bisections, then two "
               "staircases of short steps, those of several models in turn."
               "\vExit codes: 0 done; 1 failed; 2 usage; 3 a search is "
               "invalid; 130, 143 ended by Ctrl-C or SIGTERM.",
    };

    *options = (struct search_options){.seed = 1};
    argc = take_parameters(argc, argv, options);
    return options_parse(&argp, argc, argv, parameter_names(), options);
}
