/* SPDX-License-Identifier: MIT
 *
 * The only file that the Makefile's TROIKA_* definitions reach.
 */
#include "version.h"

#if !defined(TROIKA_VERSION) || !defined(TROIKA_VARIANT) ||                    \
    !defined(TROIKA_COMPILER) || !defined(TROIKA_CFLAGS)
#error "build with the Makefile: it says what is being built"
#endif

const char *version(void)
{
    return TROIKA_VERSION;
}

const char *version_variant(void)
{
    return TROIKA_VARIANT;
}

const char *version_compiler(void)
{
    return TROIKA_COMPILER;
}

const char *version_cflags(void)
{
    return TROIKA_CFLAGS;
}
