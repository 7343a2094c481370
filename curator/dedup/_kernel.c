/* The compiled kernel as Python sees it: buffers in, buffers out. All lengths and numbers are checked here.
 *
 * Built against Python's limited API, so that one wheel serves every Python from 3.11 on; `kernel.py` is its only user.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_kernel.h"

/* --- Memory that Python may look into --- */

typedef struct {
    PyObject_HEAD
    Growing bytes;
} Block;

static int block_buffer(PyObject *self, Py_buffer *view, int flags)
{
    Growing *bytes = &((Block *)self)->bytes;
    return PyBuffer_FillInfo(view, self, bytes->data, (Py_ssize_t)bytes->used, 0, flags);
}

static void block_free(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    free(((Block *)self)->bytes.data);
    freefunc release = PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyType_Slot block_slots[] = {
    {Py_bf_getbuffer, block_buffer},
    {Py_tp_dealloc, block_free},
    {Py_tp_doc, "Memory of the kernel's, to be read through the buffer protocol."},
    {0, NULL},
};

static PyType_Spec block_spec = {
    .name = "curator.dedup._kernel.Block",
    .basicsize = sizeof(Block),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = block_slots,
};

typedef struct {
    PyTypeObject *block;
} State;

/* Hand memory over to Python, as a memoryview, without what was reserved in vain; it is freed at once if that fails. */
static PyObject *handed_over(PyObject *module, Growing *bytes)
{
    State *state = PyModule_GetState(module);
    PyObject *made = make_room(bytes, 0) ? PyType_GenericAlloc(state->block, 0) : PyErr_NoMemory();
    if (!made) {
        free(bytes->data);
    } else {
        void *shrunk = realloc(bytes->data, bytes->used ? bytes->used : 1);
        if (shrunk)
            bytes->data = shrunk;
        ((Block *)made)->bytes = *bytes;
    }
    *bytes = (Growing){0};
    PyObject *view = made ? PyMemoryView_FromObject(made) : NULL;
    Py_XDECREF(made);
    return view;
}

/* Hand over several, as a tuple; all are freed if that fails. */
static PyObject *all_handed_over(PyObject *module, Growing *bytes, Py_ssize_t count)
{
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t at = 0; at < count; at++) {
        PyObject *made = tuple ? handed_over(module, bytes + at) : NULL;
        if (!made) {
            Py_CLEAR(tuple);
            free(bytes[at].data);
            bytes[at] = (Growing){0};
        } else {
            PyTuple_SetItem(tuple, at, made);
        }
    }
    return tuple;
}

/* --- Arguments --- */

#define MOST_VIEWS 12

/* The buffers that a call was given; released together. */
typedef struct {
    Py_buffer view[MOST_VIEWS];
} Views;

static void release(Views *views)
{
    for (int at = 0; at < MOST_VIEWS; at++)
        if (views->view[at].obj)
            PyBuffer_Release(&views->view[at]);
}

static bool wrong(const char *what)
{
    PyErr_SetString(PyExc_ValueError, what);
    return false;
}

static bool holds(const Py_buffer *view, int64_t count, size_t size)
{
    return view->len == count * (Py_ssize_t)size || wrong("a buffer has not the length that the others ask for");
}

/* Check that offsets are there, ascend, and stay within so many things; write how many parts they bound. */
static bool read_offsets(const Py_buffer *view, int64_t things, const int64_t **offsets, int64_t *count)
{
    *offsets = view->buf;
    *count = view->len / (Py_ssize_t)sizeof(int64_t) - 1;
    if (*count < 0 || *count >= NOBODY || view->len % (Py_ssize_t)sizeof(int64_t))
        return wrong("offsets are 64-bit numbers, one more than texts, and less than 2^32");
    if ((*offsets)[0] < 0 || (*offsets)[*count] > things)
        return wrong("offsets reach beyond the buffer");
    for (int64_t at = 0; at < *count; at++)
        if ((*offsets)[at + 1] < (*offsets)[at] || (*offsets)[at + 1] - (*offsets)[at] > INT32_MAX)
            return wrong("offsets do not ascend, or a text is larger than 2 GB");
    return true;
}

static bool read_column(const Py_buffer *data, const Py_buffer *offsets, Column *column)
{
    column->data = data->buf;
    return read_offsets(offsets, data->len, &column->offsets, &column->count);
}

