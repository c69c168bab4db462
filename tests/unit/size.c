/* SPDX-License-Identifier: MIT
 *
 * Numbers of workers in made-up worlds without overheads, where they are known:
 * rules of thumb, Erlang's pool, curves whose ends are arithmetic, and what
 * servers call them.
 */
#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/size/rules.h"
#include "harness/size/size.h"

static const double MS = 1e6;
static const struct precision PRECISION = {.requests = 20000, .seed = 1};

static struct constant exact(double value)
{
    return (struct constant){value, value, value, 3};
}

/* A pool of threads, a loop for each core, a loop with threads beside it.
 * Nothing costs anything but memory. */
static struct machine world(int cores)
{
    static const struct {
        const char *name;
        enum discipline discipline;
        bool has_workers, offloads;
    } models[] = {
        {"thread-pool", DISCIPLINE_WORKER, true, false},
        {"process-loops", DISCIPLINE_LOOP, true, false},
        {"event-loop-offload", DISCIPLINE_LOOP, true, true},
        {"serial", DISCIPLINE_ALONE, false, false},
    };
    struct machine machine = {.cores = cores, .quantum_ns = 3 * MS};

    for (int i = 0; i < 4; i++) {
        struct model_constants *m = &machine.models[machine.model_count++];
        strcpy(m->name, models[i].name);
        m->discipline = models[i].discipline;
        m->has_workers = models[i].has_workers;
        m->offloads = models[i].offloads;
        m->parallel = models[i].has_workers;
        for (int c = 0; c < CONSTANTS; c++)
            m->of[c] = exact(0);
        m->of[CONSTANT_WORK_FACTOR] = exact(1);
        m->of[CONSTANT_MEMORY] = exact(1 << 20);
        m->of[CONSTANT_MEMORY_CONNECTION] = exact(4096);
        m->of[CONSTANT_MEMORY_FLIGHT] = exact(4096);
        m->of[CONSTANT_MEMORY_WORKER] = exact(65536);
    }
    return machine;
}

static struct service service(double wait_ns, double cpu_ns, double rate_per_s,
                              int connections, int cores)
{
    struct service p = {.wait_ns = wait_ns,
                        .cpu_ns = cpu_ns,
                        .rate_per_s = rate_per_s,
                        .connections = connections};
    p.given[SERVICE_CPU] = true;
    service_defaults(&p, cores);
    p.payload_bytes = 0;
    return p;
}

static void near(const char *what, double got, double expected, double limit)
{
    if (!(fabs(got / expected - 1) <= limit))
        fail_msg("%s: got %.6g, expected %.6g", what, got, expected);
}

static const struct curve *curve(const struct service *p,
                                 const struct machine *machine,
                                 const char *name, int given)
{
    static struct curve made;
    const struct model_constants *model = machine_model(machine, name);
    struct curve_question question = {p, machine, PRECISION, given};
    struct service unlimited = *p;

    unlimited.memory_bytes = 0;
    curve_make(&question, model,
               forecast_workers(&unlimited, machine, model, &PRECISION, NULL),
               &made);
    return &made;
}

static const struct curve_point *point(const struct curve *curve, int workers)
{
    const struct curve_point *point = curve_at(curve, workers);

    if (!point)
        fail_msg("%d workers are not on the curve", workers);
    return point;
}

static void test_rules(void **state)
{
    struct service p = service(50 * MS, 5 * MS, 560, 0, 4);

    (void)state;
    assert_int_equal(rules_goetz(&p), 44);
    assert_int_equal(rules_little(560, 55 * MS), 31);
    assert_int_equal(rules_little(100, 50 * MS), 5);
    assert_int_equal(rules_little(1, 1), 1);
    assert_int_equal(rules_little(1e6, 1e15), RULES_MOST);
    assert_int_equal(rules_two_cores(4), 9);
    p.wait_ns = 0;
    assert_int_equal(rules_goetz(&p), 4);
    p.cpu_ns = 0;
    assert_int_equal(rules_goetz(&p), 0);
}

/* One offered to two servers queues with 1/3 (Erlang's C), a half offered to
 * one with 1/2. */
