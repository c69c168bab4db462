/* SPDX-License-Identifier: MIT */
#include "lead.h"

#include <math.h>
#include <string.h>

/* Whether the option may lead somewhere near. One that is at risk is not chosen
 * before one that fits, however light its burden. */
static bool is_rival(const struct field *field, int option)
{
    const struct choice *choice = field->choice;
    enum fate fate = choice->of[option].fate;

    return isfinite(field->options[option].burden) &&
           !field->options[option].why[0] && fate != FATE_BARRED &&
           (fate != FATE_AT_RISK ||
            choice->of[choice->leader].fate != FATE_FITS);
}

static void choose_rivals(struct field *field)
{
    const struct candidate *options = field->options;
    bool taken[OPTIONS_MAX] = {false};
    int next = field->choice->leader;

    while (next >= 0 && field->rival_count < RIVALS_MAX) {
        field->rivals[field->rival_count++] = next;
        taken[next] = true;
        next = -1;
        for (int m = 0; m < field->matter->model_count; m++)
            if (!taken[m] && is_rival(field, m) &&
                (next < 0 || options[m].burden < options[next].burden))
                next = m;
    }
}

/* Whether a lighter option gave way to the leader. */
static bool is_second(const struct field *field)
{
    const struct choice *choice = field->choice;

    for (int m = 0; m < field->matter->model_count; m++)
        if (choice->of[m].fate == choice->of[choice->leader].fate &&
            field->options[m].burden < field->options[choice->leader].burden)
            return true;
    return false;
}

struct field field_of(const struct matter *matter,
                      const struct candidate *options,
                      const struct choice *choice)
{
    struct field field = {
        .matter = matter,
        .options = options,
        .choice = choice,
    };

    if (choice->kind == CHOICE_EQUAL || is_second(&field))
        field.slack = log1p(CHOICE_WITHIN);
    choose_rivals(&field);
    return field;
}

/* A pool's workers where more or fewer requests hold one: those that are held
 * on average, and as large a reserve in roots of their number, and of how many
 * come together. */
static int workers_at(const struct candidate *option,
                      const struct service *peak, const struct service *there)
{
    const struct forecast *f = &option->peak;

    if (!option->model->has_workers ||
        option->model->discipline == DISCIPLINE_LOOP || option->workers < 1)
        return option->model->has_workers ? there->cores : 0;
    double own_ns = f->full_cpu_ns - peak->cpu_ns;
    double here = peak->rate_per_s > 0
                      ? peak->rate_per_s * (peak->wait_ns + f->full_cpu_ns)
                      : peak->connections * 1e9;
    double then =
        there->rate_per_s > 0
            ? there->rate_per_s * (there->wait_ns + there->cpu_ns + own_ns)
            : there->connections * 1e9;
    here = fmax(here / 1e9, 0.1);
    then = fmax(then / 1e9, 0.1);
    double reserve = (option->workers - here) / sqrt(here) *
                     sqrt((double)there->burst / peak->burst);
    return (int)fmax(1, ceil(then + reserve * sqrt(then) - 1e-6));
}

/* A rival at another service. */
struct rival {
    bool possible; /* there is a forecast */
    bool unknown;  /* there is none, or it has no latency */
    struct figures figures;
    bool fits;
    double burden; /* NAN: there is none */
};

bool lead_needs_nothing(enum input input)
{
    return input == INPUT_LIMIT || input == INPUT_MEMORY;
}

static void look_at(const struct field *field, enum input input,
                    const struct service *there, int64_t requests,
                    const struct candidate *option, struct rival *rival)
{
    const struct matter *matter = field->matter;
    struct service peak = matter_peak(matter);
    struct precision precision = matter->precision;
    struct forecast f = option->peak;
    char why[256];

    precision.budget = precision.requests;
    precision.requests = requests;
    *rival = (struct rival){.burden = NAN};
    int workers = matter->workers > 0 ? matter->workers
                                      : workers_at(option, &peak, there);
    rival->possible =
        lead_needs_nothing(input) ||
        forecast_make(there, matter->machine, option->model, workers,
                      &precision, &f, why, sizeof why) == 0;
    rival->unknown = !rival->possible || f.beyond > 0;
    if (!rival->possible)
        return;
    rival->figures = figures_of(there, &f);
    candidate_correct(option, &rival->figures);
}

static void look(const struct field *field, enum input input,
                 const struct service *there, int64_t requests, int number,
                 struct rival *rival)
{
    look_at(field, input, there, requests,
            &field->options[field->rivals[number]], rival);
}

