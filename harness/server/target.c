/* SPDX-License-Identifier: MIT
 *
 * The harness writes the configuration before it starts anything. The shell
 * that runs `prepare` is replaced by the command (exec), so that the meter and
 * SIGTERM reach the server itself and no shell around it.
 */
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach.h"
#include "client.h"
#include "guardian.h"
#include "harness/base/capture.h"
#include "harness/base/folder.h"
#include "harness/base/free_port.h"
#include "harness/base/program.h"
#include "harness/base/tree.h"

enum { TEMPLATE_MAX = 65536, MODULES_MAX = 16 };

static const int64_t PROBE_NS = 1000000000, VERSION_NS = 5000000000;

struct word {
    const char *name, *value;
};

/* Copies `text` and replaces each {name} of the words. Other braces stay, since
 * configurations are full of them. False if the result does not fit. */
static bool fill(const char *text, const struct word *words, char *out,
                 size_t size)
{
    size_t used = 0;

    while (*text != '\0' && used < size) {
        const struct word *word = words;

        while (word->name && strncmp(text, word->name, strlen(word->name)) != 0)
            word++;
        if (!word->name) {
            out[used++] = *text++;
            continue;
        }
        text += strlen(word->name);
        used += (size_t)snprintf(out + used, size - used, "%s", word->value);
    }
    if (used >= size)
        return false;
    out[used] = '\0';
    return true;
}

static bool fill_start(const struct target_start *start, const char *text,
                       char *out, size_t size)
{
    char port[16];
    const struct word words[] = {
        {"{port}", port},
        {"{workers}", start->workers},
        {"{threads}", start->threads},
        {"{dir}", start->directory},
        {"{config}", start->config},
        {"{here}", start->target->home},
        /* Without a secret the list ends here: {secret} stays as it is. */
        {start->target->secret ? "{secret}" : NULL, start->target->secret},
        {NULL, NULL},
    };

    snprintf(port, sizeof port, "%d", start->port);
    return fill(text, words, out, size);
}

/* The template's text, which the caller frees, or NULL with errno. */
static char *read_template(const struct target *target)
{
    if (target->template)
        return strdup(target->template);
    char path[sizeof target->home + TARGET_TEXT_MAX];
    char *text = calloc(1, TEMPLATE_MAX);
    FILE *file;

    snprintf(path, sizeof path, "%s%s%s",
             target->config[0] == '/' ? "" : target->home,
             target->config[0] == '/' ? "" : "/", target->config);
    file = text ? fopen(path, "re") : NULL;
    if (!file) {
        free(text);
        return NULL;
    }
    if (fread(text, 1, TEMPLATE_MAX - 1, file) == TEMPLATE_MAX - 1)
        errno = EFBIG;
    else
        errno = ferror(file) ? EIO : 0;
    fclose(file);
    if (errno == 0)
        return text;
    free(text);
    return NULL;
}

/* What was said of the modules that a target needs. */
struct needed {
    char *modules;
    bool there;
    char said[256];
};

/* Asks the system's Python for the modules. No text of an experiment is run as
 * a command here, since this happens when the file is read. */
static void ask_python(char *modules, struct needed *needed)
{
    char script[PATH_MAX], *save;
    const char *argv[MODULES_MAX + 3] = {"/usr/bin/python3", script};
    int count = 2;

    for (char *word = strtok_r(modules, " ", &save);
         word && count < MODULES_MAX + 2; word = strtok_r(NULL, " ", &save))
        argv[count++] = word;
    needed->there =
        tree_source("models/servers/needs.py", script, sizeof script) == 0 &&
        capture(argv, VERSION_NS, needed->said, sizeof needed->said) == 0;
    needed->said[strcspn(needed->said, "\r\n")] = '\0';
}

/* Looks for the modules. Many experiments name one server, so the answer is
 * kept as long as the program runs. */
static const struct needed *look_for(const char *modules)
{
    enum { KEPT_MAX = 64 };
    static struct needed kept[KEPT_MAX];
    static int count;

    for (int i = 0; i < count; i++)
        if (!strcmp(kept[i].modules, modules))
            return &kept[i];
    struct needed *made = &kept[count < KEPT_MAX ? count : KEPT_MAX - 1];
    char *words = strdup(modules);
    free(made->modules);
    made->modules = strdup(modules);
    if (words && made->modules)
        ask_python(words, made);
    free(words);
    count += count < KEPT_MAX && made->modules;
    return made->modules ? made : NULL;
}

/* Whether what the target needs is installed. */
static bool has_needs(const struct target *target, char *why, size_t why_size)
{
    const struct needed *needed =
        target->needs[0] ? look_for(target->needs) : NULL;

    if (target->needs[0] == '\0' || (needed && needed->there))
        return true;
    snprintf(why, why_size, "%s",
             needed && needed->said[0]
                 ? needed->said
                 : "/usr/bin/python3 cannot be asked for its modules");
    return false;
}

