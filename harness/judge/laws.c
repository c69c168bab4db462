/* SPDX-License-Identifier: MIT
 *
 * A figure is compared at the end of its interval that suits the row. Beyond
 * the strict bound plus `slack` is suspicious; beyond the loose bound, which
 * has every allowance, is broken.
 *
 * Edges: in a window of T each of K places completes at most T/D + 1 requests,
 * since the first may have begun before. So X <= K/D + K/T. Without T, a run of
 * a second is allowed for: none that is published is shorter.
 */
#include "laws.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "harness/predict/laws.h"

static const double slack = 0.01;
static const double shortest_run_s = 1;
/* Timers of some runtimes fire up to a millisecond early. */
static const double early_s = 1e-3;
/* What remains open where a length is not known, or a mean is of another run.
 */
static const double loose_share = 0.1;
/* Figures of a table may be medians over several runs, each its own. */
static const double table_share = 0.05;
static const double failed_share_told = 0.01;

const char *judge_law_name(enum judge_law law)
{
    static const char *const names[JUDGE_LAWS] = {
        [JUDGE_CLOSED_LOOP] = "closed-loop",
        [JUDGE_WORKERS] = "workers",
        [JUDGE_CPU] = "cpu",
        [JUDGE_LITTLE] = "little",
        [JUDGE_UNDER_WAIT] = "under-wait",
        [JUDGE_ORDER] = "order",
        [JUDGE_MEAN] = "mean",
        [JUDGE_MEAN_IS_P99] = "mean-is-p99",
        [JUDGE_LONGER] = "longer-than-run",
        [JUDGE_COUNT] = "count",
        [JUDGE_FAILURES] = "failures",
    };
    return names[law];
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {
        [VERDICT_UNKNOWN] = "cannot tell",
        [VERDICT_SOUND] = "sound",
        [VERDICT_SUSPICIOUS] = "suspicious",
        [VERDICT_BREAKS] = "BREAKS",
    };
    return names[verdict];
}

static const struct figure *figure_of(const struct row *row, enum figure_id id)
{
    return &row->figures[id];
}

static bool known(const struct row *row, enum figure_id id)
{
    return row->figures[id].known;
}

/* Whether the row has all figures of the set; else notes those it lacks. */
static bool has_all(const struct row *row, struct finding *finding,
                    unsigned set)
{
    for (int i = 0; i < FIGURES; i++)
        if (set & 1u << i && !known(row, i))
            finding->missing |= 1u << i;
    return finding->missing == 0;
}

/* Sets the verdict of `value`, of which `low` is the least that it may be, by
 * two bounds from above. */
static void judge_most(struct finding *finding, double low, double strict,
                       double loose)
{
    finding->verdict = low > fmax(loose, strict) ? VERDICT_BREAKS
                       : low > strict            ? VERDICT_SUSPICIOUS
                                                 : VERDICT_SOUND;
    finding->ratio = finding->bound > 0 ? finding->value / finding->bound : 0;
}

/* The share of the requests that failed, as far as the row says. */
static double failed_share(const struct row *row)
{
    const struct figure *failed = figure_of(row, FIGURE_FAILED);
    const struct figure *requests = figure_of(row, FIGURE_REQUESTS);

    if (!failed->known || !requests->known || requests->low <= 0)
        return 0;
    return fmin(failed->high / requests->low, 1);
}

/* Requests in flight on a connection at most. */
static double in_flight_each(const struct row *row)
{
    const struct figure *each = figure_of(row, FIGURE_IN_FLIGHT);

    return each->known ? each->high : 1;
}

/* Whether several requests may have been in flight on a connection although
 * nobody says so. */
static bool flight_doubted(const struct row *row)
{
    return !known(row, FIGURE_IN_FLIGHT) && row->flight_doubt;
}

/* The least that a request waits, every allowance made. */
static double least_wait(const struct row *row)
{
    double wait = figure_of(row, FIGURE_WAIT)->value;

    return fmax(wait - fmax(early_s, slack * wait), wait / 2);
}

