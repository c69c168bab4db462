/* SPDX-License-Identifier: MIT */
#include "rule.h"

#include <stdarg.h>
#include <stdio.h>

void gate_say(struct gate *gate, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(gate->words, sizeof gate->words, format, arguments);
    va_end(arguments);
}

void gate_most(struct gate *gate, double value, double limit)
{
    gate->applied = true;
    gate->value = value;
    gate->limit = limit;
    gate->ok = value <= limit;
}

void gate_skip(struct gate *gate, const char *why)
{
    gate_say(gate, "not applied: %s", why);
}