static bool read_sets(const Py_buffer *offsets, const Py_buffer *values, Sets *sets)
{
    sets->values = values->buf;
    return read_offsets(offsets, values->len / (Py_ssize_t)sizeof(uint32_t), &sets->offsets, &sets->count);
}

static bool read_table(const Py_buffer *index, const Py_buffer *entries, const Py_buffer *several, Table *table)
{
    *table = (Table){index->buf, entries->buf, several->buf};
    size_t count = (size_t)entries->len / sizeof(uint32_t), more = (size_t)several->len / sizeof(uint32_t);
    if (!holds(index, BLOCKS, sizeof(uint16_t)))
        return false;
    for (int block = 0; block < BLOCKS; block++)
        if (table->index[block] != BLOCK_MISSING && (table->index[block] + 1u) * BLOCK_CHARACTERS > count)
            return wrong("the table's index reaches beyond its entries");
    if (table->index[0] == BLOCK_MISSING)
        return wrong("the table lacks ASCII");
    for (size_t at = 0; at < count; at++) {
        size_t start = table->entries[at] & CHARACTER;
        if (table->entries[at] & SEVERAL && (start >= more || table->several[start] >= more - start))
            return wrong("the table's entries reach beyond its characters");
    }
    return true;
}

static bool numbers_below(const Py_buffer *view, int64_t limit)
{
    const int64_t *numbers = view->buf;
    for (Py_ssize_t at = 0; at < view->len / (Py_ssize_t)sizeof(int64_t); at++)
        if (numbers[at] < 0 || numbers[at] >= limit)
            return wrong("a number is that of no text");
    return true;
}

static PyObject *told(Outcome outcome)
{
    if (outcome == NO_MEMORY)
        return PyErr_NoMemory();
    wrong(outcome == NOT_UTF8 ? "a text is not valid UTF-8" : "a character is not in the table");
    return NULL;
}

/* --- Texts --- */

/* Put a string in UTF-8 behind the others. */
static bool append_text(PyObject *text, Growing *data)
{
    PyObject *encoded = PyUnicode_AsUTF8String(text);
    if (!encoded && PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
        PyErr_Clear();
        encoded = PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass");
    }
    char *bytes;
    Py_ssize_t length;
    if (!encoded)
        return false;
    bool fits = PyBytes_AsStringAndSize(encoded, &bytes, &length) == 0;
    if (fits && !make_room(data, (size_t)length)) {
        PyErr_NoMemory();
        fits = false;
    }
    if (fits) {
        memcpy((char *)data->data + data->used, bytes, (size_t)length);
        data->used += (size_t)length;
    }
    Py_DECREF(encoded);
    return fits;
}

static PyObject *lay_out(PyObject *module, PyObject *texts)
{
    Py_ssize_t count = PySequence_Size(texts);
    if (count < 0)
        return NULL;
    enum { DATA, OFFSETS, BOTH };
    Growing made[BOTH] = {{0}};
    bool fits = make_room(&made[OFFSETS], ((size_t)count + 1) * sizeof(int64_t));
    if (!fits)
        PyErr_NoMemory();
    for (Py_ssize_t at = 0; at < count && fits; at++) {
        ((int64_t *)made[OFFSETS].data)[at] = (int64_t)made[DATA].used;
        PyObject *text = PySequence_GetItem(texts, at);
        fits = text && append_text(text, &made[DATA]);
        Py_XDECREF(text);
    }
    if (!fits) {
        free(made[DATA].data);
        free(made[OFFSETS].data);
        return NULL;
    }
    ((int64_t *)made[OFFSETS].data)[count] = (int64_t)made[DATA].used;
    made[OFFSETS].used = ((size_t)count + 1) * sizeof(int64_t);
    return all_handed_over(module, made, BOTH);
}

static PyObject *blocks(PyObject *module, PyObject *arguments)
{
    Views views = {0};
    Column texts;
    Growing seen = {0};
    PyObject *made = NULL;
    if (!PyArg_ParseTuple(arguments, "y*y*", &views.view[0], &views.view[1]) ||
        !read_column(&views.view[0], &views.view[1], &texts))
        goto done;
    if (!make_room(&seen, BLOCKS)) {
        PyErr_NoMemory();
        goto done;
    }
    seen.used = BLOCKS;
    memset(seen.data, 0, BLOCKS);
    Outcome outcome;
    Py_BEGIN_ALLOW_THREADS
    outcome = mark_blocks(texts, seen.data);
    Py_END_ALLOW_THREADS
    made = outcome == DONE ? handed_over(module, &seen) : told(outcome);
done:
    free(seen.data);
    release(&views);
    return made;
}

