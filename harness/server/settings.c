/* SPDX-License-Identifier: MIT
 *
 * Reads rows of --describe, and splits a choice into words.
 */
#include "settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/json.h"

static bool read_row(const json_t *described, struct parameter *row)
{
    int unit = units_find(json_text_of(described, "unit"));

    if (unit < 0 || json_text_of(described, "name")[0] == '\0' ||
        units_parse((enum unit)unit, json_text_of(described, "minimum"),
                    &row->min) < 0 ||
        units_parse((enum unit)unit, json_text_of(described, "maximum"),
                    &row->max) < 0)
        return false;
    row->unit = (enum unit)unit;
    row->name = strdup(json_text_of(described, "name"));
    row->default_text = strdup(json_text_of(described, "default"));
    row->help = "";
    return row->name && row->default_text;
}

static void forget_row(struct parameter *row)
{
    free((char *)row->name);
    free((char *)row->default_text);
    *row = (struct parameter){.name = NULL};
}

const struct parameter *settings_table(const json_t *described)
{
    struct parameter *table = calloc(PARAMETERS_MAX + 1, sizeof *table);
    struct arguments defaults;
    const json_t *each;
    size_t i;
    int rows = 0;
    char why[256];

    if (!table)
        return NULL;
    json_array_foreach (described, i, each) {
        if (rows < PARAMETERS_MAX && read_row(each, &table[rows]))
            rows++;
        else if (rows < PARAMETERS_MAX)
            table[rows] = (struct parameter){.name = NULL};
    }
    /* A default outside of its own limits would make every choice fail. */
    if (parameters_parse(table, NULL, &defaults, why, sizeof why) < 0)
        while (rows-- > 0)
            forget_row(&table[rows]);
    return table; /* kept on purpose */
}

int settings_argv(const char *choice, char words[2 * SETTINGS_TEXT_MAX],
                  const char **argv, int count)
{
    char *word = words;

    for (const char *at = choice; *at != '\0';) {
        int name = (int)strcspn(at, "="), value = (int)strcspn(at + name, "&");

        argv[count++] = word;
        word += sprintf(word, "--%.*s", name, at) + 1;
        argv[count++] = word;
        word += sprintf(word, "%.*s", value - 1, at + name + 1) + 1;
        at += name + value;
        at += *at == '&';
    }
    return count;
}
