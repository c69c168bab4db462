/* SPDX-License-Identifier: MIT
 *
 * What experiment files mean: defaults, expansion of lists, the choice of
 * models, the keys of each mode. What is refused is in experiment_checks.c.
 */
#include "experiment_bench.h"
#include "harness/base/names.h"
#include "harness/experiment/entrants.h"

static void defaults_are_as_documented(void **state)
{
    struct experiment *e = good(CELL);
    const struct load_point *p = &e->load_points[0];

    (void)state;
    assert_int_equal(e->blocks, 6);
    assert_int_equal(e->seed, 0);
    assert_true(e->margin > 0.0499 && e->margin < 0.0501);
    assert_string_equal(e->baseline, "");
    assert_false(e->profile.given);
    assert_int_equal(e->load_point_count, 1);
    assert_string_equal(p->id, "a");
    assert_string_equal(p->section, "a");
    assert_int_equal(p->line, 2);
    assert_string_equal(p->workload->name, "wait");
    assert_int_equal(argument(&p->arguments, 0), 50000000);
    assert_int_equal(p->mode, LOAD_CLOSED);
    assert_int_equal(p->connections, 1);
    assert_int_equal(p->placement, PLACEMENT_SPLIT);
    assert_int_equal(p->warmup_ns, 1000000000);
    assert_int_equal(p->window_ns, 3000000000);
    assert_int_equal(p->timeout_ns, 30000000000);
    assert_int_equal(p->think_ns, 0);
    assert_null(p->beside.workload);
    experiment_free(e);
}

static void all_means_contenders_that_have_the_workload(void **state)
{
    struct experiment *e = good(CELL "[cell b]\nworkload = spin\n");

    (void)state;
    assert_string_equal(e->load_points[0].models[0], "callback");
    assert_string_equal(e->load_points[0].models[1], "event-loop");
    assert_string_equal(e->load_points[0].models[2], "process-pool");
    assert_string_equal(e->load_points[0].models[3], "serial");
    assert_null(e->load_points[0].models[4]);
    assert_string_equal(e->load_points[1].models[0], "event-loop");
    assert_non_null(strstr(e->left_out, "node is left out: not built"));
    experiment_free(e);
}

static void sections_of_a_claim_are_left_to_the_reports(void **state)
{
    struct experiment *e =
        good("[claim C07]\nblocks = many\n" CELL
             "[figure worker]\nmodels = unheard\n[figure worker]\nlaw = 2\n"
             "[verdict CONFIRMED, BUT NOT BECAUSE]\nif = worker > 2\n");

    (void)state;
    assert_int_equal(e->load_point_count, 1);
    assert_int_equal(e->blocks, 6);
    experiment_free(e);
}

static void a_workload_may_lack_its_package(void **state)
{
    struct experiment *e =
        good(CELL "[cell b]\nworkload = absent\nunheard = 2\n");

    (void)state;
    assert_int_equal(e->load_point_count, 1);
    assert_non_null(strstr(e->left_out, "cell b is left out"));
    assert_non_null(strstr(e->left_out, "libabsent"));
    experiment_free(e);
    bad(HEAD "[cell a]\nworkload = wait\nbeside.workload = absent\n", 4,
        "libabsent");
}

static void stores_may_exist(void **state)
{
    struct experiment *e =
        good(HEAD "redis = 10.0.0.1:6379\n[cell a]\nworkload = wait\n");

    (void)state;
    assert_string_equal(e->store_addresses[STORE_REDIS], "10.0.0.1:6379");
    assert_string_equal(e->store_addresses[STORE_POSTGRESQL], "");
    experiment_free(e);
    bad(HEAD "postgresql = 5432\n[cell a]\nworkload = wait\n", 2, "HOST:PORT");
}

