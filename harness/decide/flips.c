/* SPDX-License-Identifier: MIT */
#include "flips.h"

#include <math.h>
#include <string.h>

#include "harness/machine/parallel.h"
#include "lead.h"

enum { STEPS = 6 };

/* The first requests of a break-even; its last steps have all. A lead within a
 * spread is a difference, of which fewer tell as much. */
enum { REQUESTS_ON_THE_WAY = 4000, REQUESTS_OF_A_LEAD = 2000 };

static const double WITHIN_ON_THE_WAY = 1.03, WITHIN = 1.008;

/* A flip that does not last so far is none. */
static const double BEYOND = 1.03;

/* A constant that moves the lead by less than this moves nothing; requests that
 * show more. */
static const double MOVED_LEAST = 0.005;
enum { REQUESTS_OF_A_CONSTANT = 1000 };

/* An input that neither flips the choice nor moves the lead by more is not
 * worth knowing. */
static const double LEAD_MOVED_LEAST = 0.02;

/* Less is not worth a measurement. */
static const double VALUE_LEAST = 0.002;

static struct service moved(const struct field *field, enum input input,
                            double value)
{
    struct service there = matter_peak(field->matter);

    /* A rate is the usual one, and what is simulated is the peak. */
    if (input == INPUT_LOAD && there.rate_per_s > 0)
        value *= field->matter->wishes->peak;
    input_set(&there, input, value);
    return there;
}

/* Whether the choice is the one that was made. */
static bool holds(const struct field *field, enum input input, double value,
                  int64_t requests, int *leader)
{
    struct service there = moved(field, input, value);

    return lead_holds(field, input, &there, requests, leader);
}

static int64_t requests_on_the_way(const struct field *field)
{
    int64_t all = field->matter->precision.requests;
    return all < REQUESTS_ON_THE_WAY ? all : REQUESTS_ON_THE_WAY;
}

/* The nearest value between `good`, at which the choice holds, and `bad`, at
 * which it does not. */
static double edge_of(const struct field *field, enum input input, double good,
                      double bad, int *leader)
{
    bool whole = input_is_whole(field->matter->service, input);
    int64_t all = field->matter->precision.requests, requests;

    while (whole ? fabs(bad - good) > 1
                 : fmax(bad / good, good / bad) > WITHIN) {
        double apart = fmax(bad / good, good / bad);
        double middle = sqrt(good * bad);
        int then;
        if (whole)
            middle = good < bad ? fmax(floor(middle), good + 1)
                                : fmin(ceil(middle), good - 1);
        requests = apart > WITHIN_ON_THE_WAY && all > REQUESTS_ON_THE_WAY
                       ? REQUESTS_ON_THE_WAY
                       : all;
        if (holds(field, input, middle, requests, &then))
            good = middle;
        else if (then == LEAD_UNKNOWN) {
            *leader = then;
            return NAN;
        } else {
            bad = middle;
            *leader = then;
        }
    }
    return bad;
}

/* Whether there is a service with that value. What is kept of it (a limit, the
 * memory) may be anything. */
static bool is_possible(const struct field *field, enum input input,
                        double value)
{
    struct service there = moved(field, input, value);

    if (lead_needs_nothing(input))
        return true;
    if (input_is_whole(field->matter->service, input) && value < 1)
        return false;
    return (input != INPUT_CORES || value <= SIMULATION_CORES) &&
           service_is_possible(&there);
}

/* The value nearest to `bad` that a service may have, as it may have `good`. */
static double last_possible(const struct field *field, enum input input,
                            double good, double bad)
{
    bool whole = input_is_whole(field->matter->service, input);

    if (is_possible(field, input, bad))
        return bad;
    while (whole ? fabs(bad - good) > 1
                 : fmax(bad / good, good / bad) > WITHIN) {
        double middle = whole ? floor((good + bad) / 2) : sqrt(good * bad);
        if (is_possible(field, input, middle))
            good = middle;
        else
            bad = middle;
    }
    return good;
}

static double step_of(const struct field *field, enum input input, double own,
                      double factor)
{
    double value = own * factor;

    if (!input_is_whole(field->matter->service, input))
        return value;
    return factor > 1 ? fmax(ceil(value), own + 1)
                      : fmin(floor(value), own - 1);
}

