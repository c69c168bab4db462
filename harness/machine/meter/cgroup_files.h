/* SPDX-License-Identifier: MIT
 *
 * What cgroup.c and quota.c share: the files of a group.
 */
#pragma once

#include <stdbool.h>

#include "cgroup.h"

/* Room for a group's path, and for that plus the name of a file in it. */
enum { METER_GROUP_PATH = 768, METER_FILE_PATH = 900 };

/* Writes a file of a group at once. False: errno says why. */
bool meter_cgroup_write(const char *path, const char *text);

/* Whether the group has the file, and this process may read it. */
bool meter_cgroup_has_file(const char *dir, const char *file);

/* Makes a group in a v1 hierarchy, below this process's own. Returns 0 or a
 * negative errno. */
int meter_cgroup_make_v1(struct meter_cgroup *groups, enum meter_group which,
                         const char *controller, const char *name);
