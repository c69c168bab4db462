/* SPDX-License-Identifier: MIT
 *
 * A validation of a made-up world: every trial is made from the forecast and a
 * known error, so that errors, bands, choices, regrets, causes and goals are
 * known before.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/base/json.h"
#include "harness/validate/again.h"
#include "harness/validate/validation.h"

enum { SERVICES = 22, MODELS = 4 };

static const char *const names[MODELS] = {"thread-per-request", "event-loop",
                                          "thread-pool", "process-per-request"};

static struct constant exact(double value)
{
    return (struct constant){value, value, value, 3};
}

static void make_world(struct machine *machine)
{
    static const enum discipline disciplines[MODELS] = {
        DISCIPLINE_THREAD, DISCIPLINE_LOOP, DISCIPLINE_WORKER,
        DISCIPLINE_PROCESS};

    *machine = (struct machine){.cores = 1, .quantum_ns = 3e6, .step_ns = 1};
    snprintf(machine->run_id, sizeof machine->run_id, "world");
    for (int i = 0; i < MODELS; i++) {
        struct model_constants *m = &machine->models[machine->model_count++];
        snprintf(m->name, sizeof m->name, "%s", names[i]);
        m->discipline = disciplines[i];
        m->has_workers = i == 2;
        m->parallel = true;
        for (int c = 0; c < CONSTANTS; c++)
            m->of[c] = exact(0);
        m->of[CONSTANT_REQUEST] = exact(10e3 * (i + 1));
        m->of[CONSTANT_CALL_FIRST] = m->of[CONSTANT_CALL] = exact(10e3);
        m->of[CONSTANT_WORK_FACTOR] = exact(1);
        m->of[CONSTANT_MEMORY] = exact(1 << 20);
    }
}

/* Measured / forecast of costs and times, the inverse of a closed loop's rate;
 * 0: the trial is invalid. */
typedef double error_of(const struct question *question);

/* `few`: too few requests for a p99. */
static json_t *latency_json(const struct forecast *f, double error, bool few)
{
    if (few)
        return json_pack("{s:s, s:{s:i, s:f, s:[{s:i, s:f}, {s:i, s:f}]}}",
                         "kind", "response", "response", "count", 900,
                         "mean_ns", f->mean_ns.value, "percentiles", "p", 50,
                         "ns", error * f->p50_ns.value, "p", 90, "ns",
                         error * f->p90_ns.value);
    return json_pack(
        "{s:s, s:{s:i, s:f, s:[{s:i, s:f}, {s:i, s:f}, {s:i, s:f}]}}", "kind",
        "response", "response", "count", 5000, "mean_ns", f->mean_ns.value,
        "percentiles", "p", 50, "ns", error * f->p50_ns.value, "p", 90, "ns",
        error * f->p90_ns.value, "p", 99, "ns", error * f->p99_ns.value);
}

static json_t *trial_json(const struct question *question, double error)
{
    char experiment[32];
    const struct forecast *f = &question->forecast;
    const struct forecast *sent = question->open ? &question->replayed : f;

    snprintf(experiment, sizeof experiment, "service-%d",
             question->service + 1);
    return json_pack(
        "{s:s, s:s, s:{s:s}, s:b, s:s, s:f, s:f, s:{s:i}, s:{s:f}, s:o, "
        "s:{s:f}, s:{s:f}}",
        "experiment", experiment, "load_point", question->place, "cell",
        "model", question->model->name, "valid", error > 0, "reason",
        error > 0 ? "" : "steal: taken", "window_ns", 1e9, "throughput_per_s",
        error > 0 ? f->rate_per_s / error : 0, "requests",
        "completed_in_window", 5000, "cpu", "per_request_ns",
        error * sent->request_cpu_ns, "latency",
        latency_json(&question->replayed, error, question->service == 5),
        "memory", "total_bytes", error * f->memory_bytes, "platform", "max_ns",
        1000.0);
}

static void nothing(int service)
{
    (void)service;
}

static json_t *trials;

/* One world for all tests, since its forecasts take seconds. */
static struct questions world;

static int set_up(void **state)
{
    (void)state;
    make_world(&world.machine);
    world.service_count = SERVICES;
    world.window_most_ns = 3000000000;
    world.requests = 15000;
    held_out_draw(5, SERVICES, 1, world.services);
    for (int i = 0; i < MODELS; i++)
        world.models[world.model_count++] = &world.machine.models[i];
    return questions_make(&world, nothing);
}

