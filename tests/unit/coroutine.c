/* SPDX-License-Identifier: MIT
 *
 * Coroutines: the switch keeps registers and floating-point modes, stacks are
 * deep, guarded, many and reused, and resuming nests.
 */
#include <errno.h>
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "models/runtime/tasks/coroutine.h"
#include "models/runtime/tasks/coroutine_overflow.h"
#include "models/runtime/tasks/coroutine_switch.h"

enum { STACK_BYTES = 64 * 1024 };

#ifdef COROUTINE_SANITIZED
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static struct coroutine_pool *pool;

static int setup(void **state)
{
    (void)state;
    return coroutine_pool_new(STACK_BYTES, &pool);
}

static int teardown(void **state)
{
    (void)state;
    coroutine_pool_free(pool);
    return 0;
}

struct counter {
    int64_t steps, limit;
};

static void count(void *local)
{
    struct counter *counter = local;
    while (counter->steps < counter->limit) {
        counter->steps++;
        coroutine_suspend();
    }
}

static struct coroutine *new_counter(int64_t limit)
{
    struct coroutine *c = coroutine_new(pool, count, sizeof(struct counter));
    assert_non_null(c);
    *(struct counter *)coroutine_local(c) = (struct counter){0, limit};
    return c;
}

static void test_suspend_and_resume(void **state)
{
    (void)state;
    struct coroutine *c = new_counter(3);
    struct counter *counter = coroutine_local(c);
    assert_int_equal((uintptr_t)counter % 16, 0);
    for (int i = 1; i <= 3; i++) {
        coroutine_resume(c);
        assert_int_equal(counter->steps, i);
        assert_false(coroutine_done(c));
        assert_null(coroutine_self());
    }
    coroutine_resume(c);
    assert_true(coroutine_done(c));
    coroutine_free(pool, c);
}

static void test_thousands_in_turn(void **state)
{
    (void)state;
    enum { MANY = SANITIZED ? 1000 : 10000, ROUNDS = 5 };
    struct coroutine **all = calloc(MANY, sizeof(struct coroutine *));
    for (int i = 0; i < MANY; i++)
        all[i] = new_counter(ROUNDS);
    for (int round = 0; round <= ROUNDS; round++)
        for (int i = 0; i < MANY; i++)
            coroutine_resume(all[i]);
    for (int i = 0; i < MANY; i++) {
        assert_true(coroutine_done(all[i]));
        coroutine_free(pool, all[i]);
    }
    free(all);
}

static void test_last_given_back_is_reused_first(void **state)
{
    (void)state;
    struct coroutine *a = new_counter(1), *b = new_counter(1);
    coroutine_free(pool, a);
    coroutine_free(pool, b);
    struct coroutine *c = new_counter(1), *d = new_counter(1);
    assert_ptr_equal(c, b);
    assert_ptr_equal(d, a);
    coroutine_free(pool, c);
    coroutine_free(pool, d);
}

static int64_t recurse(int depth)
{
    volatile char frame[256];
    memset((void *)frame, depth & 0x7f, sizeof frame);
    if (depth == 0) {
        coroutine_suspend();
        return 0;
    }
    int64_t below = recurse(depth - 1);
    for (size_t i = 0; i < sizeof frame; i++)
        if (frame[i] != (depth & 0x7f))
            return -1000000;
    return below + 1;
}

static void go_deep(void *local)
{
    int64_t *result = local;
    *result = recurse((int)*result);
}

static void test_deep_stack_survives_a_switch(void **state)
{
    (void)state;
    struct coroutine *deep = coroutine_new(pool, go_deep, sizeof(int64_t));
    int64_t *result = coroutine_local(deep);
    *result = 150; /* 150 frames of 256 bytes and more: most of the stack */
    coroutine_resume(deep);
    struct coroutine *other = new_counter(1);
    coroutine_resume(other);
    coroutine_resume(other);
    coroutine_resume(deep);
    assert_true(coroutine_done(deep));
    assert_int_equal(*result, 150);
    coroutine_free(pool, deep);
    coroutine_free(pool, other);
}

static void test_parked_costs_one_page(void **state)
{
    (void)state;
    struct coroutine *c = new_counter(1);
    coroutine_resume(c);
    size_t touched = coroutine_stack_touched(c);
    assert_true(touched > 0);
#if !defined(COROUTINE_SANITIZED) && !defined(COROUTINE_UCONTEXT)
    assert_int_equal(touched, sysconf(_SC_PAGESIZE));
#endif
    coroutine_resume(c);
    coroutine_free(pool, c);
}

/* Keeps many values alive across switches, so that the compiler uses every
 * callee-saved register, and doubles beside them. */
