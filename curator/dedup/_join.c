/* Sets to a forest of verified pairs; `portable.py`, `minhash.py` and `prefix_join.py` define what comes out. */

#include "_kernel.h"

#define STEP UINT64_C(0x9E3779B97F4A7C15)

/* --- Union-find --- */

static inline uint32_t root(uint32_t *parent, uint32_t text)
{
    while (parent[text] != text)
        text = parent[text] = parent[parent[text]];
    return text;
}

static inline bool together(uint32_t *parent, uint32_t one, uint32_t other)
{
    return root(parent, one) == root(parent, other);
}

/* --- Similarity --- */

static inline int64_t size_of(const Sets *sets, int64_t text)
{
    return sets->offsets[text + 1] - sets->offsets[text];
}

static inline double jaccard(int64_t common, int64_t sizes)
{
    return common ? (double)common / (double)(sizes - common) : 0.0;
}

/* The fewest common members with which two sets, of so many members together, reach a similarity. */
static int64_t least_common(int64_t sizes, double threshold)
{
    int64_t common = (int64_t)(threshold / (1 + threshold) * (double)sizes);
    while (common > 0 && jaccard(common - 1, sizes) >= threshold)
        common--;
    while (2 * common <= sizes && jaccard(common, sizes) < threshold)
        common++;
    return common;
}

/* Count common members; fewer than there are, if it turns out on the way that there are fewer than `wanted`. */
static int64_t count_common(const uint32_t *one, int64_t ones, const uint32_t *other, int64_t others, int64_t wanted)
{
    const uint32_t *one_end = one + ones, *other_end = other + others;
    int64_t common = 0, may_miss = ones - wanted;
    const uint32_t *start = one;
    while (one < one_end && other < other_end && (one - start) - common <= may_miss) {
        uint32_t left = *one, right = *other;
        common += left == right;
        one += left <= right;
        other += right <= left;
    }
    return common;
}

static double verified(const Sets *sets, uint32_t one, uint32_t other, double threshold)
{
    int64_t ones = size_of(sets, one), others = size_of(sets, other);
    int64_t wanted = least_common(ones + others, threshold);
    if (wanted > ones || wanted > others)
        return -1;
    int64_t common = count_common(
        sets->values + sets->offsets[one], ones, sets->values + sets->offsets[other], others, wanted);
    return common < wanted ? -1 : jaccard(common, ones + others);
}

double similarity_of(const Sets *sets, int64_t one, int64_t other)
{
    int64_t ones = size_of(sets, one), others = size_of(sets, other);
    int64_t common =
        count_common(sets->values + sets->offsets[one], ones, sets->values + sets->offsets[other], others, 0);
    return jaccard(common, ones + others);
}

/* --- Joining --- */

static Outcome add_edge(Join *join, uint32_t one, uint32_t other, double similarity)
{
    if (!make_room(&join->left, sizeof(int64_t)) || !make_room(&join->right, sizeof(int64_t)) ||
        !make_room(&join->similarity, sizeof(double)))
        return NO_MEMORY;
    size_t at = join->left.used / sizeof(int64_t);
    ((int64_t *)join->left.data)[at] = one < other ? one : other;
    ((int64_t *)join->right.data)[at] = one < other ? other : one;
    ((double *)join->similarity.data)[at] = similarity;
    join->left.used += sizeof(int64_t);
    join->right.used += sizeof(int64_t);
    join->similarity.used += sizeof(double);
    return DONE;
}

/* Join two texts of different trees if they are alike. */
static Outcome compare(Join *join, uint32_t one, uint32_t other)
{
    double similarity = verified(&join->sets, one, other, join->threshold);
    if (similarity < 0)
        return DONE;
    uint32_t low = root(join->parent, one), high = root(join->parent, other);
    if (low < high)
        join->parent[high] = low;
    else
        join->parent[low] = high;
    return add_edge(join, one, other, similarity);
}

