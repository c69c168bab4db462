/* SPDX-License-Identifier: MIT
 *
 * Keeps the tail of a server's output (see the header). A process of its own
 * reads, not a thread: the harness forks, and a file would grow without bound
 * (a memfd even on the server's own memory bill). While the server is silent,
 * as it should be, the reader sleeps.
 */
#include "process_output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { RING = 65536 };

struct process_output {
    atomic_size_t written; /* in all; the ring holds the last RING bytes */
    char ring[RING];
};

struct process_output *process_output_new(void)
{
    void *memory =
        mmap(NULL, sizeof(struct process_output), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void process_output_free(struct process_output *output)
{
    if (output)
        munmap(output, sizeof *output);
}

void process_output_add(struct process_output *output, const char *bytes,
                        size_t size)
{
    size_t written = atomic_load(&output->written);

    for (size_t i = 0; i < size; i++)
        output->ring[(written + i) % RING] = bytes[i];
    atomic_store(&output->written, written + size);
}

char *process_output_tail(const struct process_output *output, int lines,
                          char *text, size_t size)
{
    size_t end = atomic_load(&output->written), length = 0;
    size_t oldest = end > RING ? end - RING : 0;

    if (size == 0)
        return text;
    while (end > oldest && strchr("\r\n", output->ring[(end - 1) % RING]))
        end--;
    size_t start = end;
    while (start > oldest && end - start < size - 1) {
        if (output->ring[(start - 1) % RING] == '\n' && --lines == 0)
            break;
        start--;
    }
    for (; start < end; start++) {
        char c = output->ring[start % RING];
        text[length++] =
            c == '\n' || c == '\t' || (unsigned char)c >= ' ' ? c : '?';
    }
    text[length] = '\0';
    return text;
}

static void follow(struct process_output *output, int out_fd, int err_fd)
{
    char bytes[16384];
    struct pollfd pipes[2] = {{.fd = out_fd, .events = POLLIN},
                              {.fd = err_fd, .events = POLLIN}};

    while (pipes[0].fd >= 0 || pipes[1].fd >= 0) {
        if (poll(pipes, 2, -1) < 0 && errno != EINTR)
            return;
        for (int i = 0; i < 2; i++) {
            if (pipes[i].fd < 0 || !pipes[i].revents)
                continue;
            ssize_t n = read(pipes[i].fd, bytes, sizeof bytes);
            if (n > 0)
                process_output_add(output, bytes, (size_t)n);
            else if (n == 0 || (errno != EINTR && errno != EAGAIN))
                pipes[i].fd = -1;
        }
    }
}

/* Leaves only the two pipes open, as 3 and 4; one that has ended already may
 * be -1. */
static void keep_only(int *out_fd, int *err_fd)
{
    int *fds[2] = {out_fd, err_fd}, high[2];
    int null = open("/dev/null", O_RDWR);

    for (int i = 0; i < 2; i++)
        high[i] = fcntl(*fds[i], F_DUPFD, 64);
    for (int i = 0; i < 3; i++)
        dup2(null, i);
    for (int i = 0; i < 2; i++) {
        if (high[i] >= 0)
            dup2(high[i], 3 + i);
        else
            close(3 + i);
        *fds[i] = high[i] >= 0 ? 3 + i : -1;
    }
    close_range(5, ~0U, 0);
}

pid_t process_output_follow(struct process_output *output, int out_fd,
                            int err_fd)
{
    pid_t harness = getpid(), pid = fork();

    if (pid < 0)
        return -errno;
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != harness)
        _exit(0);
    prctl(PR_SET_NAME, "troika-reader");
    /* Ctrl-C is for the harness, which then stops the server in order. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    keep_only(&out_fd, &err_fd);
    follow(output, out_fd, err_fd);
    _exit(0);
}
