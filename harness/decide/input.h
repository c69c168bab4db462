/* SPDX-License-Identifier: MIT
 *
 * The inputs of a decision, one after the other: what a service says, how
 * uncertain each is, and what would tell more.
 */
#pragma once

#include "harness/predict/service.h"

enum input {
    INPUT_WAIT,
    INPUT_CPU,
    INPUT_LOAD,        /* the rate, or the connections */
    INPUT_CONNECTIONS, /* beside a rate */
    INPUT_THINK,
    INPUT_CV_WAIT,
    INPUT_CV_CPU,
    INPUT_PAYLOAD,
    INPUTS_UNCERTAIN, /* those above */
    INPUT_CALLS = INPUTS_UNCERTAIN,
    INPUT_BURST,
    INPUT_REQUESTS_PER_CONNECTION,
    INPUT_BACKEND_WORKERS,
    INPUT_CORES,
    INPUT_LIMIT,
    INPUT_MEMORY,
    INPUTS,
};

/* The field behind the input. */
enum service_field input_field(const struct service *service, enum input input);

/* "wait", "rate": as the flag of troika decide. */
const char *input_name(const struct service *service, enum input input);

/* Whether the service has a value above zero that can be multiplied. */
bool input_applies(const struct service *service, enum input input);

bool input_is_whole(const struct service *service, enum input input);
double input_value(const struct service *service, enum input input);
void input_set(struct service *service, enum input input, double value);

/* "20 ms", "300/s". Returns text. */
const char *input_text(const struct service *service, enum input input,
                       double value, char *text, size_t size);

/* The factor up to which the true value may be off, either way; 1: it is known.
 * A value that was given is held to be known to 30 %, a default to a factor of
 * 2. */
double input_spread(const struct service *service, enum input input);

/* What tells the input, with its command. */
const char *input_remedy(enum input input);
