/* SPDX-License-Identifier: MIT
 *
 * The life of one server (see the header), from its ready line to its end. How
 * it is kept in hand:
 *  - a session of its own and its meter's cgroups (process_launch.c);
 *  - PR_SET_PDEATHSIG and the guardian, for when the harness dies first.
 */
#include "process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process_launch.h"
#include "process_output.h"
#include "ready_line.h"

enum { TAIL_LINES = 8, LINE_MAX_BYTES = 4096 };

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static void take_ready(struct process *process, const char *line)
{
    struct ready_line said;

    if (ready_line_read(line, &said)) {
        process->port = said.port;
        process->workers = said.workers;
    }
}

/* Takes in what one pipe has; a ready line on stdout sets the port. */
static void take_output(struct process *process, int *fd, char *line,
                        size_t *length)
{
    char bytes[4096];
    ssize_t n = read(*fd, bytes, sizeof bytes);

    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            close(*fd);
            *fd = -1;
        }
        return;
    }
    process_output_add(process->output, bytes, (size_t)n);
    for (ssize_t i = 0; line && i < n && process->port == 0; i++) {
        if (bytes[i] == '\n') {
            line[*length] = '\0';
            take_ready(process, line);
            *length = 0;
        } else if (*length < LINE_MAX_BYTES - 1) {
            line[(*length)++] = bytes[i];
        }
    }
}

static bool reap(struct process *process)
{
    if (process->ended || process->pid <= 0)
        return true;
    pid_t pid = waitpid(process->pid, &process->status, WNOHANG);
    /* ECHILD: someone else waited for it; its status is lost. */
    if (pid == process->pid || (pid < 0 && errno == ECHILD)) {
        process->ended = true;
        /* Its number may be another's from now on. */
        guardian_set_root(process->slot, 0);
        if (pid < 0)
            process->status = 255 << 8;
    }
    return process->ended;
}

static int wait_ready(const struct process_plan *plan, struct process *process,
                      struct process_wires *wires)
{
    char line[LINE_MAX_BYTES] = "";
    size_t length = 0;
    int64_t deadline_ns = now_ns() + plan->ready_timeout_ns;
    bool ended = false;

    while (process->port == 0) {
        struct pollfd pipes[2] = {{.fd = wires->out[0], .events = POLLIN},
                                  {.fd = wires->err[0], .events = POLLIN}};
        /* Once it has ended, one more turn takes in its last words. */
        int n = poll(pipes, 2, ended ? 0 : 20);
        if (n > 0 && pipes[0].revents)
            take_output(process, &wires->out[0], plan->ready ? NULL : line,
                        &length);
        if (n > 0 && pipes[1].revents)
            take_output(process, &wires->err[0], NULL, NULL);
        if (process->port || (ended && n <= 0))
            break;
        if (wires->out[0] < 0 && wires->err[0] < 0)
            pause_ms(1);
        ended = ended || reap(process);
        if (plan->ready && !ended && plan->ready(plan->ready_context))
            process->port = plan->port;
        if (plan->stop && *plan->stop)
            return -EINTR;
        if (now_ns() > deadline_ns)
            return ended ? -ECHILD : -ETIMEDOUT;
    }
    return process->port ? 0 : -ECHILD;
}

static void describe_end(const struct process *process, char *text, size_t size)
{
    int status = process->status;

    if (WIFEXITED(status))
        snprintf(text, size, "exited with code %d", WEXITSTATUS(status));
    else
        snprintf(text, size, "was killed by signal %d (%s)%s", WTERMSIG(status),
                 strsignal(WTERMSIG(status)),
                 WCOREDUMP(status) ? ", core dumped" : "");
}

char *process_tail(const struct process *process, char *text, size_t size)
{
    if (size)
        text[0] = '\0';
    return process->output
               ? process_output_tail(process->output, TAIL_LINES, text, size)
               : text;
}

static void explain_start(const struct process_plan *plan,
                          const struct process *process, int result, char *why,
                          size_t size)
{
    char tail[2048], end[128], command[512] = "";
    size_t used = 0;

    for (int i = 0; plan->argv[i] && used < sizeof command; i++)
        used += (size_t)snprintf(command + used, sizeof command - used, "%s%s",
                                 i ? " " : "", plan->argv[i]);
    process_tail(process, tail, sizeof tail);
    describe_end(process, end, sizeof end);
    if (result == -ETIMEDOUT)
        snprintf(end, sizeof end, "%s within %.3g s",
                 plan->ready ? "was not ready" : "printed no ready line",
                 (double)plan->ready_timeout_ns / 1e9);
    snprintf(why, size,
             "%s: %s%s; start it by hand to see more (docs/%s); it printed "
             "%s%s",
             command, end, result == -ETIMEDOUT ? "" : " before it was ready",
             plan->ready ? "own-service.md says how it is asked"
                         : "contract.md says what it must print",
             *tail ? "last:\n" : "nothing", tail);
}

