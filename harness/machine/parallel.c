/* SPDX-License-Identifier: MIT */
#include "parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { THREADS_MOST = 16 };

struct crew {
    atomic_int next;
    int count;
    void (*job)(int index, void *data);
    void *data;
};

static void *work(void *argument)
{
    struct crew *crew = argument;
    int index;

    while ((index = atomic_fetch_add(&crew->next, 1)) < crew->count)
        crew->job(index, crew->data);
    return NULL;
}

static int usable_cpus(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

void parallel_run(int count, void (*job)(int index, void *data), void *data)
{
    struct crew crew = {.count = count, .job = job, .data = data};
    pthread_t threads[THREADS_MOST];
    int wanted = usable_cpus() - 1, started = 0;

    while (started < wanted && started < count - 1 && started < THREADS_MOST &&
           pthread_create(&threads[started], NULL, work, &crew) == 0)
        started++;
    work(&crew);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}
