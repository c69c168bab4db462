/* SPDX-License-Identifier: MIT
 *
 * Estimates the slab and socket memory that the kernel holds for a tree without
 * a group, from what any user may read (/proc and sock_diag(7)).
 *
 * Slab is estimated from the numbers of processes, threads and sockets. The
 * bytes for each were measured with groups, as differences between servers of
 * this project with 0, 100 and 1,000 connections, threads and processes
 * (Linux 6.18 on x86-64). The kernel objects behind them (task_struct,
 * mm_struct, tcp_sock, inode, file, epitem) have changed by 10 to 20 % between
 * kernels of recent years.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proc.h"

/* Largest relative error of the whole estimate, against a group's figure. */
#define METER_ESTIMATE_ERROR 0.15

/* The sockets of a tree. Zero-initialise. */
struct meter_sockets {
    bool known;
    int64_t count;
    int64_t buffer_bytes; /* memory of queued data, each socket's rounded up to
                             pages */
};

/* Reads each descriptor of the processes and asks the kernel about all TCP
 * sockets. That takes a few ms for thousands, so it must not happen in the
 * window. After 40,000 descriptors no further process is read: if many
 * processes have many descriptors, they are forked and share them. `known`
 * stays false if the machine does not give the figures. */
void meter_kernel_sockets(const struct meter_pids *pids,
                          struct meter_sockets *sockets);

/* Estimates slab memory; -1 on a machine for which the bytes were not measured
 * (32 bits, pages other than 4 KiB). */
int64_t meter_kernel_slab_bytes(int processes, int threads, int64_t sockets);

/* Estimates what a group would be charged ahead of use: on average half a batch
 * of 64 pages on each CPU that its tasks run on. */
int64_t meter_kernel_ahead_bytes(pid_t root, int threads);
