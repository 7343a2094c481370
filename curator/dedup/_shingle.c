/* Texts to sets of hashed shingles; `shingles.py` defines them, `curator/text/words.py` the normal form and the words. */

#include "_kernel.h"

#define STEP UINT64_C(0x9E3779B97F4A7C15)
#define FNV_START UINT64_C(0xCBF29CE484222325)
#define FNV_PRIME UINT64_C(0x100000001B3)
#define WORD_RUN 3
#define CHARACTER_RUN 5

/* What a text is turned into on its way; kept from text to text. */
typedef struct {
    Growing form;    /* uint32: entries of the table, so characters and what they are */
    Growing hashes;  /* uint64: one for each word */
    Growing sorting; /* uint32 */
    uint8_t ascii[256];  /* a byte's normal form */
    uint8_t letters[256]; /* what it is: a LETTER, a WORD's part, or beyond ASCII */
} Work;

enum { IS_WORD = 1, IS_LETTER = 2, IS_BEYOND = 4 };

/* --- UTF-8 --- */

/* Read the character at *at, which is not ASCII, and step behind it; half surrogate pairs pass. False if it is none. */
static bool decode(const uint8_t **at, const uint8_t *end, uint32_t *character)
{
    const uint8_t *byte = *at;
    int more = byte[0] >= 0xF0 ? 3 : byte[0] >= 0xE0 ? 2 : 1;
    if (byte[0] < 0xC2 || byte[0] > 0xF4 || end - byte <= more)
        return false;
    uint32_t value = byte[0] & (0x3F >> more);
    for (int i = 1; i <= more; i++) {
        if ((byte[i] & 0xC0) != 0x80)
            return false;
        value = value << 6 | (byte[i] & 0x3F);
    }
    if ((more == 2 && value < 0x800) || (more == 3 && (value < 0x10000 || value > 0x10FFFF)))
        return false;
    *at = byte + more + 1;
    *character = value;
    return true;
}

/* Step over ASCII, eight bytes at a time. */
static const uint8_t *beyond_ascii(const uint8_t *at, const uint8_t *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t bytes;
        memcpy(&bytes, at, 8);
        if (bytes & UINT64_C(0x8080808080808080))
            break;
    }
    while (at < end && *at < 0x80)
        at++;
    return at;
}

Outcome mark_blocks(Column texts, uint8_t *seen)
{
    for (int64_t text = 0; text < texts.count; text++) {
        const uint8_t *end = texts.data + texts.offsets[text + 1];
        const uint8_t *at = beyond_ascii(texts.data + texts.offsets[text], end);
        for (uint32_t character; at < end; at = beyond_ascii(at, end)) {
            if (!decode(&at, end, &character))
                return NOT_UTF8;
            seen[character / BLOCK_CHARACTERS] = 1;
        }
    }
    return DONE;
}

static bool look_up(const Table *table, uint32_t character, uint32_t *entry)
{
    uint32_t block = table->index[character / BLOCK_CHARACTERS];
    if (block == BLOCK_MISSING)
        return false;
    *entry = table->entries[block * BLOCK_CHARACTERS + character % BLOCK_CHARACTERS];
    return true;
}

Outcome find_bound(Column texts, const Table *table, Growing *numbers)
{
    for (int64_t text = 0; text < texts.count; text++) {
        const uint8_t *end = texts.data + texts.offsets[text + 1];
        const uint8_t *at = beyond_ascii(texts.data + texts.offsets[text], end);
        bool bound = false;
        for (uint32_t character, entry; at < end && !bound; at = beyond_ascii(at, end)) {
            if (!decode(&at, end, &character))
                return NOT_UTF8;
            if (!look_up(table, character, &entry))
                return NOT_IN_TABLE;
            bound = entry & BOUND;
        }
        if (bound) {
            if (!make_room(numbers, sizeof(int64_t)))
                return NO_MEMORY;
            ((int64_t *)numbers->data)[numbers->used / sizeof(int64_t)] = text;
            numbers->used += sizeof(int64_t);
        }
    }
    return DONE;
}

/* --- The normal form --- */

/* Put the entry of a character of the normal form behind the others; any white space becomes one blank. */
static inline size_t append(uint32_t *form, size_t count, uint32_t entry)
{
    if (entry & SPACE) {
        if (count && form[count - 1] != (SPACE | ' '))
            form[count++] = SPACE | ' ';
    } else {
        form[count++] = entry;
    }
    return count;
}

