/* SPDX-License-Identifier: MIT
 *
 * Jobs that do not depend on each other, on all usable CPUs.
 */
#pragma once

/* Calls job(index, data) once for each index from 0 to count - 1, in any order
 * and on several threads. No job may write what another one uses. Returns when
 * all are done; if no thread can be had, the caller's does them. */
void parallel_run(int count, void (*job)(int index, void *data), void *data);
