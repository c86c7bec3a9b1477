/*
 * watch_cursor.c: what a reader of events has been told, in a word
 *
 * Invariant: the text of every list is what its entries say, and the sum is
 * that of all entries, so that nothing is computed anew for a line.
 */
#include "base/compat.h"
#include "verbs/watch_cursor.h"

#include <stdlib.h>
#include <string.h>

#include "spool/spool.h"

enum list { ENDED_OURS, ENDED_OTHERS, LIVE, LISTS };

enum {
	ID_BYTES = 6,
	END_BYTES = 3,
	CELL_MAX = 12, /* characters */
	HEADER_BYTES = 27,
	HEADER_CHARS = 36,
	SLACK = 60 * USEC_PER_SEC,
	STEP = USEC_PER_SEC, /* the floor rises by so much at least */
	SLOTS_LEAST = 256,
};

static const char version = '1';

static const unsigned cell_bytes[LISTS] = { ID_BYTES, ID_BYTES + END_BYTES,
	ID_BYTES };

struct entry {
	struct entry *next; /* in the slot */
	uint64_t id;
	usec_t stamp;
	size_t at; /* in its list */
	uint32_t end;
	enum list list;
};

struct cells {
	struct entry **entries;
	size_t count;
	size_t room;
	struct buf text;
};

/* What a parsed word says; lists are sorted by id. */
struct known {
	uint64_t id;
	uint32_t end;
};

struct watch_cursor {
	struct cells lists[LISTS];
	struct entry **slots;
	size_t slots_size;
	size_t count;
	uint64_t sum;
	usec_t floor;
	usec_t newest;

	bool parsed;
	struct known *known[LISTS];
	size_t known_count[LISTS];
	usec_t known_floor;
	usec_t known_clock;
};

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* `bytes` is a multiple of 3. */
static void
encode(const unsigned char *data, size_t bytes, char *text)
{
	size_t i;

	for (i = 0; i < bytes; i += 3) {
		unsigned n = (unsigned)data[i] << 16 |
		    (unsigned)data[i + 1] << 8 | data[i + 2];

		*text++ = digits[n >> 18];
		*text++ = digits[n >> 12 & 63];
		*text++ = digits[n >> 6 & 63];
		*text++ = digits[n & 63];
	}
}

static int
decode(const char *text, size_t bytes, unsigned char *data)
{
	const char *digit;
	unsigned n;
	size_t i;
	int k;

	for (i = 0; i < bytes; i += 3) {
		for (n = 0, k = 0; k < 4; k++) {
			digit = *text ? strchr(digits, *text++) : NULL;
			if (!digit)
				return -1;
			n = n << 6 | (unsigned)(digit - digits);
		}
		data[i] = (unsigned char)(n >> 16);
		data[i + 1] = (unsigned char)(n >> 8);
		data[i + 2] = (unsigned char)n;
	}
	return 0;
}

static void
put_number(unsigned char *data, uint64_t value, size_t bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		data[bytes - 1] = (unsigned char)value;
}

static uint64_t
get_number(const unsigned char *data, size_t bytes)
{
	uint64_t value = 0;

	for (; bytes > 0; bytes--)
		value = value << 8 | *data++;
	return value;
}

/* The finalizer of MurmurHash3: every bit of the input counts in every bit. */
static uint64_t
mix(uint64_t n)
{
	n = (n ^ n >> 33) * 0xff51afd7ed558ccdu;
	n = (n ^ n >> 33) * 0xc4ceb9fe1a85ec53u;
	return n ^ n >> 33;
}

static uint64_t
id_of(const char *name, const char *journal)
{
	uint64_t hash = hash_add(hash_text(name), "/", 1);

	return mix(hash_add(hash, journal, strlen(journal))) >> 16;
}

static uint64_t
share_of(enum list list, uint64_t id, uint32_t end)
{
	return mix(id ^ (uint64_t)list << 56 ^ (uint64_t)end << 28);
}

static struct entry **
slot_of(struct watch_cursor *c, uint64_t id)
{
	return &c->slots[id & (c->slots_size - 1)];
}

static void
grow(struct watch_cursor *c)
{
	struct entry **old = c->slots, *entry, *next, **slot;
	size_t i, size = c->slots_size;

	if (c->count < size)
		return;
	c->slots_size = size ? size * 2 : SLOTS_LEAST;
	c->slots = xmalloc(c->slots_size * sizeof(struct entry *));
	memset(c->slots, 0, c->slots_size * sizeof(struct entry *));
	for (i = 0; i < size; i++) {
		for (entry = old[i]; entry; entry = next) {
			next = entry->next;
			slot = slot_of(c, entry->id);
			entry->next = *slot;
			*slot = entry;
		}
	}
	free(old);
}

static struct entry *
find(struct watch_cursor *c, uint64_t id)
{
	struct entry *entry = c->slots_size ? *slot_of(c, id) : NULL;

	while (entry && entry->id != id)
		entry = entry->next;
	return entry;
}

