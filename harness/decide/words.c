/* SPDX-License-Identifier: MIT */
#include "words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/figures/metric.h"
#include "lead.h"
#include "settle.h"

enum { FIGURE = 48, NAMES = 600, PART = 160, EDGE = 300 };

/* Draws in which it misses nothing, but for some. */
static const double KEEPS_ALL = 0.995;

/* A difference that is told. */
static const double TOLD = 1.05;

static const char *name_of(const struct decision *decision, int option)
{
    return option >= 0 ? decision->matter.models[option]->name : "none";
}

static void append(char *list, size_t size, const char *separator,
                   const char *item)
{
    size_t used = strlen(list);

    snprintf(list + used, size - used, "%s%s", used > 0 ? separator : "", item);
}

/* "event-loop", "thread-pool with 12 workers". */
static const char *with_workers(const struct decision *decision, int option,
                                char *text, size_t size)
{
    const struct candidate *o = &decision->options[option];

    if (o->workers > 0 && o->model->has_workers)
        snprintf(text, size, "%s with %d worker%s", o->model->name, o->workers,
                 digits_plural(o->workers));
    else
        snprintf(text, size, "%s", o->model->name);
    return text;
}

/* "A, B and C". */
static const char *named_text(const struct decision *decision, char *text,
                              size_t size)
{
    const struct choice *choice = &decision->choice;
    char one[PART];

    text[0] = '\0';
    for (int i = 0; i < choice->named_count; i++) {
        with_workers(decision, choice->named[i], one, sizeof one);
        append(text, size, i + 1 == choice->named_count ? " and " : ", ", one);
    }
    return text;
}

double decision_memory_bytes(const struct decision *decision, int option)
{
    const struct figures *figures = &decision->options[option].figures;

    return decision->peak.memory_bytes > 0 ? figures->memory_most_bytes
                                           : figures->of[DRIVER_MEMORY];
}

/* "p99 48 ms of 150 ms, 12 MiB, 1.9 x your rate": what the option does at the
 * peak. */
static const char *figures_text(const struct decision *decision, int option,
                                char *text, size_t size)
{
    const struct service *p = &decision->peak;
    const struct candidate *o = &decision->options[option];
    double latency_ns = o->figures.of[DRIVER_LATENCY];
    double headroom = decision->choice.of[option].headroom;
    char one[FIGURE], part[PART], limit[FIGURE];

    text[0] = '\0';
    if (isfinite(latency_ns)) {
        metric_format("_ns", latency_ns, one, sizeof one);
        snprintf(part, sizeof part, "p%s %s%s%s",
                 digits_of(p->limit_ns > 0 ? p->limit_percent : 99, 4).text,
                 one, p->limit_ns > 0 ? " of " : "",
                 p->limit_ns > 0
                     ? metric_format("_ns", p->limit_ns, limit, sizeof limit)
                     : "");
        append(text, size, ", ", part);
    }
    double memory_bytes = decision_memory_bytes(decision, option);
    if (isfinite(memory_bytes))
        append(text, size, ", ",
               metric_format("_bytes", memory_bytes, one, sizeof one));
    if (isfinite(headroom)) {
        snprintf(part, sizeof part, "%s x your rate",
                 digits_of(headroom, 2).text);
        append(text, size, ", ", part);
    } else
        append(text, size, ", ",
               metric_format("_per_s", o->figures.of[DRIVER_THROUGHPUT], one,
                             sizeof one));
    return text;
}

static const char *limits_text(const struct service *p, char *text, size_t size)
{
    char one[FIGURE], part[PART];

    text[0] = '\0';
    if (p->limit_ns > 0) {
        snprintf(part, sizeof part, "p%s<%s",
                 digits_of(p->limit_percent, 4).text,
                 metric_format("_ns", p->limit_ns, one, sizeof one));
        append(text, size, " and ", part);
    }
    if (p->memory_bytes > 0)
        append(text, size, " and ",
               metric_format("_bytes", p->memory_bytes, one, sizeof one));
    if (!text[0])
        snprintf(text, size, "the load");
    return text;
}