static int tear_down(void **state)
{
    (void)state;
    questions_free(&world);
    return 0;
}

static void judge(struct validation *v, error_of *error)
{
    *v = (struct validation){.seed = 5, .questions = world};
    trials = json_array();
    for (int i = 0; i < v->questions.count; i++)
        json_array_append_new(trials, trial_json(&v->questions.rows[i],
                                                 error(&v->questions.rows[i])));
    assert_int_equal(validation_judge(v, trials), 0);
}

static void done(struct validation *v)
{
    json_decref(trials);
    v->questions.rows = NULL; /* the world's */
    validation_free(v);
}

static double none(const struct question *question)
{
    (void)question;
    return 1;
}

/* Forecasts that are right are found right, and choose and set workers with no
 * regret beyond that of near ties. */
static void all_right(void **state)
{
    static struct validation v;

    (void)state;
    judge(&v, none);
    for (int q = 0; q < QUANTITIES; q++) {
        const struct errors *e =
            &scores_find(&v.scores, q, "all", "all")->errors;
        assert_true(e->n >= SERVICES);
        assert_true(e->median < 1e-9 && e->p90 < 1e-9 && e->within == 1);
    }
    const struct baseline *ours =
        baselines_find(&v.baselines, "forecast", "choice");
    assert_int_equal(ours->n, SERVICES);
    assert_true(ours->right == 1 && ours->p90 < 1e-9);
    ours = baselines_find(&v.baselines, "forecast", "workers");
    /* The number is for the long run; for these requests another one may be
     * better by chance. */
    assert_true(ours->n >= SERVICES / 2 && ours->right >= 0.9);
    assert_true(baselines_find(&v.baselines, "2c+1", "workers")->right < 0.8);
    assert_true(baselines_find(&v.baselines, "nearest cell", "throughput_per_s")
                    ->median > 0.1);
    for (int i = 0; i < v.rows.count; i++)
        assert_false(v.rows.rows[i].miss);
    done(&v);
}

/* Costs and times a tenth above the forecast, under threads alone. */
static double threads_off(const struct question *question)
{
    return question->model->discipline == DISCIPLINE_THREAD ? 1.1 : 1;
}

static void one_discipline(void **state)
{
    static struct validation v;

    (void)state;
    judge(&v, threads_off);
    const struct errors *e =
        &scores_find(&v.scores, QUANTITY_CPU, "discipline", "thread")->errors;
    assert_true(fabs(e->bias - (1 / 1.1 - 1)) < 1e-9);
    e = &scores_find(&v.scores, QUANTITY_CPU, "discipline", "loop")->errors;
    assert_true(fabs(e->bias) < 1e-9);
    /* The bands are the disciplines' own: threads' are a tenth wide. */
    for (int i = 0; i < v.rows.count; i++) {
        const struct row *row = &v.rows.rows[i];
        if (row->judged && row->quantity == QUANTITY_CPU)
            assert_true(fabs(row->band - threads_off(row->question)) < 1e-6);
    }
    done(&v);
}

/* One service costs twice what was forecast; everywhere else nothing is off. */
static double one_costs_more(const struct question *question)
{
    return question->service == 3 ? 2 : 1;
}

static void misses(void **state)
{
    static struct validation v;
    int missed = 0;

    (void)state;
    judge(&v, one_costs_more);
    for (int i = 0; i < v.rows.count; i++) {
        const struct row *row = &v.rows.rows[i];
        assert_true(row->miss == (row->judged && row->question->service == 3));
        missed += row->miss;
        assert_true(row->miss == (row->cause[0] != '\0'));
        if (row->miss && row->quantity == QUANTITY_THROUGHPUT)
            assert_non_null(strstr(row->cause, "+100.0 % CPU"));
    }
    assert_true(missed >= 4 * MODELS);
    const struct errors *e =
        &scores_find(&v.scores, QUANTITY_CPU, "all", "all")->errors;
    assert_true(e->covered < 1 && e->covered > 0.9);
    done(&v);
}

/* What was not measured is not judged, and is no miss. */
static double half_invalid(const struct question *question)
{
    return question->service % 2 ? 0 : 1;
}

