/* SPDX-License-Identifier: MIT */
#include "expansion.h"

const char *expansion_item(const struct expansion *expansion, int key,
                           int *line)
{
    for (int i = 0; i < expansion->axis_count; i++)
        if (expansion->axes[i].key == key) {
            *line = expansion->axes[i].line;
            return expansion->axes[i].items[expansion->at[i]];
        }
    *line = expansion->cell->line;
    return NULL;
}
