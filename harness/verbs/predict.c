/* SPDX-License-Identifier: MIT
 *
 * troika predict: what each model would do for a service. The flags say what
 * the service is, or a profile does; the constants of this machine come from
 * machine.json, which `troika calibrate` writes, and bands from
 * validation.json, which `troika validate` writes. Standard output holds the
 * answer and nothing else.
 */
#include <stdio.h>

#include "harness/advice/print.h"
#include "harness/base/exit.h"
#include "harness/question/asked.h"
#include "verbs.h"

/* Three times as many as otherwise: eight models answer within 3 s. */

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_MARKDOWN };

struct options {
    struct asked asked; /* first: asked.h */
    bool laws;
    int format;
};

#define MEMBER(name) .offset = offsetof(struct options, name)

static const struct flag rows[] = {
    {"laws", 0, NULL,
     "capacity, CPU and memory alone, without the simulator: at once", FLAG_ON,
     MEMBER(laws), .heading = "The answer:"},
    {"format", 'f', "text|json|markdown", "of the answer (text)", FLAG_CHOICE,
     MEMBER(format)},
    {0},
};

static void print(const struct advice *advice, enum format format)
{
    json_t *json;

    switch (format) {
    case FORMAT_TEXT:
        print_text(advice);
        break;
    case FORMAT_MARKDOWN:
        print_markdown(advice);
        break;
    case FORMAT_JSON:
        json = advice_json(advice);
        json_dumpf(json, stdout, JSON_INDENT(1));
        puts("");
        json_decref(json);
        break;
    }
}

/* The answer that there is names such models too. */
static void tell_unforecast(const struct advice *advice)
{
    for (int i = 0; i < advice->unforecast_count && advice->model_count == 0;
         i++)
        fprintf(stderr, "troika predict: %s cannot be forecast: %s\n",
                advice->unforecast[i].model->name, advice->unforecast[i].why);
}

int verb_predict(int argc, char **argv)
{
    static const struct flags flags = {
        .first = asked_flags,
        .rows = rows,
        .arguments = "[PROFILE] [MODEL...]",
        .help = "What each model would do for a service: capacity, latency at "
                "the load, CPU, memory, and the workers that it needs. The "
                "service is what the flags say, and for the rest what the "
                "profile says: a file, or the name of one in harness/profiles."
                "\vExit codes: 0 done; 1 there are no constants, a stored "
                "file is damaged, or whether some model keeps the limits "
                "cannot be told; 2 usage, or a service that contradicts "
                "itself; 4 no model keeps the limits.",
        .word = asked_word,
        .given = asked_given,
        .once = true,
    };
    static struct options options;
    static struct asked_from from;
    static struct advice advice;
    struct question *question = &options.asked.question;

    static const char *const simulated[] = {"limit", "requests", "seed", NULL};
    char why[256];

    flags_parse(&flags, argc, argv, &options);
    if (!flags_apply(&options.asked.given, "laws", simulated, NULL,
                     "nothing is simulated; leave one of them out", why,
                     sizeof why)) {
        fprintf(stderr, "troika predict: %s\n", why);
        return EXIT_USAGE;
    }
    int code = asked_open(&options.asked, "predict", &from);
    if (code == EXIT_OK) {
        if (options.laws)
            question->precision.requests = 0;
        else if (options.asked.requests == 0)
            question->precision.requests_near_full =
                FORECAST_REQUESTS_NEAR_FULL;
        asked_in_own_time(question, LANGUAGE_ANY, &from);
        advice_make(question, &from.machine, from.shipped, &from.bands,
                    &advice);
        print(&advice, options.format);
        tell_unforecast(&advice);
        code = advice.kept == KEPT_NOT       ? EXIT_THRESHOLD
               : advice.kept == KEPT_UNKNOWN ? EXIT_FAILED
                                             : EXIT_OK;
    }
    asked_close(&from);
    return code;
}
