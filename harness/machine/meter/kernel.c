/* SPDX-License-Identifier: MIT
 *
 * A socket is identified by its inode. The links in /proc show which sockets
 * the tree has open; sock_diag, which any user may ask, shows what is queued in
 * them. Unix sockets count, but their buffers are not charged.
 */
#include "kernel.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    VISITS_MAX = 40000,             /* descriptors: some 60 ms */
    FIRST_PROCESS_BYTES = 16 << 10, /* with its first thread */
    PROCESS_BYTES = 24 << 10, /* with its first thread and page directory */
    THREAD_BYTES = 4800,
    SOCKET_BYTES = 3850,
    BATCH_BYTES = 64 * 4096,
    /* TCP_SYN_SENT, _SYN_RECV, _TIME_WAIT and _CLOSE are left out: sockets in
       these states hold no data for a process. */
    STATES = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11,
    /* Of INET_DIAG_SKMEMINFO, by sock_diag(7). */
    RECEIVED = 0,
    AHEAD = 4,
    QUEUED = 5,
    MEMORY_WORDS = 6,
};

struct inodes {
    uint64_t *inode;
    int count, size;
};

static bool add_inode(struct inodes *inodes, uint64_t inode)
{
    if (inodes->count == inodes->size) {
        int size = inodes->size ? inodes->size * 2 : 1024;
        uint64_t *grown = realloc(inodes->inode, (size_t)size * sizeof *grown);
        if (!grown)
            return false;
        inodes->inode = grown;
        inodes->size = size;
    }
    inodes->inode[inodes->count++] = inode;
    return true;
}

/* Adds the sockets among the descriptors of one process, and adds the number of
 * descriptors to *visits. False: they cannot be read; the /proc files of an
 * ending process belong to root. */
static bool add_process(struct inodes *inodes, pid_t pid, int *visits)
{
    char path[64], link[64];
    unsigned long long inode;
    bool good = true;

    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *entries = opendir(path);
    if (!entries)
        return false;
    for (struct dirent *entry; good && (entry = readdir(entries));) {
        ssize_t n =
            readlinkat(dirfd(entries), entry->d_name, link, sizeof link - 1);
        (*visits)++;
        link[n > 0 ? n : 0] = '\0';
        if (sscanf(link, "socket:[%llu]", &inode) == 1)
            good = add_inode(inodes, inode);
    }
    closedir(entries);
    return good;
}

static int by_number(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

/* Sorts the inodes and removes duplicates, since forked processes share
 * sockets. */
static void make_distinct(struct inodes *inodes)
{
    int kept = 0;

    if (inodes->count)
        qsort(inodes->inode, (size_t)inodes->count, sizeof *inodes->inode,
              by_number);
    for (int i = 0; i < inodes->count; i++)
        if (i == 0 || inodes->inode[i] != inodes->inode[kept - 1])
            inodes->inode[kept++] = inodes->inode[i];
    inodes->count = kept;
}

static int64_t charged_bytes(const uint32_t *words)
{
    int64_t bytes = (int64_t)words[RECEIVED] + words[AHEAD] + words[QUEUED];

    return (bytes + 4095) / 4096 * 4096;
}

/* Returns the memory charged to one socket of the kernel's list; 0 if it is not
 * the tree's. */
static int64_t weigh(const struct nlmsghdr *message,
                     const struct inodes *inodes)
{
    const struct inet_diag_msg *about = NLMSG_DATA(message);
    uint64_t inode = about->idiag_inode;
    int left = (int)message->nlmsg_len - (int)NLMSG_LENGTH(sizeof *about);

    if (inodes->count == 0 ||
        !bsearch(&inode, inodes->inode, (size_t)inodes->count,
                 sizeof *inodes->inode, by_number))
        return 0;
    for (const struct rtattr *at = (const struct rtattr *)(about + 1);
         RTA_OK(at, left); at = RTA_NEXT(at, left))
        if (at->rta_type == INET_DIAG_SKMEMINFO &&
            RTA_PAYLOAD(at) >= MEMORY_WORDS * sizeof(uint32_t))
            return charged_bytes(RTA_DATA(at));
    return 0;
}

/* Adds up the kernel's list. False: the list broke off. */
static bool read_list(int fd, const struct inodes *inodes, int64_t *bytes)
{
    static _Alignas(struct nlmsghdr) char buffer[32768];

    for (;;) {
        ssize_t n = recv(fd, buffer, sizeof buffer, 0);
        if (n <= 0)
            return false;
        unsigned left = (unsigned)n;
        for (const struct nlmsghdr *message = (struct nlmsghdr *)buffer;
             NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_type == NLMSG_DONE)
                return true;
            if (message->nlmsg_type == NLMSG_ERROR)
                return false;
            *bytes += weigh(message, inodes);
        }
    }
}

static bool ask(int family, const struct inodes *inodes, int64_t *bytes)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 wanted;
    } request = {.header = {.nlmsg_len = sizeof request,
                            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                 .wanted = {.sdiag_family = (uint8_t)family,
                            .sdiag_protocol = IPPROTO_TCP,
                            .idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
                            .idiag_states = STATES}};
    struct timeval limit = {.tv_sec = 1};
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    bool good =
        fd >= 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        send(fd, &request, sizeof request, 0) == sizeof request &&
        read_list(fd, inodes, bytes);

    if (fd >= 0)
        close(fd);
    return good;
}

void meter_kernel_sockets(const struct meter_pids *pids,
                          struct meter_sockets *sockets)
{
    struct inodes inodes = {0};
    int64_t bytes = 0;
    bool good = false;
    int visits = 0;

    for (int i = 0; i < pids->count && visits < VISITS_MAX; i++)
        good |= add_process(&inodes, pids->pid[i], &visits);
    make_distinct(&inodes);
    /* A failure for IPv6 is ignored: a machine without it has no such sockets.
     */
    good = good && ask(AF_INET, &inodes, &bytes);
    if (good)
        (void)ask(AF_INET6, &inodes, &bytes);
    *sockets = (struct meter_sockets){good, inodes.count, bytes};
    free(inodes.inode);
}

int64_t meter_kernel_slab_bytes(int processes, int threads, int64_t sockets)
{
    if (sizeof(void *) != 8 || sysconf(_SC_PAGESIZE) != 4096)
        return -1;
    if (processes < 1)
        return 0;
    return FIRST_PROCESS_BYTES + (int64_t)(processes - 1) * PROCESS_BYTES +
           (int64_t)(threads - processes) * THREAD_BYTES +
           sockets * SOCKET_BYTES;
}

int64_t meter_kernel_ahead_bytes(pid_t root, int threads)
{
    cpu_set_t cpus;
    int count = root > 1 && sched_getaffinity(root, sizeof cpus, &cpus) == 0
                    ? CPU_COUNT(&cpus)
                    : 1;

    return (int64_t)(count < threads ? count : threads) * BATCH_BYTES / 2;
}