static void release(struct process *process)
{
    for (int i = 0; i < 200 && process->reader > 0; i++) {
        pid_t pid = waitpid(process->reader, NULL, WNOHANG);
        if (pid != 0)
            process->reader = 0;
        /* A process that left the tree may hold the pipes for ever. */
        else if (i == 100)
            kill(process->reader, SIGKILL);
        if (process->reader)
            pause_ms(i < 10 ? 1 : 5);
    }
    meter_close(process->meter);
    guardian_forget(process->slot);
    process_output_free(process->output);
    *process = (struct process){.slot = -1};
}

static void kill_tree(struct process *process)
{
    if (process->pid > 0 && !process->ended)
        kill(-process->pid, SIGKILL);
    if (process->pid > 0 && !process->ended)
        kill(process->pid, SIGKILL);
    if (process->meter)
        meter_kill(process->meter);
    for (int i = 0; i < 5000 && !reap(process); i++)
        pause_ms(1);
}

void process_kill(struct process *process)
{
    if (!process->meter)
        return;
    kill_tree(process);
    release(process);
}

static int prepare(const struct process_plan *plan, struct process *process)
{
    char paths[2400];

    *process = (struct process){.slot = -1, .foreign = plan->ready != NULL};
    process->output = process_output_new();
    int result = process->output ? meter_open(plan->meter_name, &process->meter,
                                              process->meter_note,
                                              sizeof process->meter_note)
                                 : -ENOMEM;
    if (result < 0)
        return result;
    meter_paths(process->meter, paths, sizeof paths);
    process->slot = guardian_register(paths, meter_tag(process->meter));
    return 0;
}

int process_start(const struct process_plan *plan, struct process *process,
                  char *why, size_t why_size)
{
    struct process_wires wires;
    int result = process_launch_open(&wires);
    int prepared = prepare(plan, process);

    if (why_size)
        why[0] = '\0';
    result = result < 0 ? result : prepared;
    if (result < 0) {
        snprintf(why, why_size, "cannot start %s: %s", plan->argv[0],
                 strerror(-result));
        goto out;
    }
    result = process_launch(plan, process, &wires, why, why_size);
    if (result < 0)
        goto out;
    result = wait_ready(plan, process, &wires);
    if (result < 0) {
        explain_start(plan, process, result, why, why_size);
        goto out;
    }
    process->reader =
        process_output_follow(process->output, wires.out[0], wires.err[0]);
    if (process->reader < 0) {
        result = process->reader;
        process->reader = 0;
        snprintf(why, why_size, "cannot fork a reader for %s: %s",
                 plan->argv[0], strerror(-result));
    }
out:
    process_launch_close(&wires);
    if (result < 0) {
        kill_tree(process);
        release(process);
    }
    return result;
}

bool process_alive(struct process *process, char *text, size_t size)
{
    char tail[1024];

    if (process->pid <= 0) {
        snprintf(text, size, "was not started");
        return false;
    }
    if (!reap(process)) {
        snprintf(text, size, "running");
        return true;
    }
    describe_end(process, text, size);
    process_tail(process, tail, sizeof tail);
    size_t length = strlen(text);
    if (*tail && length < size)
        snprintf(text + length, size - length, "; it printed last:\n%s", tail);
    return false;
}

/* Waits until the server has ended, or `limit_ns` is over. */
static bool wait_end(struct process *process, int64_t limit_ns)
{
    int64_t deadline_ns = now_ns() + limit_ns;

    while (!reap(process) && now_ns() < deadline_ns)
        pause_ms(1);
    return process->ended;
}

/* Many servers do not catch SIGTERM; 143 is a shell's word for the same. */
static bool ended_well(const struct process *process)
{
    int status = process->status;

    if (process->foreign && WIFSIGNALED(status))
        return WTERMSIG(status) == SIGTERM;
    return WIFEXITED(status) &&
           (WEXITSTATUS(status) == 0 ||
            (process->foreign && WEXITSTATUS(status) == 128 + SIGTERM));
}

void process_stop(struct process *process, bool *clean, char *why,
                  size_t why_size)
{
    char end[160] = "";
    bool good = true;

    if (why_size)
        why[0] = '\0';
    if (clean)
        *clean = true;
    if (!process->meter)
        return;
    bool before = reap(process);
    if (!before)
        kill(process->pid, SIGTERM);
    if (!wait_end(process, 5000000000)) {
        good = false;
        snprintf(end, sizeof end,
                 "did not end within 5 s of SIGTERM and was killed");
    } else {
        describe_end(process, end, sizeof end);
        good = ended_well(process) && !before;
        if (before)
            strcat(end, " before it was told to");
    }
    /* Children that the server has told to end may need a moment, more of it
     * on a busy machine. */
    int64_t deadline_ns = now_ns() + 1000000000;
    int left = process->ended ? meter_alive(process->meter) : 0;
    while (left > 0 && now_ns() < deadline_ns) {
        pause_ms(2);
        left = meter_alive(process->meter);
    }
    size_t length = strlen(end);
    if (left > 0)
        snprintf(end + length, sizeof end - length,
                 " and left %d processes behind, which were killed", left);
    good = good && left == 0;
    if (clean)
        *clean = good;
    if (!good && why_size)
        snprintf(why, why_size, "%s", end);
    kill_tree(process);
    release(process);
}
