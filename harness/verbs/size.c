/* SPDX-License-Identifier: MIT
 *
 * troika size: how many workers, threads and database connections a service
 * needs, and what they are called in the servers that people run. Nothing is
 * measured; constants and bands are those of troika predict. Standard output
 * holds the answer and nothing else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/exit.h"
#include "harness/base/json.h"
#include "harness/base/names.h"
#include "harness/question/asked.h"
#include "harness/size/print.h"
#include "verbs.h"

enum { PEAK_MOST = 100, SERVERS_MOST = 32 };

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_MARKDOWN };

struct options {
    struct asked asked; /* first: asked.h */
    double peak;
    const char *server;
    int format;
};

static void take_peak(char *text, void *into, struct argp_state *state)
{
    struct options *options = into;
    char *end;

    options->peak = strtod(text, &end);
    if (end == text || (strcmp(end, "") != 0 && strcmp(end, "x") != 0) ||
        !(options->peak >= 1 && options->peak <= PEAK_MOST))
        argp_error(state,
                   "--peak %s: give how many times the load comes at a peak, "
                   "1 to %d: 1.3",
                   text, PEAK_MOST);
}

static void take_server(char *text, void *into, struct argp_state *state)
{
    struct options *options = into;
    const char *names[SERVERS_MOST + 1] = {NULL};
    char hint[512];
    int count = 0;

    options->server = text;
    for (const struct server *server = servers; server->name; server++) {
        if (!strcmp(server->name, text))
            return;
        bool again = count > 0 && !strcmp(names[count - 1], server->name);
        if (!again && count < SERVERS_MOST)
            names[count++] = server->name;
    }
    argp_error(state, "--server %s: there is no such server%s", text,
               names_suggest(text, names, hint, sizeof hint));
}

#define MEMBER(name) .offset = offsetof(struct options, name)

static const struct flag rows[] = {
    {"peak", 0, "X",
     "what must be carried, times the load (1.3 of a rate, 1 "
     "of connections)",
     FLAG_CALL, .call = take_peak, .heading = "The answer:"},
    {"server", 0, "NAME",
     "the lines of this server alone, with what to mind: gunicorn, uvicorn, "
     "tomcat ...",
     FLAG_CALL, .call = take_server},
    {"format", 'f', "text|json|markdown", "of the answer (text)", FLAG_CHOICE,
     MEMBER(format)},
    {0},
};

static int answer(struct options *options, struct asked_from *from,
                  struct size *size)
{
    struct question *question = &options->asked.question;
    static struct size_question asked;
    char why[2048];

    asked_in_own_time(question, LANGUAGE_ANY, from);
    if (options->asked.requests == 0)
        question->precision.requests = SIZE_REQUESTS;
    double peak = options->peak > 0 ? options->peak : options->asked.peak;
    asked = (struct size_question){question, peak, options->server};
    int status = size_ask(&asked, &from->machine, size, why, sizeof why);
    if (status < 0) {
        fprintf(stderr, "troika size: %s\n", why);
        return status == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
    }
    size_make(&from->machine, from->shipped, &from->bands, size);
    const struct advice *advice = &size->advice;
    if (advice->model_count == 0) {
        for (int i = 0; i < advice->unforecast_count; i++)
            fprintf(stderr, "troika size: %s cannot be forecast: %s\n",
                    advice->unforecast[i].model->name,
                    advice->unforecast[i].why);
        return EXIT_FAILED;
    }
    if (options->format == FORMAT_JSON) {
        json_t *json = size_json(size);
        json_print(json);
        json_decref(json);
    } else {
        size_print(size, options->format == FORMAT_MARKDOWN);
    }
    return size->kept == KEPT_NOT       ? EXIT_THRESHOLD
           : size->kept == KEPT_UNKNOWN ? EXIT_FAILED
                                        : EXIT_OK;
}

int verb_size(int argc, char **argv)
{
    static const struct flags flags = {
        .first = asked_flags,
        .rows = rows,
        .arguments = "[PROFILE] [MODEL...]",
        .help = "How many workers a service needs: for each model that has "
                "some a curve of capacity, latency and memory over their "
                "number, the number to take (W*), what half and twice as many "
                "would do, connections to the database, and the lines for the "
                "server that you run. --workers N also shows what N would do."
                "\vExit codes: 0 done; 1 there are no constants, a stored "
                "file is damaged, or whether the limits are kept cannot be "
                "told; 2 usage, or a service that contradicts "
                "itself; 4 no number of workers carries the load and keeps "
                "the limits.",
        .word = asked_word,
        .given = asked_given,
        .once = true,
    };
    static struct options options;
    static struct asked_from from;
    static struct size size;

    flags_parse(&flags, argc, argv, &options);
    int code = asked_open(&options.asked, "size", &from);
    if (code == EXIT_OK)
        code = answer(&options, &from, &size);
    asked_close(&from);
    return code;
}