static void a_list_may_name_what_cannot_run(void **state)
{
    struct experiment *e = good(HEAD "models = null, node, callback, serial\n"
                                     "[cell a]\nworkload = spin\n");

    (void)state;
    assert_string_equal(e->load_points[0].models[0], "null");
    assert_string_equal(e->load_points[0].models[1], "serial");
    assert_null(e->load_points[0].models[2]);
    assert_non_null(strstr(e->left_out, "node is left out"));
    assert_non_null(strstr(e->left_out, "callback is left out of a"));
    experiment_free(e);
    bad(HEAD "[cell a]\nworkload = wait\nmodels = node\n", 4,
        "no model that can run here");
}

static void cells_take_over_defaults(void **state)
{
    struct experiment *e = good(
        HEAD "title = T\nquestion = Why\n  is it so?\nblocks = 12\n"
             "seed = 0x10\nmargin = 2.5%\nbaseline = serial\n"
             "models = serial, process-pool\nwindow = 500ms\n"
             "delay = 10ms\nworkers.process-pool = 7\nrate = 5\n"
             "[cell a]\nworkload = wait\n"
             "[cell b]\nworkload = wait\ndelay = 20ms\nwindow = 2s # more\n"
             "models = process-pool\nworkers.process-pool = 9\n"
             "[cell c]\nworkload = wait\nmode = open\n"
             "arrivals = uniform\nworkers = 3\n"
             "[cell d]\nworkload = wait\nmode = open\narrivals = burst:20\n");
    const struct load_point *p = e->load_points;

    (void)state;
    assert_string_equal(e->title, "T");
    assert_string_equal(e->question, "Why is it so?");
    assert_int_equal(e->blocks, 12);
    assert_int_equal(e->seed, 16);
    assert_string_equal(e->baseline, "serial");
    assert_int_equal(argument(&p[0].arguments, 0), 10000000);
    assert_int_equal(argument(&p[1].arguments, 0), 20000000);
    assert_int_equal(p[0].window_ns, 500000000);
    assert_int_equal(p[1].window_ns, 2000000000);
    assert_int_equal(p[0].model_workers[0], 0);
    assert_int_equal(p[0].model_workers[1], 7);
    assert_int_equal(p[1].model_workers[0], 9);
    assert_int_equal(p[2].workers, 3);
    assert_int_equal(p[2].mode, LOAD_OPEN);
    assert_int_equal(p[2].arrivals, ARRIVALS_UNIFORM);
    assert_true(p[2].rate_per_s > 4.99 && p[2].rate_per_s < 5.01);
    assert_int_equal(p[2].connections, 16);
    assert_int_equal(p[2].burst, 1);
    assert_int_equal(p[3].arrivals, ARRIVALS_POISSON);
    assert_int_equal(p[3].burst, 20);
    assert_int_equal(p[3].connections, 80);
    assert_true(p[0].rate_per_s == 0);
    experiment_free(e);
}

static void modes_have_their_keys(void **state)
{
    struct experiment *e =
        good(HEAD "rate = 5\n[cell a]\nworkload = wait\nmode = churn\n"
                  "connections = 3\n[cell b]\nworkload = wait\n"
                  "mode = idle\nactive = 10%\nconnections = 50, 200\n");
    const struct load_point *p = e->load_points;

    (void)state;
    assert_int_equal(p[0].mode, LOAD_CLOSED);
    assert_true(p[0].churn && !p[0].idle);
    assert_int_equal(p[0].connections, 3);
    assert_string_equal(load_point_mode(&p[0]), "churn");
    assert_int_equal(p[1].mode, LOAD_OPEN);
    assert_true(p[1].idle && !p[1].churn);
    assert_int_equal(p[1].arrivals, ARRIVALS_UNIFORM);
    assert_true(p[1].rate_per_s > 4.99 && p[1].rate_per_s < 5.01);
    assert_true(p[2].rate_per_s > 19.9 && p[2].rate_per_s < 20.1);
    assert_string_equal(load_point_mode(&p[2]), "idle");
    experiment_free(e);
    bad(HEAD "[cell a]\nworkload = wait\nactive = 1%\n", 4,
        "it belongs to mode = idle");
    bad(HEAD "[cell a]\nworkload = wait\nmode = churn\nrate = 5\n", 5,
        "it belongs to mode = open");
    bad(HEAD "[cell a]\nworkload = wait\nmode = idle\nthink = 5ms\n", 5,
        "it belongs to mode = closed");
}

