/* SPDX-License-Identifier: MIT
 *
 * What a person asks of a forecast, for all verbs that forecast: a service by
 * flags, a profile or a preset, the models, the constants and the residuals.
 *
 * A verb's own struct begins with a struct asked, and its struct flags has
 * .first = asked_flags, .word = asked_word and .given = asked_given.
 */
#pragma once

#include "harness/advice/advice.h"
#include "harness/base/flags.h"

struct asked {
    struct question question;
    int64_t wait_ns, cpu_ns, think_ns, requests_per_connection, requests, seed;
    const char *machine_path, *validation_path, *profile;
    char preset_path[4096]; /* the profile's, if it is a preset */
    double peak;            /* the profile's; 0: it has none */
    struct flags_given given;
};

/* What the forecast is made from. */
struct asked_from {
    struct machine machine;
    bool shipped;
    struct bands bands;
};

/* Rows whose offsets are of struct asked. */
extern const struct flag asked_flags[];

/* Takes a profile's file, a preset's name or a model's. */
error_t asked_word(char *word, void *into, struct argp_state *state);
void asked_given(const char *name, void *into);

/* Whether --language, of a verb that has it, has an effect. Otherwise false,
 * and why. */
bool asked_language_applies(const struct asked *asked, char *why, size_t size);

/* Reads constants and residuals, and makes the service whole: flags, then the
 * profile, then defaults. Returns EXIT_OK, or another exit code after a message
 * on stderr that begins with "troika VERB". asked_close may be called after any
 * result. */
int asked_open(struct asked *asked, const char *verb, struct asked_from *from);
void asked_close(struct asked_from *from);

/* Makes --cpu the CPU time of the handler in the language of the models that
 * are asked about. */
void asked_in_own_time(const struct question *question, enum language language,
                       struct asked_from *from);
