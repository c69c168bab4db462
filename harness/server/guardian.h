/* SPDX-License-Identifier: MIT
 *
 * Cleans up after a harness that is killed, in whatever way.
 *
 * The guardian is a small process in a session of its own. The harness
 * registers trees of processes in memory that both share. When the harness
 * ends, the guardian kills every tree that is still registered, removes the
 * control groups and ends as well; trees that the harness stopped itself are no
 * longer registered. A guardian that somebody kills is replaced when the next
 * tree is registered.
 */
#pragma once

#include <sys/types.h>

/* Starts the guardian. Call once, before the first process_start, while the
 * harness has one thread. Returns 0 or a negative errno. */
int guardian_start(void);

/* Registers a tree before it exists, with the directories of its control groups
 * (one a line) and its tag (meter_tag). Returns a slot, or a negative errno:
 * -ENOTCONN no guardian, -ENOSPC no free slot. */
int guardian_register(const char *paths, const char *tag);

/* Sets the root process of a tree. The forked child may call this function:
 * async-signal-safe. Ignores a negative slot. */
void guardian_set_root(int slot, pid_t root);

/* Registers a path that must not stay behind: after killing every tree, the
 * guardian calls clear(path). Returns as guardian_register does. */
int guardian_keep(const char *path, void (*clear)(const char *path));

/* Frees a slot, of either kind. Ignores a negative slot. */
void guardian_forget(int slot);