static void rates_may_be_multiples(void **state)
{
    struct experiment *e =
        good(HEAD "mode = open\nconnections = 8\n[cell a]\nworkload = wait\n"
                  "rate = 0.5x, 2x, 30\n");
    const struct load_point *p = e->load_points;

    (void)state;
    assert_string_equal(p[0].id, "a-r0.5x");
    assert_true(p[0].rate_of_capacity > 0.499 && p[0].rate_of_capacity < 0.501);
    assert_true(p[0].rate_per_s == 0);
    assert_string_equal(p[1].id, "a-r2x");
    assert_true(p[2].rate_of_capacity == 0 && p[2].rate_per_s > 29.9);
    experiment_free(e);
}

static void lists_expand(void **state)
{
    struct experiment *e = good(
        HEAD "[cell a]\nworkload = wait\ndelay = 10ms, 1.5s\n"
             "connections = 1, 10,\n  10k\n"
             "[cell g]\nworkload = gather\ndelays = 1s, 2s\nworkers = 2, 4\n");

    (void)state;
    assert_int_equal(e->load_point_count, 8);
    assert_string_equal(e->load_points[0].id, "a-delay10ms-c1");
    assert_string_equal(e->load_points[2].id, "a-delay10ms-c10k");
    assert_int_equal(e->load_points[2].connections, 10000);
    assert_string_equal(e->load_points[5].id, "a-delay1.5s-c10k");
    assert_int_equal(argument(&e->load_points[5].arguments, 0), 1500000000);
    assert_string_equal(e->load_points[6].id, "g-w2");
    assert_int_equal(argument_count(&e->load_points[6].arguments, 0), 2);
    assert_string_equal(e->load_points[7].section, "g");
    assert_int_equal(e->load_points[7].workers, 4);
    experiment_free(e);
}

static void a_profile_and_a_load_beside_are_read(void **state)
{
    struct experiment *e = good(
        HEAD "[profile]\nname = shop\nwait = 50ms\ncpu = 500us\n"
             "concurrency = 200\nlatency_limit = p99.9<1.5s\nmemory = 512MiB\n"
             "[cell a]\nworkload = wait\nbeside.workload = spin\n"
             "beside.rate = 1/s\nbeside.steps = 5M\nbeside.connections = 2\n");
    const struct beside *beside = &e->load_points[0].beside;

    (void)state;
    assert_true(e->profile.given);
    assert_string_equal(e->profile.name, "shop");
    assert_int_equal(e->profile.wait_ns, 50000000);
    assert_int_equal(e->profile.cpu_ns, 500000);
    assert_int_equal(e->profile.connections, 200);
    assert_string_equal(e->profile.limit_text, "p99.9<1.5s");
    assert_true(e->profile.limit_percentile > 99.89 &&
                e->profile.limit_percentile < 99.91);
    assert_int_equal(e->profile.limit_ns, 1500000000);
    assert_int_equal(e->profile.memory_bytes, 512 << 20);
    assert_string_equal(beside->workload->name, "spin");
    assert_int_equal(argument(&beside->arguments, 0), 5000000);
    assert_int_equal(beside->connections, 2);
    assert_true(beside->rate_per_s > 0.99 && beside->rate_per_s < 1.01);
    experiment_free(e);
}

/* Where the baseline takes part its copy does, last, with as many workers. */
static void a_copy_shows_the_noise_floor(void **state)
{
    struct experiment *e =
        good(HEAD "noise_floor = yes\nbaseline = process-pool\n"
                  "workload = wait\n"
                  "[cell a]\nmodels = process-pool, serial\n"
                  "workers.process-pool = 3\n"
                  "[cell b]\nmodels = serial\n");
    const struct load_point *p = &e->load_points[0];

    (void)state;
    assert_string_equal(p->models[1], "serial");
    assert_string_equal(p->models[2], "process-pool~");
    assert_int_equal(p->model_workers[2], 3);
    assert_null(p->models[3]);
    assert_null(e->load_points[1].models[1]);
    assert_true(entrants_is_copy(p->models[2]));
    assert_string_equal(entrants_model(models, p->models[2])->name,
                        "process-pool");
    experiment_free(e);
    bad(HEAD "models = serial~\n[cell a]\nworkload = wait\n", 2,
        "no model is named");
    bad(HEAD "models = serial event-loop\n[cell a]\nworkload = wait\n", 2,
        "write a comma between two names");
}

