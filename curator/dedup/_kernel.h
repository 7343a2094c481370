/* What the parts of the kernel share: buffers that grow, columns of texts, sets of shingles. */

#ifndef CURATOR_DEDUP_KERNEL_H
#define CURATOR_DEDUP_KERNEL_H

/* Raised with every change of what Python hands over or gets back; `kernel.py` says which one it speaks. */
#define INTERFACE 2

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One build of a function for each level of SIMD; the loader takes the best that the processor has. */
#if defined(__has_attribute) && defined(__x86_64__) && defined(__GLIBC__)
#if __has_attribute(target_clones)
#define SIMD_LEVELS __attribute__((target_clones("default", "avx2", "avx512f")))
#endif
#endif
#ifndef SIMD_LEVELS
#define SIMD_LEVELS
#endif

/* Have memory brought near that will be wanted soon. */
#if defined(__GNUC__) || defined(__clang__)
#define FETCH(address) __builtin_prefetch(address)
#else
#define FETCH(address) ((void)(address))
#endif

/* What a function of the kernel answers; the rest is for Python to say. */
typedef enum { DONE, NO_MEMORY, NOT_UTF8, NOT_IN_TABLE } Outcome;

/* Memory that grows at its end. */
typedef struct {
    void *data;
    size_t used;
    size_t room;
} Growing;

/* Make sure that `more` bytes fit behind those that are used; false without memory. */
static inline bool make_room(Growing *bytes, size_t more)
{
    if (bytes->data && bytes->room - bytes->used >= more)
        return true;
    if (more > SIZE_MAX / 4 || bytes->used > SIZE_MAX / 4)
        return false;
    size_t room = bytes->used + bytes->used / 2 + more + 64;
    void *moved = realloc(bytes->data, room);
    if (!moved)
        return false;
    bytes->data = moved;
    bytes->room = room;
    return true;
}

/* Texts in UTF-8, one behind the other: the i-th lies between offsets[i] and offsets[i + 1]. */
typedef struct {
    const uint8_t *data;
    const int64_t *offsets;
    int64_t count;
} Column;

/* Sets of shingles, laid out in the same way; each ascending. */
typedef struct {
    const int64_t *offsets;
    const uint32_t *values;
    int64_t count;
} Sets;

/* --- _shingle.c --- */

#define BLOCKS 0x1100
#define BLOCK_CHARACTERS 256
#define BLOCK_MISSING 0xFFFF

/* The parts of a table's entry: a character of the normal form and what it is in a word. */
enum {
    CHARACTER = 0x1FFFFF,
    SPACE = 1 << 21,
    WORD = 1 << 22,    /* part of a word */
    LETTER = 1 << 23,  /* may follow an apostrophe in a word */
    LONE = 1 << 24,    /* a word of its own */
    MARK = 1 << 25,    /* belongs to the lone word before it */
    SEVERAL = 1 << 26, /* becomes not one character; CHARACTER is then where in `several` their number and they stand */
    BOUND = 1 << 27,   /* what becomes of it depends on its neighbours */
};

/* What becomes of each character in the normal form, in blocks of 256 code points; only the blocks that are needed. */
typedef struct {
    const uint16_t *index; /* for each block of Unicode its place in `entries`, or BLOCK_MISSING */
    const uint32_t *entries;
    const uint32_t *several;
} Table;

/* Which texts come in normal form already, and that form; their numbers ascend. */
typedef struct {
    Column texts;
    const int64_t *numbers;
} Forms;

/* Below how many words a text is short, and up to how many it has character shingles. */
typedef struct {
    int64_t below;
    int64_t up_to;
} WordBounds;

/* Shingle sets as they are made. The offsets and `is_short` have room for all texts. */
typedef struct {
    int64_t *word_offsets;
    int64_t *character_offsets;
    uint8_t *is_short;
    Growing words;
    Growing characters;
} Shingled;

/* Mark which blocks of 256 code points beyond ASCII occur. */
Outcome mark_blocks(Column texts, uint8_t *seen);

/* Write the numbers (int64) of the texts that hold a character which is BOUND. */
Outcome find_bound(Column texts, const Table *table, Growing *numbers);

/* Cut texts into shingles. */
Outcome shingle(Column texts, Forms forms, const Table *table, WordBounds bounds, Shingled *made);

/* Write a hash for each text that is equal for texts of one normal form, and seldom for others that differ in more than
 * blanks; a form without anything in it has 0. */
Outcome hash_forms(Column texts, Forms forms, const Table *table, uint64_t *hashes);

/* --- _pieces.c --- */

/* Write what stands between ASCII's blanks, each once and with a line feed; what holds neither a letter of the case
 * nor a character beyond ASCII may lack. */
Outcome find_pieces(Column texts, bool capitals, Growing *kept);

/* --- _join.c, _near.c, _exact.c --- */

#define PERMUTATIONS 32
#define NOBODY UINT32_MAX

/* What is joined, by what rule, and what was found. */
typedef struct {
    Sets sets;
    const uint8_t *is_short;
    bool needs_short; /* a pair needs a short text */
    double threshold;
    const uint64_t *groups;
    uint32_t *parent; /* union-find over all texts; the smallest number is the root */
    Growing left;     /* int64 */
    Growing right;    /* int64 */
    Growing similarity; /* double */
} Join;

/* How signatures are made and banded. */
typedef struct {
    const uint32_t *factors;
    const uint32_t *summands;
    int bands;
    int rows;
    int64_t uncrowded; /* up to so many members of a bucket are compared each with all before it */
    int64_t window;    /* of fuller buckets, each with so many */
} Banding;

/* How the members of sets are indexed by the exact join. */
typedef struct {
    const int64_t *order;  /* the texts with a set, by its size */
    int64_t ordered;
    const int64_t *prefix; /* for each text of `order`, how many members are indexed */
    int bits;              /* by how many upper bits members are told apart where they are counted and looked up */
} Indexing;

/* Join the pairs that bands propose; `crowded` is set for texts that were not compared with all of a bucket
 * whose texts are not in one tree. */
Outcome join_near(Join *join, const Banding *banding, uint8_t *crowded);

/* Join all pairs at the threshold. */
Outcome join_exact(Join *join, const Indexing *indexing);

/* Return the similarity of two texts' sets. */
double similarity_of(const Sets *sets, int64_t one, int64_t other);

#endif