static size_t
cell_length(enum list list)
{
	return cell_bytes[list] / 3 * 4;
}

/* Write the entry's text into its place in its list. */
static void
write_cell(struct watch_cursor *c, const struct entry *entry)
{
	unsigned char data[ID_BYTES + END_BYTES];
	char text[CELL_MAX];
	size_t length = cell_length(entry->list);

	put_number(data, entry->id, ID_BYTES);
	put_number(data + ID_BYTES, entry->end, END_BYTES);
	encode(data, cell_bytes[entry->list], text);
	memcpy(c->lists[entry->list].text.data + entry->at * length, text,
	    length);
}

static void
link_cell(struct watch_cursor *c, struct entry *entry)
{
	struct cells *cells = &c->lists[entry->list];
	static const char blank[CELL_MAX];

	if (cells->count == cells->room) {
		cells->room = cells->room ? cells->room * 2 : 64;
		cells->entries = xrealloc(cells->entries, cells->room,
		    sizeof(struct entry *));
	}
	entry->at = cells->count;
	cells->entries[cells->count++] = entry;
	buf_add(&cells->text, blank, cell_length(entry->list));
	write_cell(c, entry);
	c->sum += share_of(entry->list, entry->id, entry->end);
}

/* The last one takes its place. */
static void
unlink_cell(struct watch_cursor *c, const struct entry *entry)
{
	struct cells *cells = &c->lists[entry->list];
	struct entry *last = cells->entries[--cells->count];

	c->sum -= share_of(entry->list, entry->id, entry->end);
	cells->entries[entry->at] = last;
	last->at = entry->at;
	if (last != entry)
		write_cell(c, last);
	buf_cut(&cells->text, cells->count * cell_length(entry->list));
}

static void
drop(struct watch_cursor *c, struct entry *entry)
{
	struct entry **e = slot_of(c, entry->id);

	unlink_cell(c, entry);
	while (*e != entry)
		e = &(*e)->next;
	*e = entry->next;
	c->count--;
	free(entry);
}

static void
set(struct watch_cursor *c, uint64_t id, enum list list, uint32_t end,
    usec_t stamp)
{
	struct entry *entry = find(c, id), **slot;

	if (list == ENDED_OURS || list == LIVE)
		end = 0;
	if (entry) {
		entry->stamp = stamp;
		if (entry->list == list && entry->end == end)
			return;
		unlink_cell(c, entry);
	} else {
		grow(c);
		slot = slot_of(c, id);
		entry = xmalloc(sizeof(*entry));
		entry->id = id;
		entry->stamp = stamp;
		entry->next = *slot;
		*slot = entry;
		c->count++;
	}
	entry->list = list;
	entry->end = end;
	link_cell(c, entry);
}

static usec_t
later(usec_t a, usec_t b)
{
	return a > b ? a : b;
}

void
watch_cursor_note(struct watch_cursor *c, const struct tracker_news *news,
    bool live)
{
	const struct tracker_stamps *stamps = &news->stamps;
	uint64_t id = id_of(news->name, news->journal);
	usec_t stamp = later(stamps->dir_changed, stamps->journal_changed);
	struct entry *entry = find(c, id);
	enum list list;

	c->newest = later(c->newest, stamps->dir_changed);
	/* They may be a moment older than what was found. */
	if (news->event != TRACKER_LOOKED)
		stamp = later(stamp, time_wall());
	if (news->event == TRACKER_REMOVED) {
		if (entry)
			drop(c, entry);
		return;
	}
	if (live || !status_is_final(news->status)) {
		set(c, id, LIVE, 0, stamp);
		return;
	}
	list = spool_name_is_own(news->name) ? ENDED_OURS : ENDED_OTHERS;
	if (stamp > c->floor)
		set(c, id, list, news->end, stamp);
	else if (entry)
		drop(c, entry);
}

void
watch_cursor_settle(struct watch_cursor *c, usec_t complete)
{
	usec_t floor = (c->newest < complete ? c->newest : complete) - SLACK;
	enum list list;
	size_t i;

	if (floor < c->floor + STEP)
		return;
	c->floor = floor;
	for (list = 0; list < LIVE; list++) {
		struct cells *cells = &c->lists[list];

		for (i = cells->count; i > 0; i--)
			if (cells->entries[i - 1]->stamp <= floor)
				drop(c, cells->entries[i - 1]);
	}
}

static uint32_t
check_of(const unsigned char header[HEADER_BYTES], uint64_t sum)
{
	size_t i;

	for (i = 0; i + END_BYTES < HEADER_BYTES; i += 8)
		sum = mix(sum ^ get_number(header + i, 8));
	return (uint32_t)(sum & 0xffffff);
}

