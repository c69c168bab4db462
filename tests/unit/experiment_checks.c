/* SPDX-License-Identifier: MIT
 *
 * What is refused of experiment files: every class of error, in form, keys,
 * values and between keys, with its line and suggestion.
 */
#include "experiment_bench.h"

static void form_is_checked(void **state)
{
    (void)state;
    bad("", 1, "no [experiment]");
    bad("# nothing\n", 1, "no [experiment]");
    bad("blocks = 6\n" CELL, 1, "in no section");
    bad("[cell a]\nworkload = wait\n", 1, "first section must be [experiment]");
    bad("[claim C07]\nlaw = 2\n[cell a]\nworkload = wait\n", 3,
        "first section must be [experiment]");
    bad("[claim C07]\nlaw = 2\n", 1, "there is no [experiment]");
    bad("[experimnt]\n", 1, "did you mean experiment?");
    bad(HEAD, 1, "no [cell NAME]");
    bad(CELL "[claim]\nlaw = 2\n", 4, "[claim] needs a name");
    bad(CELL "[verdict]\n", 4, "[verdict] needs a name");
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
    bad(HEAD "[profile]\nlatency_limit = p99 > 50ms\n", 3,
        "did you mean p99<50ms?");
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
    bad(CELL "cpu_quota = 1.5\n", 4, "150% is one and a half");
    bad(CELL "cpu_quota = 0%\n", 4, "at least 1%");
    bad(CELL "cpu_quota = -50%\n", 4, "at least 1%");
    bad(CELL "cpu_quota = 1e9%\n", 4, "at least 1%");
    bad(CELL "cpu_quota = nan%\n", 4, "at least 1%");
    bad(CELL "delay = 2h\n", 4, "delay");
    bad(CELL "models = serial, event-lop\n", 4, "did you mean event-loop?");
    bad(CELL "models = serial, serial\n", 4, "listed twice");
    bad(CELL "mode = open\nconnections = 4\nrate = 0x\n", 6, "above 0");
    bad(CELL "mode = open\nconnections = 4\nrate = 101x\n", 6, "above 0");
    bad(CELL "mode = open\nrate = 1.2x\n", 5, "connections = 256");
    bad(CELL "workers = 0\n", 4, "allowed is 1 to");
    bad(CELL "models = serial\nworkers = 4\n", 5, "none of the cell's models");
    bad(CELL "workers.serial = 4\n", 4, "no worker setting");
    bad(CELL "workers.process-pol = 4\n", 4, "did you mean process-pool?");
    bad(CELL "workers.process-pool = many\n", 4, "a whole number");
}

/* What a target says of itself for forecasts. */
static void targets_are_checked(void **state)
{
#define TARGET CELL "[target s]\nurl = http://127.0.0.1:{port}/\n"
    struct experiment *e =
        good(TARGET "command = true\ndiscipline = worker\nworkers = 4\n");

    (void)state;
    assert_int_equal(e->targets[0].discipline, DISCIPLINE_WORKER);
    assert_int_equal(e->targets[0].workers, 4);
    experiment_free(e);
    e = good(TARGET "command = true\n");
    assert_int_equal(e->targets[0].discipline, DISCIPLINE_UNKNOWN);
    assert_int_equal(e->targets[0].workers, 0);
    experiment_free(e);
    bad(TARGET "command = true\ndiscipline = loops\n", 7, "did you mean loop?");
    bad(TARGET "command = true\nworkers = 0\n", 7, "workers");
    bad(TARGET "command = true\ndiscipline = worker\n", 4, "workers = N");
    bad(TARGET "command = true {workers}\nworkers = 2\n", 4, "leave out one");
    experiment_free(
        good(TARGET "command = true {workers}\ndiscipline = worker\n"));
}

