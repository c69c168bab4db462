/* SPDX-License-Identifier: MIT
 *
 * Forked processes that belong to this one: they die with it, are ended by
 * number, and report through memory that both share.
 */
#pragma once

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Called in the child: the kernel kills it when the thread that forked it
 * ends. A parent that ended before this call has left the child to another
 * parent, so the child exits. */
static inline void child_dies_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
}

/* Called in the child: a signal to the whole foreground group, such as Ctrl-C,
 * is left to the parent, which says when the child ends. */
static inline void child_ignore_signals(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT};

    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
}

/* Kills the child and waits until it is gone. */
static inline void child_end(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* Zeroed memory that children forked from now on share with this process.
 * NULL: out of memory. Ends with munmap. */
static inline void *child_share(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return memory != MAP_FAILED ? memory : NULL;
}