static void invalid_trials(void **state)
{
    static struct validation v;

    (void)state;
    judge(&v, half_invalid);
    for (int i = 0; i < v.rows.count; i++) {
        const struct row *row = &v.rows.rows[i];
        if (row->question->service % 2) {
            assert_false(row->judged || row->miss);
            assert_string_equal(row->not_judged, "steal: taken");
        }
    }
    json_t *run = json_pack("{s:s, s:s}", "run_id", "r", "started_at", "t");
    json_t *json = validation_json(&v, run, trials);
    assert_non_null(json);
    assert_int_equal(json_array_size(json_object_get(json, "services")),
                     SERVICES);
    const json_t *residuals = json_object_get(json, "residuals"), *row;
    size_t i;
    int judged = 0;
    assert_int_equal(json_array_size(residuals), v.rows.count);
    json_array_foreach (residuals, i, row) {
        judged += json_true_of(row, "judged");
        if (json_integer_of(row, "service") % 2)
            continue;
        assert_true(json_is_false(json_object_get(row, "judged")));
        assert_string_equal(json_text_of(row, "not_judged"), "steal: taken");
        assert_true(json_is_null(json_object_get(row, "band")));
    }
    assert_true(judged > v.rows.count / 4 && judged < v.rows.count);
    assert_string_equal(json_text_of(json, "kind"), "quick");
    json_decref(json);
    json_decref(run);
    done(&v);
}

/* A run is a full one by what was measured, not by what was asked for. */
static void kind(void **state)
{
    static struct row rows[VALIDATION_FULL];
    static struct question of[VALIDATION_FULL];
    static struct validation v;

    (void)state;
    v = (struct validation){.full = true, .rows = {rows, VALIDATION_FULL}};
    for (int i = 0; i < VALIDATION_FULL; i++) {
        of[i].service = i;
        rows[i] = (struct row){.question = &of[i], .judged = true};
    }
    assert_true(validation_is_full(&v));
    v.full = false;
    assert_true(validation_is_full(&v));
    rows[7].judged = false;
    v.full = true;
    assert_false(validation_is_full(&v));
}

/* Requests too few for a p99 have a p90, which is no p99: it has a band only of
 * such as it. */
static void percentiles_apart(void **state)
{
    static struct validation v;
    int p90 = 0, p99 = 0;

    (void)state;
    judge(&v, none);
    for (int i = 0; i < v.rows.count; i++) {
        const struct row *row = &v.rows.rows[i];
        if (row->quantity != QUANTITY_P99 || !row->judged)
            continue;
        assert_true(isfinite(row->band) == (row->percentile == 99));
        p90 += row->percentile == 90;
        p99 += row->percentile == 99;
    }
    assert_true(p90 > 0 && p99 > 20);
    done(&v);
}

/* The laws foretell the same of three models that hold no worker: they get the
 * mean of what these lose, whatever their order. */
static void laws_that_tie(void **state)
{
    static struct validation v;
    const json_t *choice;
    size_t i;
    int tied = 0;

    (void)state;
    judge(&v, none);
    json_array_foreach (v.baselines.choices, i, choice) {
        const json_t *pick =
            json_row_of(json_object_get(choice, "picks"), "by", "laws");
        const char *picked = json_text_of(pick, "model");
        double best = 0, sum = 0;
        int n = 0;
        if (!strchr(picked, ','))
            continue;
        for (int r = 0; r < v.rows.count; r++) {
            const struct row *row = &v.rows.rows[r];
            if (row->quantity != QUANTITY_THROUGHPUT ||
                row->question->service + 1 !=
                    json_integer_of(choice, "service"))
                continue;
            best = fmax(best, row->measured);
            if (!strstr(picked, row->question->model->name))
                continue;
            sum += 1 / row->measured;
            n++;
        }
        assert_true(n >= 2);
        assert_true(
            fabs(json_figure_of(pick, "regret") - (best * sum / n - 1)) < 1e-9);
        tied++;
    }
    assert_true(tied > 0);
    done(&v);
}

