/* SPDX-License-Identifier: MIT
 *
 * troika doctor: gathers, judges, prints. The exit code is 1 only when
 * something makes measuring impossible.
 */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/exit.h"
#include "harness/base/options.h"
#include "harness/run/doctor.h"
#include "harness/run/environment.h"
#include "verbs.h"

static error_t parse(int key, char *value, struct argp_state *state)
{
    bool *json = state->input;

    if (key != 'f')
        return ARGP_ERR_UNKNOWN;
    if (strcmp(value, "json") != 0 && strcmp(value, "text") != 0)
        argp_error(state, "--format is \"%s\"; there is text and json", value);
    *json = !strcmp(value, "json");
    return 0;
}

static void print_text(const struct finding *findings, int count)
{
    for (int i = 0; i < count; i++) {
        printf("%-8s %-16s %s\n", health_name(findings[i].health),
               findings[i].name, findings[i].fact);
        if (findings[i].remedy[0] != '\0')
            printf("%-25s -> %s\n", "", findings[i].remedy);
    }
}

static void print_json(const struct finding *findings, int count,
                       const json_t *environment)
{
    json_t *list = json_array(), *all;

    for (int i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("{ss ss ss ss}", "name", findings[i].name, "health",
                            health_name(findings[i].health), "fact",
                            findings[i].fact, "remedy", findings[i].remedy));
    all = json_pack("{so sO}", "findings", list, "environment", environment);
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

int verb_doctor(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"format", 'f', "text|json", 0, "How to print it (text)", 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Judges what on this machine spoils measurements, with the remedy for "
        "each. Takes about a second. Exit code 1: measuring is impossible.",
        NULL,
        NULL,
        NULL};
    struct finding findings[FINDINGS_MAX];
    struct patient patient = {0};
    int counts[3] = {0}, count;
    json_t *environment;
    bool json = false;

    options_parse(&argp, argc, argv, NULL, &json);
    environment = environment_capture();
    if (environment == NULL) {
        fputs("troika doctor: out of memory\n", stderr);
        return EXIT_FAILED;
    }
    patient.environment = environment;
    noise_measure(&patient.noise);
    count = doctor_judge(&patient, findings, FINDINGS_MAX);
    for (int i = 0; i < count; i++)
        counts[findings[i].health]++;
    if (json)
        print_json(findings, count, environment);
    else
        print_text(findings, count);
    json_decref(environment);
    fprintf(stderr, "%d ok, %d warnings, %d bad\n", counts[HEALTH_OK],
            counts[HEALTH_WARNING], counts[HEALTH_BAD]);
    return counts[HEALTH_BAD] > 0 ? EXIT_FAILED : EXIT_OK;
}