/* Bounds of the rate by places that each request holds for `held_s`. */
static void judge_places(const struct row *row, struct finding *finding,
                         double places, double bound, double loose_bound)
{
    const struct figure *rate = figure_of(row, FIGURE_RATE);
    const struct figure *duration = figure_of(row, FIGURE_DURATION);
    double edge = duration->known ? places / duration->low : 0;
    double low = rate->low * (1 - failed_share(row));

    finding->figure = FIGURE_RATE;
    finding->value = rate->value;
    finding->bound = bound;
    judge_most(finding, low, bound * (1 + slack) + edge,
               loose_bound * (1 + slack) +
                   (duration->known ? edge : places / shortest_run_s));
    if (finding->verdict == VERDICT_SUSPICIOUS && !duration->known &&
        low > bound)
        finding->below_s = places / (low - bound);
}

static double bounded_by(enum law law, struct laws_input input)
{
    input.open = true;
    return laws_of(&input).per_s[law];
}

static int as_int(double value)
{
    return (int)fmin(fmax(value, 0), INT_MAX);
}

/* Several requests on a connection would explain the rate, and the latencies
 * agree: they are as long as the wait. */
static bool explained_by_streams(const struct row *row)
{
    const struct figure *mean = figure_of(row, FIGURE_MEAN);

    if (known(row, FIGURE_IN_FLIGHT) ||
        (row->loop == LOOP_CLOSED && !row->flight_doubt))
        return false;
    if (mean->known)
        return mean->high >= least_wait(row) * (1 - failed_share(row));
    return row->flight_doubt != NULL;
}

static void judge_closed_loop(const struct row *row, struct finding *finding)
{
    if (!has_all(row, finding,
                 1u << FIGURE_RATE | 1u << FIGURE_CONNECTIONS |
                     1u << FIGURE_WAIT))
        return;
    double places =
        figure_of(row, FIGURE_CONNECTIONS)->value * in_flight_each(row);
    struct laws_input input = {.connections = as_int(places),
                               .wait_s = figure_of(row, FIGURE_WAIT)->value};
    input.open = false;
    double bound = laws_of(&input).per_s[LAW_CLIENTS];
    input.wait_s = least_wait(row);
    judge_places(row, finding, places, bound,
                 laws_of(&input).per_s[LAW_CLIENTS]);
    if (finding->verdict == VERDICT_BREAKS && explained_by_streams(row))
        finding->verdict = VERDICT_SUSPICIOUS;
}

static void judge_workers(const struct row *row, struct finding *finding)
{
    if (!has_all(row, finding,
                 1u << FIGURE_RATE | 1u << FIGURE_WORKERS | 1u << FIGURE_WAIT))
        return;
    double places = figure_of(row, FIGURE_WORKERS)->value;
    struct laws_input input = {.holding_workers = as_int(places),
                               .wait_s = figure_of(row, FIGURE_WAIT)->value};
    double bound = bounded_by(LAW_WORKERS, input);
    input.wait_s = least_wait(row);
    judge_places(row, finding, places, bound, bounded_by(LAW_WORKERS, input));
}

/* The CPU time is a mean, which somebody measured in another run: a tenth is
 * allowed for that. */
static void judge_cpu(const struct row *row, struct finding *finding)
{
    if (!has_all(row, finding,
                 1u << FIGURE_RATE | 1u << FIGURE_CPU | 1u << FIGURE_CORES))
        return;
    struct laws_input input = {.cpu_s = figure_of(row, FIGURE_CPU)->value,
                               .cpus =
                                   as_int(figure_of(row, FIGURE_CORES)->value)};
    double bound = bounded_by(LAW_CPU, input);
    const struct figure *in_flight = figure_of(row, FIGURE_CONNECTIONS);

    judge_places(row, finding,
                 in_flight->known ? in_flight->value * in_flight_each(row)
                                  : input.cpus,
                 bound, bound * (1 + loose_share));
}

/* How much more than C may seem to be in flight: requests that began before the
 * window bring time into it. */
static double little_allowance(const struct row *row)
{
    const struct figure *most = figure_of(row, FIGURE_MAX);
    const struct figure *duration = figure_of(row, FIGURE_DURATION);

    if (!most->known || !duration->known)
        return loose_share;
    return most->high / duration->low;
}