/* What was stored gives the questions again, with the forecasts of today. */
static void once_more(void **state)
{
    static struct validation v;
    static struct questions again;
    char why[256] = "";

    (void)state;
    judge(&v, none);
    json_t *stored =
        json_pack("{s:i, s:s, s:b, s:i, s:s, s:o, s:o}", "schema_version", 1,
                  "tool_version", "t", "full", 0, "seed", 1, "targets", "",
                  "services", questions_services_json(&v.questions),
                  "forecasts", questions_json(&v.questions));
    again.machine = v.questions.machine;
    again.requests = v.questions.requests;
    again.window_most_ns = v.questions.window_most_ns;
    assert_int_equal(questions_again(stored, &again, why, sizeof why), 0);
    assert_int_equal(again.count, v.questions.count);
    for (int i = 0; i < again.count; i++) {
        const struct question *a = &again.rows[i], *b = &v.questions.rows[i];
        assert_string_equal(a->place, b->place);
        assert_int_equal(a->workers, b->workers);
        assert_true(a->forecast.request_cpu_ns == b->forecast.request_cpu_ns);
        assert_true(a->forecast.p99_ns.value == b->forecast.p99_ns.value);
    }
    questions_free(&again);
    json_decref(stored);
    done(&v);
}

/* As many questions as the most services have, under twenty models. */
static void many_questions(void **state)
{
    static struct questions many;
    json_t *services = json_array(), *forecasts = json_array();
    char why[256] = "";
    enum { COUNT = 20 * HELD_OUT_MAX };

    (void)state;
    make_world(&many.machine);
    json_array_append_new(
        services, json_pack("{s:i, s:i, s:i, s:i, s:f, s:f, s:i, s:i, s:f}",
                            "service", 1, "wait_ns", 0, "calls", 0, "steps",
                            1000, "cv_wait", 0., "cv_cpu", 0., "payload_bytes",
                            20, "connections", 8, "share", 0.7));
    for (int i = 0; i < COUNT; i++) {
        char place[32];
        snprintf(place, sizeof place, "closed-%d", i);
        json_array_append_new(forecasts,
                              json_pack("{s:i, s:s, s:b, s:i, s:i, s:i, s:s}",
                                        "service", 1, "model", "event-loop",
                                        "open", 0, "reasons", 0, "workers", 0,
                                        "connections", 8, "load_point", place));
    }
    json_t *stored =
        json_pack("{s:i, s:s, s:b, s:i, s:s, s:o, s:o}", "schema_version", 1,
                  "tool_version", "t", "full", 0, "seed", 1, "targets", "",
                  "services", services, "forecasts", forecasts);
    assert_int_equal(questions_again(stored, &many, why, sizeof why), 0);
    assert_int_equal(many.count, COUNT);
    questions_free(&many);
    json_decref(stored);
}

/* The experiment of a service says what its questions are. */
static void experiment(void **state)
{
    static struct validation v;
    char *text = NULL, line[160];
    size_t size;

    (void)state;
    judge(&v, none);
    FILE *file = open_memstream(&text, &size);
    questions_write(&v.questions, 1, file);
    fclose(file);
    assert_null(strstr(text, "[cell hello]"));
    for (int i = 0; i < v.questions.count; i++) {
        const struct question *question = &v.questions.rows[i];
        if (question->service != 1)
            continue;
        snprintf(line, sizeof line, "[cell %s]\nworkload = service\n",
                 question->place);
        assert_non_null(strstr(text, line));
    }
    free(text);
    done(&v);
}

/* Of a validation that was stopped, services that were measured whole. */
static void stopped(void **state)
{
    struct validation v;
    int last = world.rows[world.count - 1].service;

    (void)state;
    judge(&v, none);
    assert_int_equal(rows_services_done(&v.questions, trials), SERVICES);
    json_array_remove(trials, json_array_size(trials) - 1);
    assert_int_equal(rows_services_done(&v.questions, trials), SERVICES - 1);
    for (int i = world.count - 2; i >= 0; i--)
        if (world.rows[i].service == last)
            json_array_remove(trials, (size_t)i);
    assert_int_equal(rows_services_done(&v.questions, trials), SERVICES - 1);
    json_array_clear(trials);
    assert_int_equal(rows_services_done(&v.questions, trials), 0);
    done(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_right),     cmocka_unit_test(one_discipline),
        cmocka_unit_test(misses),        cmocka_unit_test(invalid_trials),
        cmocka_unit_test(kind),          cmocka_unit_test(percentiles_apart),
        cmocka_unit_test(laws_that_tie), cmocka_unit_test(many_questions),
        cmocka_unit_test(once_more),     cmocka_unit_test(experiment),
        cmocka_unit_test(stopped),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
