/* SPDX-License-Identifier: MIT
 *
 * A server is kept under control by
 *  - a session of its own, so that a signal to the group reaches its children;
 *  - the control groups of its meter, which it enters before exec, so that none
 *    of its processes can escape;
 *  - PR_SET_PDEATHSIG and the guardian, in case the harness dies first.
 * A failure before exec reaches the harness as a step and an errno, through a
 * pipe that closes on exec.
 *
 * A separate process reads what the server prints. A thread would not do, since
 * the harness forks; a file would grow without bound, and a memfd would count
 * as memory of the server. The reader sleeps while the server prints nothing.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/child.h"
#include "models/runtime/base/clock.h"
#include "ready_line.h"

enum { RING = 65536, TAIL_LINES = 8, LINE_MAX_BYTES = 4096 };
static const int64_t STOP_NS = 5000000000;

struct process_output {
    atomic_size_t written; /* in all; the ring holds the last RING bytes */
    char ring[RING];
};

struct process_output *process_output_new(void)
{
    return child_share(sizeof(struct process_output));
}

static void free_output(struct process_output *output)
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

/* Closes every descriptor but the two pipes, which become 3 and 4. A pipe that
 * has ended may be -1. */
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

/* Forks the reader, which adds what comes through the two pipes until both end,
 * then exits. Returns the reader's pid or a negative errno. The caller closes
 * its own ends of the pipes and waits for the reader. */
static pid_t follow_output(struct process_output *output, int out_fd,
                           int err_fd)
{
    pid_t harness = getpid(), pid = fork();

    if (pid < 0)
        return -errno;
    if (pid > 0)
        return pid;
    child_dies_with(harness);
    prctl(PR_SET_NAME, "troika-reader");
    /* Ctrl-C is for the harness, which then stops the server in order. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    keep_only(&out_fd, &err_fd);
    follow(output, out_fd, err_fd);
    _exit(0);
}

/* Pipes from a starting server to the harness: its output, and why exec failed.
 * The harness keeps the first end of each. */
struct process_wires {
    int out[2], err[2], failure[2];
};

enum step { STEP_GROUP, STEP_CPUS, STEP_EXEC };

struct failure {
    enum step step;
    int error;
};

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0)
            close(pair[i]);
        pair[i] = -1;
    }
}

/* Returns 0 or a negative errno. Call close_wires in either case. */
static int open_wires(struct process_wires *wires)
{
    *wires = (struct process_wires){{-1, -1}, {-1, -1}, {-1, -1}};
    if (pipe2(wires->out, O_CLOEXEC) || pipe2(wires->err, O_CLOEXEC) ||
        pipe2(wires->failure, O_CLOEXEC))
        return -errno;
    fcntl(wires->out[0], F_SETFL, O_NONBLOCK);
    fcntl(wires->err[0], F_SETFL, O_NONBLOCK);
    return 0;
}

static void close_wires(struct process_wires *wires)
{
    close_pair(wires->out);
    close_pair(wires->err);
    close_pair(wires->failure);
}

/* Whether one of `words` (NULL: none) sets the variable of `entry`. */
static bool is_replaced(const char *entry, const char *const *words)
{
    size_t name = strcspn(entry, "=") + 1;

    for (; words && *words; words++)
        if (!strncmp(entry, *words, name))
            return true;
    return false;
}

/* Makes the server's environment: the harness's own, with variables replaced or
 * added by `words`, by the tree's tag, and by `die`, which makes our own models
 * die with this process. The result points to the words of the caller. */
static char **make_environment(const char *const *words, const char *tag,
                               const char *die)
{
    const char *const own[] = {die, tag, NULL};
    size_t count = 0, kept = 0;

    while (environ[count])
        count++;
    for (size_t i = 0; words && words[i]; i++)
        count++;
    char **made = calloc(count + 3, sizeof *made);
    if (!made)
        return NULL;
    for (size_t i = 0; environ[i]; i++)
        if (!is_replaced(environ[i], own) && !is_replaced(environ[i], words))
            made[kept++] = environ[i];
    for (; words && *words; words++)
        made[kept++] = (char *)*words;
    made[kept++] = (char *)die;
    made[kept] = (char *)tag;
    return made;
}

