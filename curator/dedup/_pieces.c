/* The pieces of texts that stand between blanks, each once: a corpus has far fewer of them than words. */

#include "_kernel.h"

#define FNV_START UINT64_C(0xCBF29CE484222325)
#define FNV_PRIME UINT64_C(0x100000001B3)

/* Where a piece stands among those that were kept; `length` is 0 in a slot that is free. */
typedef struct {
    size_t start;
    uint32_t length;
    uint32_t hash;
} Piece;

typedef struct {
    Piece *slots;
    size_t mask; /* their number less 1 */
    size_t taken;
} Known;

static bool enlarge(Known *known)
{
    size_t count = known->slots ? 2 * (known->mask + 1) : 1 << 12;
    Piece *slots = calloc(count, sizeof *slots);
    if (!slots)
        return false;
    for (size_t at = 0; known->slots && at <= known->mask; at++) {
        Piece piece = known->slots[at];
        size_t slot = piece.hash & (count - 1);
        while (piece.length && slots[slot].length)
            slot = (slot + 1) & (count - 1);
        if (piece.length)
            slots[slot] = piece;
    }
    free(known->slots);
    known->slots = slots;
    known->mask = count - 1;
    return true;
}

/* Put a piece and a line feed behind those that were kept, unless it is among them. */
static Outcome keep(Known *known, const uint8_t *piece, uint32_t length, uint32_t hash, Growing *kept)
{
    if ((!known->slots || known->taken > known->mask / 2) && !enlarge(known))
        return NO_MEMORY;
    Piece *slot = known->slots + (hash & known->mask);
    while (slot->length) {
        if (slot->hash == hash && slot->length == length &&
            !memcmp((const uint8_t *)kept->data + slot->start, piece, length))
            return DONE;
        slot = slot == known->slots + known->mask ? known->slots : slot + 1;
    }
    if (!make_room(kept, (size_t)length + 1))
        return NO_MEMORY;
    *slot = (Piece){kept->used, length, hash};
    known->taken++;
    memcpy((uint8_t *)kept->data + kept->used, piece, length);
    kept->used += length;
    ((uint8_t *)kept->data)[kept->used++] = '\n';
    return DONE;
}

static inline bool is_blank(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

Outcome find_pieces(Column texts, bool capitals, Growing *kept)
{
    Known known = {0};
    Outcome outcome = DONE;
    const uint8_t first = capitals ? 'A' : 'a';
    for (int64_t text = 0; text < texts.count; text++) {
        const uint8_t *at = texts.data + texts.offsets[text], *end = texts.data + texts.offsets[text + 1];
        while (at < end && outcome == DONE) {
            const uint8_t *start = at;
            uint64_t hash = FNV_START;
            bool wanted = false;
            for (; at < end && !is_blank(*at); at++) {
                hash = (hash ^ *at) * FNV_PRIME;
                wanted |= (uint8_t)(*at - first) < 26 || *at > 0x7F;
            }
            if (wanted)
                outcome = keep(&known, start, (uint32_t)(at - start), (uint32_t)(hash ^ hash >> 32), kept);
            while (at < end && is_blank(*at))
                at++;
        }
    }
    free(known.slots);
    return outcome;
}
