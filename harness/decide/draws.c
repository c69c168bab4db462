/* SPDX-License-Identifier: MIT */
#include "draws.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/order.h"
#include "harness/machine/parallel.h"
#include "harness/simulate/draw.h"

/* Requests that a variant is simulated with. The first ones show what it costs
 * to within 1 % (90 % of 117 options), and p99 to within 11 %, which is less
 * than the spread of the inputs; more of them tell whether a limit is kept that
 * is near. */
enum { VARIANT_REQUESTS = 1000, VARIANT_REQUESTS_NEAR = 4000 };

static const double NEAR = 1.5, NS_PER_S = 1e9;

/* Of the factors of weights, as a coefficient of variation. */
static const double WEIGHT_CV = 0.3;

/* Places in a draw. */
enum { DRAW_VARIANT, DRAW_ERRORS, DRAW_WEIGHT, DRAW_BLOCK = 50 };

/* Connections that could not ask so often are none that anybody counted. */
static void open_enough(struct service *service)
{
    double held_s = (service->wait_ns + service->cpu_ns) / NS_PER_S;

    if (service->rate_per_s > 0 && service->connections > 0)
        service->connections =
            (int)fmax(service->connections, ceil(service->rate_per_s * held_s));
}

static void vary(const struct matter *matter, struct variant *variants)
{
    uint64_t state = matter->precision.seed;
    struct service peak = matter_peak(matter);
    int order[VARIANTS];

    for (int v = 0; v < VARIANTS; v++)
        variants[v] = (struct variant){.service = peak};
    for (int input = 0; input < INPUTS_UNCERTAIN; input++) {
        double reach = log(input_spread(matter->service, input));
        if (reach == 0)
            continue;
        for (int v = 0; v < VARIANTS; v++)
            order[v] = v;
        order_shuffle(order, VARIANTS, &state);
        for (int v = 0; v < VARIANTS; v++) {
            struct variant *variant = &variants[v];
            double place = 2 * (order[v] + 0.5) / VARIANTS - 1;

            variant->log_factor[input] = reach * place;
            input_set(&variant->service, input,
                      input_value(&peak, input) * exp(reach * place));
        }
    }
    for (int v = 0; v < VARIANTS; v++)
        open_enough(&variants[v].service);
}

struct forecasting {
    const struct matter *matter;
    const struct candidate *options;
    struct draws *draws;
};

/* Whether a latency is so near to the limit that few requests may be wrong. */
static bool is_near_limit(const struct service *service,
                          const struct figures *figures)
{
    double apart = figures->of[DRIVER_LATENCY] / service->limit_ns;

    return service->limit_ns > 0 && apart < NEAR && apart > 1 / NEAR;
}

static bool forecast_few(const struct forecasting *forecasting,
                         const struct candidate *option, int64_t requests,
                         const struct service *service, struct figures *figures)
{
    struct precision quick = forecasting->matter->precision;
    struct forecast f;
    char why[256];

    quick.budget = quick.requests;
    if (quick.requests > requests)
        quick.requests = requests;
    if (forecast_make(service, forecasting->matter->machine, option->model,
                      option->workers, &quick, &f, why, sizeof why) < 0 ||
        f.beyond > 0)
        return false;
    *figures = figures_of(service, &f);
    return true;
}

static void forecast_variant(int index, void *data)
{
    struct forecasting *forecasting = data;
    const struct matter *matter = forecasting->matter;
    int which = index % matter->model_count;
    const struct candidate *option = &forecasting->options[which];
    struct variant *variant =
        &forecasting->draws->variants[index / matter->model_count];
    struct figures *figures = &variant->figures[which];

    *figures = option->forecast;
    if (!option->why[0] &&
        forecast_few(forecasting, option, VARIANT_REQUESTS, &variant->service,
                     figures) &&
        is_near_limit(&variant->service, figures))
        forecast_few(forecasting, option, VARIANT_REQUESTS_NEAR,
                     &variant->service, figures);
}

/* The mean of the model's residuals; where it has none, of its discipline's;
 * where that has none, of all; NAN without any. */
static double ratio_of(const struct bands *bands,
                       const struct validated_service *service,
                       const struct model_constants *model,
                       enum quantity quantity)
{
    double sums[3] = {0};
    int counts[3] = {0};

    for (int i = 0; i < bands->residual_count; i++) {
        const struct residual *r = &bands->residuals[i];
        if (r->service != service->number || r->quantity != quantity)
            continue;
        bool own = !strcmp(r->model, model->name);
        bool alike = r->discipline == model->discipline;
        sums[0] += own ? r->log_error : 0;
        counts[0] += own;
        sums[1] += alike ? r->log_error : 0;
        counts[1] += alike;
        sums[2] += r->log_error;
        counts[2]++;
    }
    for (int i = 0; i < 3; i++)
        if (counts[i] > 0)
            return exp(sums[i] / counts[i]);
    return NAN;
}

/* A quantity that was not judged for a service is taken from the next one that
 * has it, or else the error would be none. */
static void fill_gaps(struct draws *draws, int option, enum quantity quantity)
{
    for (int s = 0; s < draws->error_count; s++) {
        double *ratio = &draws->errors[s].ratio[option][quantity];
        for (int k = 1; k < draws->error_count && !isfinite(*ratio); k++)
            *ratio = draws->errors[(s + k) % draws->error_count]
                         .ratio[option][quantity];
        if (!isfinite(*ratio))
            *ratio = 1;
    }
}

