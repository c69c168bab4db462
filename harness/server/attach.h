/* SPDX-License-Identifier: MIT
 *
 * A service that runs already: found by the port on which it listens, watched,
 * and left running.
 *
 * Its processes are those of the tree whose root listens, so its memory and CPU
 * time are seen through /proc. Who listens can be seen only by the user of the
 * service and by root, and only on this machine; otherwise both stay unknown.
 */
#pragma once

#include <netinet/in.h>

#include "process.h"

/* Finds the process that listens at the address. Returns it, or 0 with a
 * sentence: why its CPU time and memory cannot be seen. */
pid_t attach_find(const struct sockaddr_in *address, char *why,
                  size_t why_size);

/* Finds a port at which the tree listens, if it does not at 127.0.0.1 and
 * `port`. Returns it, or 0: none, or that of 127.0.0.1 as well. It equals
 * `port` if the tree listens there at another address alone, such as ::1. `tag`
 * is the tree's (meter.h). */
int attach_elsewhere(pid_t root, const char *tag, int port);

/* Makes a process of the service, which process_stop and process_kill leave
 * running. process->meter_note says what cannot be seen. Returns 0 or -ENOMEM.
 */
int attach_process(const struct sockaddr_in *address, const char *name,
                   struct process *process);