static void test_pool(void **state)
{
    (void)state;
    near("M/M/2", rules_queue_p99_ns(2, 100, 10 * MS), log(100 / 3.0) * 10 * MS,
         1e-9);
    near("M/M/1", rules_queue_p99_ns(1, 50, 10 * MS), log(50) / 0.5 * 10 * MS,
         1e-9);
    assert_true(isinf(rules_queue_p99_ns(2, 200, 10 * MS)));
    assert_true(rules_queue_p99_ns(100, 100, 10 * MS) == 0);
    for (double rate = 1; rate < 1e5; rate *= 7) {
        int places = rules_pool(rate, 20 * MS, 0.05);
        assert_true(places > rate * 0.02);
        assert_true(rules_queue_p99_ns(places, rate, 20 * MS) <= MS);
        assert_true(places == 1 ||
                    rules_queue_p99_ns(places - 1, rate, 20 * MS) > MS);
    }
    assert_int_equal(rules_pool(1e9, 1e12, 0.05), 0);
}

/* A queue of a tenth of the work itself: rho / 2 (1 - rho) = 0.1 where work is
 * constant, rho / (1 - rho) = 0.1 where it varies by 1. */
static void test_piece(void **state)
{
    struct service p = service(0, MS, 100, 0, 1);

    (void)state;
    p.cv_cpu = 0;
    near("constant", rules_piece_ns(&p, 0.1), 10 * MS / 6, 1e-6);
    p.cv_cpu = 1;
    near("varied", rules_piece_ns(&p, 0.1), 10 * MS / 11, 1e-6);
    p.wait_ns = 30 * MS;
    p.calls = 2;
    double piece = rules_piece_ns(&p, 0.1), rate = 300e-9;
    near("three pieces", 3 * rate * piece * piece / (1 - rate * piece),
         0.1 * (30 * MS + 3 * piece), 1e-6);
}

/* 40 clients of a wait that is always 50 ms: 40 workers serve them at once, 20
 * in two waves. */
static void test_waves(void **state)
{
    struct machine machine = world(2);
    struct service p = service(50 * MS, 0, 0, 40, 2);

    (void)state;
    p.cv_wait = 0;
    const struct curve *c = curve(&p, &machine, "thread-pool", 10);
    assert_int_equal(c->why, CURVE_BEST);
    assert_int_equal(c->marks[MARK_STAR], 40);
    assert_int_equal(c->marks[MARK_LITTLE], 40);
    assert_int_equal(c->marks[MARK_GOETZ], 0);
    assert_int_equal(c->marks[MARK_TWO_CORES], 5);
    near("W*", point(c, 40)->forecast.p99_ns.value, 50 * MS, 1e-6);
    near("half", point(c, 20)->forecast.p99_ns.value, 100 * MS, 1e-6);
    near("half", point(c, 20)->forecast.rate_per_s, 400, 0.01);
    near("twice", point(c, 80)->forecast.p99_ns.value, 50 * MS, 1e-6);
    near("given", point(c, 10)->forecast.p99_ns.value, 200 * MS, 1e-6);
    near("given", point(c, 10)->forecast.capacity_per_s, 200, 1e-9);
    assert_non_null(curve_at(c, 1));
    assert_in_range(c->count, 12, 20);
    for (int i = 1; i < c->count; i++) {
        const struct forecast *f = &c->points[i].forecast;
        assert_true(f->workers > c->points[i - 1].forecast.workers);
        assert_true(f->p99_ns.value <=
                    c->points[i - 1].forecast.p99_ns.value * 1.0001);
    }
}

/* The table of four cores at 70 % of their CPU: Little is too few, Goetz too
 * many, 2c + 1 carries 164 of 560 a second. */
