/* SPDX-License-Identifier: MIT
 *
 * The last part of what a server printed, in memory that is shared between
 * the harness and the small process which reads the server's pipes.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct process_output;

/* Returns NULL without memory. */
struct process_output *process_output_new(void);
void process_output_free(struct process_output *output);

/* Adds; the oldest bytes give way. One writer at a time. */
void process_output_add(struct process_output *output, const char *bytes,
                        size_t size);

/* The last lines, at most `lines`, null-terminated, bytes that are not text
 * replaced by '?'. Returns text. */
char *process_output_tail(const struct process_output *output, int lines,
                          char *text, size_t size);

/* Forks the reader: adds what comes from the two pipes until both end, then
 * exits. It closes every other descriptor. Returns its pid or a negative
 * errno; the caller closes its own ends and waits for it. */
pid_t process_output_follow(struct process_output *output, int out_fd,
                            int err_fd);
