/* SPDX-License-Identifier: MIT
 *
 * machine.json on the disk. The path NULL is results/machine.json.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "harness/predict/constants.h"

/* Returns 0, or -EINVAL with the file, the reason and the remedy. */
int machine_file_read(const char *path, struct machine *machine, char *why,
                      size_t why_size);

/* Whether there is such a file. */
bool machine_file_exists(const char *path);

/* Reads the constants that come with the source tree, of the machine on which
 * they were measured. Returns as machine_file_read. */
int machine_file_shipped(struct machine *machine, char *why, size_t why_size);

/* Writes it whole or not at all, and nothing that could not be read. Returns 0,
 * or a negative errno with the reason; then nothing was changed. `where` gets
 * the path. */
int machine_file_write(const char *path, const struct machine *machine,
                       char *where, size_t where_size, char *why,
                       size_t why_size);
