/* SPDX-License-Identifier: MIT */
#include "again.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/json.h"
#include "harness/predict/checked.h"

/* Far beyond what is drawn (held_out.c) and asked (questions.c), and still
 * forecast within a second or so. */
static const double WAIT_MOST_NS = 1e9, CPU_MOST_NS = 1e9, CV_MOST = 5,
                    RATE_LEAST = 1, RATE_MOST = 1e6;

enum {
    SCHEMA_VERSION = 1,
    CALLS_MOST = 16,
    SIZE_MOST = 16 << 20,
    CONNECTIONS_MOST = 4096,
    WORKERS_MOST = 4096,
    QUESTIONS_MOST = 1 << 16,
};

static bool read_service(struct checked *checked, double step_ns, int number,
                         struct held_out *service)
{
    double steps_most = step_ns > 0 ? CPU_MOST_NS / step_ns : CPU_MOST_NS;

    checked_whole(checked, "service", number, number);
    *service = (struct held_out){
        .delay_ns = checked_whole(checked, "wait_ns", 0, (int64_t)WAIT_MOST_NS),
        .steps = checked_whole(checked, "steps", 1, (int64_t)steps_most),
        .size_bytes = checked_whole(checked, "payload_bytes", 1, SIZE_MOST),
        .calls = (int)checked_whole(checked, "calls", 0, CALLS_MOST),
        .cv_wait_percent =
            (int)lround(100 * checked_number(checked, "cv_wait", 0, CV_MOST)),
        .cv_cpu_percent =
            (int)lround(100 * checked_number(checked, "cv_cpu", 0, CV_MOST)),
        .connections =
            (int)checked_whole(checked, "connections", 1, CONNECTIONS_MOST),
        .share = checked_number(checked, "share", 0, 1),
    };
    if ((service->calls > 0) != (service->delay_ns > 0))
        checked_refuse(checked, "wait_ns",
                       "a time with calls, and 0 without any");
    return !checked->wrong;
}

static int read_services(struct checked *file, struct questions *questions)
{
    const json_t *list = checked_list(file, "services", 1, HELD_OUT_MAX), *row;
    size_t i;

    json_array_foreach (list, i, row) {
        struct checked checked =
            checked_row(row, "services", i, file->why, file->why_size);
        if (!read_service(&checked, questions->machine.step_ns, (int)i + 1,
                          &questions->services[i]))
            return -EINVAL;
        questions->service_count++;
    }
    return file->wrong ? -EINVAL : 0;
}

static bool is_asked(const struct questions *questions,
                     const struct question *question)
{
    for (int i = 0; i < questions->count; i++) {
        const struct question *row = &questions->rows[i];
        if (row->service == question->service &&
            row->model == question->model &&
            !strcmp(row->place, question->place))
            return true;
    }
    return false;
}

static bool read_question(struct checked *checked,
                          const struct questions *questions,
                          struct question *question)
{
    const unsigned reasons = (1u << WORKERS_REASONS) - 1;
    char name[64];

    checked_text(checked, "model", name, sizeof name);
    *question = (struct question){
        .service = (int)checked_whole(checked, "service", 1,
                                      questions->service_count) -
                   1,
        .model = machine_model(&questions->machine, name),
        .open = checked_flag(checked, "open"),
        .workers = (unsigned)checked_whole(checked, "reasons", 0, reasons),
        .worker_count = (int)checked_whole(checked, "workers", 0, WORKERS_MOST),
        .connections =
            (int)checked_whole(checked, "connections", 1, CONNECTIONS_MOST),
    };
    checked_text(checked, "load_point", question->place,
                 sizeof question->place);
    if (question->open)
        question->rate_per_s =
            checked_number(checked, "rate_per_s", RATE_LEAST, RATE_MOST);
    if (!question->model)
        checked_refuse(checked, "model", "one of the constants' models");
    if (is_asked(questions, question))
        checked_refuse(checked, "load_point",
                       "another than before of this service and model");
    return !checked->wrong;
}

static int read_questions(struct checked *file, struct questions *questions)
{
    const json_t *list = checked_list(file, "forecasts", 1, QUESTIONS_MOST);
    const json_t *row;
    size_t i;

    json_array_foreach (list, i, row) {
        struct checked checked =
            checked_row(row, "forecasts", i, file->why, file->why_size);
        struct question question;
        if (!read_question(&checked, questions, &question))
            return -EINVAL;
        questions_take_model(questions, question.model);
        int status = questions_add(questions, &question);
        if (status < 0)
            return status;
    }
    return file->wrong ? -EINVAL : 0;
}

/* The [target] sections, which may be none. */
static void read_targets(struct checked *file, struct questions *questions)
{
    const char *targets = json_string_of(file->object, "targets");

    if (targets && strlen(targets) < sizeof questions->targets)
        strcpy(questions->targets, targets);
    else
        checked_refuse(file, "targets", "the text of [target] sections");
}

int questions_again(const json_t *stored, struct questions *questions,
                    char *why, size_t why_size)
{
    struct checked file = checked_file(stored, why, why_size);
    char version[64];

    questions->count = questions->model_count = questions->service_count = 0;
    questions->rows = NULL;
    checked_whole(&file, "schema_version", SCHEMA_VERSION, SCHEMA_VERSION);
    checked_text(&file, "tool_version", version, sizeof version);
    checked_flag(&file, "full");
    questions->seed =
        (uint64_t)checked_whole(&file, "seed", 1, INT64_C(1) << 53);
    read_targets(&file, questions);
    int status = file.wrong ? -EINVAL : read_services(&file, questions);
    return status < 0 ? status : read_questions(&file, questions);
}
