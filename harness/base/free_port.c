/* SPDX-License-Identifier: MIT
 *
 * Tries pseudo-random numbers, different ones in each run, until one can be
 * bound.
 */
#include "free_port.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FIRST = 15000, COUNT = 15000, TRIES = 100 };

int free_port(void)
{
    static unsigned int last;
    int port = 0;

    if (last == 0)
        last = (unsigned int)time(NULL) ^ ((unsigned int)getpid() << 8);
    for (int i = 0; i < TRIES && port == 0; i++) {
        /* Any address: a target may bind to all of them. */
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr = {htonl(INADDR_ANY)}};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        last = last * 1664525U + 1013904223U;
        port = FIRST + (int)((last >> 8) % COUNT);
        address.sin_port = htons((uint16_t)port);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address))
            port = 0;
        if (fd >= 0)
            close(fd);
    }
    return port;
}
