/* SPDX-License-Identifier: MIT
 *
 * Files from which forecasts are made, damaged one value at a time: each is
 * refused by the name of the member, or is read and forecast from.
 */
#include <errno.h>
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
#include "harness/evidence/evidence.h"
#include "harness/predict/bands.h"
#include "harness/validate/again.h"
#include "harness/validate/newest.h"
#include "harness/validate/validation.h"

enum { REQUESTS = 50 };

static struct model_constants model_of(const char *name,
                                       enum discipline discipline)
{
    struct model_constants model = {.discipline = discipline,
                                    .has_workers =
                                        discipline == DISCIPLINE_WORKER};

    snprintf(model.name, sizeof model.name, "%s", name);
    for (int c = 0; c < CONSTANTS; c++)
        model.of[c] = (struct constant){20, 10, 30, 3};
    model.of[CONSTANT_REQUEST] = (struct constant){1e4, 9e3, 2e4, 3};
    model.of[CONSTANT_WORK_FACTOR] = (struct constant){1, 1, 1, 3};
    model.of[CONSTANT_GROWTH] = (struct constant){0, 0, 0, 2};
    model.of[CONSTANT_CALL_PATH] = (struct constant){1e4, NAN, NAN, 1};
    model.of[CONSTANT_MEMORY_QUEUED] = (struct constant){NAN, NAN, NAN, 0};
    return model;
}

static struct machine world(void)
{
    struct machine machine = {.run_id = "r",
                              .at = "2026-11-29T00:00:00Z",
                              .version = "v",
                              .fingerprint = "f",
                              .cores = 1,
                              .quantum_ns = 3e6,
                              .stall_share = 0.01,
                              .stall_ns = 5e4,
                              .step_ns = 1,
                              .model_count = 2};

    machine.models[0] = model_of("event-loop", DISCIPLINE_LOOP);
    machine.models[1] = model_of("thread-pool", DISCIPLINE_WORKER);
    return machine;
}

/* What may stand in the place of a value: 0 is another number, text or type. */
static json_t *wrong_value(int kind)
{
    switch (kind) {
    case 0:
        return json_string("lop");
    case 1:
        return json_string("");
    case 2:
        return json_integer(-1);
    case 3:
        return json_integer(0);
    case 4:
        return json_integer(2000);
    case 5:
        return json_real(1e300);
    case 6:
        return json_real(1e-9);
    case 7:
        return json_integer(INT64_MAX);
    case 8:
        return json_true();
    case 9:
        return json_null();
    case 10:
        return json_array();
    case 11:
        return json_object();
    default:
        return NULL;
    }
}

typedef bool tries(const json_t *file, const char *member);

/* Calls `try` with each member of the object `at` of the file, at any depth,
 * replaced by each wrong value. Returns how many were read. */
static int damage(const json_t *file, json_t *at, tries *try)
{
    const char *key;
    json_t *value, *row, *wrong;
    size_t i;
    void *next;
    int read = 0;

    json_object_foreach_safe (at, next, key, value) {
        json_t *kept = json_incref(value);
        for (int kind = 0; (wrong = wrong_value(kind)); kind++) {
            json_object_set_new(at, key, wrong);
            read += try(file, key);
        }
        json_object_set_new(at, key, kept);
        read += damage(file, kept, try);
        json_array_foreach (kept, i, row)
            read += damage(file, row, try);
    }
    return read;
}

/* A refusal names a member: this one, or one that does not agree with it. */
static void check_refusal(int status, const char *why, const char *member)
{
    if (status != -EINVAL || why[0] != '"' || !strstr(why, " should be "))
        fail_msg("%s: status %d, \"%s\"", member, status, why);
}

