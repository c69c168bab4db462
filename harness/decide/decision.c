/* SPDX-License-Identifier: MIT */
#include "decision.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool begins_with(const char *text, const char *start)
{
    return !strncmp(text, start, strlen(start));
}

static bool is_of(enum language language, const struct model_constants *model)
{
    bool cpython = model->foreign && begins_with(model->name, "cpython");
    bool node = model->foreign && begins_with(model->name, "node");

    switch (language) {
    case LANGUAGE_C:
        return !model->foreign;
    case LANGUAGE_CPYTHON:
        return cpython;
    case LANGUAGE_NODE:
        return node;
    case LANGUAGE_ANY:
        break;
    }
    return true;
}

static bool is_asked(const struct question *question, enum language language,
                     const struct model_constants *model)
{
    for (int i = 0; i < question->model_count; i++)
        if (!strcmp(question->models[i], model->name))
            return true;
    return question->model_count == 0 && is_of(language, model);
}

static void doubt(struct decision *decision, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void doubt(struct decision *decision, const char *format, ...)
{
    va_list values;

    if (decision->doubt_count == DOUBTS_MAX)
        return;
    va_start(values, format);
    vsnprintf(decision->doubts[decision->doubt_count++], DOUBT_SIZE, format,
              values);
    va_end(values);
}

/* Whether the load at the peak is above all that a latency was validated at. */
static bool beyond_load(const struct decision *decision, int option)
{
    const struct advice *advice = &decision->advice;
    const struct candidate *o = &decision->options[option];

    return decision->peak.rate_per_s > 0 && advice->validated &&
           band_of(advice->bands, QUANTITY_P99, o->model->discipline,
                   o->peak.load)
               .beyond_load;
}

/* Bands of the usual load, which hold at the peak too where that was validated.
 */
static void find_bands(struct decision *decision)
{
    const struct advice *advice = &decision->advice;
    int at = 0;

    for (int m = 0; m < decision->matter.model_count; m++) {
        decision->latency[m] = decision->memory[m] =
            (struct band){.factor = NAN};
        if (decision->options[m].why[0])
            continue;
        const struct band *own = advice->models[at++].bands;
        decision->latency[m] = own[QUANTITY_P99];
        if (beyond_load(decision, m))
            decision->latency[m].factor = NAN;
        decision->memory[m] = own[QUANTITY_MEMORY];
    }
}

/* How far a figure may be off of which no band is known: the square of what
 * such figures were off by where that was measured. To be sure of it for want
 * of a measurement would be worse. */
static struct band guessed(const struct decision *decision, int model,
                           enum quantity quantity, struct band band)
{
    const struct advice *advice = &decision->advice;

    if (isfinite(band.factor) || !advice->validated ||
        outside_far(&advice->outside))
        return band;
    enum discipline discipline = decision->matter.models[model]->discipline;
    double load = bands_load_most(advice->bands);
    band = band_of(advice->bands, quantity, discipline, load);
    if (!isfinite(band.factor))
        band = band_of(advice->bands, quantity, discipline, NAN);
    band.factor *= band.factor;
    return band;
}

static void find_fates(const struct decision *decision, enum fate *fates)
{
    const struct matter *matter = &decision->matter;

    for (int m = 0; m < matter->model_count; m++) {
        struct band latency =
            guessed(decision, m, QUANTITY_P99, decision->latency[m]);
        struct band memory =
            guessed(decision, m, QUANTITY_MEMORY, decision->memory[m]);
        fates[m] = wishes_allow(&decision->wishes, matter->models[m])
                       ? fate_of(&decision->peak, &decision->options[m],
                                 &latency, &memory)
                       : FATE_BARRED;
    }
}

/* Options whose constants are of another run than was validated. */
static void doubt_outdated(struct decision *decision)
{
    const struct bands *bands = decision->advice.bands;
    int count = 0;

    for (int m = 0; m < decision->matter.model_count; m++)
        count += bands_outdated(bands, decision->matter.models[m]->name);
    if (decision->advice.validated && count > 0)
        doubt(decision,
              "%d of %d models have other constants than those that were "
              "validated (%s now, %s then), so their own errors are not known: "
              "troika validate",
              count, decision->matter.model_count, bands->present_run,
              bands->validated_run);
}

/* Why the forecasts are not good enough, the worst first. Returns whether a
 * choice must be refused. */
static bool find_doubts(struct decision *decision)
{
    const struct advice *advice = &decision->advice;
    char where[300];
    bool far = advice->validated && outside_far(&advice->outside);

    outside_text(&advice->outside, where, sizeof where);
    if (far)
        doubt(decision,
              "the service lies more than four times outside of what was "
              "validated: %s; forecasts are shown, and nothing is recommended; "
              "an experiment with its wait and CPU time measures it "
              "(docs/experiments.md)",
              where);
    if (advice->doubt[0])
        doubt(decision, "the constants: %s", advice->doubt);
    if (advice->machine->noisy)
        doubt(decision,
              "the constants were measured on a machine that was too noisy: "
              "troika calibrate when it is quiet");
    if (!advice->validated)
        doubt(decision,
              "%s; so the errors of forecasts are not known here: troika "
              "validate",
              advice->unused[0] ? advice->unused
                                : "no forecast of this machine has been "
                                  "compared with a measurement");
    else if (!far && outside_extrapolated(&advice->outside))
        doubt(decision, "extrapolated, with errors squared: %s", where);
    doubt_outdated(decision);
    return far;
}

/* The forecasts at the usual rate, as an answer to `troika predict` has them,
 * so that its sentences may be told here too. */
static void fill_advice(struct decision *decision)
{
    struct advice *advice = &decision->advice;

    for (int m = 0; m < decision->matter.model_count; m++) {
        const struct candidate *option = &decision->options[m];
        if (!option->why[0]) {
            advice->models[advice->model_count++].forecast = option->usual;
            continue;
        }
        struct unforecast *none =
            &advice->unforecast[advice->unforecast_count++];
        none->model = option->model;
        snprintf(none->why, sizeof none->why, "%s", option->why);
    }
    advice_finish(advice);
}

int decision_models(const struct question *question,
                    const struct machine *machine, enum language language,
                    struct matter *matter)
{
    matter->model_count = 0;
    for (int i = 0; i < machine->model_count; i++)
        if (is_asked(question, language, &machine->models[i]))
            matter->models[matter->model_count++] = &machine->models[i];
    return matter->model_count > 0 ? 0 : -ENOENT;
}

int decision_make(const struct question *question,
                  const struct machine *machine, bool shipped,
                  const struct bands *bands, enum language language,
                  const struct wishes *wishes, struct decision *decision)
{
    struct matter *matter = &decision->matter;
    enum fate fates[OPTIONS_MAX];
    struct draws draws;

    *decision = (struct decision){.wishes = *wishes, .language = language};
    *matter = (struct matter){.service = &question->service,
                              .machine = machine,
                              .wishes = &decision->wishes,
                              .workers = question->workers,
                              .precision = question->precision};
    if (decision_models(question, machine, language, matter) < 0)
        return -ENOENT;
    decision->peak = matter_peak(matter);
    advice_begin(question, machine, shipped, bands, &decision->advice);
    options_make(matter, decision->options);
    fill_advice(decision);
    find_bands(decision);
    find_fates(decision, fates);
    bool refused = find_doubts(decision);
    int status =
        draws_make(matter, decision->options, bands,
                   outside_extrapolated(&decision->advice.outside), &draws);
    if (status == 0) {
        choice_make(matter, decision->options, fates, &draws,
                    &decision->choice);
        if (decision->choice.leader >= 0)
            flips_find(matter, decision->options, &draws, &decision->choice,
                       &decision->flips);
        if (refused && decision->choice.kind != CHOICE_NONE)
            decision->choice.kind = CHOICE_REFUSED;
    }
    draws_free(&draws);
    return status;
}

enum kept decision_kept(const struct decision *decision)
{
    if (decision->choice.leader >= 0)
        return KEPT;
    for (int m = 0; m < decision->matter.model_count; m++)
        if (decision->choice.of[m].fate == FATE_UNKNOWN)
            return KEPT_UNKNOWN;
    return KEPT_NOT;
}

bool decision_is_firm(const struct decision *decision)
{
    enum choice_kind kind = decision->choice.kind;

    return (kind == CHOICE_RECOMMENDED || kind == CHOICE_EQUAL) &&
           decision->doubt_count == 0;
}
