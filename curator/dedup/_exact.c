/* All pairs at a similarity, by an index over the rarest members of each set; `prefix_join.py` defines what comes out. */

#include "_join.h"

/* A member of a text's prefix, as it lies in its slot of the index. */
typedef struct {
    uint32_t text;
    uint32_t key;
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
    uint32_t *prefixes; /* the keys of the members to be indexed, text by text */
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

/* What the keys of a group's members differ by from the members themselves, so that each group has slots of its own:
 * however many texts share a member, only those of one group are looked through. */
static inline uint32_t mask_of(uint64_t group)
{
    return (uint32_t)(group * UINT64_C(0x9E3779B97F4A7C15) >> 32);
}

static void count_members(const Sets *sets, int bits, uint16_t *counts)
{
    for (int64_t at = sets->offsets[0]; at < sets->offsets[sets->count]; at++) {
        uint16_t *count = counts + upper(sets->values[at], bits);
        if (*count < UINT16_MAX)
            ++*count;
    }
}

/* Sort a text's members by how often their slot occurs, then by value, and write the keys of the first of them. */
static void write_prefix(const Join *join, int64_t text, int bits, Ranking *ranking, uint32_t *prefix, int64_t length)
{
    const Sets *sets = &join->sets;
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
        prefix[at] = (uint32_t)ranking->rarest[at] ^ mask_of(join->groups[text]);
}

static Outcome write_prefixes(const Join *join, Index *index)
{
    const Sets *sets = &join->sets;
    const Indexing *indexing = index->indexing;
    size_t largest = indexing->ordered ? (size_t)size_of(sets, indexing->order[indexing->ordered - 1]) : 0;
    Ranking ranking = {calloc((size_t)1 << indexing->bits, sizeof(uint16_t)),
                       malloc((largest + 1) * sizeof(uint64_t)), malloc((largest + 1) * sizeof(uint64_t))};
    bool fits = ranking.counts && ranking.rarest && ranking.spare;
    if (fits)
        count_members(sets, indexing->bits, ranking.counts);
    uint32_t *prefix = index->prefixes;
    for (int64_t at = 0; fits && at < indexing->ordered; prefix += indexing->prefix[at++])
        write_prefix(join, indexing->order[at], indexing->bits, &ranking, prefix, indexing->prefix[at]);
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
    uint32_t key;
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
    const Slot *slot = index->slots + upper(member.key, index->indexing->bits);
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
        if (at->key != member.key || !can_reach(at, &member, wanted) || index->compared[at->text] == text)
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
    Slot *slot = index->slots + upper(member.key, index->indexing->bits);
    Posting *own = index->postings + slot->end++;
    const Posting *last = own > index->postings + slot->start ? own - 1 : NULL;
    bool in_one_tree = !last || (last->in_one_tree && together(join->parent, last->text, member.text));
    *own = (Posting){member.text, member.key, (uint32_t)member.size, (uint32_t)member.place & INT32_MAX, in_one_tree};
}

#define AHEAD 16

/* Have the slots and postings fetched that the next members want; there are AHEAD * 2 members too many. */
static inline void look_ahead(const Index *index, const uint32_t *key)
{
    FETCH(index->slots + upper(key[2 * AHEAD], index->indexing->bits));
    uint32_t end = index->slots[upper(key[AHEAD], index->indexing->bits)].end;
    FETCH(index->postings + (end ? end - 1 : 0));
}

static Outcome join_text(Join *join, Index *index, uint32_t text, const uint32_t *prefix, int64_t length)
{
    Member member = {text, 0, size_of(&join->sets, text), 0};
    Outcome outcome = DONE;
    for (member.place = 0; member.place < length && outcome == DONE; member.place++) {
        member.key = prefix[member.place];
        look_ahead(index, prefix + member.place);
        outcome = look_through(join, index, member);
    }
    for (member.place = 0; member.place < length; member.place++) {
        member.key = prefix[member.place];
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
        outcome = write_prefixes(join, &index);
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
