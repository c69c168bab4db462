/* SPDX-License-Identifier: MIT
 *
 * Experiment files: every class of error with its line and suggestion,
 * expansion of lists, defaults, the choice of models. Has models and workloads
 * of its own, so that it tests the reading and not what happens to be built.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/experiment/entrants.h"
#include "harness/experiment/experiment.h"
#include "harness/experiment/names.h"

static const struct parameter wait_parameters[] = {
    {"delay", UNIT_NS, "50ms", 0, 3600000000000, 0, "how long"},
    {NULL, 0, NULL, 0, 0, 0, NULL},
};
static const struct parameter gather_parameters[] = {
    {"delays", UNIT_NS, "50ms", 0, 3600000000000, 64, "one for each call"},
    {NULL, 0, NULL, 0, 0, 0, NULL},
};
static const struct parameter spin_parameters[] = {
    {"steps", UNIT_COUNT, "100k", 1, 1000000000, 0, "of the loop"},
    {NULL, 0, NULL, 0, 0, 0, NULL},
};

static int64_t longest(const struct arguments *arguments)
{
    int64_t most = 0;

    for (int i = 0; i < argument_count(arguments, 0); i++)
        if (arguments->values[i] > most)
            most = arguments->values[i];
    return most;
}

static const struct workload wait_workload = {.parameters = wait_parameters,
                                              .wait_ns = longest};
static const struct workload gather_workload = {.parameters = gather_parameters,
                                                .wait_ns = longest};
static const struct workload spin_workload = {.parameters = spin_parameters};

const struct workload_entry workloads[] = {
    {"gather", &gather_workload},
    {"spin", &spin_workload},
    {"wait", &wait_workload},
    {NULL, NULL},
};
const struct workload_missing workloads_missing[] = {{"absent", "libabsent"},
                                                     {0}};

static const char *const callback_has[] = {"wait", NULL};
static const struct model_info models[] = {
    {.name = "callback", .available = true, .only = callback_has},
    {.name = "event-loop", .available = true},
    {.name = "node", .reason = "not built: no node here"},
    {.name = "null", .available = true, .yardstick = true},
    {.name = "process-pool", .available = true, .has_workers = true},
    {.name = "serial", .available = true},
    {.name = NULL},
};

static char path[64];
static char why[1024];

static int make_path(void **state)
{
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/troika-experiment-XXXXXX");
    fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static int read_bytes(const char *text, size_t size,
                      struct experiment **experiment)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    why[0] = '\0';
    return experiment_read(path, models, experiment, why, sizeof(why));
}

static struct experiment *good(const char *text)
{
    struct experiment *experiment;
    int result = read_bytes(text, strlen(text), &experiment);

    if (result != 0)
        fail_msg("refused: %s", why);
    return experiment;
}

/* The text must be refused on that line, with that part of a sentence. */
static void bad(const char *text, int line, const char *part)
{
    struct experiment *experiment;
    char where[96];
    int result = read_bytes(text, strlen(text), &experiment);

    if (result == 0)
        fail_msg("accepted: %s", text);
    assert_null(experiment);
    snprintf(where, sizeof(where), "%s:%d: ", path, line);
    if (strncmp(why, where, strlen(where)) != 0 || strstr(why, part) == NULL)
        fail_msg("for\n%s\nwanted %s...%s...\ngot    %s", text, where, part,
                 why);
}

#define HEAD "[experiment]\n"
#define CELL HEAD "[cell a]\nworkload = wait\n"

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

static void form_is_checked(void **state)
{
    (void)state;
    bad("", 1, "no [experiment]");
    bad("# nothing\n", 1, "no [experiment]");
    bad("blocks = 6\n" CELL, 1, "in no section");
    bad("[cell a]\nworkload = wait\n", 1, "first section must be [experiment]");
    bad("[experimnt]\n", 1, "did you mean experiment?");
    bad(HEAD, 1, "no [cell NAME]");
    bad(CELL "[sell b]\nworkload = wait\n", 4, "did you mean cell?");
    bad(CELL "[experiment]\n", 4, "on line 1 already");
    bad(HEAD "[profile]\n[profile]\n[cell a]\nworkload=wait\n", 3,
        "on line 2 already");
    bad(CELL "[cell a]\nworkload = wait\n", 4, "on line 2 already");
    bad(CELL "[cell]\nworkload = wait\n", 4, "needs a name");
    bad(CELL "[cell a/b]\nworkload = wait\n", 4, "needs a name");
    bad(CELL "[cell b\nworkload = wait\n", 4, "closing bracket");
    bad(CELL "what is this\n", 4, "neither [section]");
    bad(CELL "# \x80\n", 4, "not UTF-8");
    bad(CELL "# \xc3\n", 4, "not UTF-8");
    bad(CELL "# \xed\xa0\x80\n", 4, "not UTF-8");
    bad(CELL "# \xff\n", 4, "not UTF-8");
    bad(CELL "# \x1b[2J\n", 4, "not UTF-8");
    experiment_free(good("\xef\xbb\xbf# \xc3\xa9 \xe2\x82\xac "
                         "\xf0\x9f\x99\x82\r\n" CELL));
    bad(HEAD "[cell a]\n  workload = wait\n  delay = 1s\n", 4,
        "must not be indented");
    bad(HEAD "[cell a-c1]\nworkload = wait\n"
             "[cell a]\nworkload = wait\nconnections = 1, 2\n",
        4, "two load points are named a-c1");
}