bool target_available(const struct target *target, char *why, size_t why_size)
{
    char folder[PATH_MAX], *text;

    if (target_is_attached(target))
        return true;
    if (strchr(target->program, '/')
            ? access(target->program, X_OK) < 0
            : !program_find(target->program, folder, sizeof folder)) {
        snprintf(why, why_size,
                 "there is no program %s: a command is one program with its "
                 "words, and no line of a shell (sh -c '...', env NAME=... "
                 "PROGRAM); the peers: make deps-peers",
                 target->program);
        return false;
    }
    if (!has_needs(target, why, why_size))
        return false;
    if (target->config[0] == '\0')
        return true;
    text = read_template(target);
    if (!text)
        snprintf(why, why_size, "its template %s cannot be read: %s",
                 target->config, strerror(errno));
    free(text);
    return text;
}

bool target_is_attached(const struct target *target)
{
    return target->command[0] == '\0';
}

/* The first IPv4 address of the host. */
static bool choose(const struct load_target *found, struct sockaddr_in *address)
{
    for (int i = 0; i < found->address_count; i++)
        if (found->addresses[i].any.sa_family == AF_INET) {
            *address = found->addresses[i].v4;
            return true;
        }
    return false;
}

int target_find(const struct target *target, struct sockaddr_in *address,
                char *why, size_t why_size)
{
    struct load_target *found = calloc(1, sizeof *found);
    char url[ASKING_HOST_MAX + 32], cause[256];

    snprintf(url, sizeof url, "http://%s:%d/", target->asking.host,
             target->asking.port);
    int result = found ? load_target_parse(url, found, why, why_size) : -ENOMEM;
    if (result == 0 && !choose(found, address)) {
        snprintf(why, why_size,
                 "%s: only IPv4 addresses are measured; let the service listen "
                 "on 127.0.0.1 too",
                 url);
        result = -EAFNOSUPPORT;
    }
    free(found);
    if (result < 0)
        return result;
    int fd = client_connect(address, PROBE_NS);
    if (fd >= 0) {
        close(fd);
        return 0;
    }
    snprintf(why, why_size, "%s: %s", url,
             fd == -ECONNREFUSED
                 ? "nothing listens there; is the service running?"
                 : load_address_cause(fd, cause, sizeof cause));
    return fd;
}

/* Whether the word is in what is filled in before a start. */
static bool has_word(const struct target *target, const char *word)
{
    char *text = target->config[0] ? read_template(target) : NULL;
    bool has = strstr(target->command, word) || strstr(target->prepare, word) ||
               (text && strstr(text, word));

    free(text);
    return has;
}

bool target_has_workers(const struct target *target)
{
    return has_word(target, "{workers}");
}

bool target_has_threads(const struct target *target)
{
    return has_word(target, "{threads}");
}

bool target_serves(const struct target *target)
{
    return target->workloads[0];
}

int target_threads(const struct target *target, const char *settings)
{
    struct arguments arguments;

    if (target->threads == 0 || !settings ||
        parameters_parse_query(target->settings, settings, strlen(settings),
                               &arguments, NULL, 0) < 0)
        return target->threads;
    return (int)argument(&arguments, 0);
}

/* Writes the configuration. Only the account that runs the target may read one
 * with a secret. */
static int write_config(const struct target_start *start,
                        const struct passwd *user)
{
    const struct target *target = start->target;
    char *text = read_template(target);
    int result = text ? 0 : -errno, fd = -1;
    char *filled = malloc(2 * TEMPLATE_MAX);

    if (result == 0 && !filled)
        result = -ENOMEM;
    if (result == 0 && !fill_start(start, text, filled, 2 * TEMPLATE_MAX))
        result = -EFBIG;
    if (result == 0) {
        fd = open(start->config, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                  target->user ? 0600 : 0666);
        if (fd < 0 || (user && fchown(fd, user->pw_uid, user->pw_gid) < 0) ||
            dprintf(fd, "%s", filled) < 0)
            result = -errno;
    }
    if (fd >= 0 && close(fd) < 0 && result == 0)
        result = -errno;
    free(filled);
    free(text);
    return result;
}

/* Makes the folder, for the target's own account if root starts it: *user.
 * NULL: as the user of the harness. Fails with -EPERM rather than run as
 * root. */
static int make_folder(struct target_start *start, const struct passwd **user)
{
    const struct target *target = start->target;
    bool root = geteuid() == 0;
    void (*clear)(const char *) = target->clear ? target->clear : folder_remove;
    /* A target may give up root itself before it reads its folder. */
    int result = folder_make(target->name, root && !target->user,
                             start->directory, sizeof start->directory);

    if (result < 0)
        return result;
    start->keeper = guardian_keep(start->directory, clear);
    snprintf(start->config, sizeof start->config, "%s/config",
             start->directory);
    if (!root || !target->user)
        return 0;
    *user = getpwnam(target->user);
    if (!*user)
        *user = getpwnam("nobody");
    if (!*user)
        return -EPERM;
    return chown(start->directory, (*user)->pw_uid, (*user)->pw_gid) < 0
               ? -errno
               : 0;
}

