/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *name = "troika";
static int failed_status;
static pid_t owner;
static int failure; /* a negative errno, once it was printed */

/* Prints the failure. `error` is 0 if an earlier write failed, whose errno is
 * lost. */
static int tell(int error)
{
    failure = error ? -error : -EIO;
    fprintf(stderr,
            "%s: standard output cannot be written%s%s; what it printed is "
            "lost or cut short; send it elsewhere or free space\n",
            name, error ? ": " : "", error ? strerror(error) : "");
    return failure;
}

/* A socket or a file that is opened while a standard descriptor is closed takes
 * its number, and would receive the output. So each closed one gets a file that
 * refuses its use: for standard input one that cannot be read, for the others
 * one that cannot be written. */
static void occupy_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            return;
}

int output_flush(void)
{
    bool earlier = ferror(stdout);

    if (failure)
        return failure;
    errno = 0;
    if (fflush(stdout) != 0)
        return tell(errno);
    return earlier ? tell(0) : 0;
}

static void at_exit(void)
{
    if (getpid() != owner)
        return;
    if (output_flush() == 0) {
        /* Some file systems report failed writes only at the close. */
        errno = 0;
        if (close(STDOUT_FILENO) < 0 && errno != EBADF)
            tell(errno);
    }
    if (failure)
        _exit(failed_status);
}

void output_check_at_exit(const char *program, int status)
{
    name = program;
    failed_status = status;
    owner = getpid();
    occupy_standard_descriptors();
    atexit(at_exit);
}