static void test_between_little_and_goetz(void **state)
{
    struct machine machine = world(4);
    struct service p = service(50 * MS, 5 * MS, 560, 0, 4);

    (void)state;
    const struct curve *c = curve(&p, &machine, "thread-pool", 0);
    int star = c->marks[MARK_STAR];
    assert_int_equal(c->marks[MARK_LITTLE], 31);
    assert_int_equal(c->marks[MARK_GOETZ], 44);
    assert_in_range(star, 32, 44);
    assert_true(point(c, 31)->overloaded);
    assert_true(point(c, 9)->overloaded);
    assert_false(point(c, 9)->forecast.simulated);
    near("2c + 1", point(c, 9)->forecast.capacity_per_s, 9 / 0.055, 1e-9);
    near("full", point(c, 2 * star)->forecast.capacity_per_s, 800, 1e-9);
    assert_true(point(c, (star + 1) / 2)->overloaded);
    assert_true(point(c, star)->forecast.p99_ns.value <=
                1.06 * point(c, 2 * star)->forecast.p99_ns.value);
}

/* A limit that the number near the best does not keep, and a larger does. */
static void test_more_for_the_limit(void **state)
{
    struct machine machine = world(4);
    struct service p = service(50 * MS, 5 * MS, 560, 0, 4);

    (void)state;
    const struct curve *c = curve(&p, &machine, "thread-pool", 0);
    int best = c->marks[MARK_STAR];
    double best_ns = point(c, best)->forecast.p99_ns.value;
    /* Near a limit more requests are simulated. */
    p.limit_percent = 99;
    p.limit_ns = best_ns;
    struct curve_question near_limit = {&p, &machine, PRECISION, 0};
    best_ns = curve_look(&near_limit, c->model, best).forecast.p99_ns.value;
    double most_ns =
        curve_look(&near_limit, c->model, 2 * best).forecast.p99_ns.value;
    assert_true(most_ns < best_ns);
    p.limit_ns = (best_ns + most_ns) / 2;
    c = curve(&p, &machine, "thread-pool", 0);
    int star = c->marks[MARK_STAR];
    assert_int_equal(c->why, CURVE_LIMIT);
    assert_int_equal(c->marks[MARK_BEST], best);
    assert_true(star > best && star <= 2 * best);
    assert_int_equal(point(c, star)->forecast.on_limit, KEPT);
    assert_int_equal(point(c, best)->forecast.on_limit, KEPT_NOT);
    /* A loose limit has a smaller number of its own. */
    p.limit_ns = 3 * best_ns;
    c = curve(&p, &machine, "thread-pool", 0);
    int least = c->marks[MARK_LIMIT];
    assert_int_equal(c->why, CURVE_BEST);
    assert_true(least > 31 && least < best);
    assert_int_equal(point(c, least)->forecast.on_limit, KEPT);
    p.limit_ns = most_ns / 2;
    c = curve(&p, &machine, "thread-pool", 0);
    assert_int_equal(c->why, CURVE_NONE);
    assert_false(curve_keeps(c));
    assert_int_equal(c->marks[MARK_STAR], best);
}

/* 64 KiB a worker, 8 KiB a client: of 40 workers 30 fit. */
static void test_memory(void **state)
{
    struct machine machine = world(2);
    struct service p = service(50 * MS, 0, 0, 40, 2);

    (void)state;
    p.cv_wait = 0;
    p.memory_bytes = (1 << 20) + 40 * 8192 + 30.5 * 65536;
    const struct curve *c = curve(&p, &machine, "thread-pool", 0);
    assert_int_equal(c->why, CURVE_MEMORY);
    assert_int_equal(c->marks[MARK_STAR], 30);
    assert_int_equal(c->marks[MARK_BEST], 40);
    near("memory", point(c, 30)->forecast.memory_most_bytes,
         p.memory_bytes - 0.5 * 65536, 0.005);
    assert_int_equal(point(c, 40)->forecast.on_memory, KEPT_NOT);
    p.limit_percent = 99;
    p.limit_ns = 60 * MS;
    c = curve(&p, &machine, "thread-pool", 0);
    assert_int_equal(c->why, CURVE_NONE);
    assert_int_equal(c->marks[MARK_FITS], 30);
    assert_int_equal(c->marks[MARK_STAR], 40);
    p.memory_bytes = 1 << 20;
    c = curve(&p, &machine, "thread-pool", 0);
    assert_int_equal(c->why, CURVE_NONE);
    assert_int_equal(c->marks[MARK_FITS], 0);
}

