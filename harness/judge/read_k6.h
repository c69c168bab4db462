/* SPDX-License-Identifier: MIT
 *
 * What the text and the JSON of k6 share.
 */
#pragma once

/* The figure of "avg", "med" or "p(95)"; or -1. */
int k6_figure(const char *name, int length);

extern const char k6_doubt[];