/* An edge is one if the choice is another a little beyond, too: at the edge
 * itself another option may lead by its noise alone, or none a hair further on.
 * Sets *leader to who leads there of all options. Returns false where the
 * choice holds there. */
static bool stays(const struct field *field, enum input input, double beyond,
                  int *leader)
{
    struct service there = moved(field, input, beyond);
    int then;

    if (holds(field, input, beyond, field->matter->precision.requests, &then))
        return false;
    if (then == LEAD_UNASKED)
        then = lead_at(field, input, &there, field->matter->precision.requests)
                   .leader;
    if (then == -1)
        then = lead_of_others(field, input, &there);
    if (then != LEAD_UNKNOWN)
        *leader = then;
    return true;
}

/* The edge between the two, or NAN: beyond each that was found the choice
 * holds. */
static double true_edge(const struct field *field, enum input input,
                        double good, double bad, int *leader)
{
    enum { TRIES = 3 };
    bool up = bad > good;

    for (int i = 0; i < TRIES; i++) {
        double edge = edge_of(field, input, good, bad, leader);
        if (isnan(edge))
            return NAN;
        double beyond = last_possible(
            field, input, edge,
            step_of(field, input, edge, up ? BEYOND : 1 / BEYOND));
        if (stays(field, input, beyond, leader)) {
            struct service there = moved(field, input, edge);
            /* Nobody knows who leads beyond. */
            if (*leader == LEAD_UNASKED)
                *leader =
                    lead_at(field, input, &there, requests_on_the_way(field))
                        .leader;
            return edge;
        }
        if (up ? beyond >= bad : beyond <= bad)
            return NAN;
        good = beyond;
    }
    return NAN;
}

/* Looks in steps of a factor away from the service's own value, `up` or down.
 * Returns NAN where the choice holds as far as is looked, which is *looked. */
static double nearest_edge(const struct field *field, enum input input, bool up,
                           int *leader, double *looked)
{
    double own = input_value(field->matter->service, input);
    double step = pow(FLIPS_REACH, 1.0 / STEPS);
    int64_t requests = requests_on_the_way(field);

    *looked = own;
    for (int i = 1; i <= STEPS; i++) {
        double wanted = step_of(field, input, own, pow(step, up ? i : -i));
        double value = last_possible(field, input, *looked, wanted);
        if (up ? value <= *looked : value >= *looked)
            break;
        if (!holds(field, input, value, requests, leader)) {
            if (*leader == LEAD_UNKNOWN)
                return NAN;
            double edge = true_edge(field, input, *looked, value, leader);
            if (isfinite(edge) || *leader == LEAD_UNKNOWN)
                return edge;
        }
        *looked = value;
    }
    *leader = -1;
    return NAN;
}

static void find_lead(const struct field *field, struct flip *flip)
{
    const struct service *service = field->matter->service;
    double spread = input_spread(service, flip->input);
    double own = input_value(service, flip->input);

    flip->low_lead = flip->high_lead = NAN;
    if (spread == 1)
        return;
    struct service low = moved(field, flip->input, own / spread);
    struct service high = moved(field, flip->input, own * spread);
    flip->low_lead =
        lead_at(field, flip->input, &low, REQUESTS_OF_A_LEAD).margin;
    flip->high_lead =
        lead_at(field, flip->input, &high, REQUESTS_OF_A_LEAD).margin;
}

struct finding {
    const struct field *field;
    struct flips *flips;
    bool stands; /* the choice, with the requests of a search */
};

/* Three jobs for each input, so that they spread evenly over CPUs. */
static void find_one(int index, void *data)
{
    struct finding *finding = data;
    const struct field *field = finding->field;
    struct flip *flip = &finding->flips->of[index / 3];
    bool stands = finding->stands || lead_needs_nothing(flip->input);

    switch (index % 3) {
    case 0:
        if (stands)
            flip->below = nearest_edge(field, flip->input, false,
                                       &flip->below_leader, &flip->least);
        break;
    case 1:
        if (stands)
            flip->above = nearest_edge(field, flip->input, true,
                                       &flip->above_leader, &flip->most);
        break;
    default:
        find_lead(field, flip);
    }
}

