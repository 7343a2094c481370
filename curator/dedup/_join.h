/* What both joins are made of: trees of texts, the comparison of a pair, a sort. */

#ifndef CURATOR_DEDUP_JOIN_H
#define CURATOR_DEDUP_JOIN_H

#include "_kernel.h"

/* Union-find: the smallest number of a tree's texts is its root. */
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

static inline int64_t size_of(const Sets *sets, int64_t text)
{
    return sets->offsets[text + 1] - sets->offsets[text];
}

static inline bool may_pair(const Join *join, uint32_t one, uint32_t other)
{
    return !join->needs_short || join->is_short[one] || join->is_short[other];
}

/* The fewest common members with which two sets, of so many members together, reach a similarity. */
int64_t least_common(int64_t sizes, double threshold);

/* Join two texts of different trees if they are alike. */
Outcome compare(Join *join, uint32_t one, uint32_t other);

/* Sort by the bits from `low` to `high`, in digits of 11 bits at most; what is equal there keeps its order. The result is
 * in `sorted`. */
void radix_sort(uint64_t **sorted, uint64_t **spare, size_t count, int low, int high, int digit_bits);

#endif
