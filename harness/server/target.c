/* SPDX-License-Identifier: MIT
 *
 * Everything is done by the harness before the target is started; the shell
 * that runs `prepare` is replaced by the command (exec), so that the process
 * which is metered and told to end is the server itself.
 */
#include "target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "guardian.h"
#include "harness/base/capture.h"
#include "harness/base/folder.h"
#include "harness/base/free_port.h"
#include "harness/base/program.h"

enum { TEMPLATE_MAX = 65536 };

static const int64_t PROBE_NS = 1000000000, VERSION_NS = 5000000000;

struct word {
    const char *name, *value;
};

/* `text` with each {name} of the words replaced; other braces stay, since
 * configurations are full of them. False when it does not fit. */
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
        {"{dir}", start->directory},
        {"{config}", start->config},
        {"{here}", start->target->home},
        {NULL, NULL},
    };

    snprintf(port, sizeof port, "%d", start->port);
    return fill(text, words, out, size);
}

/* The template's text, to be freed, or NULL with errno. */
static char *read_template(const struct target *target)
{
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

bool target_available(const struct target *target, char *why, size_t why_size)
{
    char folder[PATH_MAX], *text;

    if (strchr(target->program, '/')
            ? access(target->program, X_OK) < 0
            : !program_find(target->program, folder, sizeof folder)) {
        snprintf(why, why_size,
                 "its program %s is not on this machine; install it (the "
                 "peers: make deps-peers)",
                 target->program);
        return false;
    }
    if (target->config[0] == '\0')
        return true;
    text = read_template(target);
    if (!text)
        snprintf(why, why_size, "its template %s cannot be read: %s",
                 target->config, strerror(errno));
    free(text);
    return text;
}

bool target_has_workers(const struct target *target)
{
    char *text = target->config[0] ? read_template(target) : NULL;
    bool has = strstr(target->command, "{workers}") ||
               strstr(target->prepare, "{workers}") ||
               (text && strstr(text, "{workers}"));

    free(text);
    return has;
}

static int write_config(struct target_start *start)
{
    char *text = read_template(start->target), *filled;
    int result = text ? 0 : -errno;
    FILE *file;

    if (result < 0)
        return result;
    filled = malloc(2 * TEMPLATE_MAX);
    if (!filled)
        result = -ENOMEM;
    else if (!fill_start(start, text, filled, 2 * TEMPLATE_MAX))
        result = -EFBIG;
    file = result == 0 ? fopen(start->config, "we") : NULL;
    if (result == 0 && !file)
        result = -errno;
    if (file) {
        if (fputs(filled, file) < 0)
            result = -EIO;
        if (fclose(file) != 0 && result == 0)
            result = -errno;
    }
    free(filled);
    free(text);
    return result;
}

static int make_folder(struct target_start *start)
{
    int result = folder_make("target", geteuid() == 0, start->directory,
                             sizeof start->directory);

    if (result == 0)
        start->keeper = guardian_keep(start->directory, folder_remove);
    snprintf(start->config, sizeof start->config, "%s/config",
             start->directory);
    return result;
}

int target_prepare(const struct target *target, int workers,
                   struct target_start *start, char *why, size_t why_size)
{
    char text[2 * TARGET_TEXT_MAX + 32];
    const char *what = "making its folder in /tmp";
    int result;

    *start = (struct target_start){.target = target, .port = free_port()};
    snprintf(start->workers, sizeof start->workers, "%d",
             workers > 0 ? workers : 1);
    result = start->port > 0 ? make_folder(start) : -EADDRINUSE;
    if (start->port == 0)
        what = "finding a free port";
    if (result == 0 && target->config[0] != '\0') {
        what = "writing its configuration";
        result = write_config(start);
    }
    snprintf(text, sizeof text, "%s%sexec %s", target->prepare,
             target->prepare[0] ? " && " : "", target->command);
    if (result == 0 &&
        !fill_start(start, text, start->command, sizeof start->command)) {
        what = "filling in its command";
        result = -E2BIG;
    }
    if (result < 0)
        snprintf(why, why_size, "%s cannot be started: %s: %s", target->name,
                 what, strerror(-result));
    start->argv[0] = "/bin/sh";
    start->argv[1] = "-c";
    start->argv[2] = start->command;
    return result;
}

bool target_ready(void *context)
{
    const struct target_start *start = context;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)start->port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    bool connected;
    int fd;

    if (start->target->ready_path[0] != '\0')
        return client_status(&address, start->target->ready_path, PROBE_NS) ==
               200;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connected = fd >= 0 &&
                connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return connected;
}

void target_clear(struct target_start *start)
{
    if (start->directory[0] == '\0')
        return;
    folder_remove(start->directory);
    guardian_forget(start->keeper);
    start->directory[0] = '\0';
}

int target_request(const struct target *target, struct load_request **requests)
{
    struct load_request *request = calloc(1, sizeof *request);
    char *bytes = NULL;
    int length = asprintf(&bytes, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                          target->path);

    *requests = request;
    if (!request || length < 0)
        goto failed;
    request->bytes = bytes;
    request->size = (size_t)length;
    if (!target->has_body)
        return 0;
    request->body = strdup(target->body);
    request->body_size = strlen(target->body);
    if (request->body)
        return 0;
failed:
    if (length >= 0)
        free(bytes);
    free(request);
    *requests = NULL;
    return -ENOMEM;
}

int target_learn(const struct target *target, const struct sockaddr_in *address,
                 int64_t timeout_ns, const volatile sig_atomic_t *stop,
                 struct load_request *request, char *why, size_t why_size)
{
    enum { BODY_MAX = 1 << 20 };
    char cause[256] = "out of memory";
    char *body = malloc(BODY_MAX);
    int result = body ? client_get(address, target->path, timeout_ns, stop,
                                   body, BODY_MAX, cause, sizeof cause)
                      : -ENOMEM;

    if (result >= 0) {
        request->body = body;
        request->body_size = (size_t)result;
        return 0;
    }
    free(body);
    snprintf(why, why_size,
             "the first answer of %s to GET %.200s cannot be what the others "
             "are compared with: %s (try it with curl -i)",
             target->name, target->path, cause);
    return result;
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