static bool try_machine(const json_t *file, const char *member)
{
    static struct machine machine;
    struct service p = {.wait_ns = 2e6,
                        .calls = 2,
                        .cpu_ns = 1e5,
                        .rate_per_s = 300,
                        .payload_bytes = 1e4};
    char why[400] = "";
    int status = machine_read(file, &machine, why, sizeof why);

    if (status != 0) {
        check_refusal(status, why, member);
        return false;
    }
    service_defaults(&p, machine.cores);
    for (int i = 0; i < machine.model_count; i++) {
        struct forecast f = {0};
        if (forecast_make(&p, &machine, &machine.models[i], 0,
                          &(struct precision){.requests = REQUESTS, .seed = 1},
                          &f, why, sizeof why) == 0 &&
            !(f.capacity_per_s > 0 && isfinite(f.capacity_per_s)))
            fail_msg("%s: a capacity of %g", member, f.capacity_per_s);
    }
    json_t *again = machine_json(&machine);
    assert_int_equal(json_array_size(json_object_get(again, "models")),
                     machine.model_count);
    json_decref(again);
    return true;
}

static void test_machine(void **state)
{
    struct machine machine = world();
    json_t *file = machine_json(&machine);

    (void)state;
    assert_true(try_machine(file, "nothing"));
    assert_true(damage(file, file, try_machine) > 100);
    json_decref(file);
}

static bool try_evidence(const json_t *file, const char *member)
{
    static struct evidence evidence;
    char why[400] = "";
    int status = evidence_read(file, &evidence, why, sizeof why);

    if (status != 0) {
        check_refusal(status, why, member);
        return false;
    }
    for (int i = 0; i < evidence.count; i++) {
        struct evidence_found found = evidence_found(&evidence.of[i]);
        assert_true(found.n[QUANTITY_CPU] <= evidence.of[i].count);
    }
    json_t *again = evidence_json(&evidence);
    assert_int_equal(json_array_size(json_object_get(again, "models")),
                     evidence.count);
    json_decref(again);
    return true;
}

static void test_evidence(void **state)
{
    static struct evidence evidence;
    struct evidence_model *model = evidence_put(&evidence, "event-loop", 0);

    (void)state;
    evidence.percentile = 99;
    evidence.connections = 1;
    strcpy(evidence.runs[evidence.run_count++], "run");
    for (int block = 1; block <= 2; block++) {
        struct evidence_trial *trial = &model->trials[model->count++];
        trial->block = block;
        for (int q = 0; q < QUANTITIES; q++)
            trial->measured[q] = trial->forecast[q] = 1000;
    }
    json_t *file = evidence_json(&evidence);
    assert_true(try_evidence(file, "nothing"));
    assert_true(damage(file, file, try_evidence) > 50);
    json_decref(file);
}

/* Sets the member of the file, or of its first model, or of a constant. */
static void refused(const char *constant, const char *member, json_t *value,
                    const char *said)
{
    static struct machine machine;
    struct machine whole = world();
    json_t *file = machine_json(&whole), *at = file;
    char why[400] = "it was read";

    if (constant)
        at = json_array_get(json_object_get(file, "models"), 0);
    if (constant && constant[0])
        at = json_object_get(json_object_get(at, "constants"), constant);
    json_object_set_new(at, member, value);
    assert_int_equal(machine_read(file, &machine, why, sizeof why), -EINVAL);
    if (!strstr(why, said))
        fail_msg("\"%s\" is not in \"%s\"", said, why);
    json_decref(file);
}

static void test_machine_is_told(void **state)
{
    (void)state;
    refused("", "discipline", json_string("lop"),
            "\"discipline\" of models[0] is \"lop\", and should be unknown, ");
    refused("", "has_workers", json_string("yes"),
            "\"has_workers\" of models[0] is \"yes\", and should be true or");
    refused("", "name", json_string("thread-pool"),
            "\"name\" of models[1] is \"thread-pool\", and should be another");
    refused(NULL, "stall_ns", json_integer(0),
            "\"stall_ns\" is 0, and should be a number from 1000 to");
    refused(NULL, "cores", json_integer(2000),
            "\"cores\" is 2000, and should be a whole number from 1 to 1024");
    refused(NULL, "at", json_string("yesterday"),
            "\"at\" is \"yesterday\", and should be a time as");
    refused("call_ns", "n", json_integer(1),
            "\"lo\" of call_ns of models[0] is 10.0, and should be null");
    refused("request_ns", "value", json_integer(-1),
            "\"value\" of request_ns of models[0] is -1, and should be a");
    refused("work_factor", "value", json_real(1e300), "from 0.01 to 1000");
    refused("", "run_id", json_null(), "\"run_id\" of models[0] is null");
}