/* Burdens, and who leads. */
static struct lead judge(const struct field *field, const struct service *there,
                         struct rival *rivals)
{
    const struct wishes *wishes = field->matter->wishes;
    struct figures figures[RIVALS_MAX];
    bool fits[RIVALS_MAX], known[DRIVERS_MEASURED];
    struct lead lead = {-1, NAN};
    double best = INFINITY, other = INFINITY;

    for (int i = 0; i < field->rival_count; i++) {
        figures[i] = rivals[i].figures;
        fits[i] = rivals[i].fits =
            rivals[i].possible && figures_fit(there, &figures[i]);
    }
    figures_known(figures, fits, field->rival_count, known);
    for (int i = 0; i < field->rival_count; i++) {
        rivals[i].burden = NAN;
        if (!rivals[i].possible)
            continue;
        rivals[i].burden =
            figures_burden(there, &figures[i], wishes->weights, known) +
            scores_burden(wishes, field->options[field->rivals[i]].model,
                          wishes->weights);
        if (fits[i] && i > 0)
            other = fmin(other, rivals[i].burden);
        if (fits[i] && rivals[i].burden < best) {
            best = rivals[i].burden;
            lead.leader = field->rivals[i];
        }
    }
    /* Without the leader's own burden, which does not fit, there is none. */
    if (rivals[0].fits && isfinite(other))
        lead.margin = other - rivals[0].burden;
    return lead;
}

struct lead lead_at(const struct field *field, enum input input,
                    const struct service *there, int64_t requests)
{
    struct rival rivals[RIVALS_MAX];

    for (int i = 0; i < field->rival_count; i++)
        look(field, input, there, requests, i, &rivals[i]);
    return judge(field, there, rivals);
}

void lead_shake(const struct field *field, int which, int64_t requests,
                const struct model_constants *models, int count,
                double *margins)
{
    struct service peak = matter_peak(field->matter);
    struct candidate option = field->options[field->rivals[which]];
    struct rival rivals[RIVALS_MAX], before;

    for (int i = 0; i < field->rival_count; i++)
        look(field, INPUT_CPU, &peak, requests, i, &rivals[i]);
    before = rivals[which];
    for (int i = 0; i < count; i++) {
        option.model = &models[i];
        rivals[which] = before;
        look_at(field, INPUT_CPU, &peak, requests, &option, &rivals[which]);
        margins[i] = judge(field, &peak, rivals).margin;
    }
}

/* How far figures of few requests may be from those of many: of a latency and
 * of memory as logarithms, and of a burden less that of another option, which
 * serves the same requests. Of 117 pairs of options for 40 services with loads
 * of 0.1 to 0.9, 99 % were off by less than 0.28, 0.05 and 0.027 with 1,000
 * requests, and by 0.14, 0.02 and 0.026 with 4,000. */
static const struct level {
    int64_t requests;
    double latency, memory, burden;
} levels[] = {{1000, 0.5, 0.1, 0.03}, {4000, 0.25, 0.05, 0.02}};

enum { LEVELS = sizeof levels / sizeof *levels };

/* Few requests are no cheaper than more where many more are on their way when
 * the first of them ends. */
static int first_level(const struct service *there)
{
    double in_flight = there->rate_per_s > 0
                           ? there->rate_per_s * there->wait_ns / 1e9
                           : 2 * there->connections;

    return in_flight > (double)levels[0].requests ? 1 : 0;
}

/* Requests that come together tell no more than one of them would. */
static int64_t requests_for(const struct field *field,
                            const struct service *there, int64_t requests)
{
    int64_t all = field->matter->precision.requests;

    if (requests >= all || there->rate_per_s <= 0)
        return requests;
    return requests * there->burst < all ? requests * there->burst : all;
}

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_OPEN };

static enum answer is_below(double value, double limit, double noise)
{
    double apart = limit > 0 ? log(limit / value) : INFINITY;

    if (isnan(apart) || apart <= -noise)
        return ANSWER_NO;
    return apart >= noise ? ANSWER_YES : ANSWER_OPEN;
}

static enum answer keeps(const struct service *there, const struct rival *rival,
                         const struct level *level)
{
    const struct figures *figures = &rival->figures;
    double latency_ns = figures->of[DRIVER_LATENCY];

    if (!rival->possible || isinf(latency_ns))
        return ANSWER_NO;
    enum answer limit = is_below(latency_ns, there->limit_ns, level->latency);
    enum answer memory = is_below(figures->memory_most_bytes,
                                  there->memory_bytes, level->memory);
    if (limit == ANSWER_NO || memory == ANSWER_NO)
        return ANSWER_NO;
    return limit == ANSWER_YES ? memory : limit;
}