/* Fills in the command, run as `user` unless NULL. */
static bool make_command(struct target_start *start, const struct passwd *user)
{
    const struct target *target = start->target;
    char text[2 * TARGET_TEXT_MAX + 128], as[96] = "";

    if (user)
        snprintf(as, sizeof as,
                 "setpriv --reuid=%u --regid=%u --clear-groups --no-new-privs ",
                 user->pw_uid, user->pw_gid);
    snprintf(text, sizeof text, "export PORT={port}; %s%sexec %s%s",
             target->prepare, target->prepare[0] ? " && " : "", as,
             target->command);
    start->argv[0] = "/bin/sh";
    start->argv[1] = "-c";
    start->argv[2] = start->command;
    return fill_start(start, text, start->command, sizeof start->command);
}

static bool is_ready(void *context)
{
    const struct target_start *start = context;
    struct sockaddr_in address = client_loopback(start->port);

    if (start->target->ready_path[0] != '\0')
        return client_status(&address, start->target->ready_path, PROBE_NS) ==
               200;
    int fd = client_connect(&address, PROBE_NS);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Says where a target listens that does not listen at its port. It may be
 * about to, as a program that opens a port for a debugger first: so it must
 * have listened elsewhere LOOK_NS ago as well, and have been idle since. */
static const char *astray(void *context, const struct process *process)
{
    static const int64_t LOOK_NS = 500000000, IDLE_NS = 50000000;
    struct meter_sample sample;
    struct target_start *start = context;
    int64_t now_ns = clock_now_ns();

    if (start->looked_ns == 0)
        start->looked_ns = now_ns + LOOK_NS;
    if (now_ns < start->looked_ns)
        return NULL;
    start->looked_ns = now_ns + LOOK_NS;
    int port =
        attach_elsewhere(process->pid, meter_tag(process->meter), start->port);
    meter_sample(process->meter, &sample);
    int64_t cpu_ns = sample.cpu_user_ns + sample.cpu_system_ns;
    bool again = port > 0 && start->elsewhere == port &&
                 cpu_ns - start->cpu_ns < IDLE_NS;
    start->elsewhere = port;
    start->cpu_ns = cpu_ns;
    if (!again)
        return NULL;
    if (port == start->port)
        snprintf(start->astray, sizeof start->astray,
                 "it listens at port %d, but not on 127.0.0.1 (on ::1 alone?): "
                 "let it listen on 127.0.0.1",
                 port);
    else
        snprintf(start->astray, sizeof start->astray,
                 "nothing listens on %d, and the service listens on %d; did "
                 "the command use {port}? (its port is {port}, or the "
                 "variable PORT)",
                 start->port, port);
    return start->astray;
}

int target_prepare(const struct target *target, int workers, int threads,
                   struct target_start *start, struct process_options *options,
                   char *why, size_t why_size)
{
    const struct passwd *user = NULL;
    const char *what = "finding a free port";

    *start = (struct target_start){.target = target, .port = free_port()};
    snprintf(start->workers, sizeof start->workers, "%d",
             workers > 0 ? workers : 1);
    snprintf(start->threads, sizeof start->threads, "%d", threads);
    int result = start->port > 0 ? 0 : -EADDRINUSE;
    if (result == 0) {
        what = "making its folder in /tmp";
        result = make_folder(start, &user);
    }
    if (result == 0 && (target->config[0] != '\0' || target->template)) {
        what = "writing its configuration";
        result = write_config(start, user);
    }
    if (result == 0 && !make_command(start, user)) {
        what = "filling in its command";
        result = -E2BIG;
    }
    if (result < 0)
        snprintf(why, why_size, "%s cannot be started: %s: %s", target->name,
                 what, strerror(-result));
    options->argv = start->argv;
    options->port = start->port;
    options->ready = is_ready;
    options->astray = astray;
    options->unready = target->ready_path[0]
                           ? " (its `ready` path did not answer 200)"
                           : ": nothing listens on its port; did the command "
                             "use {port} or $PORT?";
    options->ready_context = start;
    options->ready_timeout_ns = target->ready_limit_ns;
    options->stop_timeout_ns = target->stop_limit_ns;
    return result;
}

void target_clear(struct target_start *start)
{
    if (start->directory[0] == '\0')
        return;
    (start->target->clear ? start->target->clear
                          : folder_remove)(start->directory);
    guardian_forget(start->keeper);
    start->directory[0] = '\0';
}

int target_requests(const struct target *target,
                    const struct sockaddr_in *address, int64_t timeout_ns,
                    const volatile sig_atomic_t *stop,
                    struct load_request **requests, int *count, char *why,
                    size_t why_size)
{
    struct asking_service service = {.name = target->name,
                                     .home = target->home,
                                     .address = address,
                                     .timeout_ns = timeout_ns,
                                     .stop = stop};

    return asking_open(&target->asking, &service, requests, count, why,
                       why_size);
}

void target_version(const struct target *target, char *text, size_t size)
{
    const struct word words[] = {{"{here}", target->home}, {NULL, NULL}};
    char command[3 * TARGET_TEXT_MAX];
    const char *argv[] = {"/bin/sh", "-c", command, NULL};

    text[0] = '\0';
    if (target->version[0] == '\0' ||
        !fill(target->version, words, command, sizeof command) ||
        capture(argv, VERSION_NS, text, size) < 0)
        text[0] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
}