static void reset_signals(void)
{
    sigset_t none;

    /* Ignored signals survive exec; the server must not inherit ours. */
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void fail(int fd, enum step step, int error)
{
    struct failure failure = {step, error};

    if (write(fd, &failure, sizeof failure) != (ssize_t)sizeof failure)
        _exit(126);
    _exit(127);
}

static void become_server(const struct process_options *options,
                          const struct process *process, pid_t harness,
                          struct process_wires *wires, char **environment)
{
    struct rlimit files;
    int null = open("/dev/null", O_RDONLY);

    setsid();
    guardian_set_root(process->slot, getpid());
    child_dies_with(harness);
    int result = meter_enter(process->meter);
    if (result < 0)
        fail(wires->failure[1], STEP_GROUP, -result);
    if (options->cpus &&
        sched_setaffinity(0, sizeof *options->cpus, options->cpus))
        fail(wires->failure[1], STEP_CPUS, errno);
    /* Every server may open as many connections as the system allows, even one
     * that does not raise its own limit. */
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    dup2(null, 0);
    dup2(wires->out[1], 1);
    dup2(wires->err[1], 2);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    reset_signals();
    execvpe(options->argv[0], (char *const *)options->argv, environment);
    fail(wires->failure[1], STEP_EXEC, errno);
}

static const char *remedy(const struct failure *failure)
{
    if (failure->step == STEP_GROUP)
        return "its cgroup could not be entered; try TROIKA_METER=proc";
    if (failure->step == STEP_CPUS)
        return "the CPUs asked for are not ours to use; see taskset -p $$";
    if (failure->error == ENOENT)
        return "build it first (make), or check the path and its #! line";
    if (failure->error == EACCES)
        return "it is not executable: chmod +x";
    return "try to start it by hand";
}

/* Forks and execs the program. process->meter and ->slot must be set; sets
 * ->pid. Returns 0 or a negative errno with a message. */
static int launch(const struct process_options *options,
                  struct process *process, struct process_wires *wires,
                  char *why, size_t size)
{
    struct failure failure;
    char die[48];
    ssize_t n;
    pid_t harness = getpid();

    snprintf(die, sizeof die, "TROIKA_DIE_WITH_PARENT=%d", (int)harness);
    char **environment =
        make_environment(options->environment, meter_tag(process->meter), die);
    pid_t pid = environment ? fork() : -1;
    if (pid == 0)
        become_server(options, process, harness, wires, environment);
    int error = environment ? errno : ENOMEM;
    free(environment);
    if (pid < 0) {
        snprintf(why, size, "cannot start %s: fork: %s; end other programs",
                 options->argv[0], strerror(error));
        return -error;
    }
    process->pid = pid;
    meter_set_root(process->meter, pid);
    close(wires->failure[1]);
    close(wires->out[1]);
    close(wires->err[1]);
    wires->failure[1] = wires->out[1] = wires->err[1] = -1;
    while ((n = read(wires->failure[0], &failure, sizeof failure)) < 0 &&
           errno == EINTR)
        ;
    if (n != (ssize_t)sizeof failure)
        return 0;
    snprintf(why, size, "cannot start %s: %s; %s", options->argv[0],
             strerror(failure.error), remedy(&failure));
    return -failure.error;
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

/* Reads what one pipe holds. A ready line on stdout (`line` is not NULL) sets
 * the port. */
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
    if (process->attached)
        return process->ended = process->pid > 0 && kill(process->pid, 0) < 0 &&
                                errno == ESRCH;
    if (process->ended || process->pid <= 0)
        return true;
    pid_t pid = waitpid(process->pid, &process->status, WNOHANG);
    /* ECHILD: someone else reaped the server; its status is lost. */
    if (pid == process->pid || (pid < 0 && errno == ECHILD)) {
        process->ended = true;
        /* From now on the kernel may give the pid to another process. */
        guardian_set_root(process->slot, 0);
        if (pid < 0)
            process->status = 255 << 8;
    }
    return process->ended;
}

static int wait_ready(const struct process_options *options,
                      struct process *process, struct process_wires *wires,
                      const char **astray)
{
    char line[LINE_MAX_BYTES] = "";
    size_t length = 0;
    int64_t deadline_ns = clock_now_ns() + options->ready_timeout_ns;
    bool ended = false;

    while (process->port == 0) {
        struct pollfd pipes[2] = {{.fd = wires->out[0], .events = POLLIN},
                                  {.fd = wires->err[0], .events = POLLIN}};
        /* After the server has ended, one more round reads the rest. */
        int n = poll(pipes, 2, ended ? 0 : 20);
        if (n > 0 && pipes[0].revents)
            take_output(process, &wires->out[0], options->ready ? NULL : line,
                        &length);
        if (n > 0 && pipes[1].revents)
            take_output(process, &wires->err[0], NULL, NULL);
        if (process->port || (ended && n <= 0))
            break;
        if (wires->out[0] < 0 && wires->err[0] < 0)
            pause_ms(1);
        ended = ended || reap(process);
        if (options->ready && !ended && options->ready(options->ready_context))
            process->port = options->port;
        if (options->stop && *options->stop)
            return -EINTR;
        if (options->astray && !process->port && !ended &&
            (*astray = options->astray(options->ready_context, process)))
            return -ENOTCONN;
        if (clock_now_ns() > deadline_ns)
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

static void explain_start(const struct process_options *options,
                          const struct process *process, int result,
                          const char *astray, char *why, size_t size)
{
    char tail[2048], end[256], command[512] = "";
    size_t used = 0;

    for (int i = 0; options->argv[i] && used < sizeof command; i++)
        used += (size_t)snprintf(command + used, sizeof command - used, "%s%s",
                                 i ? " " : "", options->argv[i]);
    process_tail(process, tail, sizeof tail);
    describe_end(process, end, sizeof end);
    if (result == -ETIMEDOUT)
        snprintf(end, sizeof end, "%s within %s%s",
                 options->ready ? "was not ready" : "printed no ready line",
                 digits_ns((double)options->ready_timeout_ns).text,
                 options->unready ? options->unready : "");
    if (result == -ENOTCONN)
        snprintf(end, sizeof end, "%s", astray);
    snprintf(why, size,
             "%s: %s%s; start it by hand to see more (docs/%s); it printed "
             "%s%s",
             command, end, result == -ECHILD ? " before it was ready" : "",
             options->ready ? "own-service.md says how it is asked"
                            : "contract.md says what it must print",
             *tail ? "last:\n" : "nothing", tail);
}

static void release(struct process *process)
{
    for (int i = 0; i < 200 && process->reader > 0; i++) {
        pid_t pid = waitpid(process->reader, NULL, WNOHANG);
        if (pid != 0)
            process->reader = 0;
        /* A process that escaped the tree may keep the pipes open. */
        else if (i == 100)
            kill(process->reader, SIGKILL);
        if (process->reader)
            pause_ms(i < 10 ? 1 : 5);
    }
    meter_close(process->meter);
    guardian_forget(process->slot);
    free_output(process->output);
    *process = (struct process){.slot = -1};
}

static void kill_tree(struct process *process)
{
    if (process->attached)
        return;
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

/* *quota: false if the CPU quota could not be set. */
static int prepare(const struct process_options *options,
                   struct process *process, bool *quota)
{
    char paths[3200];

    *process = (struct process){
        .slot = -1,
        .foreign = options->ready != NULL,
        .stop_timeout_ns =
            options->stop_timeout_ns > 0 ? options->stop_timeout_ns : STOP_NS};
    process->output = process_output_new();
    int result =
        process->output
            ? meter_open(options->meter_name, &process->meter,
                         process->meter_note, sizeof process->meter_note)
            : -ENOMEM;
    if (result < 0)
        return result;
    if (options->cpu_quota > 0)
        result = meter_limit_cpu(process->meter, options->cpu_quota);
    if (result < 0) {
        meter_close(process->meter);
        process->meter = NULL;
        *quota = false;
        return result;
    }
    meter_paths(process->meter, paths, sizeof paths);
    process->slot = guardian_register(paths, meter_tag(process->meter));
    return 0;
}

int process_start(const struct process_options *options,
                  struct process *process, char *why, size_t why_size)
{
    struct process_wires wires;
    const char *astray = NULL;
    int result = open_wires(&wires);
    bool quota = true;
    int prepared = prepare(options, process, &quota);

    if (why_size)
        why[0] = '\0';
    result = result < 0 ? result : prepared;
    if (result < 0) {
        snprintf(why, why_size, "cannot start %s%s: %s%s", options->argv[0],
                 quota ? "" : " with a CPU quota", strerror(-result),
                 quota ? ""
                       : "; run as root, or in a cgroup whose `cpu` controller "
                         "is delegated: systemd-run --user --scope -p "
                         "Delegate=yes COMMAND");
        goto out;
    }
    result = launch(options, process, &wires, why, why_size);
    if (result < 0)
        goto out;
    result = wait_ready(options, process, &wires, &astray);
    if (result < 0) {
        explain_start(options, process, result, astray, why, why_size);
        goto out;
    }
    process->reader =
        follow_output(process->output, wires.out[0], wires.err[0]);
    if (process->reader < 0) {
        result = process->reader;
        process->reader = 0;
        snprintf(why, why_size, "cannot fork a reader for %s: %s",
                 options->argv[0], strerror(-result));
    }
out:
    close_wires(&wires);
    if (result < 0) {
        kill_tree(process);
        release(process);
    }
    return result;
}

bool process_alive(struct process *process, char *text, size_t size)
{
    char tail[1024];

    if (process->attached) {
        bool ended = reap(process);
        snprintf(text, size, "%s",
                 ended              ? "no longer there"
                 : process->pid > 0 ? "running"
                                    : "not one whose process can be seen");
        return !ended;
    }
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
    int64_t deadline_ns = clock_now_ns() + limit_ns;

    while (!reap(process) && clock_now_ns() < deadline_ns)
        pause_ms(1);
    return process->ended;
}

/* A foreign server may die of SIGTERM instead of catching it; a shell reports
 * that as exit code 143. */
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
    if (process->attached) {
        release(process);
        return;
    }
    bool before = reap(process);
    if (!before)
        kill(process->pid, SIGTERM);
    if (!wait_end(process, process->stop_timeout_ns)) {
        good = false;
        snprintf(end, sizeof end,
                 "did not end within %s of SIGTERM and was killed",
                 digits_ns((double)process->stop_timeout_ns).text);
    } else {
        describe_end(process, end, sizeof end);
        good = ended_well(process) && !before;
        if (before)
            strcat(end, " before it was told to");
    }
    /* Children that the server has told to end may need a moment, longer on a
     * busy machine. */
    int64_t deadline_ns = clock_now_ns() + 1000000000;
    int left = process->ended ? meter_alive(process->meter) : 0;
    while (left > 0 && clock_now_ns() < deadline_ns) {
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
