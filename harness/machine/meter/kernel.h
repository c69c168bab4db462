/* SPDX-License-Identifier: MIT
 *
 * What the kernel holds for a tree, where no group tells: an estimate of slab
 * and socket memory from what any user may read (/proc and sock_diag(7)).
 *
 * Slab follows from what there is. The shares below are differences between
 * groups' own figures (servers of this project with 0, 100 and 1,000
 * connections, threads and processes; Linux 6.18 on x86-64); the objects they
 * stand for (task_struct, mm_struct, tcp_sock, inode, file, epitem) have
 * changed by a tenth or two between kernels of the last years.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proc.h"

/* How far the whole estimate may be from a group's figure. */
#define METER_ESTIMATE_ERROR 0.15

/* Sockets of a tree; zero-initialised: none. */
struct meter_sockets {
    bool known;
    int64_t count;
    int64_t buffer_bytes; /* charged for what is queued, whole pages each */
};

/* Looks at each descriptor and asks the kernel about all TCP sockets: a few ms
 * for thousands, so never in the window. After 40,000 descriptors it looks at
 * no further process: where many processes have many, they are forked ones
 * that share them. Leaves `known` false where the machine does not tell. */
void meter_kernel_sockets(const struct meter_pids *pids,
                          struct meter_sockets *sockets);

/* Slab of so many; -1 on a machine that the shares are not of (32 bits, pages
 * other than 4 KiB). */
int64_t meter_kernel_slab_bytes(int processes, int threads, int64_t sockets);

/* What a group is charged ahead of use (a batch of 64 pages on each CPU that
 * its tasks run on), on average half of it. */
int64_t meter_kernel_ahead_bytes(pid_t root, int threads);