/* "isolation>=5", for each score that an option must have. */
static const char *required_text(const struct wishes *wishes, char *text,
                                 size_t size)
{
    char one[FIGURE];

    text[0] = '\0';
    for (int d = DRIVERS_MEASURED; d < DRIVERS; d++) {
        if (wishes->least[d] <= 0)
            continue;
        snprintf(one, sizeof one, "%s>=%s", driver_name(d),
                 digits_of(wishes->least[d], 3).text);
        append(text, size, " and ", one);
    }
    return text;
}

/* Whether the scores that are required leave no option. */
static bool all_barred(const struct decision *decision)
{
    for (int m = 0; m < decision->matter.model_count; m++)
        if (decision->choice.of[m].fate != FATE_BARRED)
            return false;
    return true;
}

static void say_none(const struct decision *decision,
                     struct sentences *sentences)
{
    const struct choice *choice = &decision->choice;
    char limits[PART], required[PART];

    if (all_barred(decision)) {
        sentences_say(
            sentences, "none: no option has the score that is required: %s",
            required_text(&decision->wishes, required, sizeof required));
        return;
    }
    required_text(&decision->wishes, required, sizeof required);
    if (decision_kept(decision) == KEPT_UNKNOWN) {
        sentences_say(sentences,
                      "cannot be told: no option is known to keep %s, and of "
                      "some that is not known, as said below",
                      limits_text(&decision->peak, limits, sizeof limits));
        return;
    }
    sentences_say(sentences, "none: no option%s%s keeps %s%s",
                  required[0] ? " with " : "", required,
                  limits_text(&decision->peak, limits, sizeof limits),
                  decision->kept_usually
                      ? " at the peak, though some do at the usual rate"
                      : "");
    if (choice->none < 1)
        sentences_say(sentences,
                      "with inputs and forecasts that are off as far as they "
                      "may be, some option does in %.0f %% of the draws",
                      100 * (1 - choice->none));
}

/* The answer. */
static void say_choice(const struct decision *decision,
                       struct sentences *sentences)
{
    const struct choice *choice = &decision->choice;
    char named[NAMES], figures[NAMES], limits[PART];

    if (choice->leader < 0) {
        say_none(decision, sentences);
        return;
    }
    const struct judged *leader = &choice->of[choice->leader];
    named_text(decision, named, sizeof named);
    figures_text(decision, choice->leader, figures, sizeof figures);
    limits_text(&decision->peak, limits, sizeof limits);
    switch (choice->kind) {
    case CHOICE_RECOMMENDED:
        sentences_say(sentences,
                      "recommended: %s: %s; best in %.0f %% of the draws, "
                      "regret at most %.0f %% in 95 %%",
                      named, figures, 100 * leader->best,
                      100 * leader->regret95);
        break;
    case CHOICE_EQUAL:
        sentences_say(sentences,
                      "it does not matter: %s are within 5 %% of each other "
                      "(%s: %s); take the one that you can debug",
                      named, name_of(decision, choice->leader), figures);
        break;
    case CHOICE_TOSS_UP:
        sentences_say(sentences,
                      "toss-up: %s; the first is the best in %.0f %% of the "
                      "draws (%s), and choosing it costs up to %.0f %% in 95 "
                      "%%",
                      named, 100 * leader->best, figures,
                      100 * leader->regret95);
        break;
    case CHOICE_AT_RISK:
        sentences_say(sentences,
                      "at risk: %s would be the best (%s), and keeps %s in "
                      "%.0f %% of the draws in which any option does",
                      named, figures, limits, 100 * leader->keeps);
        break;
    case CHOICE_REFUSED:
        sentences_say(sentences,
                      "no recommendation: by forecasts alone it would be %s "
                      "(%s)",
                      named, figures);
        break;
    case CHOICE_NONE:
        break;
    }
}