static void a_search_has_a_limit(void **state)
{
    const struct load_point *p;
    struct experiment *e = good("[experiment]\nthink = 1s\n"
                                "[cell a]\nworkload = wait\nmode = search\n"
                                "delay = 10ms\nslo = p99.9<60ms\n");

    (void)state;
    p = &e->load_points[0];
    assert_true(p->search);
    assert_int_equal(p->mode, LOAD_OPEN);
    assert_int_equal(p->connections, 256);
    assert_float_equal(p->slo.percentile, 99.9, 1e-9);
    assert_int_equal(p->slo.limit_ns, 60000000);
    assert_string_equal(p->slo.text, "p99.9<60ms");
    experiment_free(e);

#define SEARCH "[experiment]\n[cell a]\nworkload = wait\nmode = search\n"
    bad("[experiment]\nheadline = cpu_per_reqest_ns\n", 2,
        "did you mean cpu_per_request_ns?");
    bad(SEARCH, 2, "add slo = p99<100ms");
    bad(SEARCH "slo = 60ms\n", 5, "p99<100ms");
    bad(SEARCH "slo = p99<60ms\nrate = 5\n", 6, "mode = open or soak");
    bad(SEARCH "slo = p99<60ms\nactive = 1%\n", 6,
        "\"active\" has no meaning here; it belongs to mode = idle");
    bad(SEARCH "slo = p99<60ms\nthink = 5ms\n", 6, "mode = closed or churn");
    bad(SEARCH "delay = 70ms\nslo = p99<60ms\n", 6, "no server can keep it");
    bad("[experiment]\n[cell a]\nworkload = wait\nslo = p99<60ms\n", 4,
        "belongs to mode = open, search or soak");
    bad("[experiment]\n[cell a]\nworkload = wait\nrecovery = 5s\n", 4,
        "belongs to mode = open");
    bad(SEARCH "slo = p99<60ms\nrecovery = 5s\n", 6, "belongs to mode = open");
#undef SEARCH
}

static void names_suggest_what_was_meant(void **state)
{
    static const char *const names[] = {"fetch", "gather", "event-loop", NULL};
    char text[128];

    (void)state;
    assert_string_equal(names_nearest("fecth", names), "fetch");
    assert_string_equal(names_nearest("event", names), "event-loop");
    assert_null(names_nearest("zebra", names));
    assert_null(names_nearest("", names));
    assert_string_equal(names_suggest("zebra", names, text, sizeof text),
                        "; there is fetch, gather, event-loop");
    assert_string_equal(names_suggest("zebra", names, text, 12), "; there is ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_as_documented),
        cmocka_unit_test(all_means_contenders_that_have_the_workload),
        cmocka_unit_test(sections_of_a_claim_are_left_to_the_reports),
        cmocka_unit_test(a_workload_may_lack_its_package),
        cmocka_unit_test(stores_may_exist),
        cmocka_unit_test(a_list_may_name_what_cannot_run),
        cmocka_unit_test(cells_take_over_defaults),
        cmocka_unit_test(modes_have_their_keys),
        cmocka_unit_test(rates_may_be_multiples),
        cmocka_unit_test(lists_expand),
        cmocka_unit_test(a_profile_and_a_load_beside_are_read),
        cmocka_unit_test(a_copy_shows_the_noise_floor),
        cmocka_unit_test(a_search_has_a_limit),
        cmocka_unit_test(names_suggest_what_was_meant),
    };

    return cmocka_run_group_tests(tests, make_path, remove_path);
}
