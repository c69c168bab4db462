/* SPDX-License-Identifier: MIT
 *
 * Where groups are made: near the harness's own group in each hierarchy, so
 * that limits set for the harness also hold for what it starts. In v1 that is a
 * child of the harness's group. In v2 a group with processes may not pass the
 * memory controller on to children (the "no internal processes" rule). So a
 * child of the harness's group is tried first, then children of its parents,
 * the nearest first; a sibling works in a delegated subtree (systemd-run --user
 * --scope).
 *
 * Exactness: the kernel charges memory per CPU ahead of use, in batches of 64
 * pages, and updates memory.stat when 64 pages x CPUs have changed or every 2
 * s. So a total may be off by up to 256 KiB for each CPU that the tree ran on.
 * CPU totals are exact up to a running thread's current scheduler tick; the
 * split into user and system is sampled by the tick and scaled to the exact
 * total.
 */
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgroup_files.h"

enum { FILE_PATH = METER_FILE_PATH, GROUP_PATH = METER_GROUP_PATH };

bool meter_cgroup_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = write(fd, text, strlen(text));
    close(fd);
    return n == (ssize_t)strlen(text);
}

static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || strchr(", \n", at[-1])) &&
            (!at[length] || strchr(", \n", at[length])))
            return true;
    return false;
}

/* Finds this process's path in a hierarchy, from /proc/self/cgroup. An empty
 * controller means v2. */
static bool own_path(const char *controller, char *path, size_t size)
{
    char text[8192];

    if (meter_proc_read("/proc/self/cgroup", text, sizeof text) <= 0)
        return false;
    for (char *save, *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        char *controllers = strchr(line, ':');
        char *own = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!own)
            continue;
        *controllers++ = '\0';
        *own++ = '\0';
        if (*controller ? !has_word(controllers, controller)
                        : *controllers || strcmp(line, "0") != 0)
            continue;
        return snprintf(path, size, "%s", own) < (int)size;
    }
    return false;
}

/* Finds the mount of a hierarchy: the mount's root within the hierarchy, and
 * the mount point. */
static bool find_mount(const char *controller, char *root, char *place)
{
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    FILE *file = fopen("/proc/self/mountinfo", "re");

    if (!file)
        return false;
    while (!found && getline(&line, &size, file) > 0) {
        char *type = strstr(line, " - ");
        if (!type || sscanf(line, "%*s %*s %*s %511s %511s", root, place) != 2)
            continue;
        char *options = strrchr(line, ' ');
        found = *controller ? !strncmp(type, " - cgroup ", 10) &&
                                  has_word(options + 1, controller)
                            : !strncmp(type, " - cgroup2 ", 11);
    }
    free(line);
    fclose(file);
    return found;
}

bool meter_cgroup_own(const char *controller, char dir[768], size_t *top)
{
    char path[512], root[512], place[512], probe[FILE_PATH];

    if (!own_path(controller, path, sizeof path) ||
        !find_mount(controller, root, place))
        return false;
    size_t length = strcmp(root, "/") != 0 ? strlen(root) : 0;
    /* In a container the mount may show only a part of the hierarchy. A path
     * outside of that part contains "/.."; then the mount point is used. */
    bool inside = !strncmp(path, root, length) && !strstr(path, "/..");
    const char *below =
        inside && strcmp(path + length, "/") != 0 ? path + length : "";
    if (strlen(place) + strlen(below) >= GROUP_PATH)
        return false;
    strcpy(stpcpy(dir, place), below);
    snprintf(probe, sizeof probe, "%s/cgroup.procs", dir);
    if (access(probe, R_OK))
        strcpy(dir, place);
    *top = strlen(place);
    return true;
}

/* Removes the empty groups of ended runs. Groups that are not empty stay and
 * are counted, since their processes disturb measurements. */
