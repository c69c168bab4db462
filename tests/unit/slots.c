/* SPDX-License-Identifier: MIT
 *
 * Who owns a connection: one at a time, edges noted for the owner, nothing
 * left of a connection that has ended.
 */
#include "models/runtime/connection/slots.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void one_owner(void **state)
{
    (void)state;
    struct slot *slot = slots_find(7);
    uint64_t event = slot_begin(slot);
    assert_int_equal(slot->wire.fd, 7);
    assert_ptr_equal(slot_claim(event), slot);
    int at = 0;
    slot->wire.deadline_ns = 5;
    assert_null(slots_overdue(&at, 10)); /* somebody owns it */
    assert_true(slot_release(slot));
    at = 0;
    assert_null(slots_overdue(&at, 4));
    at = 0;
    assert_ptr_equal(slots_overdue(&at, 5), slot);
    assert_null(slots_overdue(&at, 5));
    assert_true(slot_release(slot));
    slot_claim(event);
    slot_free(slot);
}

static void an_edge_is_for_the_owner(void **state)
{
    (void)state;
    struct slot *slot = slots_find(8);
    uint64_t event = slot_begin(slot);
    assert_ptr_equal(slot_claim(event), slot);
    assert_null(slot_claim(event));
    assert_null(slot_claim(event));
    assert_false(slot_release(slot)); /* two edges, one more look */
    assert_true(slot_release(slot));
    slot_claim(event);
    slot_free(slot);
}

static void events_of_the_one_before_mean_nothing(void **state)
{
    (void)state;
    struct slot *slot = slots_find(9);
    uint64_t old = slot_begin(slot);
    slot_claim(old);
    slot_free(slot);
    assert_null(slot_claim(old));
    uint64_t event = slot_begin(slot);
    assert_int_not_equal(old, event);
    assert_null(slot_claim(old));
    assert_ptr_equal(slot_claim(event), slot);
    assert_null(slot_claim(old));
    assert_true(slot_release(slot)); /* the old one left no mark */
    slot_claim(event);
    slot_free(slot);
}

static void beyond_the_room(void **state)
{
    (void)state;
    assert_null(slots_find(1 << 30));
}

enum { THREADS = 4, EDGES = 20000 };
static uint64_t shared_event;
static int edges_seen; /* the owner's: what the thread sanitizer looks at */
static atomic_int edges_made;

static void *worker(void *unused)
{
    (void)unused;
    for (int i = 0; i < EDGES; i++) {
        atomic_fetch_add(&edges_made, 1);
        struct slot *slot = slot_claim(shared_event);
        if (!slot)
            continue;
        do
            edges_seen = atomic_load(&edges_made);
        while (!slot_release(slot));
    }
    return NULL;
}

/* Whatever the order, the last edge is seen by somebody. */
static void no_edge_is_lost(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    shared_event = slot_begin(slots_find(10));
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, worker, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(edges_seen, THREADS * EDGES);
}

static int open_slots(void **state)
{
    (void)state;
    return slots_open();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_owner),
        cmocka_unit_test(an_edge_is_for_the_owner),
        cmocka_unit_test(events_of_the_one_before_mean_nothing),
        cmocka_unit_test(beyond_the_room),
        cmocka_unit_test(no_edge_is_lost),
    };
    return cmocka_run_group_tests(tests, open_slots, NULL);
}