static void judge_little(const struct row *row, struct finding *finding)
{
    const struct figure *rate = figure_of(row, FIGURE_RATE);
    const struct figure *mean = figure_of(row, FIGURE_MEAN);

    if (row->loop == LOOP_OPEN ||
        !has_all(row, finding,
                 1u << FIGURE_RATE | 1u << FIGURE_CONNECTIONS |
                     1u << FIGURE_MEAN))
        return;
    double places =
        figure_of(row, FIGURE_CONNECTIONS)->value * in_flight_each(row);
    double good = 1 - failed_share(row);
    finding->figure = FIGURE_MEAN;
    finding->value = rate->value * mean->value;
    finding->bound = places;
    judge_most(finding, rate->low * good * mean->low, places * (1 + slack),
               places * (1 + slack + little_allowance(row)));
    bool certain =
        row->loop == LOOP_CLOSED && !flight_doubted(row) && !row->mean_doubt;
    if (finding->verdict == VERDICT_BREAKS && !certain)
        finding->verdict = VERDICT_SUSPICIOUS;
    if (finding->verdict == VERDICT_SOUND && row->loop == LOOP_CLOSED &&
        !row->mean_doubt && good > 1 - failed_share_told &&
        rate->high * mean->high < places / 2)
        finding->verdict = VERDICT_SUSPICIOUS;
}

/* Notes that a latency is below the wait, if that is the worst so far. */
static void note_under(const struct row *row, struct finding *finding,
                       enum figure_id id, double wait, double least)
{
    const struct figure *figure = figure_of(row, id);
    enum verdict verdict = figure->high < least ? VERDICT_BREAKS
                           : figure->high < wait * (1 - slack)
                               ? VERDICT_SUSPICIOUS
                               : VERDICT_SOUND;
    double ratio = figure->value > 0 ? wait / figure->value : INFINITY;

    /* One failed request that nobody counted has the least time of all. */
    if (id == FIGURE_MIN && verdict == VERDICT_BREAKS &&
        !known(row, FIGURE_FAILED))
        verdict = VERDICT_SUSPICIOUS;
    if (verdict < finding->verdict ||
        (verdict == finding->verdict && ratio <= finding->ratio))
        return;
    *finding = (struct finding){.verdict = verdict,
                                .figure = id,
                                .value = figure->value,
                                .bound = wait,
                                .ratio = ratio};
}

static void judge_under_wait(const struct row *row, struct finding *finding)
{
    double wait = figure_of(row, FIGURE_WAIT)->value;
    double failed = failed_share(row), least = least_wait(row);
    bool any = false;

    if (!has_all(row, finding, 1u << FIGURE_WAIT))
        return;
    for (int i = FIGURE_MEAN; i <= FIGURE_MAX; i++) {
        double share = figure_abouts[i].percent / 100;
        /* Failed requests may all be the fast ones. */
        if (!known(row, i) ||
            (i == FIGURE_MIN && figure_of(row, FIGURE_FAILED)->value > 0) ||
            (share > 0 && share <= failed) || failed >= 1)
            continue;
        bool mean = i == FIGURE_MEAN;
        if (mean && row->mean_doubt)
            continue;
        any = true;
        note_under(row, finding, i, mean ? wait * (1 - failed) : wait,
                   mean ? least * (1 - failed) : least);
    }
    if (!any)
        finding->missing = 1u << FIGURE_MEAN;
}

static void judge_order(const struct row *row, struct finding *finding)
{
    int count = 0;

    for (int i = FIGURE_MIN; i <= FIGURE_MAX; i++) {
        count += known(row, i);
        for (int j = i + 1; j <= FIGURE_MAX && known(row, i); j++) {
            const struct figure *low = figure_of(row, i);
            const struct figure *high = figure_of(row, j);
            if (!high->known || low->low <= high->high * (1 + slack))
                continue;
            double ratio =
                high->value > 0 ? low->value / high->value : INFINITY;
            if (finding->verdict == VERDICT_BREAKS && ratio <= finding->ratio)
                continue;
            *finding = (struct finding){.verdict = VERDICT_BREAKS,
                                        .figure = i,
                                        .other = j,
                                        .value = low->value,
                                        .bound = high->value,
                                        .ratio = ratio};
        }
    }
    if (count < 2)
        finding->missing = 1u << FIGURE_P50 | 1u << FIGURE_P99;
    else if (finding->verdict == VERDICT_UNKNOWN)
        finding->verdict = VERDICT_SOUND;
}

/* How far one request moves a percentile, as a share of all: percentiles of few
 * requests are those of one of two neighbours. */
