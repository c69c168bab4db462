/* SPDX-License-Identifier: MIT
 *
 * Leaves nothing behind when the harness is killed, however that happens.
 *
 * The guardian is a small process in a session of its own. Trees of processes
 * are registered in memory shared with it; when the harness ends, it kills
 * what is still registered, removes the groups and ends as well. A tree that
 * was stopped in an orderly way has been forgotten by then. A guardian that was
 * killed is replaced when the next tree is registered.
 */
#pragma once

#include <sys/types.h>

/* Starts the guardian: call once, while the harness has one thread, before
 * the first process_start. Returns 0 or a negative errno. */
int guardian_start(void);

/* Registers a tree before it exists: its groups' directories (one per line)
 * and its tag (see meter_tag). Returns a slot, or a negative errno: -ENOTCONN
 * without a guardian, -ENOSPC. */
int guardian_register(const char *paths, const char *tag);

/* Names the root, from the forked child: async-signal-safe. Negative slots
 * are ignored, here and below. */
void guardian_set_root(int slot, pid_t root);

/* Registers something else that must not stay behind: once every tree has been
 * killed, clear(path) is called in the guardian. Returns as above. */
int guardian_keep(const char *path, void (*clear)(const char *path));

void guardian_forget(int slot);