static PyObject *bound(PyObject *module, PyObject *arguments)
{
    Views views = {0};
    Py_buffer *view = views.view;
    Column texts;
    Table table;
    Growing numbers = {0};
    PyObject *made = NULL;
    if (PyArg_ParseTuple(arguments, "y*y*y*y*y*", view, view + 1, view + 2, view + 3, view + 4) &&
        read_column(view, view + 1, &texts) && read_table(view + 2, view + 3, view + 4, &table)) {
        Outcome outcome;
        Py_BEGIN_ALLOW_THREADS
        outcome = find_bound(texts, &table, &numbers);
        Py_END_ALLOW_THREADS
        made = outcome == DONE ? handed_over(module, &numbers) : told(outcome);
    }
    free(numbers.data);
    release(&views);
    return made;
}

/* What `shingle` makes, in the order in which it is handed over. */
enum { SHORT, WORD_OFFSETS, WORDS, CHARACTER_OFFSETS, CHARACTERS, SHINGLED };

static Outcome run_shingle(Column texts, Forms forms, const Table *table, WordBounds bounds, Growing *made)
{
    size_t count = (size_t)texts.count, offsets = (count + 1) * sizeof(int64_t);
    if (!make_room(&made[SHORT], count) || !make_room(&made[WORD_OFFSETS], offsets) ||
        !make_room(&made[CHARACTER_OFFSETS], offsets))
        return NO_MEMORY;
    Shingled sets = {made[WORD_OFFSETS].data, made[CHARACTER_OFFSETS].data, made[SHORT].data, {0}, {0}};
    Outcome outcome;
    Py_BEGIN_ALLOW_THREADS
    outcome = shingle(texts, forms, table, bounds, &sets);
    Py_END_ALLOW_THREADS
    made[SHORT].used = count;
    made[WORD_OFFSETS].used = made[CHARACTER_OFFSETS].used = offsets;
    made[WORDS] = sets.words;
    made[CHARACTERS] = sets.characters;
    return outcome;
}

static PyObject *cut_shingles(PyObject *module, PyObject *arguments)
{
    Views views = {0};
    Py_buffer *view = views.view;
    Column texts;
    Forms forms;
    Table table;
    Growing made[SHINGLED] = {{0}};
    PyObject *result = NULL;
    long long below, up_to;
    if (PyArg_ParseTuple(arguments, "y*y*y*y*y*y*y*y*LL", view, view + 1, view + 2, view + 3, view + 4, view + 5,
                         view + 6, view + 7, &below, &up_to) &&
        read_column(view, view + 1, &texts) && read_column(view + 2, view + 3, &forms.texts) &&
        holds(view + 4, forms.texts.count, sizeof(int64_t)) &&
        read_table(view + 5, view + 6, view + 7, &table)) {
        forms.numbers = view[4].buf;
        Outcome outcome = run_shingle(texts, forms, &table, (WordBounds){below, up_to}, made);
        result = outcome == DONE ? all_handed_over(module, made, SHINGLED) : told(outcome);
    }
    for (int at = 0; at < SHINGLED; at++)
        free(made[at].data);
    release(&views);
    return result;
}

/* Hash normal forms: a number of 64 bits for each text. */
static PyObject *form_hashes(PyObject *module, PyObject *arguments)
{
    Views views = {0};
    Py_buffer *view = views.view;
    Column texts;
    Forms forms;
    Table table;
    Growing hashes = {0};
    PyObject *made = NULL;
    if (PyArg_ParseTuple(arguments, "y*y*y*y*y*y*y*y*", view, view + 1, view + 2, view + 3, view + 4, view + 5,
                         view + 6, view + 7) &&
        read_column(view, view + 1, &texts) && read_column(view + 2, view + 3, &forms.texts) &&
        holds(view + 4, forms.texts.count, sizeof(int64_t)) &&
        read_table(view + 5, view + 6, view + 7, &table)) {
        forms.numbers = view[4].buf;
        hashes.used = (size_t)texts.count * sizeof(uint64_t);
        Outcome outcome = make_room(&hashes, hashes.used) ? DONE : NO_MEMORY;
        if (outcome == DONE) {
            Py_BEGIN_ALLOW_THREADS
            outcome = hash_forms(texts, forms, &table, hashes.data);
            Py_END_ALLOW_THREADS
        }
        made = outcome == DONE ? handed_over(module, &hashes) : told(outcome);
    }
    free(hashes.data);
    release(&views);
    return made;
}

