/* SPDX-License-Identifier: MIT
 *
 * The lock protects only the stacks, and is never held during a wait. If tasks
 * are coroutines, each thread, which is a loop, has stacks of its own: a loop
 * keeps its sockets registered, and no other loop may touch them.
 */
#include "pool.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "models/runtime/model.h"
#include "models/runtime/tasks/blocking.h"

struct stack {
    intptr_t *kept;
    int count, capacity;
    pool_drop *drop;
};

/* One stack for each peer. */
struct stacks {
    struct stack of[POOL_PEERS];
    struct stacks *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct stacks shared;
static struct stacks *all = &shared; /* of the process */
static _Thread_local struct stacks *own;

/* Drops the parent's connections: two processes on one socket would read each
 * other's answers. */
static void drop_inherited(void)
{
    pthread_mutex_init(&lock, NULL);
    for (struct stacks *stacks = all; stacks; stacks = stacks->next)
        for (int peer = 0; peer < POOL_PEERS; peer++) {
            struct stack *stack = &stacks->of[peer];
            while (stack->count > 0)
                stack->drop(stack->kept[--stack->count]);
        }
}

static void register_on_fork(void)
{
    process_on_fork(drop_inherited);
}

/* The caller's stack. NULL: there is no memory, so nothing is kept. */
static struct stack *stack_of_task(enum pool_peer peer)
{
    if (model.task_kind != TASK_COROUTINE)
        return &shared.of[peer];
    if (!own && (own = calloc(1, sizeof *own))) {
        pthread_mutex_lock(&lock);
        own->next = all;
        all = own;
        pthread_mutex_unlock(&lock);
    }
    return own ? &own->of[peer] : NULL;
}

intptr_t pool_take(enum pool_peer peer)
{
    struct stack *stack = stack_of_task(peer);
    intptr_t connection = POOL_EMPTY;
    if (!stack)
        return connection;
    pthread_mutex_lock(&lock);
    if (stack->count > 0)
        connection = stack->kept[--stack->count];
    pthread_mutex_unlock(&lock);
    return connection;
}

bool pool_give(enum pool_peer peer, intptr_t connection, pool_drop *drop)
{
    struct stack *stack = stack_of_task(peer);
    if (!stack)
        return false;
    pthread_once(&once, register_on_fork);
    pthread_mutex_lock(&lock);
    if (stack->count == stack->capacity) {
        int capacity = stack->capacity ? stack->capacity * 2 : 16;
        intptr_t *kept =
            reallocarray(stack->kept, (size_t)capacity, sizeof *kept);
        if (kept) {
            stack->kept = kept;
            stack->capacity = capacity;
        }
    }
    bool room = stack->count < stack->capacity;
    if (room)
        stack->kept[stack->count++] = connection;
    stack->drop = drop;
    pthread_mutex_unlock(&lock);
    return room;
}