/* The slope of an option's burden over one input, by least squares over the
 * variants. The inputs of a Latin hypercube are nearly uncorrelated, so each
 * has a line of its own. */
static double slope_of(const struct draws *draws, const double *burdens,
                       enum input input)
{
    double xx = 0, xy = 0, mean = 0;

    for (int v = 0; v < VARIANTS; v++)
        mean += burdens[v] / VARIANTS;
    for (int v = 0; v < VARIANTS; v++) {
        double x = draws->variants[v].log_factor[input];
        xx += x * x;
        xy += x * (burdens[v] - mean);
    }
    return xx > 0 ? xy / xx : 0;
}

/* Burdens of the rivals at each variant; one that misses a limit has that of
 * the heaviest that keeps it, and a regret of 1 more. */
static void burdens_of(const struct field *field, const struct draws *draws,
                       double (*burdens)[VARIANTS])
{
    const struct matter *matter = field->matter;

    for (int v = 0; v < VARIANTS; v++) {
        const struct variant *variant = &draws->variants[v];
        struct figures figures[RIVALS_MAX];
        bool fits[RIVALS_MAX], known[DRIVERS_MEASURED];
        double worst = 0;

        for (int i = 0; i < field->rival_count; i++) {
            figures[i] = variant->figures[field->rivals[i]];
            candidate_correct(&field->options[field->rivals[i]], &figures[i]);
            fits[i] = figures_fit(&variant->service, &figures[i]);
        }
        figures_known(figures, fits, field->rival_count, known);
        for (int i = 0; i < field->rival_count; i++) {
            burdens[i][v] =
                fits[i]
                    ? figures_burden(&variant->service, &figures[i],
                                     matter->wishes->weights, known) +
                          scores_burden(matter->wishes,
                                        field->options[field->rivals[i]].model,
                                        matter->wishes->weights)
                    : NAN;
            if (fits[i])
                worst = worst == 0 ? burdens[i][v] : fmax(worst, burdens[i][v]);
        }
        for (int i = 0; i < field->rival_count; i++)
            if (isnan(burdens[i][v]))
                burdens[i][v] = worst + M_LN2;
    }
}

/* Expected burden of the leader less that of the best rival for each value of
 * the input, which its line gives at equally likely places. */
static double value_of(const struct field *field, const struct draws *draws,
                       double (*burdens)[VARIANTS], enum input input)
{
    enum { PLACES = 32 };
    double reach = log(input_spread(field->matter->service, input));
    double means[RIVALS_MAX] = {0}, slopes[RIVALS_MAX], gain = 0;
    int best = 0;

    for (int i = 0; i < field->rival_count; i++) {
        for (int v = 0; v < VARIANTS; v++)
            means[i] += burdens[i][v] / VARIANTS;
        slopes[i] = slope_of(draws, burdens[i], input);
        if (means[i] < means[best])
            best = i;
    }
    for (int place = 0; place < PLACES; place++) {
        double x = reach * (2 * (place + 0.5) / PLACES - 1);
        double least = INFINITY;
        for (int i = 0; i < field->rival_count; i++)
            least = fmin(least, means[i] + slopes[i] * x);
        gain += (means[best] + slopes[best] * x - least) / PLACES;
    }
    return gain;
}

/* The models of which each differs from this one by one end of one constant's
 * interval: low and high in turn. Returns how many there are. */
static int shake(const struct model_constants *model,
                 struct model_constants *shaken, enum constant_id *ids)
{
    int count = 0;

    for (int id = 0; id < CONSTANTS; id++) {
        const struct constant *c = &model->of[id];
        if (!(c->n > 1) || !isfinite(c->value) || !(c->hi > c->lo))
            continue;
        for (int end = 0; end < 2; end++) {
            ids[count] = id;
            shaken[count] = *model;
            shaken[count].of[id].value = end == 0 ? fmax(0, c->lo) : c->hi;
            count++;
        }
    }
    return count;
}

static double reach_of(const struct shaken *shaken)
{
    return fabs(shaken->high_lead - shaken->low_lead);
}

