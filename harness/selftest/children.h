/* SPDX-License-Identifier: MIT
 *
 * The processes that a process has started, for those who disturb them.
 */
#pragma once

#include <sys/types.h>

struct child {
    pid_t pid;
    char name[32]; /* as the kernel knows it: 15 bytes of the program's */
};

/* Returns how many were written, at most `max`. */
int children_of(pid_t parent, struct child *children, int max);