static PyObject *pieces(PyObject *module, PyObject *arguments)
{
    Views views = {0};
    Column texts;
    int capitals;
    Growing kept = {0};
    PyObject *made = NULL;
    if (PyArg_ParseTuple(arguments, "y*y*p", &views.view[0], &views.view[1], &capitals) &&
        read_column(&views.view[0], &views.view[1], &texts)) {
        Outcome outcome;
        Py_BEGIN_ALLOW_THREADS
        outcome = find_pieces(texts, capitals, &kept);
        Py_END_ALLOW_THREADS
        made = outcome == DONE ? handed_over(module, &kept) : told(outcome);
    }
    free(kept.data);
    release(&views);
    return made;
}

/* --- Joining --- */

/* Read what both joins are given: offsets, values, short texts, groups, trees. */
static bool read_join(const Py_buffer *view, Join *join)
{
    if (!read_sets(view, view + 1, &join->sets) || !holds(view + 2, join->sets.count, 1) ||
        !holds(view + 3, join->sets.count, sizeof(uint64_t)) || !holds(view + 4, join->sets.count, sizeof(uint32_t)))
        return false;
    join->is_short = view[2].buf;
    join->groups = view[3].buf;
    join->parent = view[4].buf;
    for (int64_t text = 0; text < join->sets.count; text++)
        if (join->parent[text] > text)
            return wrong("a tree's root is its smallest number");
    return (join->threshold > 0 && join->threshold <= 1) || wrong("a threshold is above 0 and at most 1");
}

static PyObject *joined(PyObject *module, Join *join, Outcome outcome)
{
    Growing made[] = {join->left, join->right, join->similarity};
    if (outcome == DONE)
        return all_handed_over(module, made, 3);
    for (int at = 0; at < 3; at++)
        free(made[at].data);
    return told(outcome);
}

static PyObject *near(PyObject *module, PyObject *arguments)
{
    Views views = {0};
    Py_buffer *view = views.view;
    Join join = {0};
    Banding banding;
    int needs_short;
    long long uncrowded, window;
    PyObject *made = NULL;
    if (PyArg_ParseTuple(arguments, "y*y*y*y*w*w*y*iiLLpd", view, view + 1, view + 2, view + 3, view + 4, view + 5,
                         view + 6, &banding.bands, &banding.rows, &uncrowded, &window, &needs_short, &join.threshold) &&
        read_join(view, &join) && holds(view + 5, join.sets.count, 1) &&
        holds(view + 6, 2 * PERMUTATIONS, sizeof(uint32_t))) {
        banding.factors = view[6].buf;
        banding.summands = banding.factors + PERMUTATIONS;
        banding.uncrowded = uncrowded;
        banding.window = window;
        join.needs_short = needs_short;
        Outcome outcome;
        if (banding.bands < 1 || banding.rows < 1 || banding.bands > PERMUTATIONS / banding.rows || uncrowded < 1 ||
            window < 1) {
            wrong("so many bands of so many rows are no signature");
        } else {
            Py_BEGIN_ALLOW_THREADS
            outcome = join_near(&join, &banding, view[5].buf);
            Py_END_ALLOW_THREADS
            made = joined(module, &join, outcome);
        }
    }
    release(&views);
    return made;
}

static bool prefixes_fit(const Join *join, const Indexing *indexing)
{
    int64_t before = 0;
    for (int64_t at = 0; at < indexing->ordered; at++) {
        const int64_t *bounds = join->sets.offsets + indexing->order[at];
        if (indexing->prefix[at] < 0 || indexing->prefix[at] > bounds[1] - bounds[0])
            return wrong("a prefix is longer than its set");
        if (bounds[1] - bounds[0] < before)
            return wrong("sets are not ordered by their size");
        before = bounds[1] - bounds[0];
    }
    return true;
}