/* Keeps those that move the lead most, the first of them first. */
static void keep_shaken(struct flips *flips, const struct shaken *shaken)
{
    int at = flips->shaken_count;

    if (!(reach_of(shaken) >= MOVED_LEAST))
        return;
    while (at > 0 && reach_of(shaken) > reach_of(&flips->shaken[at - 1]))
        at--;
    if (at == SHAKEN_MAX)
        return;
    if (flips->shaken_count < SHAKEN_MAX)
        flips->shaken_count++;
    for (int i = flips->shaken_count - 1; i > at; i--)
        flips->shaken[i] = flips->shaken[i - 1];
    flips->shaken[at] = *shaken;
}

struct shaking {
    const struct field *field;
    struct model_constants models[2][2 * CONSTANTS];
    enum constant_id ids[2][2 * CONSTANTS];
    double margins[2][2 * CONSTANTS];
    int counts[2];
};

static void shake_one(int index, void *data)
{
    struct shaking *shaking = data;

    lead_shake(shaking->field, index, REQUESTS_OF_A_CONSTANT,
               shaking->models[index], shaking->counts[index],
               shaking->margins[index]);
}

/* The constants of the leader and of the second. */
static void find_shaken(const struct field *field, struct flips *flips)
{
    static struct shaking shaking;
    int both = field->rival_count < 2 ? 0 : 2;

    shaking.field = field;
    for (int i = 0; i < both; i++) {
        const struct candidate *o = &field->options[field->rivals[i]];
        /* A figure that was measured is known, whatever its constants are. */
        shaking.counts[i] =
            o->measured ? 0
                        : shake(o->model, shaking.models[i], shaking.ids[i]);
    }
    parallel_run(both, shake_one, &shaking);
    for (int i = 0; i < both; i++)
        for (int k = 0; k < shaking.counts[i]; k += 2)
            keep_shaken(flips,
                        &(struct shaken){
                            .model = field->options[field->rivals[i]].model,
                            .constant = shaking.ids[i][k],
                            .low_lead = shaking.margins[i][k],
                            .high_lead = shaking.margins[i][k + 1],
                        });
}

static void note_unknown(struct flip *flip)
{
    flip->unknown = flip->below_leader == LEAD_UNKNOWN ||
                    flip->above_leader == LEAD_UNKNOWN;
    if (flip->below_leader == LEAD_UNKNOWN)
        flip->below_leader = -1;
    if (flip->above_leader == LEAD_UNKNOWN)
        flip->above_leader = -1;
}

/* Whether anything was seen to depend on the input. */
static bool may_turn(const struct flip *flip)
{
    return isfinite(flip->below) || isfinite(flip->above) ||
           fabs(flip->high_lead - flip->low_lead) >= LEAD_MOVED_LEAST;
}

void flips_find(const struct matter *matter, const struct candidate *options,
                const struct draws *draws, const struct choice *choice,
                struct flips *flips)
{
    static double burdens[RIVALS_MAX][VARIANTS];
    struct field field = field_of(matter, options, choice);
    struct service peak = matter_peak(matter);
    struct finding finding = {&field, flips, false};
    int leader;

    *flips = (struct flips){.best = -1, .slack = field.slack};
    /* Fewer requests may show another order of options that are close. */
    finding.stands = flips->stands = lead_holds(
        &field, INPUT_CPU, &peak, requests_on_the_way(&field), &leader);
    for (int input = 0; input < INPUTS; input++)
        if (input_applies(matter->service, input))
            flips->of[flips->count++] = (struct flip){.input = input,
                                                      .below = NAN,
                                                      .above = NAN,
                                                      .below_leader = -1,
                                                      .above_leader = -1};
    parallel_run(3 * flips->count, find_one, &finding);
    for (int i = 0; i < flips->count; i++)
        note_unknown(&flips->of[i]);
    flips->lead = lead_at(&field, INPUT_LIMIT, &peak, 0).margin;
    find_shaken(&field, flips);
    burdens_of(&field, draws, burdens);
    for (int i = 0; i < flips->count; i++) {
        struct flip *flip = &flips->of[i];
        if (flip->input < INPUTS_UNCERTAIN)
            flip->value = value_of(&field, draws, burdens, flip->input);
        if (flip->value > VALUE_LEAST && may_turn(flip) &&
            (flips->best < 0 || flip->value > flips->of[flips->best].value))
            flips->best = i;
    }
}
