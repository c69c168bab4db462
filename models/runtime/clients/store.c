/* SPDX-License-Identifier: MIT
 *
 * The stores' addresses, and the words for their failures.
 */
#include "store.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "models/runtime/workload.h"

static const struct {
    const char *name, *title;
} stores[STORES] = {
    [STORE_NONE] = {"", ""},
    [STORE_POSTGRESQL] = {"postgresql", "PostgreSQL"},
    [STORE_REDIS] = {"redis", "Redis"},
};

static struct sockaddr_in addresses[STORES];
static bool used[STORES];

const char *store_name(enum store store)
{
    return stores[store].name;
}

const char *store_title(enum store store)
{
    return stores[store].title;
}

void store_use(enum store store, const struct sockaddr_in *address)
{
    addresses[store] = *address;
    used[store] = true;
}

int store_library(enum store store, const char *library,
                  const char *const *names, size_t count, void **functions,
                  char *why, size_t why_size)
{
    /* All function pointers have one size on platforms that have dlsym. */
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    const char *missing = handle ? NULL : dlerror();
    for (size_t i = 0; !missing && i < count; i++)
        if (!(functions[i] = dlsym(handle, names[i])))
            missing = names[i];
    if (!missing)
        return 0;
    snprintf(why, why_size,
             "the client library of %s cannot be loaded "
             "(make deps-claims): %s",
             store_title(store), missing);
    return -ENOSYS;
}

const struct sockaddr_in *store_address(enum store store)
{
    return used[store] ? &addresses[store] : NULL;
}

int store_explain(enum store store, int error, const char *words,
                  struct reply *reply)
{
    const struct sockaddr_in *address = store_address(store);
    char host[INET_ADDRSTRLEN] = "";
    if (!address) {
        (void)reply_printf(reply,
                           "this needs %s; start the server with --%s "
                           "HOST:PORT (troika stores starts one)",
                           store_title(store), store_name(store));
        return error;
    }
    inet_ntop(AF_INET, &address->sin_addr, host, sizeof host);
    (void)reply_printf(reply, "the call to %s at %s:%d failed: %s%s%.*s",
                       store_title(store), host, ntohs(address->sin_port),
                       strerror(-error), *words ? ": " : "",
                       (int)strcspn(words, "\r\n"), words);
    return error;
}
