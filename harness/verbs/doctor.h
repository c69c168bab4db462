/* SPDX-License-Identifier: MIT
 *
 * Judges the facts of a machine. Kept apart from gathering them, so that a
 * test can present any machine.
 */
#pragma once

#include <jansson.h>

#include "harness/machine/noise.h"

enum health {
    HEALTH_OK,
    HEALTH_WARNING, /* figures get worse */
    HEALTH_BAD,     /* measuring is impossible */
};

/* "ok", "warning", "bad". */
const char *health_name(enum health health);

struct patient {
    const json_t *environment; /* of environment_capture */
    struct noise noise;
};

struct finding {
    const char *name;
    enum health health;
    char fact[256];
    char remedy[512]; /* "" when all is well */
};

enum { FINDINGS_MAX = 32 };

/* Judges every fact. Returns how many findings were written. */
int doctor_judge(const struct patient *patient, struct finding *findings,
                 int size);