void
watch_cursor_put(struct watch_cursor *c,
    void (*put)(void *arg, const char *data, size_t length), void *arg)
{
	unsigned char header[HEADER_BYTES];
	char text[1 + HEADER_CHARS];
	enum list list;

	put_number(header, (uint64_t)c->floor, 8);
	put_number(header + 8, (uint64_t)time_wall(), 8);
	put_number(header + 16, c->lists[ENDED_OURS].count, 4);
	put_number(header + 20, c->lists[ENDED_OTHERS].count, 4);
	put_number(header + 24, check_of(header, c->sum), END_BYTES);
	text[0] = version;
	encode(header, sizeof(header), text + 1);
	put(arg, text, sizeof(text));
	for (list = 0; list < LISTS; list++)
		if (c->lists[list].count > 0)
			put(arg, c->lists[list].text.data,
			    c->lists[list].text.len);
}

static int
by_id(const void *left, const void *right)
{
	const struct known *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

/* One list of the word; returns what follows it, or NULL. */
static const char *
parse_list(struct watch_cursor *c, enum list list, const char *text,
    size_t count, uint64_t *sum)
{
	unsigned char data[ID_BYTES + END_BYTES] = { 0 };
	struct known *known;
	size_t i;

	if (strlen(text) / cell_length(list) < count)
		return NULL;
	known = xmalloc((count + 1) * sizeof(*known));
	c->known[list] = known;
	c->known_count[list] = count;
	for (i = 0; i < count; i++, text += cell_length(list)) {
		if (decode(text, cell_bytes[list], data) < 0)
			return NULL;
		known[i].id = get_number(data, ID_BYTES);
		known[i].end = list == ENDED_OTHERS
		    ? (uint32_t)get_number(data + ID_BYTES, END_BYTES)
		    : 0;
		*sum += share_of(list, known[i].id, known[i].end);
	}
	qsort(known, count, sizeof(*known), by_id);
	return text;
}

int
watch_cursor_parse(struct watch_cursor *c, const char *text)
{
	unsigned char header[HEADER_BYTES];
	uint64_t sum = 0;

	if (*text != version || strlen(text) < 1 + HEADER_CHARS ||
	    decode(text + 1, sizeof(header), header) < 0)
		return -1;
	text += 1 + HEADER_CHARS;
	text =
	    parse_list(c, ENDED_OURS, text, get_number(header + 16, 4), &sum);
	if (text)
		text = parse_list(c, ENDED_OTHERS, text,
		    get_number(header + 20, 4), &sum);
	if (text)
		text = parse_list(c, LIVE, text,
		    strlen(text) / cell_length(LIVE), &sum);
	if (!text || *text ||
	    check_of(header, sum) != get_number(header + 24, END_BYTES))
		return -1;
	c->parsed = true;
	c->known_floor = (usec_t)get_number(header, 8);
	c->known_clock = (usec_t)get_number(header + 8, 8);
	/* Until all is told. */
	c->floor = c->known_floor;
	return 0;
}

static const struct known *
find_known(const struct watch_cursor *c, enum list list, uint64_t id)
{
	const struct known key = { .id = id };

	return bsearch(&key, c->known[list], c->known_count[list], sizeof(key),
	    by_id);
}

struct tracker_memory
watch_cursor_recall(const struct watch_cursor *c, const char *name,
    const char *journal, const struct tracker_stamps *stamps)
{
	struct tracker_memory memory = { TRACKER_KNOWN, c->known_clock, 0 };
	uint64_t id = id_of(name, journal);
	usec_t floor = c->known_floor;
	const struct known *other;

	if (!c->parsed || find_known(c, ENDED_OURS, id))
		return memory;
	other = find_known(c, ENDED_OTHERS, id);
	if (find_known(c, LIVE, id)) {
		memory.past = TRACKER_LIVED;
	} else if (other) {
		memory.past = TRACKER_ENDED;
		memory.end = other->end;
	} else if (stamps->dir_changed > floor || stamps->dir_changed < 0) {
		memory.past = stamps->journal_changed >= 0 &&
			stamps->journal_changed <= floor &&
			stamps->dir_changed == stamps->dir_written
		    ? TRACKER_KNOWN_IF_ENDED
		    : TRACKER_NEW;
	} else if (stamps->journal_changed > floor && !stamps->sealed) {
		/* Written in place since, or told and written again. */
		memory.past = TRACKER_ENDED;
		memory.end = UINT32_MAX;
	}
	return memory;
}

struct watch_cursor *
watch_cursor_new(void)
{
	struct watch_cursor *c = xmalloc(sizeof(*c));

	memset(c, 0, sizeof(*c));
	return c;
}

void
watch_cursor_free(struct watch_cursor *c)
{
	enum list list;
	size_t i;

	if (!c)
		return;
	for (list = 0; list < LISTS; list++) {
		for (i = 0; i < c->lists[list].count; i++)
			free(c->lists[list].entries[i]);
		free(c->lists[list].entries);
		buf_release(&c->lists[list].text);
		free(c->known[list]);
	}
	free(c->slots);
	free(c);
}
