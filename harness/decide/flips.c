/* SPDX-License-Identifier: MIT */
#include "flips.h"

#include <math.h>
#include <string.h>

#include "parallel.h"

/* Options that take part: those that lead somewhere near are among the least
 * burdened. */
enum { RIVALS_MAX = 4, STEPS = 6 };

/* The first requests of a break-even; its last steps have all. */
enum { REQUESTS_ON_THE_WAY = 4000 };

static const double REACH = 16, WITHIN_ON_THE_WAY = 1.03, WITHIN = 1.008;

/* Less is not worth a measurement. */
static const double VALUE_LEAST = 0.002;

struct field {
    const struct matter *matter;
    const struct candidate *options;
    const struct choice *choice;
    int rivals[RIVALS_MAX], rival_count; /* the leader first */
    /* ln(burden) by which another one must lead: none, but what counts as equal
     * where the options that are chosen are equal. */
    double slack;
};

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

/* A pool's workers where more or fewer requests hold one: those that are held
 * on average, and the same reserve in roots of their number. */
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
    double reserve = (option->workers - here) / sqrt(here);
    return (int)fmax(1, ceil(then + reserve * sqrt(then) - 1e-6));
}

/* What comes out at another service. */
struct lead {
    int leader;    /* of the options; -1: none fits */
    double margin; /* burden of the best other rival less the leader's, or, if
                      another one is the best, the best one's less the
                      leader's; NAN: no other fits */
};

static struct lead lead_at(const struct field *field,
                           const struct service *there, int64_t requests)
{
    const struct matter *matter = field->matter;
    struct service peak = matter_peak(matter);
    struct precision precision = matter->precision;
    struct figures figures[RIVALS_MAX];
    bool fits[RIVALS_MAX], known[DRIVERS_MEASURED];
    struct lead lead = {-1, NAN};
    double best = INFINITY, own = NAN, other = INFINITY;
    char why[256];

    precision.requests = requests;
    for (int i = 0; i < field->rival_count; i++) {
        const struct candidate *option = &field->options[field->rivals[i]];
        struct forecast f;
        int workers = matter->workers > 0 ? matter->workers
                                          : workers_at(option, &peak, there);
        fits[i] = forecast_make(there, matter->machine, option->model, workers,
                                &precision, &f, why, sizeof why) == 0;
        if (!fits[i])
            continue;
        figures[i] = figures_of(there, &f);
        fits[i] = figures_fit(there, &figures[i]);
    }
    figures_known(figures, fits, field->rival_count, known);
    for (int i = 0; i < field->rival_count; i++) {
        if (!fits[i])
            continue;
        double burden =
            figures_burden(there, &figures[i], matter->wishes->weights, known) +
            scores_burden(matter->wishes,
                          field->options[field->rivals[i]].model,
                          matter->wishes->weights);
        if (i == 0)
            own = burden;
        else
            other = fmin(other, burden);
        if (burden < best) {
            best = burden;
            lead.leader = field->rivals[i];
        }
    }
    /* Without the leader's own burden, which does not fit, there is none. */
    lead.margin = isfinite(other) ? other - own : NAN;
    return lead;
}

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
    struct lead lead = lead_at(field, &there, requests);

    *leader = lead.leader;
    return lead.leader == field->choice->leader ||
           (lead.leader >= 0 && lead.margin >= -field->slack);
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
        else {
            bad = middle;
            *leader = then;
        }
    }
    return bad;
}

/* Looks in steps of a factor away from the service's own value, `up` or down.
 * Returns NAN where the choice holds as far as is looked. */
static double nearest_edge(const struct field *field, enum input input, bool up,
                           int *leader)
{
    const struct service *service = field->matter->service;
    double own = input_value(service, input), good = own;
    double step = pow(REACH, 1.0 / STEPS);
    bool whole = input_is_whole(service, input);
    int64_t requests = field->matter->precision.requests;

    if (requests > REQUESTS_ON_THE_WAY)
        requests = REQUESTS_ON_THE_WAY;
    /* Fewer requests may show another order of options that are close. */
    if (!holds(field, input, own, requests, leader))
        return NAN;
    for (int i = 1; i <= STEPS; i++) {
        double value = own * pow(step, up ? i : -i);
        if (whole)
            value = up ? ceil(value) : floor(value);
        if (value < 1 && whole)
            break;
        if (input == INPUT_CORES && value > SIMULATION_CORES)
            break;
        if (!holds(field, input, value, requests, leader))
            return edge_of(field, input, good, value, leader);
        good = value;
    }
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
    flip->low_lead = lead_at(field, &low, REQUESTS_ON_THE_WAY).margin;
    flip->high_lead = lead_at(field, &high, REQUESTS_ON_THE_WAY).margin;
}

struct finding {
    const struct field *field;
    struct flips *flips;
};

/* Three jobs for each input, so that they spread evenly over CPUs. */
static void find_one(int index, void *data)
{
    struct finding *finding = data;
    const struct field *field = finding->field;
    struct flip *flip = &finding->flips->of[index / 3];

    switch (index % 3) {
    case 0:
        flip->below =
            nearest_edge(field, flip->input, false, &flip->below_leader);
        break;
    case 1:
        flip->above =
            nearest_edge(field, flip->input, true, &flip->above_leader);
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

void flips_find(const struct matter *matter, const struct candidate *options,
                const struct draws *draws, const struct choice *choice,
                struct flips *flips)
{
    static double burdens[RIVALS_MAX][VARIANTS];
    struct field field = {
        .matter = matter,
        .options = options,
        .choice = choice,
        .slack = choice->kind == CHOICE_EQUAL ? log1p(CHOICE_WITHIN) : 0,
    };
    struct service peak = matter_peak(matter);
    struct finding finding = {&field, flips};

    *flips = (struct flips){.best = -1};
    choose_rivals(&field);
    for (int input = 0; input < INPUTS; input++)
        if (input_applies(matter->service, input))
            flips->of[flips->count++] = (struct flip){
                .input = input, .below_leader = -1, .above_leader = -1};
    parallel_run(3 * flips->count, find_one, &finding);
    flips->lead = lead_at(&field, &peak, matter->precision.requests).margin;
    burdens_of(&field, draws, burdens);
    for (int i = 0; i < flips->count; i++) {
        struct flip *flip = &flips->of[i];
        if (flip->input < INPUTS_UNCERTAIN)
            flip->value = value_of(&field, draws, burdens, flip->input);
        if (flip->value > VALUE_LEAST &&
            (flips->best < 0 || flip->value > flips->of[flips->best].value))
            flips->best = i;
    }
}