/* A difference that scatter makes negative is none; one that is sure is no
 * cost. */
static void test_scatter(void **state)
{
    struct constant c =
        constant_settled(CONSTANT_BYTE, (struct constant){-2, -9, 5, 3});

    (void)state;
    assert_true(c.value == 0 && c.lo == -9 && c.hi == 5 && c.n == 3);
    c = constant_settled(CONSTANT_BYTE, (struct constant){-2, -3, -1, 3});
    assert_true(c.value == 0 && c.hi == 0);
    c = constant_settled(CONSTANT_WORK_FACTOR, (struct constant){-2, -3, 9, 3});
    assert_true(isnan(c.value) && c.n == 0);
    c = constant_settled(CONSTANT_GROWTH, (struct constant){-.1, -.2, 0, 3});
    assert_true(c.value == -.1);
}

static void nothing(int service)
{
    (void)service;
}

static json_t *forecasts;

/* forecasts.json of two services, once for all tests, since numbers of workers
 * are searched for. Few requests a second are soon simulated. */
static int set_up(void **state)
{
    struct questions questions = {.machine = world(),
                                  .service_count = 2,
                                  .window_most_ns = 900000000,
                                  .requests = REQUESTS};

    (void)state;
    held_out_draw(5, 2, 1, questions.services);
    for (int i = 0; i < 2; i++)
        questions_take_model(&questions, &questions.machine.models[i]);
    int status = questions_make(&questions, nothing);
    for (int i = 0; i < questions.count; i++)
        questions.rows[i].rate_per_s = 50;
    forecasts = json_pack("{s:i, s:s, s:I, s:b, s:s, s:s, s:o, s:o}",
                          "schema_version", 1, "tool_version", "v", "seed",
                          (json_int_t)5, "full", 0, "machine", "r", "targets",
                          "", "services", questions_services_json(&questions),
                          "forecasts", questions_json(&questions));
    questions_free(&questions);
    return status;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(forecasts);
    return 0;
}

/* A trial of the question's that is as it was forecast. */
static json_t *trial_of(const struct question *question)
{
    char experiment[32];

    snprintf(experiment, sizeof experiment, "service-%d",
             question->service + 1);
    return json_pack("{s:s, s:s, s:{s:s}, s:b, s:f, s:f, s:{s:i}, s:{s:f}}",
                     "experiment", experiment, "load_point", question->place,
                     "cell", "model", question->model->name, "valid", 1,
                     "window_ns", 1e9, "throughput_per_s", 1000., "requests",
                     "completed_in_window", 5000, "cpu", "per_request_ns", 1e5);
}

/* Reads the file and judges trials of all its questions. */
static int judge(const json_t *file, char *why, size_t why_size)
{
    static struct validation v;
    json_t *trials = json_array();

    v = (struct validation){.questions = {.machine = world(),
                                          .window_most_ns = 900000000,
                                          .requests = REQUESTS}};
    int status = questions_again(file, &v.questions, why, why_size);
    for (int i = 0; status == 0 && i < v.questions.count; i++)
        json_array_append_new(trials, trial_of(&v.questions.rows[i]));
    if (status == 0) {
        assert_int_equal(validation_judge(&v, trials), 0);
        json_t *json = validation_json(&v, NULL, trials);
        assert_int_equal(json_array_size(json_object_get(json, "residuals")),
                         v.rows.count);
        json_decref(json);
        validation_free(&v);
    } else
        questions_free(&v.questions);
    json_decref(trials);
    return status;
}