/* Write a text's normal form to work->form. */
static Outcome normalise(const uint8_t *at, const uint8_t *end, const Table *table, Work *work)
{
    size_t count = 0;
    work->form.used = 0;
    if (!make_room(&work->form, (size_t)(end - at) * sizeof(uint32_t)))
        return NO_MEMORY;
    uint32_t *form = work->form.data;
    const uint32_t *ascii = table->entries + (size_t)table->index[0] * BLOCK_CHARACTERS;
    while (at < end) {
        uint32_t character, entry;
        if (*at < 0x80) {
            entry = ascii[*at++];
        } else {
            if (!decode(&at, end, &character))
                return NOT_UTF8;
            if (!look_up(table, character, &entry))
                return NOT_IN_TABLE;
        }
        if (!(entry & SEVERAL)) {
            count = append(form, count, entry);
            continue;
        }
        const uint32_t *several = table->several + (entry & CHARACTER);
        work->form.used = count * sizeof(uint32_t);
        if (!make_room(&work->form, ((size_t)(end - at) + *several) * sizeof(uint32_t)))
            return NO_MEMORY;
        form = work->form.data;
        for (uint32_t i = 1; i <= *several; i++)
            count = append(form, count, several[i]);
    }
    if (count && form[count - 1] & SPACE)
        count--;
    work->form.used = count * sizeof(uint32_t);
    return DONE;
}

/* --- Words --- */

/* Take a character in UTF-8 into an FNV-1a hash. */
static inline uint64_t take_in(uint64_t hash, uint32_t entry)
{
    uint32_t character = entry & CHARACTER;
    if (character < 0x80)
        return (hash ^ character) * FNV_PRIME;
    int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    uint32_t lead = more == 1 ? 0xC0 : more == 2 ? 0xE0 : 0xF0;
    hash = (hash ^ (lead | character >> 6 * more)) * FNV_PRIME;
    while (more--)
        hash = (hash ^ (0x80 | (character >> 6 * more & 0x3F))) * FNV_PRIME;
    return hash;
}

/* Hash the words of a normal form; there is room for as many as it has characters. Returns their number. */
static size_t hash_words(const uint32_t *form, size_t length, uint64_t *hashes)
{
    size_t count = 0, at = 0;
    while (at < length) {
        if (!(form[at] & (WORD | LONE))) {
            at++;
            continue;
        }
        uint32_t goes_on = form[at] & LONE ? MARK : WORD;
        uint64_t hash = FNV_START;
        do
            hash = take_in(hash, form[at++]);
        while (at < length && form[at] & goes_on);
        while (goes_on == WORD && at + 1 < length && (form[at] & CHARACTER) == '\'' && form[at + 1] & LETTER) {
            hash = take_in(hash, form[at++]);
            do
                hash = take_in(hash, form[at++]);
            while (at < length && form[at] & LETTER);
        }
        hashes[count++] = hash;
    }
    return count;
}

/* The same, straight from the bytes of a text in ASCII; SIZE_MAX if it is none. */
static size_t hash_ascii_words(const uint8_t *at, const uint8_t *end, const Work *work, uint64_t *hashes)
{
    const uint8_t *fold = work->ascii, *is = work->letters;
    size_t count = 0;
    while (at < end) {
        if (!(is[*at] & IS_WORD)) {
            if (is[*at++] & IS_BEYOND)
                return SIZE_MAX;
            continue;
        }
        uint64_t hash = FNV_START;
        do
            hash = (hash ^ fold[*at++]) * FNV_PRIME;
        while (at < end && is[*at] & IS_WORD);
        while (end - at > 1 && fold[*at] == '\'' && is[at[1]] & IS_LETTER) {
            hash = (hash ^ fold[*at++]) * FNV_PRIME;
            do
                hash = (hash ^ fold[*at++]) * FNV_PRIME;
            while (at < end && is[*at] & IS_LETTER);
        }
        hashes[count++] = hash;
    }
    return count;
}

static void read_ascii(const Table *table, Work *work)
{
    const uint32_t *entries = table->entries + (size_t)table->index[0] * BLOCK_CHARACTERS;
    for (int byte = 0; byte < 0x80; byte++) {
        work->ascii[byte] = (uint8_t)(entries[byte] & 0x7F);
        work->letters[byte] = (entries[byte] & WORD ? IS_WORD : 0) | (entries[byte] & LETTER ? IS_LETTER : 0);
    }
    memset(work->ascii + 0x80, 0, 0x80);
    memset(work->letters + 0x80, IS_BEYOND, 0x80);
}

/* --- Sets --- */

