/* SPDX-License-Identifier: MIT
 *
 * Open loops without a warm-up: every request is scheduled in the window and
 * belongs to the result, so the server's account and the generator's must
 * agree to the last request.
 */
#include "test_fault.h"

#include <string.h>

#include "scene.h"

static const int64_t MS = 1000000;

static const struct {
    const char *gate; /* NULL: a result, not a fault of the measurement */
} faults[TRUTH_FAULTS] = {
    [TRUTH_WRONG] = {"wrong_bodies"},
    [TRUTH_OTHER] = {"wrong_bodies"},
    [TRUTH_CACHED] = {"wrong_bodies"},
    [TRUTH_STATUS] = {"errors"},
    [TRUTH_TRUNCATE] = {"errors"},
    [TRUTH_RESET] = {"errors"},
    [TRUTH_HANG] = {NULL},
};

/* Planted by the server and counted by the generator, class by class. */
static void check_counts(const struct scene *scene, struct outcome *outcome)
{
    const struct load_result *load = scene->result;
    uint64_t planted[TRUTH_FAULTS], bad = 0;

    for (int i = 0; i < TRUTH_FAULTS; i++) {
        planted[i] = scene->truth.account->faults[i];
        bad += planted[i];
    }
    scene_identity(scene, outcome);
    outcome_count(outcome, "requests at the server",
                  scene->truth.account->requests, scene->scheduled);
    outcome_count(outcome, "wrong bodies", load->wrong,
                  planted[TRUTH_WRONG] + planted[TRUTH_OTHER] +
                      planted[TRUTH_CACHED]);
    outcome_count(outcome, "error statuses", load->http_error,
                  planted[TRUTH_STATUS]);
    outcome_count(outcome, "broken connections", load->io_error,
                  planted[TRUTH_TRUNCATE] + planted[TRUTH_RESET]);
    outcome_count(outcome, "timeouts", load->timeout, planted[TRUTH_HANG]);
    outcome_count(outcome, "right answers", load->ok, scene->scheduled - bad);
    if (planted[TRUTH_HANG] > 0)
        outcome_time(outcome, "max", (double)load->response.max_ns,
                     (double)scene->plan.timeout_ns, 60e9);
}

static void fault_scene(struct scene *scene, enum load_mutation mutation)
{
    *scene = (struct scene){
        .script = {.delay = {DRAW_FIXED, MS, 0, 0}},
        .plan = {.mode = LOAD_OPEN,
                 .arrivals = ARRIVALS_UNIFORM,
                 .rate_per_s = 400,
                 .connections = 128,
                 .processes = 1,
                 .window_ns = 1500 * MS,
                 .timeout_ns = 4000 * MS,
                 .mutation = mutation},
    };
}

void test_fault_with(struct outcome *outcome, enum truth_fault fault, int every,
                     enum load_mutation mutation)
{
    struct scene scene;

    fault_scene(&scene, mutation);
    scene.script.every[fault] = every;
    if (scene_run(&scene, outcome) == 0) {
        check_counts(&scene, outcome);
        if (faults[fault].gate != NULL)
            scene_gate(&scene, outcome, faults[fault].gate, true);
    }
    scene_free(&scene);
}

void test_fault_none(struct outcome *outcome)
{
    struct scene scene;

    fault_scene(&scene, MUTATION_NONE);
    scene.wait_ns = MS;
    if (scene_run(&scene, outcome) == 0) {
        check_counts(&scene, outcome);
        scene_gate(&scene, outcome, "service_floor", false);
        scene_gate(&scene, outcome, "offered_rate", false);
        scene_gate(&scene, outcome, "wrong_bodies", false);
        scene_gate(&scene, outcome, "errors", false);
    }
    scene_free(&scene);
}

void test_fault_wrong(struct outcome *outcome)
{
    test_fault_with(outcome, TRUTH_WRONG, 200, MUTATION_NONE);
}

void test_fault_other(struct outcome *outcome)
{
    test_fault_with(outcome, TRUTH_OTHER, 50, MUTATION_NONE);
}

void test_fault_cached(struct outcome *outcome)
{
    test_fault_with(outcome, TRUTH_CACHED, 1, MUTATION_NONE);
}

void test_fault_status(struct outcome *outcome)
{
    test_fault_with(outcome, TRUTH_STATUS, 33, MUTATION_NONE);
}

void test_fault_truncate(struct outcome *outcome)
{
    test_fault_with(outcome, TRUTH_TRUNCATE, 100, MUTATION_NONE);
}

void test_fault_reset(struct outcome *outcome)
{
    test_fault_with(outcome, TRUTH_RESET, 50, MUTATION_NONE);
}

void test_fault_hang(struct outcome *outcome)
{
    test_fault_with(outcome, TRUTH_HANG, 60, MUTATION_NONE);
}

void test_fault_mixture(struct outcome *outcome)
{
    struct scene scene;

    fault_scene(&scene, MUTATION_NONE);
    scene.script.every[TRUTH_STATUS] = 33;
    scene.script.every[TRUTH_RESET] = 50;
    scene.script.every[TRUTH_TRUNCATE] = 101;
    scene.script.every[TRUTH_WRONG] = 199;
    scene.script.every[TRUTH_HANG] = 151;
    if (scene_run(&scene, outcome) == 0) {
        check_counts(&scene, outcome);
        scene_gate(&scene, outcome, "wrong_bodies", true);
        scene_gate(&scene, outcome, "errors", true);
    }
    scene_free(&scene);
}

/* Right bodies, but the wait of 5 ms is left out. */
void test_fault_skip(struct outcome *outcome)
{
    struct scene scene;

    fault_scene(&scene, MUTATION_NONE);
    scene.script.delay = (struct draw){DRAW_FIXED, 0, 0, 0};
    scene.wait_ns = 5 * MS;
    if (scene_run(&scene, outcome) == 0) {
        check_counts(&scene, outcome);
        scene_gate(&scene, outcome, "wrong_bodies", false);
        scene_gate(&scene, outcome, "service_floor", true);
    }
    scene_free(&scene);
}

/* The 100th request of a closed loop is forgotten, and no other. */
void test_fault_hung_one(struct outcome *outcome)
{
    struct scene scene;

    fault_scene(&scene, MUTATION_NONE);
    scene.script.delay = (struct draw){DRAW_FIXED, 10 * MS, 0, 0};
    scene.script.every[TRUTH_HANG] = 100;
    scene.script.once = true;
    scene.plan.mode = LOAD_CLOSED;
    scene.plan.connections = 32;
    if (scene_run(&scene, outcome) == 0) {
        scene_gate(&scene, outcome, "errors", false);
        scene_gate(&scene, outcome, "oldest_unanswered", true);
    }
    scene_free(&scene);
}
