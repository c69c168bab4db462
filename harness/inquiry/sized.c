/* SPDX-License-Identifier: MIT */
#include "sized.h"

#include <math.h>

#include "harness/size/print.h"

/* Curves take as long as the decision itself. */
enum { CURVES_MOST = 3 };

/* The least burdened option that fits and has workers; -1: none. */
static int best_with_workers(const struct decision *decision)
{
    int best = -1;

    for (int m = 0; m < decision->matter.model_count; m++)
        if (curve_applies(decision->matter.models[m]) &&
            decision->choice.of[m].fate == FATE_FITS &&
            isfinite(decision->options[m].burden) &&
            (best < 0 ||
             decision->options[m].burden < decision->options[best].burden))
            best = m;
    return best;
}

static void take_models(const struct decision *decision,
                        struct question *question)
{
    const struct choice *choice = &decision->choice;

    question->model_count = 0;
    for (int i = 0; i < choice->named_count; i++)
        if (curve_applies(decision->matter.models[choice->named[i]]) &&
            question->model_count < CURVES_MOST)
            question->models[question->model_count++] =
                decision->matter.models[choice->named[i]]->name;
    int best = question->model_count == 0 ? best_with_workers(decision) : -1;
    if (best >= 0)
        question->models[question->model_count++] =
            decision->matter.models[best]->name;
}

json_t *sized_json(const struct decision *decision)
{
    static struct size size;
    const struct inquiry *inquiry = decision->inquiry;
    struct question question = inquiry->question;
    struct size_question asked = {.question = &question};
    char why[1024];

    take_models(decision, &question);
    if (question.service.rate_per_s > 0)
        asked.peak = decision->wishes.peak;
    if (decision->choice.leader < 0 || question.model_count == 0 ||
        size_ask(&asked, &inquiry->machine, &size, why, sizeof why) < 0)
        return NULL;
    size_make(&inquiry->machine, inquiry->shipped, &inquiry->bands, &size);
    return size_json(&size);
}