/* Whether the rival takes the lead from the first one. */
static enum answer leads(const struct field *field, const struct service *there,
                         const struct rival *first, const struct rival *rival,
                         const struct level *level)
{
    double ahead = first->burden - field->slack - rival->burden;
    enum answer kept = keeps(there, rival, level);

    if (kept == ANSWER_NO || ahead <= -level->burden)
        return ANSWER_NO;
    return ahead >= level->burden ? kept : ANSWER_OPEN;
}

/* Whether the choice holds, where so many requests tell. Leaves `open` of those
 * rivals that more requests would tell more of. */
static enum answer tell(const struct field *field, const struct service *there,
                        const struct rival *rivals, const struct level *level,
                        bool *open)
{
    enum answer kept = keeps(there, &rivals[0], level);
    enum answer holds = kept;

    open[0] = true;
    for (int i = 1; i < field->rival_count; i++) {
        enum answer led = leads(field, there, &rivals[0], &rivals[i], level);
        open[i] = led == ANSWER_OPEN;
        if (led == ANSWER_YES)
            holds = ANSWER_NO;
        else if (led == ANSWER_OPEN && holds == ANSWER_YES)
            holds = ANSWER_OPEN;
    }
    return holds;
}

/* What more requests show of the first rival they would show of another one,
 * which serves them too. */
static void correct(const struct field *field, double ratio, const bool *open,
                    struct rival *rivals)
{
    for (int i = 0; i < field->rival_count; i++)
        if (!open[i] && ratio > 0 && isfinite(ratio))
            rivals[i].figures.of[DRIVER_LATENCY] *= ratio;
}

bool lead_holds(const struct field *field, enum input input,
                const struct service *there, int64_t requests, int *leader)
{
    struct rival rivals[RIVALS_MAX];
    bool open[RIVALS_MAX] = {true, true, true, true};
    struct lead lead;
    int first = first_level(there);

    for (int l = first;; l++) {
        bool last = l == LEVELS || levels[l].requests >= requests ||
                    lead_needs_nothing(input);
        int64_t here = last ? requests : levels[l].requests;
        double before = l > first ? rivals[0].figures.of[DRIVER_LATENCY] : NAN;
        for (int i = 0; i < field->rival_count; i++)
            if (open[i])
                look(field, input, there, requests_for(field, there, here), i,
                     &rivals[i]);
        for (int i = 0; i < field->rival_count; i++)
            if (rivals[i].unknown) {
                *leader = LEAD_UNKNOWN;
                return false;
            }
        if (rivals[0].possible)
            correct(field, rivals[0].figures.of[DRIVER_LATENCY] / before, open,
                    rivals);
        lead = judge(field, there, rivals);
        *leader = lead.leader;
        if (last)
            break;
        enum answer holds = tell(field, there, rivals, &levels[l], open);
        if (holds == ANSWER_NO)
            *leader = LEAD_UNASKED;
        if (holds != ANSWER_OPEN)
            return holds == ANSWER_YES;
    }
    return lead.leader == field->choice->leader ||
           (lead.leader >= 0 && lead.margin >= -field->slack);
}

/* Whether an option that is no rival keeps what is asked; more requests are
 * simulated where few do not tell. */
static bool is_left(const struct field *field, enum input input,
                    const struct service *there, const struct candidate *option)
{
    const struct level *few = &levels[LEVELS - 1];
    struct rival rival;

    look_at(field, input, there, requests_for(field, there, few->requests),
            option, &rival);
    enum answer kept = keeps(there, &rival, few);
    if (kept == ANSWER_OPEN && !lead_needs_nothing(input)) {
        look_at(field, input, there, field->matter->precision.requests, option,
                &rival);
        kept = figures_fit(there, &rival.figures) ? ANSWER_YES : ANSWER_NO;
    }
    return kept != ANSWER_NO && figures_fit(there, &rival.figures);
}

int lead_of_others(const struct field *field, enum input input,
                   const struct service *there)
{
    int leader = -1;

    for (int m = 0; m < field->matter->model_count && leader < 0; m++) {
        bool known = field->options[m].why[0] ||
                     field->choice->of[m].fate == FATE_BARRED;
        for (int i = 0; i < field->rival_count; i++)
            known |= field->rivals[i] == m;
        if (!known && is_left(field, input, there, &field->options[m]))
            leader = m;
    }
    return leader;
}
