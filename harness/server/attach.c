/* SPDX-License-Identifier: MIT
 *
 * /proc/net/tcp gives the inodes of the listening sockets, and the descriptors
 * of a process name the inodes of its sockets. Of several processes with one
 * listening socket, such as a master and its workers, the root is the one whose
 * parent has none.
 */
#include "attach.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/machine/meter/proc.h"

enum { SOCKETS_MAX = 64 };

/* The sockets that listen at an address, and whose the last of them is. */
struct listeners {
    unsigned long inodes[SOCKETS_MAX];
    int count;
    unsigned uid;
};

/* Whether the address is one of this machine's. */
static bool is_local(const struct sockaddr_in *address)
{
    struct sockaddr_in any_port = *address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    any_port.sin_port = 0;
    bool local =
        fd >= 0 && !bind(fd, (struct sockaddr *)&any_port, sizeof any_port);
    if (fd >= 0)
        close(fd);
    return local;
}

/* Whether the hexadecimal local address of a row means this one: it is any
 * address, or ends in this one. */
static bool is_meant(const char *local, const struct sockaddr_in *address)
{
    size_t length = strlen(local);
    char wanted[16];

    snprintf(wanted, sizeof wanted, "%08X", address->sin_addr.s_addr);
    return strspn(local, "0") == length ||
           (length >= 8 && !strcmp(local + length - 8, wanted));
}

/* The kernel lists listening sockets first. */
static void list(const char *path, const struct sockaddr_in *address,
                 struct listeners *found)
{
    FILE *file = fopen(path, "re");
    char line[512], local[64];
    unsigned port, state, uid;
    unsigned long inode;

    while (file && found->count < SOCKETS_MAX &&
           fgets(line, sizeof line, file)) {
        if (sscanf(line, "%*s %63[0-9A-F]:%x %*s %x %*s %*s %*s %u %*s %lu",
                   local, &port, &state, &uid, &inode) != 5)
            continue;
        if (state != TCP_LISTEN)
            break;
        if (port != ntohs(address->sin_port) || !is_meant(local, address))
            continue;
        found->inodes[found->count++] = inode;
        found->uid = uid;
    }
    if (file)
        fclose(file);
}

static bool holds(const char *process, const struct listeners *wanted)
{
    char path[300], link[64];
    struct dirent *entry;
    bool found = false;

    snprintf(path, sizeof path, "/proc/%.20s/fd", process);
    DIR *files = opendir(path);
    while (files && !found && (entry = readdir(files))) {
        ssize_t size =
            readlinkat(dirfd(files), entry->d_name, link, sizeof link - 1);
        unsigned long inode;

        link[size > 0 ? size : 0] = '\0';
        if (sscanf(link, "socket:[%lu]", &inode) != 1)
            continue;
        for (int i = 0; i < wanted->count; i++)
            found |= inode == wanted->inodes[i];
    }
    if (files)
        closedir(files);
    return found;
}

static pid_t parent_of(pid_t pid)
{
    char path[64], text[4096];

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    if (meter_proc_read(path, text, sizeof text) <= 0)
        return 0;
    return (pid_t)meter_proc_field(text, "PPid");
}

static bool is_docker_proxy(pid_t pid)
{
    char path[64], name[32] = "";

    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    meter_proc_read(path, name, sizeof name);
    return !strncmp(name, "docker-proxy", 12);
}

/* The process that holds one of the sockets and whose parent holds none, or
 * 0. */
static pid_t root_of(const struct listeners *wanted)
{
    DIR *all = opendir("/proc");
    struct dirent *entry;
    pid_t root = 0, up;
    char name[24];

    while (all && root == 0 && (entry = readdir(all)))
        if (atoi(entry->d_name) > 0 && holds(entry->d_name, wanted))
            root = atoi(entry->d_name);
    if (all)
        closedir(all);
    while (root > 0 && (up = parent_of(root)) > 1) {
        snprintf(name, sizeof name, "%d", (int)up);
        if (!holds(name, wanted))
            break;
        root = up;
    }
    return root;
}

pid_t attach_find(const struct sockaddr_in *address, char *why, size_t why_size)
{
    static const char unseen[] = "so its CPU time and memory cannot be seen";
    struct listeners wanted = {.count = 0};

    if (!is_local(address)) {
        snprintf(why, why_size, "the service is on another machine, %s",
                 unseen);
        return 0;
    }
    list("/proc/net/tcp", address, &wanted);
    list("/proc/net/tcp6", address, &wanted);
    pid_t root = wanted.count > 0 ? root_of(&wanted) : 0;
    if (wanted.count == 0)
        snprintf(why, why_size,
                 "no process of this machine's network listens there, %s",
                 unseen);
    else if (root == 0) {
        const struct passwd *user = getpwuid(wanted.uid);
        snprintf(why, why_size,
                 "the service belongs to another user (%s), %s; run as that "
                 "user, or as root",
                 user ? user->pw_name : "unknown", unseen);
    } else if (is_docker_proxy(root))
        snprintf(why, why_size,
                 "docker-proxy listens there in the place of a container, %s",
                 unseen);
    else
        return root;
    return 0;
}

/* A listening socket of a table. */
struct listener {
    char local[64];
    unsigned port;
    unsigned long inode;
};

/* The next listening socket of an open table, which names those first. */
static bool next_listener(FILE *file, struct listener *listener)
{
    char line[512];
    unsigned state;

    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%*s %63[0-9A-F]:%x %*s %x %*s %*s %*s %*s %*s %lu",
                   listener->local, &listener->port, &state,
                   &listener->inode) == 4)
            return state == TCP_LISTEN;
    return false;
}

static bool any_holds(const struct meter_pids *pids, unsigned long inode)
{
    struct listeners one = {.inodes = {inode}, .count = 1};
    char name[24];
    bool found = false;

    for (int i = 0; i < pids->count && !found; i++) {
        snprintf(name, sizeof name, "%d", (int)pids->pid[i]);
        found = holds(name, &one);
    }
    return found;
}

int attach_elsewhere(pid_t root, const char *tag, int port)
{
    static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    struct sockaddr_in loopback = {.sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct meter_pids pids = {0};
    struct listener listener;
    int found = 0;
    bool right = false;

    meter_proc_tree(root, meter_proc_started(root), tag, &pids);
    for (int i = 0; i < 2; i++) {
        FILE *file = fopen(tables[i], "re");
        while (file && next_listener(file, &listener)) {
            if (!any_holds(&pids, listener.inode))
                continue;
            right |= (int)listener.port == port &&
                     is_meant(listener.local, &loopback);
            if (found != port)
                found = (int)listener.port;
        }
        if (file)
            fclose(file);
    }
    meter_proc_free(&pids);
    return right ? 0 : found;
}

int attach_process(const struct sockaddr_in *address, const char *name,
                   struct process *process)
{
    *process = (struct process){
        .slot = -1, .attached = true, .port = ntohs(address->sin_port)};
    process->pid =
        attach_find(address, process->meter_note, sizeof process->meter_note);
    return meter_attach(name, process->pid, &process->meter);
}
