/* SPDX-License-Identifier: MIT
 *
 * Rows from a file, by what it holds: a page may have several tables and
 * outputs, one below the other.
 */
#pragma once

#include <stddef.h>

#include "row.h"
#include "source.h"

/* One way to read a text. */
struct reader {
    const char *name; /* "wrk" */
    const char *mark; /* what it looks for, in words */
    /* Whether something to read begins at the line. */
    bool (*begins)(const struct source *source, int line);
    /* Adds rows; returns the line after. `unit_s`: of times whose column and
     * cell name none; 0: there is no such unit. */
    int (*read)(const struct source *source, int line, double unit_s,
                struct rows *rows);
};

extern const struct reader reader_wrk, reader_summary, reader_h2load, reader_k6,
    reader_troika, reader_markdown, reader_csv;

/* "auto|wrk|...": the alternatives of `format`. */
#define READ_FORMATS "auto|wrk|hey|oha|k6|h2load|troika|json|markdown|csv"

/* Adds the rows of the file. `format`: NULL (by content) or one of
 * READ_FORMATS. Returns their number, or -EINVAL with a sentence that begins
 * with FILE:LINE if there is none, the file is not of that format, or has too
 * many. */
int read_rows(const struct source *source, const char *format, double unit_s,
              struct rows *rows, char *why, size_t why_size);

/* What the outputs of oha and k6 leave open, as text and as JSON. */
extern const char read_oha_doubt[], read_k6_doubt[];

/* The figure of k6's "avg", "med" or "p(95)"; or -1. */
int read_k6_figure(const char *name, int length);

/* As read_rows, of a JSON file: oha, k6, troika load, or a list of objects with
 * names of columns as members. */
int read_json(const struct source *source, double unit_s, struct rows *rows,
              char *why, size_t why_size);