static void churn(void *local)
{
    uint64_t *result = local, seed = *result;
    uint64_t a = seed, b = seed * 3, c = seed * 5, d = seed * 7, e = seed * 11,
             f = seed * 13, g = seed * 17;
    double x = (double)seed + 0.5, y = (double)seed / 3;
    for (int i = 0; i < 100; i++) {
        coroutine_suspend();
        a += b ^ i, b += c, c ^= d, d += e, e ^= f, f += g, g += a;
        x = x * 1.0001 + 1, y = y / 1.0001 + x;
    }
    uint64_t bits;
    memcpy(&bits, &y, sizeof bits);
    *result = a ^ b ^ c ^ d ^ e ^ f ^ g ^ bits;
}

static void test_registers_survive(void **state)
{
    (void)state;
    enum { N = 8 };
    uint64_t alone[N], together[N];
    struct coroutine *all[N];
    for (int i = 0; i < N; i++) {
        all[i] = coroutine_new(pool, churn, sizeof(uint64_t));
        *(uint64_t *)coroutine_local(all[i]) = (uint64_t)i + 42;
        while (!coroutine_done(all[i]))
            coroutine_resume(all[i]);
        alone[i] = *(uint64_t *)coroutine_local(all[i]);
        coroutine_free(pool, all[i]);
    }
    for (int i = 0; i < N; i++) {
        all[i] = coroutine_new(pool, churn, sizeof(uint64_t));
        *(uint64_t *)coroutine_local(all[i]) = (uint64_t)i + 42;
    }
    for (int round = 0; round <= 100; round++)
        for (int i = 0; i < N; i++)
            coroutine_resume(all[i]);
    for (int i = 0; i < N; i++) {
        assert_true(coroutine_done(all[i]));
        together[i] = *(uint64_t *)coroutine_local(all[i]);
        coroutine_free(pool, all[i]);
        assert_true(alone[i] == together[i]);
    }
}

/* Which way a third is rounded, by the unit that computes doubles: the mode
 * as the library tells it may be another unit's. Compilers move divisions
 * across mode changes, but not out of here. */
static __attribute__((noinline)) double a_third(void)
{
    volatile double one = 1, three = 3, third = one / three;
    return third;
}

struct rounding {
    int mode;
    double before, after;
};

static void round_up(void *local)
{
    struct rounding *rounding = local;
    fesetround(FE_UPWARD);
    rounding->before = a_third();
    coroutine_suspend();
    rounding->mode = fegetround();
    rounding->after = a_third();
}

static void keep_rounding(void *local)
{
    ((struct rounding *)local)->before = a_third();
}

static void test_rounding_mode_is_a_coroutine_s_own(void **state)
{
    (void)state;
    struct coroutine *c =
        coroutine_new(pool, round_up, sizeof(struct rounding));
    struct rounding *rounding = coroutine_local(c);
    double nearest = a_third();
    assert_int_equal(fegetround(), FE_TONEAREST);
    for (int i = 0; i < 2; i++) {
        coroutine_resume(c);
        assert_int_equal(fegetround(), FE_TONEAREST);
        assert_true(a_third() == nearest);
    }
    assert_int_equal(rounding->mode, FE_UPWARD);
    assert_true(rounding->before > nearest);
    assert_true(rounding->after == rounding->before);
    coroutine_free(pool, c);
}

/* A resumer's mode is its own as well, and its creation's the coroutine's. */
static void test_rounding_mode_of_the_resumer(void **state)
{
    (void)state;
    double nearest = a_third();
    struct coroutine *c = new_counter(2);
    coroutine_resume(c);
    fesetround(FE_UPWARD);
    coroutine_resume(c);
    assert_int_equal(fegetround(), FE_UPWARD);
    assert_true(a_third() > nearest);
    struct coroutine *heir =
        coroutine_new(pool, keep_rounding, sizeof(struct rounding));
    fesetround(FE_TONEAREST);
    coroutine_resume(heir);
    assert_true(a_third() == nearest);
    assert_true(((struct rounding *)coroutine_local(heir))->before > nearest);
    coroutine_resume(c);
    coroutine_free(pool, heir);
    coroutine_free(pool, c);
}

static void resume_another(void *local)
{
    struct coroutine *inner = *(struct coroutine **)local;
    struct coroutine *self = coroutine_self();
    coroutine_resume(inner);
    assert_ptr_equal(coroutine_self(), self);
    coroutine_suspend();
    coroutine_resume(inner);
}

