/* SPDX-License-Identifier: MIT */
#include "decision.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* The band that trials at the profile give, where there are two and more. */
static void take_seen(const struct candidate *option, enum quantity quantity,
                      struct band *band)
{
    const struct evidence_found *found = &option->found;

    if (option->measured && isfinite(found->factor[quantity]))
        *band = (struct band){.factor = found->factor[quantity],
                              .n = found->n[quantity]};
}

static void find_bands(struct decision *decision)
{
    const struct advice *advice = &decision->advice;
    int at = 0;

    for (int m = 0; m < decision->matter.model_count; m++) {
        const struct candidate *option = &decision->options[m];
        decision->latency[m] = decision->memory[m] =
            (struct band){.factor = NAN};
        if (option->why[0])
            continue;
        const struct band *own = advice->models[at++].bands;
        decision->latency[m] = own[QUANTITY_P99];
        decision->memory[m] = own[QUANTITY_MEMORY];
        take_seen(option, QUANTITY_P99, &decision->latency[m]);
        take_seen(option, QUANTITY_MEMORY, &decision->memory[m]);
    }
}

/* The largest error of the quantity, as a factor; NAN: there is none. */
static double largest(const struct bands *bands, enum quantity quantity)
{
    double most = NAN;

    for (int i = 0; i < bands->residual_count; i++)
        if (bands->residuals[i].quantity == quantity)
            most = fmax(most, fabs(bands->residuals[i].log_error));
    return exp(most);
}

/* How far a figure may be off of which no band is known: the square of what
 * such figures were off by where that was measured; with too few errors for a
 * band, of the largest one. To be sure of it for want of a measurement would be
 * worse. */
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
    if (!isfinite(band.factor))
        band.factor = largest(advice->bands, quantity);
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
        if (fates[m] == FATE_FITS && decision->options[m].found.overloads > 0)
            fates[m] = FATE_AT_RISK;
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

/* Doubts about errors of forecasts, which a measurement at the profile takes
 * away. */
static void doubt_errors(struct decision *decision, bool far)
{
    const struct advice *advice = &decision->advice;
    char where[300];

    outside_text(&advice->outside, where, sizeof where);
    if (far)
        doubt(decision,
              "the service lies more than four times outside of what was "
              "validated: %s; forecasts are shown, and nothing is recommended; "
              "--measure measures it",
              where);
    if (advice->doubt[0])
        doubt(decision, "the constants: %s", advice->doubt);
    if (advice->machine->untrusted)
        doubt(decision,
              "what was measured was measured with gates switched off "
              "(TROIKA_DISABLE_GATE): measure again without that");
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
    if (advice->validated && advice->bands->cells)
        doubt(decision,
              "the errors of forecasts are those of %d load point%s of this "
              "run alone: troika validate",
              advice->bands->service_count,
              advice->bands->service_count == 1 ? "" : "s");
    doubt_outdated(decision);
}

/* Whether the leader, and whoever else is named, was measured at the profile:
 * at least twice, with a latency. */
static bool is_seen(const struct decision *decision)
{
    const struct choice *choice = &decision->choice;
    const struct evidence *evidence = decision->matter.evidence;

    if (evidence && evidence->place[0])
        return false; /* near the profile is not at it */
    for (int i = 0; i < choice->named_count; i++) {
        const struct candidate *o = &decision->options[choice->named[i]];
        if (!o->measured || o->found.n[QUANTITY_P99] < 2)
            return false;
    }
    return choice->named_count > 0;
}

/* Languages that were asked about and have no constants. */
static void doubt_languages(struct decision *decision)
{
    const struct matter *matter = &decision->matter;
    bool has_cpython = false, has_node = false;

    for (int m = 0; m < matter->model_count; m++) {
        enum language own = model_language(matter->models[m]);
        has_cpython |= own == LANGUAGE_CPYTHON;
        has_node |= own == LANGUAGE_NODE;
    }
    if (!has_cpython || !has_node)
        doubt(decision,
              "%s%s%s not among the options, since there are no constants of "
              "%s: troika decide --language %s says what measures them",
              has_cpython ? "" : "CPython",
              !has_cpython && !has_node ? " and Node are" : "",
              has_cpython ? "Node is"
              : has_node  ? " is"
                          : "",
              !has_cpython && !has_node ? "them" : "it",
              has_cpython ? "node" : "cpython");
}

/* Why the answer is not to be relied on, the worst first. */
static void find_doubts(struct decision *decision)
{
    bool far =
        decision->advice.validated && outside_far(&decision->advice.outside);

    if (decision->language == LANGUAGE_ANY &&
        decision->inquiry->question.model_count == 0 &&
        !decision->inquiry->run[0])
        doubt_languages(decision);
    if (is_seen(decision))
        return;
    doubt_errors(decision, far);
    if (far && decision->choice.kind != CHOICE_NONE)
        decision->choice.kind = CHOICE_REFUSED;
}

/* The forecasts at the peak, as an answer to `troika predict` has them, so that
 * its sentences may be told here too. */
static void fill_advice(struct decision *decision)
{
    struct advice *advice = &decision->advice;

    for (int m = 0; m < decision->matter.model_count; m++) {
        const struct candidate *option = &decision->options[m];
        if (!option->why[0]) {
            advice->models[advice->model_count++].forecast = option->peak;
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
        if (question_asks(question, language, &machine->models[i]))
            matter->models[matter->model_count++] = &machine->models[i];
    return matter->model_count > 0 ? 0 : -ENOENT;
}

/* The matter of the inquiry, with all options forecast. Returns 0 or -ENOENT.
 */
static int begin(const struct inquiry *inquiry, struct decision *decision)
{
    const struct question *question = &inquiry->question;
    struct matter *matter = &decision->matter;

    *decision = (struct decision){.inquiry = inquiry,
                                  .wishes = inquiry->wishes,
                                  .language = inquiry->language};
    *matter = (struct matter){.service = &question->service,
                              .machine = &inquiry->machine,
                              .wishes = &decision->wishes,
                              .workers = question->workers,
                              .precision = question->precision};
    if (inquiry->evidence.count > 0)
        matter->evidence = &inquiry->evidence;
    if (decision_models(question, &inquiry->machine, inquiry->language,
                        matter) < 0)
        return -ENOENT;
    decision->peak = matter_peak(matter);
    decision->at_peak = *question;
    decision->at_peak.service = decision->peak;
    advice_begin(&decision->at_peak, &inquiry->machine, inquiry->shipped,
                 &inquiry->bands, &decision->advice);
    options_make(matter, decision->options);
    fill_advice(decision);
    return 0;
}

int decision_make(const struct inquiry *inquiry, struct decision *decision)
{
    const struct matter *matter = &decision->matter;
    enum fate fates[OPTIONS_MAX];
    struct draws draws;

    if (begin(inquiry, decision) < 0)
        return -ENOENT;
    find_bands(decision);
    find_fates(decision, fates);
    int status =
        draws_make(matter, decision->options, &inquiry->bands,
                   outside_extrapolated(&decision->advice.outside), &draws);
    if (status == 0) {
        choice_make(matter, decision->options, fates, &draws,
                    &decision->choice);
        if (decision->choice.leader >= 0)
            flips_find(matter, decision->options, &draws, &decision->choice,
                       &decision->flips);
        if (decision->choice.leader < 0 && decision->wishes.peak > 1)
            decision->kept_usually =
                options_kept_usually(matter, decision->options);
        find_doubts(decision);
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