/* Whoever reads the first sentence alone sees what it rests on. */
static void say_what_from(const struct decision *decision,
                          struct sentences *sentences)
{
    const struct advice *advice = &decision->advice;
    const struct choice *choice = &decision->choice;
    char *answer = sentences->of[0];
    size_t used = strlen(answer);

    if (choice->leader >= 0 && decision->options[choice->leader].measured)
        return;
    snprintf(answer + used, sizeof sentences->of[0] - used, " (forecast%s)",
             advice->shipped      ? ", with constants of another machine"
             : !advice->validated ? ", whose errors are not known here"
                                  : "");
}

/* "memory: 6.1 MiB against 40.2 MiB", for a driver on which two differ. */
static bool driver_text(const struct decision *decision, int a, int b,
                        enum driver driver, char *text, size_t size)
{
    static const char *const units[DRIVERS_MEASURED] = {
        [DRIVER_THROUGHPUT] = "_per_s",
        [DRIVER_LATENCY] = "_ns",
        [DRIVER_CPU] = "",
        [DRIVER_MEMORY] = "_bytes",
    };
    bool memory = driver == DRIVER_MEMORY;
    double x = memory ? decision_memory_bytes(decision, a)
                      : decision->options[a].figures.of[driver];
    double y = memory ? decision_memory_bytes(decision, b)
                      : decision->options[b].figures.of[driver];
    char own[FIGURE], other[FIGURE];

    if (!(x > 0) || !(y > 0) || !isfinite(x) || !isfinite(y) ||
        fmax(x / y, y / x) < TOLD)
        return false;
    if (!units[driver][0]) {
        snprintf(text, size, "%s %s against %s cores", driver_name(driver),
                 digits_of(x, 2).text, digits_of(y, 2).text);
        return true;
    }
    snprintf(text, size, "%s %s against %s", driver_name(driver),
             metric_format(units[driver], x, own, sizeof own),
             metric_format(units[driver], y, other, sizeof other));
    return true;
}

/* Drivers on which the leader and the others that are named differ. */
static void say_differences(const struct decision *decision,
                            struct sentences *sentences)
{
    const struct choice *choice = &decision->choice;
    char list[NAMES], part[PART];

    for (int i = 1; i < choice->named_count; i++) {
        list[0] = '\0';
        for (int d = 0; d < DRIVERS_MEASURED; d++)
            if (driver_text(decision, choice->leader, choice->named[i], d, part,
                            sizeof part))
                append(list, sizeof list, ", ", part);
        if (list[0])
            sentences_say(sentences, "%s against %s: %s",
                          name_of(decision, choice->leader),
                          name_of(decision, choice->named[i]), list);
    }
}

/* A rate at which the choice flips is a peak of the usual one, too. */
static const char *peak_text(const struct decision *decision,
                             const struct flip *flip, bool above, char *text,
                             size_t size)
{
    const struct service *p = decision->matter.service;
    double edge = above ? flip->above : flip->below;
    double peak = decision->wishes.peak * edge / p->rate_per_s;

    text[0] = '\0';
    if (flip->input == INPUT_LOAD && p->rate_per_s > 0 && peak >= 1)
        snprintf(text, size, " (or a peak of %s times the usual)",
                 digits_of(peak, 3).text);
    return text;
}

static const char *edge_text(const struct decision *decision,
                             const struct flip *flip, bool above, char *text,
                             size_t size)
{
    const struct service *p = decision->matter.service;
    int leader = above ? flip->above_leader : flip->below_leader;
    char value[FIGURE], then[PART], peak[2 * FIGURE];

    if (leader < 0)
        snprintf(then, sizeof then, "none of them fits");
    else
        snprintf(then, sizeof then, "%s leads%s", name_of(decision, leader),
                 decision->flips.slack > 0 ? " by more than 5 %" : "");
    snprintf(text, size, "%s from about %s %s%s", then,
             input_text(p, flip->input, above ? flip->above : flip->below,
                        value, sizeof value),
             above ? "up" : "down",
             peak_text(decision, flip, above, peak, sizeof peak));
    return text;
}

