/* SPDX-License-Identifier: MIT
 *
 * Kernel tasks from start to end: a thread that is joined, a process that is
 * waited for. A fork's cost grows with the memory that the parent has touched,
 * so it is measured with two sizes.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

static void *end_at_once(void *arg)
{
    return arg;
}

int64_t tasks_thread(int64_t operations, int variant)
{
    int64_t start_ns = measure_wall();

    (void)variant;
    for (int64_t i = 0; i < operations; i++) {
        pthread_t thread;
        int error = pthread_create(&thread, NULL, end_at_once, NULL);
        if (error != 0)
            return -error;
        pthread_join(thread, NULL);
    }
    return measure_wall() - start_ns;
}

static int64_t fork_and_wait(int64_t operations)
{
    int64_t start_ns = measure_wall();

    for (int64_t i = 0; i < operations; i++) {
        int status;
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        if (pid < 0)
            return -errno;
        while (waitpid(pid, &status, 0) < 0)
            if (errno != EINTR)
                return -errno;
    }
    return measure_wall() - start_ns;
}

int64_t tasks_fork(int64_t operations, int mib)
{
    size_t bytes = (size_t)mib << 20;
    char *memory;
    int64_t took_ns;

    if (bytes == 0)
        return fork_and_wait(operations);
    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    madvise(memory, bytes, MADV_NOHUGEPAGE);
    memset(memory, 1, bytes);
    took_ns = fork_and_wait(operations);
    munmap(memory, bytes);
    return took_ns;
}
