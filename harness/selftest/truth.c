/* SPDX-License-Identifier: MIT
 *
 * Life outside the server: its socket is bound before the fork, so that it can
 * be asked at once; the account lies in shared memory. What the server does is
 * in truth_serve.c.
 */
#include "truth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "truth_serve.h"

static int listen_on(struct sockaddr_in *address, int backlog)
{
    socklen_t size = sizeof(*address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    *address = (struct sockaddr_in){.sin_family = AF_INET,
                                    .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)address, size) == 0 &&
        listen(fd, backlog) == 0 &&
        getsockname(fd, (struct sockaddr *)address, &size) == 0)
        return fd;
    size = (socklen_t)errno;
    close(fd);
    return -(int)size;
}

static _Noreturn void child(const struct truth_script *script,
                            const cpu_set_t *cpus, int listener,
                            struct truth_account *account, pid_t parent)
{
    struct rlimit files;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    prctl(PR_SET_TIMERSLACK, 1UL);
    if (cpus != NULL)
        sched_setaffinity(0, sizeof(*cpus), cpus);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (script->deaf)
        for (;;)
            pause();
    _exit(truth_serve(script, listener, account) < 0);
}

int truth_start(const struct truth_script *script, const cpu_set_t *cpus,
                struct truth *truth)
{
    int listener = listen_on(&truth->address, script->deaf ? 1 : 4096);
    pid_t parent = getpid();
    void *memory;

    truth->pid = 0;
    truth->account = NULL;
    if (listener < 0)
        return listener;
    memory = mmap(NULL, sizeof(*truth->account), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        close(listener);
        return -ENOMEM;
    }
    truth->account = memory;
    histogram_reset(&truth->account->delay);
    truth->pid = fork();
    if (truth->pid == 0)
        child(script, cpus, listener, truth->account, parent);
    close(listener);
    if (truth->pid > 0)
        return 0;
    truth->pid = 0;
    truth_free(truth);
    return -EAGAIN;
}

void truth_stop(struct truth *truth)
{
    if (truth->pid <= 0)
        return;
    kill(truth->pid, SIGKILL);
    while (waitpid(truth->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    truth->pid = 0;
}

void truth_free(struct truth *truth)
{
    truth_stop(truth);
    if (truth->account != NULL)
        munmap(truth->account, sizeof(*truth->account));
    truth->account = NULL;
}

struct load_request *truth_requests(int count)
{
    struct load_request *requests = calloc((size_t)count, sizeof(*requests));

    for (int i = 0; requests != NULL && i < count; i++) {
        char *bytes = NULL, *body = NULL;
        int seed = 100000 + i;
        int size = asprintf(&bytes,
                            "GET /truth?seed=%d HTTP/1.1\r\n"
                            "Host: 127.0.0.1\r\n\r\n",
                            seed);
        int body_size = asprintf(&body, "seed %d", seed);

        if (size < 0 || body_size < 0) {
            truth_requests_free(requests, count);
            return NULL;
        }
        requests[i] = (struct load_request){.bytes = bytes,
                                            .size = (size_t)size,
                                            .body = body,
                                            .body_size = (size_t)body_size};
    }
    return requests;
}

void truth_requests_free(struct load_request *requests, int count)
{
    for (int i = 0; requests != NULL && i < count; i++) {
        free((char *)requests[i].bytes);
        free((char *)requests[i].body);
    }
    free(requests);
}