static PyObject *exact(PyObject *module, PyObject *arguments)
{
    Views views = {0};
    Py_buffer *view = views.view;
    Join join = {0};
    Indexing indexing;
    int needs_short;
    PyObject *made = NULL;
    if (PyArg_ParseTuple(arguments, "y*y*y*y*w*y*y*ipd", view, view + 1, view + 2, view + 3, view + 4, view + 5,
                         view + 6, &indexing.bits, &needs_short, &join.threshold) &&
        read_join(view, &join) && numbers_below(view + 5, join.sets.count)) {
        indexing.order = view[5].buf;
        indexing.ordered = view[5].len / (Py_ssize_t)sizeof(int64_t);
        indexing.prefix = view[6].buf;
        join.needs_short = needs_short;
        Outcome outcome;
        if (indexing.bits < 1 || indexing.bits > 30) {
            wrong("an index has 2 to 2^30 slots");
        } else if (holds(view + 6, indexing.ordered, sizeof(int64_t)) && prefixes_fit(&join, &indexing)) {
            Py_BEGIN_ALLOW_THREADS
            outcome = join_exact(&join, &indexing);
            Py_END_ALLOW_THREADS
            made = joined(module, &join, outcome);
        }
    }
    release(&views);
    return made;
}

static PyObject *similarities(PyObject *module, PyObject *arguments)
{
    Views views = {0};
    Py_buffer *view = views.view;
    Sets words, characters;
    Growing found = {0};
    PyObject *made = NULL;
    if (!PyArg_ParseTuple(arguments, "y*y*y*y*y*y*y*", view, view + 1, view + 2, view + 3, view + 4, view + 5, view + 6) ||
        !read_sets(view, view + 1, &words) || !read_sets(view + 2, view + 3, &characters) ||
        !holds(view + 2, words.count + 1, sizeof(int64_t)) || !holds(view + 4, words.count, 1) ||
        !holds(view + 6, view[5].len / (Py_ssize_t)sizeof(int64_t), sizeof(int64_t)) ||
        !numbers_below(view + 5, words.count) || !numbers_below(view + 6, words.count))
        goto done;
    if (!make_room(&found, (size_t)view[5].len)) {
        PyErr_NoMemory();
        goto done;
    }
    found.used = (size_t)view[5].len;
    Py_BEGIN_ALLOW_THREADS
    const uint8_t *is_short = view[4].buf;
    const int64_t *left = view[5].buf, *right = view[6].buf;
    for (size_t at = 0; at < found.used / sizeof(double); at++) {
        bool by_characters = is_short[left[at]] || is_short[right[at]];
        ((double *)found.data)[at] = similarity_of(by_characters ? &characters : &words, left[at], right[at]);
    }
    Py_END_ALLOW_THREADS
    made = handed_over(module, &found);
done:
    free(found.data);
    release(&views);
    return made;
}

/* --- The module --- */

static PyMethodDef methods[] = {
    {"lay_out", lay_out, METH_O, "Lay strings out: (data, offsets)."},
    {"blocks", blocks, METH_VARARGS, "Return which blocks of 256 code points beyond ASCII occur."},
    {"bound", bound, METH_VARARGS, "Return the numbers of texts whose normal form a table cannot give."},
    {"shingle", cut_shingles, METH_VARARGS, "Cut texts: (short, word offsets, words, character offsets, characters)."},
    {"form_hashes", form_hashes, METH_VARARGS, "Return a hash of each text's normal form."},
    {"pieces", pieces, METH_VARARGS, "Return what stands between blanks, each once."},
    {"near", near, METH_VARARGS, "Join the pairs that bands propose: (left, right, similarity)."},
    {"exact", exact, METH_VARARGS, "Join all pairs: (left, right, similarity)."},
    {"similarities", similarities, METH_VARARGS, "Return the similarity of pairs."},
    {NULL, NULL, 0, NULL},
};

static int begin(PyObject *module)
{
    State *state = PyModule_GetState(module);
    state->block = (PyTypeObject *)PyType_FromModuleAndSpec(module, &block_spec, NULL);
    return state->block ? PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) : -1;
}

static int visit_state(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    Py_VISIT(state->block);
    return 0;
}

static int clear_state(PyObject *module)
{
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->block);
    return 0;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, begin}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_kernel",
    .m_doc = "Near-duplicate search on buffers; see kernel.py.",
    .m_size = sizeof(State),
    .m_methods = methods,
    .m_slots = module_slots,
    .m_traverse = visit_state,
    .m_clear = clear_state,
};

PyMODINIT_FUNC PyInit__kernel(void)
{
    return PyModuleDef_Init(&definition);
}
