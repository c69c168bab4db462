/* SPDX-License-Identifier: MIT
 *
 * Judges the facts of a machine. Other files gather them (environment.h,
 * noise.h), so that a test can present any machine.
 */
#pragma once

#include <jansson.h>

#include "harness/machine/noise.h"

enum health {
    HEALTH_OK,
    HEALTH_WARNING, /* makes figures worse */
    HEALTH_BAD,     /* makes measuring impossible */
};

/* "ok", "warning", "bad". */
const char *health_name(enum health health);

struct machine_facts {
    const json_t *environment; /* of environment_capture */
    struct noise noise;
};

struct finding {
    const char *name;
    enum health health;
    char fact[256];
    char remedy[512]; /* "" for HEALTH_OK */
};

enum { FINDINGS_MAX = 32 };

/* Judges every fact. Returns the number of findings written. */
int doctor_judge(const struct machine_facts *machine, struct finding *findings,
                 int size);