static double one_of_all(const struct row *row)
{
    const struct figure *requests = figure_of(row, FIGURE_REQUESTS);
    const struct figure *rate = figure_of(row, FIGURE_RATE);
    const struct figure *duration = figure_of(row, FIGURE_DURATION);
    double count = 100;

    if (requests->known)
        count = requests->low;
    else if (rate->known)
        count = rate->low * (duration->known ? duration->low : shortest_run_s);
    return fmin(1 / fmax(count, 1), 1);
}

/* The least and the most that a mean can be beside the row's percentiles. Each
 * share of the requests between two of them is put at its lower end, or at its
 * upper one. */
static void mean_between(const struct row *row, double *least, double *most)
{
    double below = figure_of(row, FIGURE_MIN)->low; /* 0: not known */
    double one = one_of_all(row), low_share = 0, high_share = 0;

    *least = 0;
    *most = 0;
    for (int i = FIGURE_P10; i <= FIGURE_MAX; i++) {
        const struct figure *figure = figure_of(row, i);
        if (!figure->known)
            continue;
        bool last = i == FIGURE_MAX;
        double share = last ? 1 : figure_abouts[i].percent / 100;
        double share_low = last ? 1 : fmin(share + one, 1);
        double share_high = last ? 1 : fmax(share - one, 0);
        *least += fmax(share_low - low_share, 0) * below;
        *most += fmax(share_high - high_share, 0) * figure->high;
        low_share = fmax(low_share, share_low);
        high_share = fmax(high_share, share_high);
        below = fmax(below, figure->low);
    }
    *least += (1 - low_share) * below;
    if (!known(row, FIGURE_MAX))
        *most = INFINITY;
}

static void judge_mean(const struct row *row, struct finding *finding)
{
    const struct figure *mean = figure_of(row, FIGURE_MEAN);
    double allowed = row->own_times ? slack : table_share, least, most;
    int others = 0;

    for (int i = FIGURE_MIN; i <= FIGURE_MAX; i++)
        others += known(row, i);
    if (!has_all(row, finding, 1u << FIGURE_MEAN))
        return;
    if (others == 0) {
        finding->missing = 1u << FIGURE_MAX;
        return;
    }
    mean_between(row, &least, &most);
    bool high = mean->value > most;
    *finding = (struct finding){.verdict = VERDICT_SOUND,
                                .figure = FIGURE_MEAN,
                                .value = mean->value,
                                .bound = high ? most : least,
                                .ratio = 1};
    if (mean->low > most * (1 + allowed) || mean->high < least * (1 - allowed))
        finding->verdict =
            row->mean_doubt ? VERDICT_SUSPICIOUS : VERDICT_BREAKS;
    if (finding->verdict != VERDICT_SOUND)
        finding->ratio = high              ? mean->value / most
                         : mean->value > 0 ? least / mean->value
                                           : INFINITY;
}

/* A service of constant latency has this, too: its median is there as well. */
static void judge_mean_is_p99(const struct row *row, struct finding *finding)
{
    const struct figure *mean = figure_of(row, FIGURE_MEAN);
    const struct figure *p99 = figure_of(row, FIGURE_P99);
    const struct figure *p50 = figure_of(row, FIGURE_P50);
    const struct figure *most = figure_of(row, FIGURE_MAX);

    if (!has_all(row, finding, 1u << FIGURE_MEAN | 1u << FIGURE_P99))
        return;
    *finding = (struct finding){.verdict = VERDICT_SOUND,
                                .figure = FIGURE_MEAN,
                                .other = FIGURE_P99,
                                .value = mean->value,
                                .bound = p99->value,
                                .ratio = 1};
    bool equal = mean->value > 0 && mean->value == p99->value &&
                 mean->digits >= 3 && p99->digits >= 3;
    bool constant =
        (p50->known && p50->high >= p99->low * (1 - slack)) ||
        (most->known && most->low <= p99->high * (1 + slack) && !p50->known);
    if (!equal || constant)
        return;
    finding->verdict = VERDICT_SUSPICIOUS;
    if (p50->known)
        finding->tail_s = (0.51 * p99->value - 0.5 * p50->value) / 0.01;
}

/* wrk2 times its run from the end of its calibration, and so may print a run
 * that is shorter than a request (giltene/wrk2, issue 138). */