static void keys_are_checked(void **state)
{
    (void)state;
    bad(HEAD "block = 6\n", 2, "did you mean blocks?");
    bad(HEAD "blocks = 6\nblocks = 7\n", 3, "on line 2 already");
    bad(HEAD "window = 1s\nwindow = 2s\n", 3, "on line 2 already");
    bad(HEAD "[profile]\nmemry = 1GiB\n", 3, "did you mean memory?");
    bad(HEAD "[profile]\nwait = 1s\nwait = 2s\n", 4, "on line 3 already");
    bad(CELL "conections = 3\n", 4, "did you mean connections?");
    bad(CELL "window = 4s\nwindow = 5s\n", 5, "on line 4 already");
    bad(CELL "delay = 4s\ndelay = 5s\n", 5, "on line 4 already");
    bad(CELL "delai = 4s\n", 4, "did you mean delay?");
    bad(CELL "steps = 4\n", 4, "no parameter \"steps\"");
    bad(CELL "window =\n", 4, "has no value");
    bad(HEAD "steps = 4\n[cell a]\nworkload = wait\n", 2, "no cell has");
    bad(HEAD "[cell a]\n", 2, "has no workload");
    bad(HEAD "[cell a]\nworkload = waite\n", 3, "did you mean wait?");
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
}

static void values_are_checked(void **state)
{
    (void)state;
    bad(HEAD "blocks = 0\n", 2, "allowed is 1 to");
    bad(HEAD "blocks = -1\n", 2, "allowed is 1 to");
    bad(HEAD "blocks = six\n", 2, "a whole number is needed");
    bad(HEAD "margin = 5\n", 2, "share in percent");
    bad(HEAD "margin = 0%\n", 2, "above 0%");
    bad(HEAD "margin.latency = 10\n", 2, "share in percent");
    bad(HEAD "noise_floor = maybe\n", 2, "yes");
    bad(HEAD "noise_floor = yes\n[cell a]\nworkload = wait\n", 1,
        "needs a baseline");
    bad(HEAD "seed = abc\n", 2, "a whole number");
    bad(HEAD "baseline = seral\n", 2, "did you mean serial?");
    bad(HEAD "base = won\n[cell one]\nworkload = wait\n", 2,
        "did you mean one?");
    bad(HEAD "[profile]\nlatency_limit = 99<100ms\n", 3, "p99<100ms");
    bad(HEAD "[profile]\nlatency_limit = p99 100ms\n", 3, "p99<100ms");
    bad(HEAD "[profile]\nlatency_limit = p99<100\n", 3, "p99<100ms");
    bad(HEAD "[profile]\nlatency_limit = p100<1s\n", 3, "below 100");
    bad(HEAD "[profile]\nmemory = 512\n", 3, "needs a unit");
    bad(CELL "connections = 0\n", 4, "allowed is 1 to");
    bad(CELL "connections = 1,,2\n", 4, "empty item");
    bad(CELL "connections = 1, 0\n", 4, "allowed is 1 to");
    bad(CELL "window = 0s\n", 4, "allowed is 10ms to");
    bad(CELL "window = 5\n", 4, "needs a unit");
    bad(CELL "window = 5 parsecs\n", 4, "needs a unit");
    bad(CELL "mode = opne\n", 4, "did you mean open?");
    bad(CELL "placement = splitt\n", 4, "did you mean split?");
    bad(CELL "delay = 50\n", 4, "delay");
    bad(CELL "delay = 2h\n", 4, "delay");
    bad(CELL "models = serial, event-lop\n", 4, "did you mean event-loop?");
    bad(CELL "models = serial, serial\n", 4, "listed twice");
    bad(CELL "mode = open\nconnections = 4\nrate = 0x\n", 6, "above 0");
    bad(CELL "mode = open\nconnections = 4\nrate = 101x\n", 6, "above 0");
    bad(CELL "mode = open\nrate = 1.2x\n", 5, "connections = 256");
    bad(CELL "workers = 0\n", 4, "allowed is 1 to");
    bad(CELL "models = serial\nworkers = 4\n", 5, "none of the cell's models");
    bad(CELL "workers.serial = 4\n", 4, "no workers to set");
    bad(CELL "workers.process-pol = 4\n", 4, "did you mean process-pool?");
    bad(CELL "workers.process-pool = many\n", 4, "a whole number");
}