static bool try_forecasts(const json_t *file, const char *member)
{
    char why[400] = "";
    int status = judge(file, why, sizeof why);

    if (status != 0)
        check_refusal(status, why, member);
    return status == 0;
}

static void test_forecasts(void **state)
{
    json_t *file = json_deep_copy(forecasts);
    char why[400] = "";
    json_t *list = json_object_get(file, "forecasts"), *row;
    size_t i, open = 0;

    (void)state;
    assert_true(try_forecasts(file, "nothing"));
    json_array_foreach (list, i, row)
        if (json_true_of(row, "open") && !open)
            open = i;
    json_t *at = json_array_get(list, open);
    json_object_set_new(at, "rate_per_s", json_real(1e-9));
    assert_int_equal(judge(file, why, sizeof why), -EINVAL);
    assert_non_null(strstr(why, "\"rate_per_s\" of forecasts["));
    assert_non_null(strstr(why, "is 1e-9, and should be a number from 1 to"));
    json_decref(file);
}

/* A closed loop and an open one. */
static void test_damaged_forecasts(void **state)
{
    json_t *file = json_deep_copy(forecasts);
    json_t *list = json_object_get(file, "forecasts");

    (void)state;
    while (json_array_size(list) > 2)
        json_array_remove(list, 2);
    assert_true(damage(file, file, try_forecasts) > 20);
    json_decref(file);
}

/* More rows about one service than any validation asks: closed loops of one
 * model, and numbers of workers. */
static void test_many_forecasts(void **state)
{
    enum { COPIES = 100 };
    json_t *file = json_deep_copy(forecasts);
    json_t *list = json_object_get(file, "forecasts");
    size_t count = json_array_size(list), closed = 0, workers = 0;
    char why[400] = "", place[32];

    (void)state;
    for (size_t i = 0; i < count; i++)
        if (!json_true_of(json_array_get(list, i), "open"))
            closed = i;
        else if (json_integer_of(json_array_get(list, i), "reasons") > 0)
            workers = i;
    for (int k = 0; k < 2 * COPIES; k++) {
        json_t *row =
            json_deep_copy(json_array_get(list, k % 2 ? closed : workers));
        snprintf(place, sizeof place, "copy-%d", k);
        json_object_set_new(row, "load_point", json_string(place));
        json_array_append_new(list, row);
    }
    assert_int_equal(judge(file, why, sizeof why), 0);
    json_array_append(list, json_array_get(list, 0));
    assert_int_equal(judge(file, why, sizeof why), -EINVAL);
    assert_non_null(strstr(why, "\"load_point\" of forecasts["));
    json_decref(file);
}

/* Constants of models in other languages alone bring no cell of the others. */
static void test_foreign_alone(void **state)
{
    struct questions questions = {.machine = world(),
                                  .service_count = 2,
                                  .window_most_ns = 900000000,
                                  .requests = REQUESTS};
    char *text = NULL;
    size_t size;

    (void)state;
    questions.machine.models[0] = model_of("node", DISCIPLINE_LOOP);
    questions.machine.models[0].foreign = true;
    held_out_draw(5, 2, 1, questions.services);
    questions_take_model(&questions, &questions.machine.models[0]);
    assert_int_equal(questions_make(&questions, nothing), 0);
    assert_true(questions_measured(&questions, 0));
    assert_false(questions_measured(&questions, 1));
    FILE *file = open_memstream(&text, &size);
    questions_write(&questions, 0, file);
    fclose(file);
    assert_non_null(strstr(text, "models = node\n"));
    assert_null(strstr(text, "[cell closed]"));
    assert_null(strstr(text, "[cell hello]"));
    free(text);
    questions_free(&questions);
}