/* Three cores' worth of CPU on two: no number will do. */
static void test_overload(void **state)
{
    struct machine machine = world(2);
    struct service p = service(20 * MS, 10 * MS, 300, 0, 2);

    (void)state;
    const struct curve *c = curve(&p, &machine, "thread-pool", 0);
    assert_int_equal(c->why, CURVE_OVERLOAD);
    assert_false(curve_keeps(c));
    for (int i = 0; i < c->count; i++)
        assert_true(c->points[i].overloaded);
}

/* One thread beside the loop does 200 of 300 a second, two do 400. */
static void test_offload(void **state)
{
    struct machine machine = world(2);
    struct service p = service(20 * MS, 5 * MS, 300, 0, 2);

    (void)state;
    const struct curve *c = curve(&p, &machine, "event-loop-offload", 1);
    assert_int_equal(c->marks[MARK_STAR], 2);
    assert_int_equal(c->marks[MARK_GOETZ], 0);
    assert_int_equal(c->marks[MARK_LITTLE], 0);
    assert_true(point(c, 1)->overloaded);
    near("one", point(c, 1)->forecast.capacity_per_s, 200, 1e-9);
    assert_false(point(c, 2)->overloaded);
    near("two", point(c, 2)->forecast.capacity_per_s, 400, 1e-9);
    near("four", point(c, 4)->forecast.capacity_per_s, 400, 1e-9);
    c = curve(&p, &machine, "process-loops", 0);
    assert_int_equal(c->marks[MARK_STAR], 2);
    assert_true(point(c, 1)->overloaded);
}

static struct size *sized(const struct question *question, double peak,
                          const struct machine *machine)
{
    static struct size_question asked;
    static struct size size;
    static struct bands bands;
    char why[1024] = "";

    asked = (struct size_question){question, peak, NULL};
    if (size_ask(&asked, machine, &size, why, sizeof why) < 0)
        fail_msg("%s", why);
    size_make(machine, false, &bands, &size);
    return &size;
}

static struct question question(const struct service *p)
{
    return (struct question){.service = *p, .precision = PRECISION};
}

/* At a peak of twice the rate twice as many are in flight. */
static void test_peak(void **state)
{
    static struct machine machine;
    struct service p = service(50 * MS, 5 * MS, 280, 0, 4);
    struct question asked = question(&p);

    (void)state;
    machine = world(4);
    struct size *size = sized(&asked, 2, &machine);
    assert_int_equal(size->kept, KEPT);
    assert_int_equal(size->advice.model_count, 3);
    const struct curve *c = &size->models[0].curve;
    assert_int_equal(c->marks[MARK_LITTLE], 31);
    int star = c->marks[MARK_STAR];
    near("usual", size->models[0].usual.forecast.rate_per_s, 280, 1e-9);
    near("peak", point(c, star)->forecast.rate_per_s, 560, 1e-9);
    assert_int_equal(size->figures.database, rules_pool(560, 50 * MS, 0.05));
    size = sized(&asked, 0, &machine);
    near("default", size->at_peak.service.rate_per_s, 1.3 * 280, 1e-9);
    p.rate_per_s = 0;
    p.connections = 40;
    asked = question(&p);
    size = sized(&asked, 0, &machine);
    assert_true(size->peak == 1);
    assert_int_equal(size->figures.connections, 40);
    size = sized(&asked, 1.5, &machine);
    assert_int_equal(size->at_peak.service.connections, 60);
}

static struct forecast serial(const struct machine *machine,
                              const struct service *p)
{
    struct forecast f;
    char why[256];

    assert_int_equal(forecast_make(p, machine, &machine->models[3], 0,
                                   &PRECISION, &f, why, sizeof why),
                     0);
    return f;
}

/* A verdict that cannot be told is neither kept nor missed; what must be missed
 * is, whatever else is not known. */