static void contradictions_are_refused(void **state)
{
    (void)state;
    bad(CELL "rate = 5\n", 4, "belongs to mode = open");
    bad(CELL "arrivals = poisson\n", 4, "belongs to mode = open");
    bad(CELL "mode = open\nrate = 5\narrivals = burst:1\n", 6, "burst:K");
    bad(CELL "mode = open\n", 2, "has no rate");
    bad(CELL "mode = open\nrate = 0\n", 5, "above 0");
    bad(CELL "mode = open\nrate = 5\nthink = 1s\n", 6, "mode = closed");
    bad(CELL "delay = 31s\nwindow = 40s\n", 2, "longer than its timeout");
    bad(CELL "delay = 2s\nwindow = 1s\n", 2, "longer than the window");
    bad(CELL "beside.rate = 1\n", 4, "needs beside.workload");
    bad(CELL "beside.workload = spin\n", 4, "has no rate");
    bad(CELL "beside.workload = sipn\n", 4, "did you mean spin?");
    bad(CELL "beside.workload = spin\nbeside.rate = 1\nbeside.delay = 1s\n", 6,
        "no parameter \"delay\"");
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
    bad(SEARCH "slo = p99<60ms\nrate = 5\n", 6, "belongs to mode = open");
    bad(SEARCH "slo = p99<60ms\nthink = 5ms\n", 6, "belongs to mode = closed");
    bad(SEARCH "delay = 70ms\nslo = p99<60ms\n", 6, "no server can keep it");
    bad("[experiment]\n[cell a]\nworkload = wait\nslo = p99<60ms\n", 4,
        "belongs to mode = open or search");
    bad("[experiment]\n[cell a]\nworkload = wait\nrecovery = 5s\n", 4,
        "belongs to mode = open");
    bad(SEARCH "slo = p99<60ms\nrecovery = 5s\n", 6, "belongs to mode = open");
#undef SEARCH
}

static void hostile_files_do_no_harm(void **state)
{
    static char text[300000];
    struct experiment *e;
    size_t used = 0;

    (void)state;
    memset(text, 'a', 5000);
    assert_true(read_bytes(text, 5000, &e) < 0);
    assert_non_null(strstr(why, "longer than"));
    memset(text, 0, 100);
    assert_true(read_bytes(text, 100, &e) < 0);
    for (int c = 1; c < 256; c++) {
        text[0] = (char)c;
        assert_true(read_bytes(text, 1, &e) < 0);
        memcpy(text, CELL, sizeof(CELL) - 1);
        text[sizeof(CELL) - 1] = (char)c;
        if (read_bytes(text, sizeof(CELL), &e) == 0)
            experiment_free(e);
    }
    used = (size_t)sprintf(text, CELL "connections = 1");
    for (int i = 2; i < 70; i++)
        used += (size_t)sprintf(text + used, ",\n %d", i);
    strcpy(text + used, "\n");
    bad(text, 4, "more than 64 values");
    used = (size_t)sprintf(text, HEAD);
    for (int i = 0; i < 300; i++)
        used += (size_t)sprintf(text + used, "[cell c%d]\nworkload=wait\n", i);
    bad(text, 2 + 2 * 256, "more than 256 load points");
    assert_int_equal(experiment_read("/tmp", models, &e, why, sizeof(why)),
                     -21);
    assert_int_equal(
        experiment_read("/nowhere/x.ini", models, &e, why, sizeof(why)), -2);
    assert_non_null(strstr(why, "/nowhere/x.ini"));
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
    assert_string_equal(names_suggest("zebra", names, text, sizeof(text)),
                        "; there is fetch, gather, event-loop");
    assert_string_equal(names_suggest("zebra", names, text, 12), "; there is ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_as_documented),
        cmocka_unit_test(all_means_contenders_that_have_the_workload),
        cmocka_unit_test(a_workload_may_lack_its_package),
        cmocka_unit_test(stores_may_exist),
        cmocka_unit_test(a_list_may_name_what_cannot_run),
        cmocka_unit_test(cells_take_over_defaults),
        cmocka_unit_test(modes_have_their_keys),
        cmocka_unit_test(rates_may_be_multiples),
        cmocka_unit_test(lists_expand),
        cmocka_unit_test(a_profile_and_a_load_beside_are_read),
        cmocka_unit_test(form_is_checked),
        cmocka_unit_test(keys_are_checked),
        cmocka_unit_test(a_copy_shows_the_noise_floor),
        cmocka_unit_test(values_are_checked),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(a_search_has_a_limit),
        cmocka_unit_test(hostile_files_do_no_harm),
        cmocka_unit_test(names_suggest_what_was_meant),
    };

    return cmocka_run_group_tests(tests, make_path, remove_path);
}