static json_t *validation_of(const char *at, int throughput, int p99)
{
    return json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:[], s:[], s:[{s:s, s:i}, {s:s, s:i}]}",
        "schema_version", 1, "run_id", "r", "machine", "m", "fingerprint", "f",
        "at", at, "services", "residuals", "goals", "goal",
        "throughput: no bias; the largest: loop", "n", throughput, "goal",
        "p99: near", "n", p99);
}

static void replaces(bool expected, json_t *stored, json_t *fresh,
                     const char *said)
{
    char why[400] = "";

    assert_int_equal(newest_replaces(stored, fresh, why, sizeof why), expected);
    if (!strstr(why, said))
        fail_msg("\"%s\" is not in \"%s\"", said, why);
    json_decref(stored);
    json_decref(fresh);
}

static void test_newest(void **state)
{
    static const char old[] = "2026-11-01T00:00:00Z";
    static const char new[] = "2026-11-02T00:00:00Z";

    (void)state;
    replaces(true, NULL, validation_of(new, 0, 0), "");
    replaces(true, validation_of(old, 40, 40), validation_of(new, 20, 1), "");
    replaces(true, validation_of(old, 40, 0), validation_of(new, 20, 0), "");
    replaces(false, validation_of(old, 40, 40), validation_of(new, 0, 0),
             "nothing for the goal \"throughput: no bias\", and that of "
             "2026-11-01T00:00:00Z judged 40");
    replaces(false, validation_of(old, 40, 40), validation_of(new, 40, 0),
             "nothing for the goal \"p99: near\"");
    replaces(false, validation_of(new, 4, 4), validation_of(old, 40, 40),
             "it is of 2026-11-01T00:00:00Z");
    /* A damaged one gives no bands. */
    replaces(true, validation_of("yesterday", 40, 40), validation_of(new, 0, 0),
             "");
}

/* Residuals of a model that was calibrated again are of other constants. */
static void test_runs(void **state)
{
    static struct bands bands;
    static struct residual residuals[3];
    static struct validated_service services[] = {{.number = 1}, {.number = 2}};
    struct machine machine = world();

    (void)state;
    residuals[0] = (struct residual){.service = 1, .model = "event-loop"};
    residuals[1] = (struct residual){.service = 2, .model = "thread-pool"};
    residuals[2] = (struct residual){.service = 2, .model = "gone"};
    bands = (struct bands){.machine = "r",
                           .residuals = residuals,
                           .residual_count = 3,
                           .services = services,
                           .service_count = 2};
    bands_match(&bands, &machine);
    assert_int_equal(bands.residual_count, 3);
    assert_int_equal(bands.outdated_count, 0);
    strcpy(machine.models[1].run_id, "newer");
    bands_match(&bands, &machine);
    assert_int_equal(bands.residual_count, 2);
    assert_true(bands_outdated(&bands, "thread-pool"));
    assert_false(bands_outdated(&bands, "event-loop"));
    assert_string_equal(bands.validated_run, "r");
    assert_string_equal(bands.present_run, "newer");
    /* It was validated since. */
    bands = (struct bands){.machine = "r",
                           .models = {{"thread-pool", "newer"}},
                           .model_count = 1,
                           .residuals = residuals,
                           .residual_count = 2,
                           .services = services,
                           .service_count = 2};
    residuals[1] = (struct residual){.service = 2, .model = "thread-pool"};
    bands_match(&bands, &machine);
    assert_int_equal(bands.residual_count, 2);
    /* All constants are newer. */
    strcpy(machine.run_id, "newest");
    machine.models[1].run_id[0] = '\0';
    bands_match(&bands, &machine);
    assert_int_equal(bands.residual_count, 0);
    assert_int_equal(bands.service_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_machine_is_told),
        cmocka_unit_test(test_scatter),
        cmocka_unit_test(test_forecasts),
        cmocka_unit_test(test_damaged_forecasts),
        cmocka_unit_test(test_many_forecasts),
        cmocka_unit_test(test_foreign_alone),
        cmocka_unit_test(test_newest),
        cmocka_unit_test(test_runs),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
