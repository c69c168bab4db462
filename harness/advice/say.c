/* SPDX-License-Identifier: MIT */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sentences_say(struct sentences *sentences, const char *format, ...)
{
    va_list values;

    if (sentences->count == SENTENCES_MAX)
        return;
    va_start(values, format);
    vsnprintf(sentences->of[sentences->count++], SENTENCE_SIZE, format, values);
    va_end(values);
}

void say_append(char *list, size_t size, const char *separator,
                const char *item)
{
    size_t used = strlen(list);

    snprintf(list + used, size - used, "%s%s", used > 0 ? separator : "", item);
}
