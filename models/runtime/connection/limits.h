/* SPDX-License-Identifier: MIT
 *
 * Which limit of the system stopped new tasks. The errno of a failed thread or
 * fork does not tell: EAGAIN stands for five limits. So read the limits that
 * may apply where the kernel counts them, and name the one that is used up.
 */
#pragma once

struct reply;

/* Appends the limit that is used up, with its value ("kernel.pid_max = 32768"),
 * to the body; or, if none is, the meaning of `error` (a negative errno). Call
 * it while the tasks still exist. The call takes milliseconds, so it is for
 * requests that have failed anyway. */
void limits_explain(int error, struct reply *reply);

/* The first number in a file of /proc or /sys; -1 if there is none. */
long long limits_number(const char *path);

/* Says on stderr that `what` cannot serve, and which limit is used up, if
 * any. */
void limits_print(const char *what, int error);