static inline bool may_pair(const Join *join, uint32_t one, uint32_t other)
{
    return !join->needs_short || join->is_short[one] || join->is_short[other];
}

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
static Outcome join_bucket(Join *join, const Band *band, const uint64_t *places, size_t count, int64_t window,
                           uint8_t *crowded)
{
    const uint32_t *texts = band->texts;
    for (size_t at = 0; (int64_t)count > window + 1 && at < count; at++)
        crowded[texts[(uint32_t)places[at]]] = 1;
    for (size_t at = 1; at < count; at++) {
        uint32_t text = texts[(uint32_t)places[at]];
        size_t first = at > (size_t)window ? at - (size_t)window : 0;
        for (size_t before = at; before-- > first;) {
            uint32_t other = texts[(uint32_t)places[before]];
            if (!may_pair(join, text, other) || together(join->parent, text, other))
                continue;
            Outcome outcome = compare(join, other, text);
            if (outcome != DONE)
                return outcome;
        }
    }
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

#define MOST_DIGITS 2048

/* Sort by the bits from `low` to `high`; what is equal there keeps its order. The result is in `sorted`. */
static void radix_sort(uint64_t **sorted, uint64_t **spare, size_t count, int low, int high, int digit_bits)
{
    size_t digits = (size_t)1 << digit_bits;
    for (int shift = low; shift < high; shift += digit_bits) {
        size_t starts[MOST_DIGITS];
        memset(starts, 0, digits * sizeof *starts);
        for (size_t at = 0; at < count; at++)
            starts[(*sorted)[at] >> shift & (digits - 1)]++;
        for (size_t digit = 0, before = 0; digit < digits; digit++) {
            size_t here = starts[digit];
            starts[digit] = before;
            before += here;
        }
        for (size_t at = 0; at < count; at++)
            (*spare)[starts[(*sorted)[at] >> shift & (digits - 1)]++] = (*sorted)[at];
        uint64_t *filled = *spare;
        *spare = *sorted;
        *sorted = filled;
    }
}

static size_t end_of_run(const uint64_t *sorted, size_t start, size_t count)
{
    size_t end = start + 1;
    while (end < count && sorted[end] >> 32 == sorted[start] >> 32)
        end++;
    return end;
}

static Outcome join_band(Join *join, Band *band, int64_t window, uint8_t *crowded)
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
            outcome = join_bucket(join, band, band->sorted + first, last - first, window, crowded);
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
        outcome = join_band(join, &band, banding->window, crowded);
    }
    free(band.texts);
    free(band.sorted);
    free(band.spare);
    free(keys);
    return outcome;
}

/* --- The exact join --- */

/* A member of a text's prefix, as it lies in its slot of the index. */
typedef struct {
    uint32_t text;
    uint32_t value;
    uint32_t size;             /* of the text's set */
    uint32_t place : 31;       /* the member's, in the prefix */
    uint32_t in_one_tree : 1; /* this text and all before it in the slot are in one tree */
} Posting;

typedef struct {
    uint32_t start, end;
} Slot;

#define OUTLINE_WORDS 4

/* A set's members, folded to 256 bits. What differs here differs in the sets.
 * Source: E. Sandes, G. Teodoro and A. Melo, 2020, "Bitmap filter: speeding up exact set similarity joins with bitwise
 * operations", Information Systems 88. */
typedef struct {
    uint64_t bits[OUTLINE_WORDS];
} Outline;

typedef struct {
    const Indexing *indexing;
    uint32_t *prefixes; /* the members to be indexed, text by text */
    Slot *slots;
    Posting *postings;
    uint32_t *compared; /* the text with which each text was compared last */
    Outline *outlines;
} Index;

/* What a text's members are ranked with. */
typedef struct {
    uint16_t *counts; /* how many members of all sets fall in each slot */
    uint64_t *rarest; /* the members below their count */
    uint64_t *spare;
} Ranking;

static inline uint32_t upper(uint32_t value, int bits)
{
    return value >> (32 - bits);
}

static void count_members(const Sets *sets, int bits, uint16_t *counts)
{
    for (int64_t at = sets->offsets[0]; at < sets->offsets[sets->count]; at++) {
        uint16_t *count = counts + upper(sets->values[at], bits);
        *count += *count < UINT16_MAX;
    }
}

