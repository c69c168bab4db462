/* SPDX-License-Identifier: MIT */
#include "refused.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

void refused_say(const char *what, int error)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;

    if (!atomic_flag_test_and_set(&told))
        fprintf(stderr, "%s: %s\n", what, strerror(error));
}
