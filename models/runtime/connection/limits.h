/* SPDX-License-Identifier: MIT
 *
 * Which limit of the machine ended the tasks. The errno of a thread or fork
 * that failed does not tell (EAGAIN stands for five of them), so those that
 * may bind are read where the kernel counts them, and the one that is used up
 * is named.
 */
#pragma once

struct reply;

/* Appends what is used up, with its value, to the body ("kernel.pid_max =
 * 32768"), or else what `error` (a negative errno) means. To be called while
 * the tasks are there. Costs milliseconds: for the end of a request that has
 * failed anyway. */
void limits_explain(int error, struct reply *reply);

/* Says on stderr that `what` cannot serve, and the limit if one is used up. */
void limits_print(const char *what, int error);