/* Sort a text's members by how often their slot occurs, then by value, and write the first of them. */
static void write_prefix(const Sets *sets, int64_t text, int bits, Ranking *ranking, uint32_t *prefix, int64_t length)
{
    const uint32_t *values = sets->values + sets->offsets[text];
    size_t size = (size_t)size_of(sets, text);
    uint32_t most = 0;
    for (size_t at = 0; at < size; at++) {
        uint32_t count = ranking->counts[upper(values[at], bits)];
        most = count > most ? count : most;
        ranking->rarest[at] = (uint64_t)count << 32 | values[at];
    }
    radix_sort(&ranking->rarest, &ranking->spare, size, 32, most < 256 ? 40 : 48, 8);
    for (int64_t at = 0; at < length; at++)
        prefix[at] = (uint32_t)ranking->rarest[at];
}

static Outcome write_prefixes(const Sets *sets, Index *index)
{
    const Indexing *indexing = index->indexing;
    size_t largest = indexing->ordered ? (size_t)size_of(sets, indexing->order[indexing->ordered - 1]) : 0;
    Ranking ranking = {calloc((size_t)1 << indexing->bits, sizeof(uint16_t)),
                       malloc((largest + 1) * sizeof(uint64_t)), malloc((largest + 1) * sizeof(uint64_t))};
    bool fits = ranking.counts && ranking.rarest && ranking.spare;
    if (fits)
        count_members(sets, indexing->bits, ranking.counts);
    uint32_t *prefix = index->prefixes;
    for (int64_t at = 0; fits && at < indexing->ordered; prefix += indexing->prefix[at++])
        write_prefix(sets, indexing->order[at], indexing->bits, &ranking, prefix, indexing->prefix[at]);
    free(ranking.counts);
    free(ranking.rarest);
    free(ranking.spare);
    return fits ? DONE : NO_MEMORY;
}

/* Give each slot of the index its room. */
static void lay_slots(Index *index, uint32_t postings)
{
    int bits = index->indexing->bits;
    for (uint32_t at = 0; at < postings; at++)
        index->slots[upper(index->prefixes[at], bits)].end++;
    uint32_t before = 0;
    for (Slot *slot = index->slots; slot < index->slots + ((size_t)1 << bits); slot++) {
        uint32_t here = slot->end;
        *slot = (Slot){before, before};
        before += here;
    }
}

static void draw_outlines(const Sets *sets, Outline *outlines)
{
    memset(outlines, 0, (size_t)sets->count * sizeof *outlines);
    for (int64_t text = 0; text < sets->count; text++)
        for (int64_t at = sets->offsets[text]; at < sets->offsets[text + 1]; at++)
            outlines[text].bits[sets->values[at] >> 6 & (OUTLINE_WORDS - 1)] |= UINT64_C(1) << (sets->values[at] & 63);
}