static inline uint32_t finished(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
    hash = (hash ^ hash >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
    return (uint32_t)(hash ^ hash >> 33);
}

static int by_value(const void *one, const void *other)
{
    uint32_t left = *(const uint32_t *)one, right = *(const uint32_t *)other;
    return (left > right) - (left < right);
}

#define FEW 24
#define MANY_ALIKE 48

/* Bring hashes near their place: they are spread evenly, so their upper bits say where that is. */
static void distribute(const uint32_t *values, size_t count, int bits, uint32_t *spread, uint32_t *ends)
{
    size_t slots = (size_t)1 << bits;
    int shift = 32 - bits;
    uint32_t before = 0, most = 0;
    memset(ends, 0, slots * sizeof(uint32_t));
    for (size_t i = 0; i < count; i++)
        ends[values[i] >> shift]++;
    for (size_t slot = 0; slot < slots; slot++) {
        uint32_t here = ends[slot];
        most = here > most ? here : most;
        ends[slot] = before;
        before += here;
    }
    for (size_t i = 0; i < count; i++)
        spread[ends[values[i] >> shift]++] = values[i];
    /* A text that repeats itself fills few slots; those cannot be left to insertion. */
    for (size_t slot = 0; most > MANY_ALIKE && slot < slots; slot++) {
        size_t start = slot ? ends[slot - 1] : 0;
        if (ends[slot] - start > MANY_ALIKE)
            qsort(spread + start, ends[slot] - start, sizeof(uint32_t), by_value);
    }
}

/* Sort and leave out repetitions; returns how many are left, SIZE_MAX without memory. */
static size_t sort_set(uint32_t *values, size_t count, Growing *sorting)
{
    if (count > FEW) {
        int bits = 5;
        while (bits < 24 && ((size_t)1 << bits) < count)
            bits++;
        if (!make_room(sorting, (count + ((size_t)1 << bits)) * sizeof(uint32_t)))
            return SIZE_MAX;
        uint32_t *spread = sorting->data;
        distribute(values, count, bits, spread, spread + count);
        memcpy(values, spread, count * sizeof(uint32_t));
    }
    for (size_t i = 1; i < count; i++) {
        uint32_t value = values[i];
        size_t at = i;
        for (; at && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
    size_t kept = count ? 1 : 0;
    for (size_t i = 1; i < count; i++)
        if (values[i] != values[kept - 1])
            values[kept++] = values[i];
    return kept;
}

/* Put a set behind the others, of hashes that lie at the end of `values`. */
static Outcome close_set(Growing *values, size_t count, Growing *sorting)
{
    size_t kept = sort_set((uint32_t *)values->data + values->used / sizeof(uint32_t), count, sorting);
    if (kept == SIZE_MAX)
        return NO_MEMORY;
    values->used += kept * sizeof(uint32_t);
    return DONE;
}

static Outcome add_words(const uint64_t *words, size_t count, Growing *values, Growing *sorting)
{
    size_t runs = count < WORD_RUN ? count > 0 : count - WORD_RUN + 1;
    size_t length = count < WORD_RUN ? count : WORD_RUN;
    if (!make_room(values, runs * sizeof(uint32_t)))
        return NO_MEMORY;
    uint32_t *made = (uint32_t *)values->data + values->used / sizeof(uint32_t);
    for (size_t run = 0; run < runs; run++) {
        uint64_t hash = length;
        for (size_t i = run; i < run + length; i++)
            hash = hash * STEP + words[i];
        made[run] = finished(hash);
    }
    return close_set(values, runs, sorting);
}

static Outcome add_characters(const uint32_t *form, size_t count, Growing *values, Growing *sorting)
{
    size_t runs = count < CHARACTER_RUN ? count > 0 : count - CHARACTER_RUN + 1;
    size_t length = count < CHARACTER_RUN ? count : CHARACTER_RUN;
    if (!make_room(values, runs * sizeof(uint32_t)))
        return NO_MEMORY;
    uint32_t *made = (uint32_t *)values->data + values->used / sizeof(uint32_t);
    for (size_t run = 0; run < runs; run++) {
        uint64_t hash = length;
        for (size_t i = run; i < run + length; i++)
            hash = hash * STEP + (form[i] & CHARACTER);
        made[run] = finished(hash);
    }
    return close_set(values, runs, sorting);
}

/* --- A text after the other --- */

typedef struct {
    const uint8_t *at, *end;
} Text;

/* Hash a text's words to work->hashes; writes the normal form only where it takes it. */
static Outcome words_of(Text text, const Table *table, Work *work, size_t *count, bool *has_form)
{
    work->hashes.used = 0;
    if (!make_room(&work->hashes, ((size_t)(text.end - text.at) / 2 + 1) * sizeof(uint64_t)))
        return NO_MEMORY;
    *count = hash_ascii_words(text.at, text.end, work, work->hashes.data);
    *has_form = *count == SIZE_MAX;
    if (!*has_form)
        return DONE;
    Outcome outcome = normalise(text.at, text.end, table, work);
    if (outcome != DONE)
        return outcome;
    size_t length = work->form.used / sizeof(uint32_t);
    if (!make_room(&work->hashes, (length + 1) * sizeof(uint64_t)))
        return NO_MEMORY;
    *count = hash_words(work->form.data, length, work->hashes.data);
    return DONE;
}

static Outcome cut(Text text, const Table *table, WordBounds bounds, Work *work, Shingled *made, uint8_t *is_short)
{
    size_t words = 0;
    bool has_form = false;
    if (bounds.below < INT64_MAX) {
        Outcome outcome = words_of(text, table, work, &words, &has_form);
        if (outcome != DONE)
            return outcome;
    }
    *is_short = (int64_t)words < bounds.below;
    if (!*is_short) {
        Outcome outcome = add_words(work->hashes.data, words, &made->words, &work->sorting);
        if (outcome != DONE)
            return outcome;
    }
    if ((int64_t)words > bounds.up_to)
        return DONE;
    Outcome outcome = has_form ? DONE : normalise(text.at, text.end, table, work);
    if (outcome != DONE)
        return outcome;
    return add_characters(work->form.data, work->form.used / sizeof(uint32_t), &made->characters, &work->sorting);
}

static Text text_at(Column texts, int64_t number)
{
    return (Text){texts.data + texts.offsets[number], texts.data + texts.offsets[number + 1]};
}

Outcome shingle(Column texts, Forms forms, const Table *table, WordBounds bounds, Shingled *made)
{
    Work work = {0};
    Outcome outcome = DONE;
    int64_t form = 0;
    read_ascii(table, &work);
    made->word_offsets[0] = made->character_offsets[0] = 0;
    for (int64_t number = 0; number < texts.count && outcome == DONE; number++) {
        bool comes_as_form = form < forms.texts.count && forms.numbers[form] == number;
        Text text = comes_as_form ? text_at(forms.texts, form++) : text_at(texts, number);
        outcome = cut(text, table, bounds, &work, made, &made->is_short[number]);
        made->word_offsets[number + 1] = (int64_t)(made->words.used / sizeof(uint32_t));
        made->character_offsets[number + 1] = (int64_t)(made->characters.used / sizeof(uint32_t));
    }
    free(work.form.data);
    free(work.hashes.data);
    free(work.sorting.data);
    return outcome;
}

/* --- Equal texts --- */

/* The sum of characters' weights, and the sum of all such sums on the way, which tells their order. */
typedef struct {
    uint64_t sum, sums;
} Weighed;

static inline void weigh(Weighed *weighed, uint64_t weight)
{
    weighed->sum += weight;
    weighed->sums += weight ? weighed->sum : 0;
}

/* What a character counts; a blank nothing. */
static inline uint64_t weight_of(uint32_t entry)
{
    uint64_t weight = ((uint64_t)(entry & CHARACTER) + 1) * STEP;
    weight = (weight ^ weight >> 32) * FNV_PRIME | 1;
    return entry & SPACE ? 0 : weight;
}

static Outcome weigh_form(Text text, const Table *table, Work *work, Weighed *weighed)
{
    Outcome outcome = normalise(text.at, text.end, table, work);
    const uint32_t *form = work->form.data;
    for (size_t at = 0; outcome == DONE && at < work->form.used / sizeof(uint32_t); at++)
        weigh(weighed, weight_of(form[at]));
    return outcome;
}

Outcome hash_forms(Column texts, Forms forms, const Table *table, uint64_t *hashes)
{
    Work work = {0};
    Outcome outcome = DONE;
    int64_t form = 0;
    uint64_t weights[0x80];
    for (int byte = 0; byte < 0x80; byte++)
        weights[byte] = weight_of(table->entries[(size_t)table->index[0] * BLOCK_CHARACTERS + (size_t)byte]);
    for (int64_t number = 0; number < texts.count && outcome == DONE; number++) {
        bool comes_as_form = form < forms.texts.count && forms.numbers[form] == number;
        Text text = comes_as_form ? text_at(forms.texts, form++) : text_at(texts, number);
        Weighed weighed = {0, 0};
        if (beyond_ascii(text.at, text.end) < text.end)
            outcome = weigh_form(text, table, &work, &weighed);
        else
            for (const uint8_t *at = text.at; at < text.end; at++)
                weigh(&weighed, weights[*at]);
        hashes[number] = weighed.sums * STEP + weighed.sum;
    }
    free(work.form.data);
    return outcome;
}