/* An input that flips nothing, in the list of those that were looked at as far
 * as all are, or with how far there is such a service. */
static void append_firm(const struct service *p, const struct flip *flip,
                        char *whole, char *ranged, size_t size)
{
    double own = input_value(p, flip->input);
    char text[PART], least[FIGURE], most[FIGURE];
    bool all = lead_needs_nothing(flip->input) ||
               (flip->least <= own / FLIPS_REACH * 1.01 &&
                flip->most >= own * FLIPS_REACH / 1.01);

    snprintf(text, sizeof text, all ? "%s" : "%s (%s to %s)",
             input_name(p, flip->input),
             input_text(p, flip->input, flip->least, least, sizeof least),
             input_text(p, flip->input, flip->most, most, sizeof most));
    append(all ? whole : ranged, size, ", ", text);
}

static void say_firm(const char *whole, const char *ranged,
                     struct sentences *sentences)
{
    if (whole[0])
        sentences_say(sentences,
                      "would not flip it, up to a factor of %d either way: %s",
                      FLIPS_REACH, whole);
    if (ranged[0])
        sentences_say(sentences,
                      "would not flip it, as far as there is such a service: "
                      "%s",
                      ranged);
}

static void say_flips(const struct decision *decision,
                      struct sentences *sentences)
{
    const struct flips *flips = &decision->flips;
    const struct service *p = decision->matter.service;
    char firm[NAMES] = "", ranged[NAMES] = "", unknown[NAMES] = "";
    char own[FIGURE], below[EDGE], above[EDGE];

    for (int i = 0; i < flips->count; i++) {
        const struct flip *flip = &flips->of[i];
        bool down = isfinite(flip->below), up = isfinite(flip->above);
        bool looked = flips->stands || lead_needs_nothing(flip->input);
        if (flip->unknown)
            append(unknown, sizeof unknown, ", ", input_name(p, flip->input));
        if (!down && !up) {
            if (looked && !flip->unknown)
                append_firm(p, flip, firm, ranged, sizeof firm);
            continue;
        }
        below[0] = above[0] = '\0';
        if (down)
            edge_text(decision, flip, false, below, sizeof below);
        if (up)
            edge_text(decision, flip, true, above, sizeof above);
        sentences_say(sentences, "would flip it: %s (now %s): %s%s%s",
                      input_name(p, flip->input),
                      input_text(p, flip->input, input_value(p, flip->input),
                                 own, sizeof own),
                      below, down && up ? "; " : "", above);
    }
    if (unknown[0])
        sentences_say(sentences,
                      "not known how far it may move before it flips, since "
                      "that is too much to simulate: %s",
                      unknown);
    if (flips->count > 0 && !flips->stands)
        sentences_say(sentences,
                      "what would flip it was looked for in limit and memory "
                      "alone: with fewer requests another option leads "
                      "already, so close are they");
    say_firm(firm, ranged, sentences);
}

/* Constants that move the lead, where an end of their interval turns it. */
static void say_shaken(const struct decision *decision,
                       struct sentences *sentences)
{
    const struct flips *flips = &decision->flips;

    for (int i = 0; i < flips->shaken_count; i++) {
        const struct shaken *s = &flips->shaken[i];
        const struct constant *c = &s->model->of[s->constant];
        if (!(fmin(s->low_lead, s->high_lead) < -flips->slack))
            continue;
        sentences_say(sentences,
                      "the constant %s of %s (%s, measured as %s to %s) may "
                      "turn the lead: it is %+.0f %% to %+.0f %% within that",
                      constant_name(s->constant), s->model->name,
                      digits_of(c->value, 3).text,
                      digits_of(fmax(0, c->lo), 3).text,
                      digits_of(c->hi, 3).text, 100 * expm1(s->low_lead),
                      100 * expm1(s->high_lead));
    }
}

