/* SPDX-License-Identifier: MIT
 *
 * A service as a file: the section [profile] of an .ini file, whose keys are
 * the flags of troika predict with _ for -. An experiment's own keys
 * `concurrency` and `latency_limit` mean `connections` and `limit`, and its
 * other sections are left alone. One key more, `peak`, is the busiest rate over
 * the usual one.
 */
#pragma once

#include <stddef.h>

#include "harness/predict/service.h"

/* Reads the file into what `service` is not given yet, and marks that as given.
 * *peak: that of the file, or 0. Returns 0, or a negative errno with
 * "PATH:LINE: sentence" or a sentence. */
int profile_file_read(const char *path, struct service *service, double *peak,
                      char *why, size_t why_size);

/* Values that are read from a flag too. Each returns 0, or -EINVAL with the
 * end of a sentence that begins with the name of the flag or key, as those of
 * harness/experiment/value.h. */
int profile_cv(const char *text, double *cv, char *why, size_t why_size);
int profile_limit(const char *text, struct service *service, char *why,
                  size_t why_size);
int profile_peak(const char *text, double *peak, char *why, size_t why_size);
