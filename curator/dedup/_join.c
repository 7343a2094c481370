/* The comparison of a pair of sets, and what follows from it; `forest.py` says what comes out. */

#include "_join.h"

/* --- Similarity --- */

static inline double jaccard(int64_t common, int64_t sizes)
{
    return common ? (double)common / (double)(sizes - common) : 0.0;
}

int64_t least_common(int64_t sizes, double threshold)
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

Outcome compare(Join *join, uint32_t one, uint32_t other)
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

/* --- Sorting --- */

#define MOST_DIGITS 2048

void radix_sort(uint64_t **sorted, uint64_t **spare, size_t count, int low, int high, int digit_bits)
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