static void say_what_to_learn(const struct decision *decision,
                              struct sentences *sentences)
{
    const struct flips *flips = &decision->flips;

    if (flips->best < 0 || decision->choice.leader < 0)
        return;
    const struct flip *flip = &flips->of[flips->best];
    sentences_say(sentences,
                  "worth knowing: %s, which would lower the expected regret by "
                  "%.1f %%: %s",
                  input_name(decision->matter.service, flip->input),
                  100 * flip->value, input_remedy(flip->input));
}

static void say_cramped(const struct decision *decision,
                        struct sentences *sentences)
{
    char named[PART];

    for (int m = 0; m < decision->matter.model_count; m++)
        if (decision->options[m].cramped &&
            decision->options[m].figures.memory_most_bytes <=
                decision->peak.memory_bytes)
            sentences_say(sentences,
                          "%s: the memory holds no more workers, though more "
                          "would be quicker",
                          with_workers(decision, m, named, sizeof named));
}

/* "p99 44.8 ms (1.04 x the forecast)", where the trials have the figure. */
static void append_seen(const struct candidate *o, enum quantity quantity,
                        const char *name, const char *unit, char *list,
                        size_t size)
{
    const struct evidence_found *found = &o->found;
    char figure[FIGURE], part[PART];

    if (!isfinite(found->measured[quantity]))
        return;
    metric_format(unit, found->measured[quantity], figure, sizeof figure);
    if (found->n[quantity] > 0)
        snprintf(part, sizeof part, "%s %s, %s x the forecast", name, figure,
                 digits_of(found->ratio[quantity], 3).text);
    else
        snprintf(part, sizeof part, "%s %s", name, figure);
    append(list, size, "; ", part);
}

/* Where the trials were: "at the profile". */
static const char *place_of(const struct evidence *evidence, char *text,
                            size_t size)
{
    if (evidence->place[0])
        snprintf(text, size, "near the profile, as load point %s",
                 evidence->place);
    else
        snprintf(text, size, "at the profile");
    return text;
}

/* What the trials of an option gave. */
static void say_seen_option(const struct decision *decision, int option,
                            struct sentences *sentences)
{
    const struct candidate *o = &decision->options[option];
    const struct evidence_model *seen = o->measured;
    const struct evidence *evidence = decision->matter.evidence;
    char list[NAMES] = "", latency[FIGURE], workers[FIGURE] = "", place[PART];

    if (seen->workers > 0 && o->model->has_workers)
        snprintf(workers, sizeof workers, " with %d worker%s", seen->workers,
                 digits_plural(seen->workers));
    snprintf(latency, sizeof latency, "p%s",
             digits_of(evidence->percentile, 4).text);
    append_seen(o, QUANTITY_P99, latency, "_ns", list, sizeof list);
    append_seen(o, QUANTITY_CPU, "CPU of a request", "_ns", list, sizeof list);
    append_seen(o, QUANTITY_MEMORY, "memory", "_bytes", list, sizeof list);
    append_seen(o, QUANTITY_THROUGHPUT, "rate", "_per_s", list, sizeof list);
    sentences_say(sentences, "measured %s: %s%s: %s (%d trial%s)",
                  place_of(evidence, place, sizeof place), o->model->name,
                  workers,
                  o->found.overloaded ? "overload"
                  : list[0]           ? list
                                      : "no figure",
                  seen->count, digits_plural(seen->count));
    if (o->found.overloads > 0 && !o->found.overloaded)
        sentences_say(sentences, "%s came to an overload in %d of %d trials",
                      o->model->name, o->found.overloads, seen->count);
    if (!o->found.overloaded && !isfinite(o->found.measured[QUANTITY_P99]))
        sentences_say(sentences, "%s of %s was not measured: %s", latency,
                      o->model->name, seen->unknown);
}

