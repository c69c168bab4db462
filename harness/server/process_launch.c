/* SPDX-License-Identifier: MIT
 *
 * The child enters its meter's cgroups before exec, so that nothing of it can
 * escape, and has a session of its own, so that a signal to the group reaches
 * its children. Everything that can fail before exec is told through a pipe
 * that closes on exec, as a stage and an errno.
 */
#include "process_launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "guardian.h"

enum stage { STAGE_GROUP, STAGE_CPUS, STAGE_EXEC };

struct failure {
    enum stage stage;
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

int process_launch_open(struct process_wires *wires)
{
    *wires = (struct process_wires){{-1, -1}, {-1, -1}, {-1, -1}};
    if (pipe2(wires->out, O_CLOEXEC) || pipe2(wires->err, O_CLOEXEC) ||
        pipe2(wires->failure, O_CLOEXEC))
        return -errno;
    fcntl(wires->out[0], F_SETFL, O_NONBLOCK);
    fcntl(wires->err[0], F_SETFL, O_NONBLOCK);
    return 0;
}

void process_launch_close(struct process_wires *wires)
{
    close_pair(wires->out);
    close_pair(wires->err);
    close_pair(wires->failure);
}

/* Whether `words` (NULL: none) say what the variable of `entry` shall be. */
static bool is_replaced(const char *entry, const char *const *words)
{
    size_t name = strcspn(entry, "=") + 1;

    for (; words != NULL && *words != NULL; words++)
        if (!strncmp(entry, *words, name))
            return true;
    return false;
}

/* The harness's environment with what the plan, the tree's tag and `die` (the
 * word that tells our own models to die with this process) put in place of its
 * words. The words are the caller's to keep. */
static char **make_environment(const char *const *words, const char *tag,
                               const char *die)
{
    const char *const own[] = {die, tag, NULL};
    size_t count = 0, kept = 0;

    while (environ[count])
        count++;
    for (size_t i = 0; words != NULL && words[i]; i++)
        count++;
    char **made = calloc(count + 3, sizeof *made);
    if (!made)
        return NULL;
    for (size_t i = 0; environ[i]; i++)
        if (!is_replaced(environ[i], own) && !is_replaced(environ[i], words))
            made[kept++] = environ[i];
    for (; words != NULL && *words; words++)
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

static void fail(int fd, enum stage stage, int error)
{
    struct failure failure = {stage, error};

    if (write(fd, &failure, sizeof failure) != (ssize_t)sizeof failure)
        _exit(126);
    _exit(127);
}

static void become_server(const struct process_plan *plan,
                          const struct process *process, pid_t harness,
                          struct process_wires *wires, char **environment)
{
    struct rlimit files;
    int null = open("/dev/null", O_RDONLY);

    setsid();
    guardian_set_root(process->slot, getpid());
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != harness)
        _exit(0);
    int result = meter_enter(process->meter);
    if (result < 0)
        fail(wires->failure[1], STAGE_GROUP, -result);
    if (plan->cpus && sched_setaffinity(0, sizeof *plan->cpus, plan->cpus))
        fail(wires->failure[1], STAGE_CPUS, errno);
    /* Every server may hold as many connections as the system allows, also
     * one that does not know how to ask. */
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    dup2(null, 0);
    dup2(wires->out[1], 1);
    dup2(wires->err[1], 2);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    reset_signals();
    execvpe(plan->argv[0], (char *const *)plan->argv, environment);
    fail(wires->failure[1], STAGE_EXEC, errno);
}

static const char *remedy(const struct failure *failure)
{
    if (failure->stage == STAGE_GROUP)
        return "its cgroup could not be entered; try TROIKA_METER=proc";
    if (failure->stage == STAGE_CPUS)
        return "the CPUs asked for are not ours to use; see taskset -p $$";
    if (failure->error == ENOENT)
        return "build it first (make), or check the path and its #! line";
    if (failure->error == EACCES)
        return "it is not executable: chmod +x";
    return "try to start it by hand";
}

int process_launch(const struct process_plan *plan, struct process *process,
                   struct process_wires *wires, char *why, size_t size)
{
    struct failure failure;
    char die[48];
    ssize_t n;
    pid_t harness = getpid();

    snprintf(die, sizeof die, "TROIKA_DIE_WITH_PARENT=%d", (int)harness);
    char **environment =
        make_environment(plan->environment, meter_tag(process->meter), die);
    pid_t pid = environment ? fork() : -1;
    if (pid == 0)
        become_server(plan, process, harness, wires, environment);
    int error = environment ? errno : ENOMEM;
    free(environment);
    if (pid < 0) {
        snprintf(why, size, "cannot start %s: fork: %s; end other programs",
                 plan->argv[0], strerror(error));
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
    snprintf(why, size, "cannot start %s: %s; %s", plan->argv[0],
             strerror(failure.error), remedy(&failure));
    return -failure.error;
}