static void judge_longer(const struct row *row, struct finding *finding)
{
    const struct figure *most = figure_of(row, FIGURE_MAX);
    const struct figure *duration = figure_of(row, FIGURE_DURATION);

    if (!row->own_times || row->loop == LOOP_OPEN ||
        !has_all(row, finding, 1u << FIGURE_MAX | 1u << FIGURE_DURATION))
        return;
    finding->figure = FIGURE_MAX;
    finding->value = most->value;
    finding->bound = duration->value;
    judge_most(finding, most->low, duration->high * (1 + slack),
               duration->high * (1 + slack));
}

static void judge_count(const struct row *row, struct finding *finding)
{
    const struct figure *rate = figure_of(row, FIGURE_RATE);
    const struct figure *requests = figure_of(row, FIGURE_REQUESTS);
    const struct figure *duration = figure_of(row, FIGURE_DURATION);

    if (!has_all(row, finding,
                 1u << FIGURE_RATE | 1u << FIGURE_REQUESTS |
                     1u << FIGURE_DURATION) ||
        row->derived)
        return;
    double allowed = row->own_count ? slack : loose_share;
    double low = requests->low / duration->high;
    double high = requests->high / fmax(duration->low, 1e-9);
    double between = requests->value / fmax(duration->value, 1e-9);
    double more = fmax(rate->value, between), less = fmin(rate->value, between);
    bool off =
        rate->low > high * (1 + allowed) || rate->high < low * (1 - allowed);
    *finding =
        (struct finding){.verdict = !off             ? VERDICT_SOUND
                                    : row->own_count ? VERDICT_BREAKS
                                                     : VERDICT_SUSPICIOUS,
                         .figure = FIGURE_RATE,
                         .value = rate->value,
                         .bound = between,
                         .ratio = less > 0 ? more / less : INFINITY};
}

static void judge_failures(const struct row *row, struct finding *finding)
{
    const struct figure *lost = figure_of(row, FIGURE_LOST);
    const struct figure *requests = figure_of(row, FIGURE_REQUESTS);
    double failed = failed_share(row), missing = 0;

    if (!known(row, FIGURE_FAILED) && !lost->known) {
        finding->missing = 1u << FIGURE_FAILED;
        return;
    }
    if (lost->known && requests->known && requests->value > 0)
        missing = lost->value / (lost->value + requests->value);
    bool more_lost = missing > failed;
    *finding =
        (struct finding){.figure = more_lost ? FIGURE_LOST : FIGURE_FAILED,
                         .value = fmax(failed, missing),
                         .bound = failed_share_told,
                         .ratio = 1};
    finding->verdict =
        finding->value > failed_share_told ? VERDICT_SUSPICIOUS : VERDICT_SOUND;
}

/* A latency of 0 is none that was measured: no request got its answer, or the
 * figure is missing. */
static void drop_zeros(struct row *row)
{
    const struct figure *rate = figure_of(row, FIGURE_RATE);

    for (int i = FIGURE_MEAN; i <= FIGURE_MAX; i++)
        if (row->figures[i].value <= 0 || (rate->known && rate->value <= 0))
            row->figures[i].known = false;
}

void judge_row(const struct row *given, struct judgement *judgement)
{
    struct row settled = *given;
    const struct row *row = &settled;
    static void (*const laws[JUDGE_LAWS])(const struct row *,
                                          struct finding *) = {
        [JUDGE_CLOSED_LOOP] = judge_closed_loop,
        [JUDGE_WORKERS] = judge_workers,
        [JUDGE_CPU] = judge_cpu,
        [JUDGE_LITTLE] = judge_little,
        [JUDGE_UNDER_WAIT] = judge_under_wait,
        [JUDGE_ORDER] = judge_order,
        [JUDGE_MEAN] = judge_mean,
        [JUDGE_MEAN_IS_P99] = judge_mean_is_p99,
        [JUDGE_LONGER] = judge_longer,
        [JUDGE_COUNT] = judge_count,
        [JUDGE_FAILURES] = judge_failures,
    };

    drop_zeros(&settled);
    *judgement = (struct judgement){0};
    for (int i = 0; i < JUDGE_LAWS; i++) {
        laws[i](row, &judgement->findings[i]);
        if (judgement->findings[i].verdict > judgement->verdict)
            judgement->verdict = judgement->findings[i].verdict;
    }
    if (known(row, FIGURE_RATE) && known(row, FIGURE_MEAN))
        judgement->in_flight = figure_of(row, FIGURE_RATE)->value *
                               figure_of(row, FIGURE_MEAN)->value;
}