static int collect_errors(const struct matter *matter,
                          const struct bands *bands, struct draws *draws)
{
    draws->error_count = bands->service_count;
    draws->errors =
        calloc((size_t)bands->service_count + 1, sizeof *draws->errors);
    if (!draws->errors)
        return -ENOMEM;
    for (int m = 0; m < matter->model_count; m++)
        for (int q = 0; q < QUANTITIES; q++) {
            for (int s = 0; s < bands->service_count; s++)
                draws->errors[s].ratio[m][q] =
                    ratio_of(bands, &bands->services[s], matter->models[m], q);
            fill_gaps(draws, m, q);
        }
    return 0;
}

static int last_block(const struct evidence_model *measured, int least)
{
    for (int i = 0; i < measured->count; i++)
        if (measured->trials[i].block > least)
            least = measured->trials[i].block;
    return least;
}

int draws_make(const struct matter *matter, const struct candidate *options,
               const struct bands *bands, bool extrapolated,
               struct draws *draws)
{
    struct forecasting forecasting = {matter, options, draws};

    *draws = (struct draws){.spread = extrapolated ? 2 : 1};
    for (int m = 0; m < matter->model_count; m++)
        if (options[m].measured)
            draws->blocks = last_block(options[m].measured, draws->blocks);
    vary(matter, draws->variants);
    parallel_run(VARIANTS * matter->model_count, forecast_variant,
                 &forecasting);
    return collect_errors(matter, bands, draws);
}

void draws_free(struct draws *draws)
{
    free(draws->errors);
    draws->errors = NULL;
}

/* The trial at the profile from which the option's errors are taken: that of
 * the block, for all options together. */
static const struct evidence_trial *trial_of(const struct candidate *option,
                                             int block)
{
    const struct evidence_model *measured = option->measured;
    const struct evidence_trial *trial = evidence_at(measured, block);

    return trial ? trial : &measured->trials[block % measured->count];
}

/* The figures as they would be measured, if forecasts erred like this. An
 * option that was measured errs as it did there. */
static struct figures with_errors(const struct draws *draws, int option,
                                  const struct candidate *candidate,
                                  const struct figures *figures,
                                  const struct errors *errors, int block)
{
    double ratio[QUANTITIES];

    for (int q = 0; q < QUANTITIES; q++) {
        ratio[q] = errors ? pow(errors->ratio[option][q], draws->spread) : 1;
        if (candidate->measured)
            ratio[q] = evidence_ratio(trial_of(candidate, block),
                                      &candidate->found, q, ratio[q]);
    }
    struct figures drawn = figures_scaled(figures, ratio);
    if (candidate->measured &&
        (candidate->found.overloaded || trial_of(candidate, block)->overloaded))
        drawn.of[DRIVER_LATENCY] = INFINITY;
    return drawn;
}

static void draw_weights(const struct matter *matter, int number,
                         double *weights)
{
    struct draw draw = {SHAPE_LOGNORMAL, WEIGHT_CV};
    double sum = 0, total = 0;

    for (int d = 0; d < DRIVERS; d++) {
        weights[d] = matter->wishes->weights[d] *
                     draw_factor(&draw, matter->precision.seed,
                                 (uint64_t)number, DRAW_WEIGHT + (unsigned)d);
        sum += weights[d];
        total += matter->wishes->weights[d];
    }
    for (int d = 0; d < DRIVERS && sum > 0; d++)
        weights[d] *= total / sum;
}

static int pick(const struct matter *matter, int number, unsigned place,
                int count)
{
    double uniform =
        draw_uniform(matter->precision.seed, (uint64_t)number, 100 + place);
    int index = (int)(uniform * count);

    return index < count ? index : count - 1;
}

void draws_take(const struct matter *matter, const struct candidate *options,
                const struct draws *draws, int number, struct drawn *drawn)
{
    const struct variant *variant;
    struct figures figures[OPTIONS_MAX];
    bool known[DRIVERS_MEASURED];
    double weights[DRIVERS];

    drawn->variant = pick(matter, number, DRAW_VARIANT, VARIANTS);
    variant = &draws->variants[drawn->variant];
    draw_weights(matter, number, weights);
    const struct errors *errors =
        draws->error_count > 0
            ? &draws->errors[pick(matter, number, DRAW_ERRORS,
                                  draws->error_count)]
            : NULL;
    int block = draws->blocks > 0
                    ? 1 + pick(matter, number, DRAW_BLOCK, draws->blocks)
                    : 0;
    for (int m = 0; m < matter->model_count; m++) {
        figures[m] = with_errors(draws, m, &options[m], &variant->figures[m],
                                 errors, block);
        drawn->fits[m] = !options[m].why[0] &&
                         figures_fit(&variant->service, &figures[m]) &&
                         wishes_allow(matter->wishes, options[m].model);
    }
    figures_known(figures, drawn->fits, matter->model_count, known);
    for (int m = 0; m < matter->model_count; m++)
        drawn->burden[m] =
            figures_burden(&variant->service, &figures[m], weights, known) +
            scores_burden(matter->wishes, options[m].model, weights);
}