/* A target that serves workloads declares its law. */
static void serving_targets_are_checked(void **state)
{
#define SERVING                                                                \
    HEAD "[cell a]\nworkload = wait\nmodels = s\n[target s]\n"                 \
         "workloads = wait, absent, gather\n"
    struct experiment *e =
        good(SERVING
             "command = true {workers} {threads}\nthreads = 5\n"
             "discipline = worker\nslots = {workers} * {threads}\ngil = yes\n"
             "stop_limit = 20s\n");
    const struct model_info *model = models_find(e->models, "s");

    (void)state;
    assert_string_equal(e->targets[0].workloads[0], "wait");
    assert_string_equal(e->targets[0].workloads[1], "gather");
    assert_null(e->targets[0].workloads[2]);
    assert_true(models_has_workload(model, "gather"));
    assert_false(models_has_workload(model, "spin"));
    assert_int_equal(model->discipline, DISCIPLINE_WORKER);
    assert_int_equal(target_law_slots(&e->targets[0].law, 3, 7), 21);
    assert_int_equal(target_threads(&e->targets[0], NULL), 5);
    assert_int_equal(target_threads(&e->targets[0], "threads=9"), 9);
    assert_true(e->targets[0].stop_limit_ns == 20000000000);
    experiment_free(e);
    experiment_free(good(SERVING "command = true\ndiscipline = loop\n"));
    bad(SERVING "command = true\n", 5, "declare its law");
    bad(SERVING "discipline = loop\n", 5, "a command must start it");
    bad(SERVING "command = true\ndiscipline = loop\nbody = x\n", 5,
        "leave out url");
    bad(SERVING "command = true\ndiscipline = loop\n"
                "url = http://127.0.0.1:{port}/\n",
        5, "leave out url");
    bad(SERVING "command = true\ndiscipline = loop\nslots = 4\n", 5,
        "must be worker");
    bad(SERVING "command = true\ndiscipline = worker\nslots = {workers}\n", 5,
        "{workers}");
    bad(SERVING "command = true {threads}\ndiscipline = loop\n", 5,
        "threads = N");
    bad(SERVING "command = true\ndiscipline = loop\nthreads = 4\n", 5,
        "no {threads}");
    bad(SERVING "command = true\nslots = 3 + 4\n", 8, "a product");
    bad(HEAD "[cell a]\nworkload = wait\nmodels = s\n[target s]\n"
             "command = true\ndiscipline = loop\nworkloads = waits\n",
        8, "no workload is named \"waits\"");
    bad(HEAD "[cell a]\nworkload = spin\nmodels = s\n[target s]\n"
             "command = true\ndiscipline = loop\nworkloads = wait\n",
        4, "it has no spin");
    bad(HEAD "[cell a]\nworkload = wait\nmodels = s\n[target s]\n"
             "command = true\ndiscipline = loop\nworkloads = wait\n"
             "needs = frobnicator\n",
        4, "s is left out");
    bad(SERVING "command = true\ndiscipline = loop\nneeds = sh; false\n", 9,
        "names of Python's modules");
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

/* Of waits with a CV of 300 %, one in a million is 429 times the mean. */
static void waits_that_vary_need_a_longer_timeout(void **state)
{
#define VARIED HEAD "[cell a]\nworkload = varied\n"
    (void)state;
    bad(VARIED "delay = 100ms\n", 2,
        "one request in a million waits 42.9 s by itself, longer than its "
        "timeout of 30.0 s; raise timeout");
    experiment_free(good(VARIED "delay = 100ms\ntimeout = 43s\n"));
    /* A median may be below the mean wait, which would be refused otherwise. */
    experiment_free(good(VARIED "mode = search\nslo = p50<5ms\n"));
    bad(CELL "mode = search\nslo = p50<5ms\n", 5, "no server can keep it");
#undef VARIED
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
        memcpy(text, CELL, sizeof CELL - 1);
        text[sizeof CELL - 1] = (char)c;
        if (read_bytes(text, sizeof CELL, &e) == 0)
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
    assert_int_equal(experiment_read("/tmp", models, &e, why, sizeof why), -21);
    assert_int_equal(
        experiment_read("/nowhere/x.ini", models, &e, why, sizeof why), -2);
    assert_non_null(strstr(why, "/nowhere/x.ini"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form_is_checked),
        cmocka_unit_test(keys_are_checked),
        cmocka_unit_test(values_are_checked),
        cmocka_unit_test(targets_are_checked),
        cmocka_unit_test(serving_targets_are_checked),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(waits_that_vary_need_a_longer_timeout),
        cmocka_unit_test(hostile_files_do_no_harm),
    };

    return cmocka_run_group_tests(tests, make_path, remove_path);
}
