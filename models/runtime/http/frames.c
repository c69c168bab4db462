/* SPDX-License-Identifier: MIT
 *
 * RFC 6455, section 5 (frames), 7.4 (close codes); RFC 3629 (UTF-8).
 */
#include "frames.h"

#include <errno.h>
#include <string.h>

enum { FIN = 0x80, RESERVED = 0x70, OPCODE = 0x0f, MASKED = 0x80 };
enum { LENGTH_16 = 126, LENGTH_64 = 127 };

static uint64_t big_endian(const uint8_t *bytes, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

static bool known(int opcode)
{
    return opcode <= FRAMES_BINARY ||
           (opcode >= FRAMES_CLOSE && opcode <= FRAMES_PONG);
}

/* Most errors show in the first two bytes, so garbage is refused without
 * waiting for more of it. */
int frames_read(const uint8_t *bytes, size_t size, struct frames_head *head)
{
    if (size < 1)
        return 0;
    head->fin = bytes[0] & FIN;
    head->opcode = bytes[0] & OPCODE;
    if ((bytes[0] & RESERVED) || !known(head->opcode) ||
        (frames_is_control(head) && !head->fin))
        return -EPROTO;
    if (size < 2)
        return 0;
    int length = bytes[1] & ~MASKED;
    int extra = length == LENGTH_16 ? 2 : length == LENGTH_64 ? 8 : 0;
    head->masked = bytes[1] & MASKED;
    if (frames_is_control(head) && length > FRAMES_CONTROL_MAX)
        return -EPROTO;
    int total = 2 + extra + (head->masked ? 4 : 0);
    if (size < (size_t)total)
        return 0;
    head->size = extra ? big_endian(bytes + 2, extra) : (uint64_t)length;
    if ((extra == 2 && head->size < LENGTH_16) ||
        (extra == 8 && (head->size <= UINT16_MAX || head->size >> 63)))
        return -EPROTO;
    if (head->masked)
        memcpy(head->mask, bytes + 2 + extra, sizeof head->mask);
    return total;
}

int frames_write(const struct frames_head *head, uint8_t *bytes)
{
    int extra = head->size < LENGTH_16 ? 0 : head->size <= UINT16_MAX ? 2 : 8;
    int length = extra == 0   ? (int)head->size
                 : extra == 2 ? LENGTH_16
                              : LENGTH_64;
    bytes[0] = (uint8_t)((head->fin ? FIN : 0) | head->opcode);
    bytes[1] = (uint8_t)((head->masked ? MASKED : 0) | length);
    for (int i = 0; i < extra; i++)
        bytes[2 + i] = (uint8_t)(head->size >> 8 * (extra - 1 - i));
    if (head->masked)
        memcpy(bytes + 2 + extra, head->mask, sizeof head->mask);
    return 2 + extra + (head->masked ? 4 : 0);
}

void frames_mask(uint8_t *bytes, size_t size, const uint8_t mask[4],
                 uint64_t offset)
{
    uint8_t turned[8];
    uint64_t word, eight;
    size_t i = 0;
    for (size_t k = 0; k < sizeof turned; k++)
        turned[k] = mask[(offset + k) % 4];
    memcpy(&eight, turned, sizeof eight);
    for (; size - i >= sizeof word; i += sizeof word) {
        memcpy(&word, bytes + i, sizeof word);
        word ^= eight;
        memcpy(bytes + i, &word, sizeof word);
    }
    for (; i < size; i++)
        bytes[i] ^= turned[i % 8];
}

/* The first byte of a character tells how many bytes follow. It also limits the
 * second byte, so that no character has two forms, is a surrogate, or is too
 * large. */
static bool begin_character(struct frames_utf8 *state, uint8_t byte)
{
    *state = (struct frames_utf8){0, 0x80, 0xbf};
    if (byte < 0x80)
        return true;
    if (byte < 0xc2 || byte > 0xf4)
        return false;
    state->need = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte == 0xe0)
        state->low = 0xa0;
    else if (byte == 0xed)
        state->high = 0x9f;
    else if (byte == 0xf0)
        state->low = 0x90;
    else if (byte == 0xf4)
        state->high = 0x8f;
    return true;
}

bool frames_utf8(struct frames_utf8 *state, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (state->need == 0) {
            if (!begin_character(state, bytes[i]))
                return false;
            continue;
        }
        if (bytes[i] < state->low || bytes[i] > state->high)
            return false;
        *state = (struct frames_utf8){(uint8_t)(state->need - 1), 0x80, 0xbf};
    }
    return true;
}

/* Codes 1004 to 1006 and 1015 may never be sent, and neither may codes that are
 * not registered. */
static bool may_be_sent(uint64_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

int frames_judge_close(const uint8_t *bytes, size_t size)
{
    struct frames_utf8 state = {0};
    if (size == 0)
        return 0;
    if (size == 1 || !may_be_sent(big_endian(bytes, 2)))
        return FRAMES_PROTOCOL_ERROR;
    if (!frames_utf8(&state, bytes + 2, size - 2) || state.need > 0)
        return FRAMES_NOT_UTF8;
    return 0;
}