static void test_cannot_be_told(void **state)
{
    struct machine machine = world(1);
    struct model_constants *model = &machine.models[3];
    struct service p = service(0, 1 * MS, 500, 0, 1);

    (void)state;
    p.limit_percent = 99;
    p.limit_ns = 1000 * MS;
    p.memory_bytes = 1e9;
    model->of[CONSTANT_MEMORY] = (struct constant){NAN, NAN, NAN, 0};
    struct forecast f = serial(&machine, &p);
    assert_int_equal(f.on_memory, KEPT_UNKNOWN);
    assert_int_equal(f.on_limit, KEPT);
    model->of[CONSTANT_MEMORY] = exact(1 << 20);
    model->discipline = DISCIPLINE_UNKNOWN;
    f = serial(&machine, &p);
    assert_int_equal(f.on_memory, KEPT_UNKNOWN);
    assert_int_equal(f.on_limit, KEPT_UNKNOWN);
    p.memory_bytes = 1000;
    f = serial(&machine, &p);
    assert_int_equal(f.on_memory, KEPT_NOT);
    p.rate_per_s = 2000;
    f = serial(&machine, &p);
    assert_int_equal(f.on_limit, KEPT_NOT);
    assert_int_equal(kept_both(KEPT, KEPT_UNKNOWN), KEPT_UNKNOWN);
    assert_int_equal(kept_both(KEPT_NOT, KEPT_UNKNOWN), KEPT_NOT);
    assert_int_equal(kept_either(KEPT_NOT, KEPT_UNKNOWN), KEPT_UNKNOWN);
    assert_int_equal(kept_either(KEPT, KEPT_UNKNOWN), KEPT);
}

/* A number whose memory nobody knows is neither kept nor missed. */
static void test_memory_not_known(void **state)
{
    struct machine machine = world(4);
    struct service p = service(50 * MS, 5 * MS, 280, 0, 4);

    (void)state;
    machine.models[0].of[CONSTANT_MEMORY] = (struct constant){NAN, NAN, NAN, 0};
    p.memory_bytes = 1e9;
    const struct curve *c = curve(&p, &machine, "thread-pool", 0);
    assert_int_equal(c->why, CURVE_UNKNOWN);
    assert_int_equal(curve_kept(c), KEPT_UNKNOWN);
    assert_true(c->marks[MARK_STAR] > 0);
    p.limit_percent = 99;
    p.limit_ns = 10 * MS; /* less than a wait */
    assert_int_equal(curve_kept(curve(&p, &machine, "thread-pool", 0)),
                     KEPT_NOT);
}

static void test_refused(void **state)
{
    static struct machine machine;
    static struct size size;
    struct service p = service(50 * MS, 5 * MS, 280, 0, 4);
    struct question asked = question(&p);
    struct size_question with = {&asked, 0, NULL};
    char why[1024] = "";

    (void)state;
    machine = world(4);
    asked.models[asked.model_count++] = "serial";
    assert_true(size_ask(&with, &machine, &size, why, sizeof why) < 0);
    assert_non_null(strstr(why, "serial has no worker setting"));
    assert_non_null(strstr(why, "thread-pool, process-loops"));
    asked.model_count = 0;
    asked.service.connections = 16; /* 290 a second, and 364 at the peak */
    assert_true(size_ask(&with, &machine, &size, why, sizeof why) < 0);
    assert_non_null(strstr(why, "at the peak, 1.3 times the load"));
    with.peak = 1;
    assert_int_equal(size_ask(&with, &machine, &size, why, sizeof why), 0);
    machine.models[0] = machine.models[3];
    machine.model_count = 1;
    assert_true(size_ask(&with, &machine, &size, why, sizeof why) < 0);
    assert_non_null(strstr(why, "no constants of a model with workers"));
}

static const struct server *server(const char *name, const char *variant)
{
    for (const struct server *s = servers; s->name; s++)
        if (!strcmp(s->name, name) && !strcmp(s->variant, variant))
            return s;
    fail_msg("%s, %s is not in the table", name, variant);
    return NULL;
}

static void line(const struct server *server, int number,
                 const struct server_figures *figures, const char *expected)
{
    char text[SERVER_LINE];

    assert_true(server_fill(server->lines[number], figures, text, sizeof text));
    assert_string_equal(text, expected);
}

