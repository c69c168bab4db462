/* SPDX-License-Identifier: MIT
 *
 * Forks, execs, and polls the pipe until it ends or the time is up. Exit status
 * 127 means, as in a shell, that there is no such program.
 */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "models/runtime/base/clock.h"

static void __attribute__((noreturn)) child(const char *const *argv, int out)
{
    int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(null, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

/* Reads until the end or the deadline. Returns 0 or a negative errno. */
static int take(int fd, int64_t deadline_ns, char *text, size_t size)
{
    size_t used = 0;
    char rest[256] = "";

    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int64_t left_ms = (deadline_ns - clock_now_ns()) / 1000000;
        int ready = left_ms <= 0 ? 0 : poll(&wait, 1, (int)left_ms);
        if (ready == 0)
            return -ETIMEDOUT;
        /* Read and drop what does not fit, so that the writer does not block.
         */
        bool full = used + 1 >= size;
        ssize_t got = ready < 0 ? -1
                                : read(fd, full ? rest : text + used,
                                       full ? sizeof rest : size - used - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : 0;
        if (!full) {
            used += (size_t)got;
            text[used] = '\0';
        }
    }
}

int capture(const char *const *argv, int64_t limit_ns, char *text, size_t size)
{
    int ends[2], status, result;
    pid_t pid;

    text[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    pid = fork();
    if (pid == 0)
        child(argv, ends[1]);
    result = pid < 0 ? -errno : 0;
    close(ends[1]);
    if (pid > 0) {
        result = take(ends[0], clock_now_ns() + limit_ns, text, size);
        if (result < 0)
            kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    close(ends[0]);
    if (result < 0)
        return result;
    if (!WIFEXITED(status))
        return -EINTR;
    return WEXITSTATUS(status) == 127 ? -ENOENT : WEXITSTATUS(status);
}