static inline int64_t count_bits(uint64_t bits)
{
    bits -= bits >> 1 & UINT64_C(0x5555555555555555);
    bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
    bits = (bits + (bits >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
    return (int64_t)(bits * UINT64_C(0x0101010101010101) >> 56);
}

/* In how many members two sets differ at least. */
static inline int64_t difference(const Outline *one, const Outline *other)
{
    int64_t found = 0;
    for (int at = 0; at < OUTLINE_WORDS; at++)
        found += count_bits(one->bits[at] ^ other->bits[at]);
    return found;
}

/* A text and one of its members, for which others are looked up. */
typedef struct {
    uint32_t text;
    uint32_t value;
    int64_t size;
    int64_t place;
} Member;

/* Whether a posting's text can be alike, judged by sizes and by how many members lie behind the common one. */
static inline bool can_reach(const Posting *posting, const Member *member, int64_t wanted)
{
    int64_t behind = member->size - member->place, other_behind = (int64_t)posting->size - posting->place;
    return wanted <= behind && wanted <= other_behind;
}

/* Compare a text with those that share a member, the latest first. */
static Outcome look_through(Join *join, Index *index, Member member)
{
    const Slot *slot = index->slots + upper(member.value, index->indexing->bits);
    uint32_t text = member.text;
    int64_t size = -1, wanted = 0;
    for (const Posting *at = index->postings + slot->end; at-- > index->postings + slot->start;) {
        if (at->size != size) {
            size = at->size;
            wanted = least_common(size + member.size, join->threshold);
            if (wanted > size)
                break; /* those before it are no larger */
        }
        if (at->in_one_tree && together(join->parent, at->text, text))
            break;
        if (at->value != member.value || !can_reach(at, &member, wanted) || index->compared[at->text] == text)
            continue;
        index->compared[at->text] = text;
        if (difference(index->outlines + text, index->outlines + at->text) > size + member.size - 2 * wanted ||
            join->groups[at->text] != join->groups[text] || !may_pair(join, at->text, text) ||
            together(join->parent, at->text, text))
            continue;
        Outcome outcome = compare(join, at->text, text);
        if (outcome != DONE)
            return outcome;
    }
    return DONE;
}

static void post(Join *join, Index *index, Member member)
{
    Slot *slot = index->slots + upper(member.value, index->indexing->bits);
    Posting *own = index->postings + slot->end++;
    const Posting *last = own > index->postings + slot->start ? own - 1 : NULL;
    bool in_one_tree = !last || (last->in_one_tree && together(join->parent, last->text, member.text));
    *own = (Posting){member.text, member.value, (uint32_t)member.size, (uint32_t)member.place, in_one_tree};
}

#define AHEAD 16

/* Have the slots and postings fetched that the next members want; there are AHEAD * 2 members too many. */
static inline void look_ahead(const Index *index, const uint32_t *member)
{
    FETCH(index->slots + upper(member[2 * AHEAD], index->indexing->bits));
    uint32_t end = index->slots[upper(member[AHEAD], index->indexing->bits)].end;
    FETCH(index->postings + (end ? end - 1 : 0));
}

static Outcome join_text(Join *join, Index *index, uint32_t text, const uint32_t *prefix, int64_t length)
{
    Member member = {text, 0, size_of(&join->sets, text), 0};
    Outcome outcome = DONE;
    for (member.place = 0; member.place < length && outcome == DONE; member.place++) {
        member.value = prefix[member.place];
        look_ahead(index, prefix + member.place);
        outcome = look_through(join, index, member);
    }
    for (member.place = 0; member.place < length; member.place++) {
        member.value = prefix[member.place];
        post(join, index, member);
    }
    return outcome;
}

Outcome join_exact(Join *join, const Indexing *indexing)
{
    size_t postings = 0, texts = (size_t)join->sets.count;
    for (int64_t at = 0; at < indexing->ordered; at++)
        postings += (size_t)indexing->prefix[at];
    if (postings >= UINT32_MAX)
        return NO_MEMORY;
    Index index = {indexing, calloc(postings + 2 * AHEAD + 1, sizeof(uint32_t)),
                   calloc((size_t)1 << indexing->bits, sizeof(Slot)), calloc(postings + 1, sizeof(Posting)),
                   malloc((texts + 1) * sizeof(uint32_t)), malloc((texts + 1) * sizeof(Outline))};
    Outcome outcome = NO_MEMORY;
    if (index.prefixes && index.slots && index.postings && index.compared && index.outlines)
        outcome = write_prefixes(&join->sets, &index);
    if (outcome == DONE) {
        lay_slots(&index, (uint32_t)postings);
        memset(index.compared, 0xFF, texts * sizeof *index.compared);
        draw_outlines(&join->sets, index.outlines);
    }
    const uint32_t *prefix = index.prefixes;
    for (int64_t at = 0; at < indexing->ordered && outcome == DONE; prefix += indexing->prefix[at++])
        outcome = join_text(join, &index, (uint32_t)indexing->order[at], prefix, indexing->prefix[at]);
    free(index.prefixes);
    free(index.slots);
    free(index.postings);
    free(index.compared);
    free(index.outlines);
    return outcome;
}