static void test_server_lines(void **state)
{
    const struct server_figures f = {.cores = 4,
                                     .process_slots = 13,
                                     .thread_slots = 14,
                                     .loops = 4,
                                     .offload = 20,
                                     .in_flight = 90,
                                     .connections = 400,
                                     .database = 12};

    (void)state;
    line(server("gunicorn", "sync"), 0, &f, "gunicorn --workers 13 APP");
    const struct server *gthread = server("gunicorn", "gthread");
    line(gthread, 0, &f,
         "gunicorn --worker-class gthread --workers 4 --threads 4 APP");
    assert_int_equal(server_slots(gthread, &f), 16);
    /* 100 of 400 connections, and three roots more. */
    line(server("uvicorn", ""), 0, &f, "uvicorn APP --workers 4");
    line(server("uvicorn", ""), 1, &f,
         "  --limit-concurrency 130  # only if no more connect: else 503");
    line(server("node", "cluster"), 1, &f,
         "UV_THREADPOOL_SIZE=5 node SERVER.js");
    line(server("tomcat", "Spring Boot"), 0, &f,
         "server.tomcat.threads.max=14");
    line(server("hikaricp", ""), 0, &f,
         "spring.datasource.hikari.maximum-pool-size=12");
    line(server("nginx", ""), 1, &f, "events { worker_connections 512; }");
    line(server("php-fpm", ""), 1, &f, "pm.max_children = 13");
    line(server("frankenphp", ""), 0, &f, "frankenphp {");
    line(server("frankenphp", ""), 2, &f, "    max_threads 14 }");
}

/* Slots of any server are enough, and no name of a figure is left over. */
static void test_all_servers(void **state)
{
    (void)state;
    for (int cores = 1; cores < 40; cores += 7)
        for (int slots = 1; slots < 600; slots += 11) {
            const struct server_figures f = {cores, slots,     slots,     cores,
                                             cores, slots + 9, slots + 9, 3};
            for (const struct server *s = servers; s->name; s++) {
                char text[SERVER_REMARK];
                int least = s->kind == SERVER_LOOPS      ? cores
                            : s->kind == SERVER_DATABASE ? 3
                                                         : slots;
                assert_true(server_applies(s, &f));
                assert_true(server_slots(s, &f) >= least);
                for (int i = 0; i < SERVER_LINES && s->lines[i]; i++) {
                    assert_true(
                        server_fill(s->lines[i], &f, text, sizeof text));
                    for (const char *c = text; (c = strchr(c, '{')); c++)
                        assert_false(islower((unsigned char)c[1]));
                }
                server_remark(s, &f, text, sizeof text);
                assert_true(strlen(text) > 20 &&
                            strlen(text) + 1 < sizeof text);
                for (const char *c = text; (c = strchr(c, '{')); c++)
                    assert_false(islower((unsigned char)c[1]));
            }
        }
}

static void test_unknown_figures(void **state)
{
    const struct server_figures loops = {
        .cores = 2, .loops = 2, .in_flight = 9};
    char text[SERVER_REMARK];

    (void)state;
    assert_false(server_applies(server("gunicorn", "sync"), &loops));
    assert_false(server_applies(server("puma", ""), &loops));
    assert_false(server_applies(server("hikaricp", ""), &loops));
    assert_true(server_applies(server("go", ""), &loops));
    assert_false(
        server_fill(server("go", "")->lines[1], &loops, text, sizeof text));
    assert_string_equal(text, "");
    server_remark(server("node", "cluster"), &loops, text, sizeof text);
    assert_non_null(strstr(text, "2 x 4 in all; fs"));
    assert_null(strstr(text, "blocks"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_piece),
        cmocka_unit_test(test_waves),
        cmocka_unit_test(test_between_little_and_goetz),
        cmocka_unit_test(test_more_for_the_limit),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_overload),
        cmocka_unit_test(test_offload),
        cmocka_unit_test(test_peak),
        cmocka_unit_test(test_cannot_be_told),
        cmocka_unit_test(test_memory_not_known),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_server_lines),
        cmocka_unit_test(test_all_servers),
        cmocka_unit_test(test_unknown_figures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