/* The trials of an option, and those that gave nothing. */
static void say_tried(const struct decision *decision, int option,
                      struct sentences *sentences)
{
    const struct candidate *o = &decision->options[option];

    if (o->measured)
        say_seen_option(decision, option, sentences);
    if (o->tried && o->tried->invalid > 0)
        sentences_say(sentences, "%d trial%s of %s gave nothing: %s",
                      o->tried->invalid, digits_plural(o->tried->invalid),
                      o->model->name, o->tried->why);
}

/* Whether trials tell the options apart. */
static void say_settled(const struct decision *decision,
                        struct sentences *sentences)
{
    struct settle settle = settle_of(decision);
    char list[NAMES] = "", part[PART];

    for (int i = 1; i < settle.count; i++) {
        if (!isfinite(settle.lo[i]))
            continue;
        snprintf(part, sizeof part, "%s %+.0f to %+.0f %%",
                 name_of(decision, settle.options[i]),
                 100 * expm1(settle.lo[i]), 100 * expm1(settle.hi[i]));
        append(list, sizeof list, ", ", part);
    }
    sentences_say(sentences, "%s",
                  settle.settled
                      ? "what was in question is settled by measurement"
                      : "what was in question is not settled by measurement");
    if (list[0])
        sentences_say(sentences,
                      "burdens against that of %s, from the blocks: %s",
                      name_of(decision, settle.options[0]), list);
}

static void say_evidence(const struct decision *decision,
                         struct sentences *sentences)
{
    const struct evidence *evidence = decision->matter.evidence;

    if (!evidence)
        return;
    for (int m = 0; m < decision->matter.model_count; m++)
        say_tried(decision, m, sentences);
    if (!evidence->place[0])
        say_settled(decision, sentences);
    if (evidence->shared)
        sentences_say(sentences,
                      "server and clients shared all CPUs when it was "
                      "measured: the clients' work is in the latencies");
    if (decision->peak.rate_per_s <= 0 && decision->peak.think_ns > 0)
        sentences_say(sentences,
                      "the clients that were measured pause for constant "
                      "times, those that are forecast for exponential ones");
}

/* Lighter options that were passed over, and why. */
static void say_passed_over(const struct decision *decision,
                            struct sentences *sentences)
{
    const struct choice *choice = &decision->choice;
    const struct candidate *options = decision->options;
    char named[PART];

    for (int m = 0; m < decision->matter.model_count; m++) {
        const struct judged *of = &choice->of[m];
        if (m == choice->leader || of->fate != FATE_FITS ||
            !(options[m].burden < options[choice->leader].burden) ||
            of->regret95 <= choice->of[choice->leader].regret95 ||
            of->keeps > KEEPS_ALL)
            continue;
        sentences_say(sentences,
                      "not taken: %s, the lightest in %.0f %% of the draws, "
                      "since it misses the load or a limit in %.0f %% of them",
                      with_workers(decision, m, named, sizeof named),
                      100 * of->best, 100 * (1 - of->keeps));
    }
}

void decision_words(const struct decision *decision,
                    struct sentences *sentences)
{
    static struct sentences more;

    sentences->count = 0;
    say_choice(decision, sentences);
    say_what_from(decision, sentences);
    if (decision->choice.kind == CHOICE_EQUAL ||
        decision->choice.kind == CHOICE_TOSS_UP)
        say_differences(decision, sentences);
    if (decision->choice.leader >= 0)
        say_passed_over(decision, sentences);
    say_evidence(decision, sentences);
    say_cramped(decision, sentences);
    if (decision->choice.leader >= 0)
        say_flips(decision, sentences);
    say_shaken(decision, sentences);
    say_what_to_learn(decision, sentences);
    for (int i = 0; i < decision->doubt_count; i++)
        sentences_say(sentences, "doubt: %s", decision->doubts[i]);
    sentences_make(&decision->advice, &more);
    for (int i = 0; i < more.count; i++)
        sentences_say(sentences, "%s", more.of[i]);
}