static int sweep(const char *dir, pid_t dead)
{
    int busy = 0;
    DIR *entries = opendir(dir);

    if (!entries)
        return 0;
    for (struct dirent *entry; (entry = readdir(entries));) {
        char path[FILE_PATH + 256];
        int pid;
        if (sscanf(entry->d_name, "troika-%d-", &pid) != 1 || pid <= 0 ||
            (pid != dead && (kill(pid, 0) == 0 || errno != ESRCH)))
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (rmdir(path) && errno == EBUSY)
            busy++;
    }
    closedir(entries);
    return busy;
}

int meter_cgroup_sweep(pid_t dead)
{
    static const char *const controllers[] = {"", "memory", "cpuacct", "cpu"};
    char dir[GROUP_PATH];
    int busy = 0;

    for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++) {
        size_t top;

        if (!meter_cgroup_own(controllers[i], dir, &top))
            continue;
        for (char *slash = NULL;; *slash = '\0') {
            busy += sweep(dir, dead);
            slash = strrchr(dir, '/');
            if (!slash || (size_t)(slash - dir) < top)
                break;
        }
    }
    return busy;
}

/* Checks that a process may enter the group, by a child that does. Returns 0 or
 * a negative errno. */
static int probe_enter(int fd)
{
    int status;
    pid_t pid = fork();

    if (pid < 0)
        return -errno;
    if (pid == 0)
        _exit(write(fd, "0", 1) == 1 ? 0 : errno);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

static int make_group(struct meter_cgroup *groups, enum meter_group which,
                      const char *parent, const char *name)
{
    char file[FILE_PATH];
    char *path = groups->path[which];

    if (snprintf(path, GROUP_PATH, "%s/%s", parent, name) >= GROUP_PATH) {
        *path = '\0';
        return -ENAMETOOLONG;
    }
    if (mkdir(path, 0755)) {
        int error = errno;
        *path = '\0';
        return -error;
    }
    snprintf(file, sizeof file, "%s/cgroup.procs", path);
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    int result = fd < 0 ? -errno : probe_enter(fd);
    if (result < 0) {
        if (fd >= 0)
            close(fd);
        meter_cgroup_remove_at(path);
        *path = '\0';
        return result;
    }
    groups->enter_fd[which] = fd;
    return 0;
}

static void drop_group(struct meter_cgroup *groups, enum meter_group which)
{
    if (groups->enter_fd[which] >= 0)
        close(groups->enter_fd[which]);
    if (*groups->path[which])
        meter_cgroup_remove_at(groups->path[which]);
    groups->enter_fd[which] = -1;
    *groups->path[which] = '\0';
}

bool meter_cgroup_has_file(const char *dir, const char *file)
{
    char path[FILE_PATH];

    snprintf(path, sizeof path, "%s/%s", dir, file);
    return !access(path, R_OK);
}

/* Makes a v2 group below `parent`. Returns whether it has memory accounting;
 * *error gets 0 or a negative errno. */
static bool try_v2(struct meter_cgroup *groups, const char *parent,
                   const char *name, int *error)
{
    char path[FILE_PATH];

    *error = make_group(groups, METER_GROUP_V2, parent, name);
    if (*error < 0)
        return false;
    if (!meter_cgroup_has_file(groups->path[METER_GROUP_V2],
                               "memory.current")) {
        snprintf(path, sizeof path, "%s/cgroup.subtree_control", parent);
        meter_cgroup_write(path, "+memory");
    }
    return meter_cgroup_has_file(groups->path[METER_GROUP_V2],
                                 "memory.current");
}

/* Makes a v2 group at the nearest place with memory accounting, else at the
 * nearest that can be entered. */
static int make_v2(struct meter_cgroup *groups, const char *name, int *busy)
{
    char own[GROUP_PATH], parent[GROUP_PATH], usable[GROUP_PATH] = "";
    size_t top;
    int error = 0, first_error = 0;

    if (!meter_cgroup_own("", own, &top))
        return -ENOENT;
    strcpy(parent, own);
    *busy += sweep(own, 0);
    for (;;) {
        if (try_v2(groups, parent, name, &error)) {
            groups->v2_memory = true;
            return 0;
        }
        if (error == 0 && !*usable)
            strcpy(usable, parent);
        if (error < 0 && first_error == 0)
            first_error = error;
        drop_group(groups, METER_GROUP_V2);
        char *slash = strrchr(parent, '/');
        if (!slash || (size_t)(slash - parent) < top)
            break;
        *slash = '\0';
        *busy += sweep(parent, 0);
    }
    return *usable ? make_group(groups, METER_GROUP_V2, usable, name)
                   : first_error;
}

static int make_v1(struct meter_cgroup *groups, enum meter_group which,
                   const char *controller, const char *name, int *busy)
{
    char own[GROUP_PATH], file[FILE_PATH];
    size_t top;

    if (!meter_cgroup_own(controller, own, &top))
        return -ENOENT;
    *busy += sweep(own, 0);
    int result = make_group(groups, which, own, name);
    if (result == 0 && which == METER_GROUP_MEMORY) {
        /* v1 counts socket buffers only in groups with a limit, so write the
         * largest limit. */
        snprintf(file, sizeof file, "%s/memory.kmem.tcp.limit_in_bytes",
                 groups->path[which]);
        meter_cgroup_write(file, "9223372036854771712");
    }
    return result;
}

int meter_cgroup_make_v1(struct meter_cgroup *groups, enum meter_group which,
                         const char *controller, const char *name)
{
    int busy = 0;

    return make_v1(groups, which, controller, name, &busy);
}

static void explain(const struct meter_cgroup *groups, int memory_error,
                    int busy, char *note, size_t size)
{
    int length = 0;

    note[0] = '\0';
    if (!meter_cgroup_has_memory(groups))
        length = snprintf(
            note, size,
            "no cgroup with memory accounting could be made (%s), so memory is "
            "an estimate from /proc; run as root or in a delegated cgroup: "
            "systemd-run --user --scope -p Delegate=yes COMMAND",
            memory_error ? strerror(-memory_error)
                         : "no memory controller here");
    if (busy && length >= 0 && (size_t)length < size)
        snprintf(note + length, size - (size_t)length,
                 "%s%d cgroups of ended runs still hold processes, "
                 "which disturb measurements: end them (ps -eo pid,cgroup)",
                 length ? "; " : "", busy);
}

int meter_cgroup_make(struct meter_cgroup *groups, const char *name, bool v1,
                      bool v2, char *note, size_t note_size)
{
    int busy = 0, memory_error = 0, v2_error = 0, made = 0;

    *groups = (struct meter_cgroup){.enter_fd = {-1, -1, -1, -1}};
    if (v2)
        v2_error = make_v2(groups, name, &busy);
    if (v1 && !groups->v2_memory)
        memory_error =
            make_v1(groups, METER_GROUP_MEMORY, "memory", name, &busy);
    if (v1 && !*groups->path[METER_GROUP_V2])
        make_v1(groups, METER_GROUP_CPU, "cpuacct", name, &busy);
    if (memory_error == 0 || memory_error == -ENOENT)
        memory_error = v2_error == -ENOENT ? 0 : v2_error;
    explain(groups, memory_error, busy, note, note_size);
    for (int i = 0; i < METER_GROUPS; i++)
        made += groups->path[i][0] != '\0';
    return made;
}

int meter_cgroup_enter(const struct meter_cgroup *groups)
{
    for (int i = 0; i < METER_GROUPS; i++)
        if (groups->enter_fd[i] >= 0 && write(groups->enter_fd[i], "0", 1) != 1)
            return -errno;
    return 0;
}

bool meter_cgroup_any(const struct meter_cgroup *groups)
{
    for (int i = 0; i < METER_GROUPS; i++)
        if (*groups->path[i])
            return true;
    return false;
}

bool meter_cgroup_has_memory(const struct meter_cgroup *groups)
{
    return groups->v2_memory || *groups->path[METER_GROUP_MEMORY];
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

/* Signals every member once; returns how many there were. */
static int signal_members(const char *path, bool skip)
{
    char file[FILE_PATH];
    int members = 0, pid;

    snprintf(file, sizeof file, "%s/cgroup.procs", path);
    FILE *list = fopen(file, "re");
    if (!list)
        return 0;
    while (fscanf(list, "%d", &pid) == 1) {
        members++;
        /* 0 stands for a process outside our PID namespace; kill(0) would kill
         * our own process group. */
        if (!skip && pid > 1 && pid != getpid())
            kill(pid, SIGKILL);
    }
    fclose(list);
    return members;
}

int meter_cgroup_kill_at(const char *path, int64_t wait_ns)
{
    char file[FILE_PATH];
    int64_t step_ns = 1000000;

    snprintf(file, sizeof file, "%s/cgroup.kill", path);
    bool at_once = meter_cgroup_write(file, "1");
    /* Without cgroup.kill, a process may fork while the list is read, so go on
     * until the group is empty. */
    for (;; wait_ns -= step_ns) {
        if (signal_members(path, at_once) == 0)
            return 0;
        if (wait_ns <= 0)
            return -EBUSY;
        pause_ms(1);
    }
}

void meter_cgroup_remove_at(const char *path)
{
    /* The kernel removes the last member from the group shortly after it died.
     */
    for (int i = 0; rmdir(path) && errno == EBUSY && i < 200; i++)
        pause_ms(5);
}

void meter_cgroup_free(struct meter_cgroup *groups)
{
    for (int i = 0; i < METER_GROUPS; i++)
        drop_group(groups, i);
}

static bool read_at(const char *dir, const char *file, char *text, size_t size)
{
    char path[900];

    snprintf(path, sizeof path, "%s/%s", dir, file);
    return meter_proc_read(path, text, size) > 0;
}

static int64_t read_number(const char *dir, const char *file)
{
    char text[64];

    return read_at(dir, file, text, sizeof text) ? strtoll(text, NULL, 10) : -1;
}

/* Difference (at least 0) and sum; -1 if a part is unknown. */
static int64_t less(int64_t whole, int64_t part)
{
    return whole < 0 || part < 0 ? -1 : whole > part ? whole - part : 0;
}

static int64_t plus(int64_t a, int64_t b)
{
    return a < 0 || b < 0 ? -1 : a + b;
}

static void read_memory_v2(const char *dir, struct meter_sample *sample)
{
    char stat[8192];
    int64_t current = read_number(dir, "memory.current");

    if (!read_at(dir, "memory.stat", stat, sizeof stat))
        return;
    /* "file" includes tmpfs and shared memory, which the server made. The rest
     * is cache of disk files, which the kernel can drop at any time. */
    int64_t shared = meter_proc_field(stat, "shmem");
    int64_t cache = less(meter_proc_field(stat, "file"), shared);
    sample->total_bytes = less(current, cache);
    sample->user_bytes = plus(meter_proc_field(stat, "anon"), shared);
    sample->kernel_stack_bytes = meter_proc_field(stat, "kernel_stack");
    sample->page_table_bytes = meter_proc_field(stat, "pagetables");
    sample->slab_bytes = meter_proc_field(stat, "slab");
    sample->socket_bytes = meter_proc_field(stat, "sock");
}

static void read_memory_v1(const char *dir, struct meter_sample *sample,
                           int64_t *kernel_bytes)
{
    char stat[8192];
    int64_t usage = read_number(dir, "memory.usage_in_bytes");

    if (!read_at(dir, "memory.stat", stat, sizeof stat))
        return;
    int64_t shared = meter_proc_field(stat, "total_shmem");
    int64_t cache = less(meter_proc_field(stat, "total_cache"), shared);
    sample->socket_bytes = read_number(dir, "memory.kmem.tcp.usage_in_bytes");
    sample->user_bytes = plus(meter_proc_field(stat, "total_rss"), shared);
    /* Socket buffers are counted apart and are not part of the usage. */
    sample->total_bytes = less(usage, cache);
    if (sample->socket_bytes > 0)
        sample->total_bytes = plus(sample->total_bytes, sample->socket_bytes);
    *kernel_bytes = read_number(dir, "memory.kmem.usage_in_bytes");
}

void meter_cgroup_memory(const struct meter_cgroup *groups,
                         struct meter_sample *sample, int64_t *kernel_bytes)
{
    *kernel_bytes = -1;
    if (groups->v2_memory)
        read_memory_v2(groups->path[METER_GROUP_V2], sample);
    else if (*groups->path[METER_GROUP_MEMORY])
        read_memory_v1(groups->path[METER_GROUP_MEMORY], sample, kernel_bytes);
}

static bool read_cpu_v1(const char *dir, struct meter_sample *sample)
{
    char stat[256];
    int64_t user, system, total = read_number(dir, "cpuacct.usage");

    if (total < 0 || !read_at(dir, "cpuacct.stat", stat, sizeof stat))
        return false;
    user = read_number(dir, "cpuacct.usage_user");
    system = read_number(dir, "cpuacct.usage_sys");
    if (user < 0 || system < 0) {
        user = meter_proc_field(stat, "user");
        system = meter_proc_field(stat, "system");
    }
    double share =
        user + system > 0 ? (double)user / (double)(user + system) : 1;
    sample->cpu_user_ns = (int64_t)((double)total * share);
    sample->cpu_system_ns = total - sample->cpu_user_ns;
    return true;
}

bool meter_cgroup_cpu(const struct meter_cgroup *groups,
                      struct meter_sample *sample)
{
    char stat[4096];

    /* cpu.stat has the CPU time of every v2 group, whichever controllers are
     * enabled. */
    if (*groups->path[METER_GROUP_V2] &&
        read_at(groups->path[METER_GROUP_V2], "cpu.stat", stat, sizeof stat)) {
        int64_t user = meter_proc_field(stat, "user_usec");
        int64_t system = meter_proc_field(stat, "system_usec");
        if (user >= 0 && system >= 0) {
            sample->cpu_user_ns = user * 1000;
            sample->cpu_system_ns = system * 1000;
            return true;
        }
    }
    return *groups->path[METER_GROUP_CPU] &&
           read_cpu_v1(groups->path[METER_GROUP_CPU], sample);
}

static const char *member_directory(const struct meter_cgroup *groups)
{
    for (int i = 0; i < METER_GROUPS; i++)
        if (*groups->path[i])
            return groups->path[i];
    return "";
}

static int count_lines(const char *dir, const char *file)
{
    char path[900], text[32768];
    int lines = 0;
    ssize_t n;

    snprintf(path, sizeof path, "%s/%s", dir, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    while ((n = read(fd, text, sizeof text)) > 0 || (n < 0 && errno == EINTR))
        for (ssize_t i = 0; i < n; i++)
            lines += text[i] == '\n';
    close(fd);
    return lines;
}

void meter_cgroup_count(const struct meter_cgroup *groups, int *processes,
                        int *threads)
{
    const char *dir = member_directory(groups);

    *processes = count_lines(dir, "cgroup.procs");
    *threads = count_lines(dir, *groups->path[METER_GROUP_V2] ? "cgroup.threads"
                                                              : "tasks");
}

int meter_cgroup_pids(const struct meter_cgroup *groups,
                      struct meter_pids *pids)
{
    char path[900];
    int pid, result = 0;

    pids->count = 0;
    snprintf(path, sizeof path, "%s/cgroup.procs", member_directory(groups));
    FILE *list = fopen(path, "re");
    if (!list)
        return -errno;
    while (result == 0 && fscanf(list, "%d", &pid) == 1)
        if (pid > 1)
            result = meter_proc_add(pids, pid);
    fclose(list);
    return result;
}

int64_t meter_cgroup_pressure_ns(const struct meter_cgroup *groups)
{
    char text[512];
    const char *at;

    if (!*groups->path[METER_GROUP_V2] ||
        !read_at(groups->path[METER_GROUP_V2], "cpu.pressure", text,
                 sizeof text))
        return -1;
    at = strstr(text, "total=");
    return strncmp(text, "some", 4) != 0 || !at
               ? -1
               : strtoll(at + strlen("total="), NULL, 10) * 1000;
}