static void test_resuming_nests(void **state)
{
    (void)state;
    struct coroutine *inner = new_counter(1);
    struct coroutine *outer =
        coroutine_new(pool, resume_another, sizeof(struct coroutine *));
    *(struct coroutine **)coroutine_local(outer) = inner;
    coroutine_resume(outer);
    assert_int_equal(((struct counter *)coroutine_local(inner))->steps, 1);
    coroutine_resume(outer);
    assert_true(coroutine_done(inner));
    assert_true(coroutine_done(outer));
    coroutine_free(pool, inner);
    coroutine_free(pool, outer);
}

static void test_high_water_mark(void **state)
{
    (void)state;
#ifndef COROUTINE_UCONTEXT
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct coroutine_pool *own;
    struct coroutine_usage usage;
    struct coroutine *all[3];
    assert_int_equal(coroutine_pool_new(STACK_BYTES, &own), 0);
    coroutine_pool_usage(own, &usage);
    assert_int_equal(usage.stacks, 0);
    assert_int_equal(usage.touched_max_bytes, 0);
    for (int i = 0; i < 3; i++) {
        all[i] = coroutine_new(own, go_deep, sizeof(int64_t));
        *(int64_t *)coroutine_local(all[i]) = i == 1 ? 100 : 0;
        coroutine_resume(all[i]);
    }
    coroutine_pool_usage(own, &usage);
    assert_int_equal(usage.stacks, 3);
    assert_true(usage.room_bytes >= STACK_BYTES);
    assert_true(usage.touched_max_bytes >= 100 * 256);
    assert_true(usage.touched_max_bytes <= usage.room_bytes);
    assert_true(usage.touched_max_bytes == coroutine_stack_touched(all[1]));
    assert_true(usage.touched_bytes >= usage.touched_max_bytes + 2 * page);
    if (!SANITIZED)
        assert_int_equal(usage.touched_bytes,
                         usage.touched_max_bytes + 2 * page);
    for (int i = 0; i < 3; i++) {
        coroutine_resume(all[i]);
        coroutine_free(own, all[i]);
    }
    coroutine_pool_free(own);
#endif
}

/* The neighbour's stack must stay whole: the overflow has to hit the guard. */
static void overflow(void)
{
    signal(SIGSEGV, SIG_DFL);
    if (coroutine_overflow_watch(pool) < 0)
        _exit(1);
    struct coroutine *neighbour = new_counter(1);
    struct coroutine *c = coroutine_new(pool, go_deep, sizeof(int64_t));
    *(int64_t *)coroutine_local(c) = 100000;
    (void)neighbour;
    coroutine_resume(c);
    _exit(0);
}

/* A fault elsewhere is no overflow. */
static void write_to_nowhere(void)
{
    signal(SIGSEGV, SIG_DFL);
    if (coroutine_overflow_watch(pool) < 0)
        _exit(1);
    raise(SIGSEGV);
    _exit(0);
}

/* Runs it in a child that must die of SIGSEGV; what it said. */
static void dying_words(void (*die)(void), char *words, size_t size)
{
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        die();
    }
    close(ends[1]);
    size_t used = 0;
    ssize_t count;
    while (used < size - 1 &&
           (count = read(ends[0], words + used, size - 1 - used)) > 0)
        used += (size_t)count;
    words[used] = 0;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
}

static void test_overflow_is_caught_by_the_guard(void **state)
{
    (void)state;
    char words[512];
    dying_words(overflow, words, sizeof words);
    if (!SANITIZED)
        assert_non_null(strstr(words, "overflowed its stack of 64 KiB"));
    dying_words(write_to_nowhere, words, sizeof words);
    assert_null(strstr(words, "overflowed"));
}

static void test_limits(void **state)
{
    (void)state;
    struct coroutine_pool *other;
    assert_int_equal(coroutine_pool_new(SIZE_MAX / 8, &other), -EINVAL);
    assert_null(coroutine_new(pool, count, (size_t)16 * STACK_BYTES));
    assert_int_equal(coroutine_pool_new((size_t)1 << 45, &other), 0);
    assert_null(coroutine_new(other, count, 8)); /* no such address space */
    coroutine_pool_free(other);
    coroutine_pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suspend_and_resume),
        cmocka_unit_test(test_thousands_in_turn),
        cmocka_unit_test(test_last_given_back_is_reused_first),
        cmocka_unit_test(test_deep_stack_survives_a_switch),
        cmocka_unit_test(test_parked_costs_one_page),
        cmocka_unit_test(test_registers_survive),
        cmocka_unit_test(test_rounding_mode_is_a_coroutine_s_own),
        cmocka_unit_test(test_rounding_mode_of_the_resumer),
        cmocka_unit_test(test_resuming_nests),
        cmocka_unit_test(test_high_water_mark),
        cmocka_unit_test(test_overflow_is_caught_by_the_guard),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
