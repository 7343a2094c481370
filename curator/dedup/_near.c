/* Pairs that MinHash bands propose, verified; `minhash.py` and `portable.py` define what comes out. */

#include "_join.h"

#define STEP UINT64_C(0x9E3779B97F4A7C15)

/* --- Signatures and bands --- */

static inline uint32_t mixed(uint32_t hash)
{
    hash = (hash ^ hash >> 16) * UINT32_C(0x85EBCA6B);
    hash = (hash ^ hash >> 13) * UINT32_C(0xC2B2AE35);
    return hash ^ hash >> 16;
}

SIMD_LEVELS
static void sign(const uint32_t *values, int64_t count, const uint32_t *factors, const uint32_t *summands,
                 uint32_t *signature)
{
    uint32_t least[PERMUTATIONS];
    for (int i = 0; i < PERMUTATIONS; i++)
        least[i] = UINT32_MAX;
    for (int64_t at = 0; at < count; at++) {
        uint32_t value = mixed(values[at]);
        for (int i = 0; i < PERMUTATIONS; i++) {
            uint32_t permuted = factors[i] * value + summands[i];
            least[i] = permuted < least[i] ? permuted : least[i];
        }
    }
    memcpy(signature, least, sizeof least);
}

/* Write a text's band keys, `stride` apart. */
static void write_keys(const uint32_t *signature, uint64_t group, const Banding *banding, uint64_t *keys, size_t stride)
{
    for (int band = 0; band < banding->bands; band++) {
        uint64_t key = group;
        for (int row = 0; row < banding->rows; row++) {
            key = (key + signature[band * banding->rows + row] + 1) * STEP;
            key ^= key >> 29;
        }
        keys[(size_t)band * stride] = key;
    }
}

/* --- Buckets --- */

typedef struct {
    uint64_t key;
    uint32_t place;
} Keyed;

static int by_key(const void *one, const void *other)
{
    const Keyed *left = one, *right = other;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return (left->place > right->place) - (left->place < right->place);
}

/* What a band is gone through with: texts by place, their keys, and places sorted by their key's upper half. */
typedef struct {
    uint32_t *texts;
    uint64_t *keys;
    uint64_t *sorted;
    uint64_t *spare;
    size_t count;
} Band;

/* Compare each text of a bucket with those before it, the nearest first. */
static Outcome join_bucket(Join *join, const Band *band, const uint64_t *places, size_t count, const Banding *banding,
                           uint8_t *crowded)
{
    const uint32_t *texts = band->texts;
    bool is_crowded = count > (size_t)banding->uncrowded;
    size_t window = is_crowded ? (size_t)banding->window : count;
    bool in_one_tree = true; /* all that were gone through */
    for (size_t at = 1; at < count; at++) {
        uint32_t text = texts[(uint32_t)places[at]];
        size_t first = at > window ? at - window : 0;
        for (size_t before = at; before-- > first;) {
            uint32_t other = texts[(uint32_t)places[before]];
            if (together(join->parent, text, other)) {
                if (in_one_tree)
                    break; /* so is the text with all others of it */
                continue;
            }
            if (join->groups[text] != join->groups[other] || !may_pair(join, text, other))
                continue;
            Outcome outcome = compare(join, other, text);
            if (outcome != DONE)
                return outcome;
        }
        in_one_tree = in_one_tree && together(join->parent, texts[(uint32_t)places[0]], text);
    }
    for (size_t at = 0; is_crowded && !in_one_tree && at < count; at++)
        crowded[texts[(uint32_t)places[at]]] = 1;
    return DONE;
}

/* Put places whose keys begin alike in the order of their whole keys. */
static Outcome sort_run(const uint64_t *keys, uint64_t *places, size_t count)
{
    bool ascends = true;
    for (size_t at = 1; at < count && ascends; at++)
        ascends = keys[(uint32_t)places[at - 1]] <= keys[(uint32_t)places[at]];
    if (ascends)
        return DONE;
    Keyed *run = malloc(count * sizeof *run);
    if (!run)
        return NO_MEMORY;
    for (size_t at = 0; at < count; at++)
        run[at] = (Keyed){keys[(uint32_t)places[at]], (uint32_t)places[at]};
    qsort(run, count, sizeof *run, by_key);
    for (size_t at = 0; at < count; at++)
        places[at] = run[at].place;
    free(run);
    return DONE;
}

static size_t end_of_run(const uint64_t *sorted, size_t start, size_t count)
{
    size_t end = start + 1;
    while (end < count && sorted[end] >> 32 == sorted[start] >> 32)
        end++;
    return end;
}

static Outcome join_band(Join *join, Band *band, const Banding *banding, uint8_t *crowded)
{
    for (size_t place = 0; place < band->count; place++)
        band->sorted[place] = (band->keys[place] >> 32) << 32 | place;
    radix_sort(&band->sorted, &band->spare, band->count, 32, 64, 11);
    Outcome outcome = DONE;
    for (size_t start = 0, end; start < band->count && outcome == DONE; start = end) {
        end = end_of_run(band->sorted, start, band->count);
        if (end - start == 1)
            continue;
        outcome = sort_run(band->keys, band->sorted + start, end - start);
        for (size_t first = start, last; first < end && outcome == DONE; first = last) {
            uint64_t key = band->keys[(uint32_t)band->sorted[first]];
            for (last = first + 1; last < end && band->keys[(uint32_t)band->sorted[last]] == key;)
                last++;
            outcome = join_bucket(join, band, band->sorted + first, last - first, banding, crowded);
        }
    }
    return outcome;
}

Outcome join_near(Join *join, const Banding *banding, uint8_t *crowded)
{
    size_t count = 0, texts = (size_t)join->sets.count;
    for (size_t text = 0; text < texts; text++)
        count += size_of(&join->sets, (int64_t)text) > 0;
    Band band = {.count = count};
    band.texts = malloc((count + 1) * sizeof *band.texts);
    band.sorted = malloc((count + 1) * sizeof *band.sorted);
    band.spare = malloc((count + 1) * sizeof *band.spare);
    uint64_t *keys = malloc((count * (size_t)banding->bands + 1) * sizeof *keys);
    Outcome outcome = band.texts && band.sorted && band.spare && keys ? DONE : NO_MEMORY;
    for (size_t text = 0, place = 0; text < texts && outcome == DONE; text++) {
        uint32_t signature[PERMUTATIONS];
        int64_t size = size_of(&join->sets, (int64_t)text);
        if (!size)
            continue;
        sign(join->sets.values + join->sets.offsets[text], size, banding->factors, banding->summands, signature);
        write_keys(signature, join->groups[text], banding, keys + place, count);
        band.texts[place++] = (uint32_t)text;
    }
    for (int number = 0; number < banding->bands && outcome == DONE; number++) {
        band.keys = keys + (size_t)number * count;
        outcome = join_band(join, &band, banding, crowded);
    }
    free(band.texts);
    free(band.sorted);
    free(band.spare);
    free(keys);
    return outcome;
}
