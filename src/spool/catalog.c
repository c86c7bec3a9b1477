/*
 * catalog.c: the index of a root, kept between questions
 *
 * Invariant: nothing is answered from memory that a stat did not confirm.
 */
#include "base/compat.h"
#include "spool/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "spool/job.h"

void
catalog_init(struct catalog *catalog, struct spool *spool)
{
	memset(catalog, 0, sizeof(*catalog));
	catalog->spool = spool;
}

static void
drop_hash(struct catalog *catalog)
{
	free(catalog->slots);
	catalog->slots = NULL;
	catalog->slot_count = 0;
}

static void
drop_places(struct catalog *catalog)
{
	size_t i;

	for (i = 0; catalog->places && i < CATALOG_PLACES; i++)
		free(catalog->places[i]);
	free(catalog->places);
	catalog->places = NULL;
}

void
catalog_drop(struct catalog *catalog)
{
	drop_hash(catalog);
	spool_index_release(&catalog->index);
	spool_index_release(&catalog->part);
	catalog->is_read = catalog->was_asked = false;
	drop_places(catalog);
}

void
catalog_release(struct catalog *catalog)
{
	catalog_drop(catalog);
}

const struct spool_index *
catalog_index(struct catalog *catalog, struct err *err)
{
	if (catalog->is_read &&
	    spool_index_holds(&catalog->index, catalog->spool))
		return &catalog->index;
	drop_hash(catalog);
	catalog->is_read =
	    spool_index_update(&catalog->index, catalog->spool, err) == 0;
	return catalog->is_read ? &catalog->index : NULL;
}

const struct spool_index *
catalog_index_for(struct catalog *catalog, const char *word, struct err *err)
{
	/* A whole reading pays if it will hold for the questions to come. */
	if ((catalog->is_read &&
		spool_index_holds(&catalog->index, catalog->spool)) ||
	    (catalog->was_asked && spool_is_settled(catalog->spool)))
		return catalog_index(catalog, err);
	catalog->was_asked = true;
	spool_index_release(&catalog->part);
	return spool_index_read_for(&catalog->part, catalog->spool, word, err) <
		0
	    ? NULL
	    : &catalog->part;
}

static void
make_hash(struct catalog *catalog)
{
	size_t i, at, size = 64;

	while (size < catalog->index.count * 2)
		size *= 2;
	catalog->slots = xrealloc(NULL, size, sizeof(*catalog->slots));
	memset(catalog->slots, 0, size * sizeof(*catalog->slots));
	catalog->slot_count = size;
	for (i = 0; i < catalog->index.count; i++) {
		at = (size_t)hash_text(catalog->index.entries[i].job.id) &
		    (size - 1);
		while (catalog->slots[at])
			at = (at + 1) & (size - 1);
		catalog->slots[at] = i + 1;
	}
}

const struct spool_entry *
catalog_recall(struct catalog *catalog, const char *id)
{
	const struct spool_entry *entry;
	size_t at;

	if (!catalog->is_read || catalog->index.count == 0)
		return NULL;
	if (!catalog->slot_count)
		make_hash(catalog);
	for (at = (size_t)hash_text(id) & (catalog->slot_count - 1);
	     catalog->slots[at]; at = (at + 1) & (catalog->slot_count - 1)) {
		entry = &catalog->index.entries[catalog->slots[at] - 1];
		if (strcmp(entry->job.id, id) == 0)
			return entry;
	}
	return NULL;
}

const struct spool_entry *
catalog_find(struct catalog *catalog, const char *id)
{
	const struct spool_entry *entry = catalog_recall(catalog, id);

	return entry &&
		spool_index_holds_for(&catalog->index, catalog->spool,
		    entry->job.name)
	    ? entry
	    : NULL;
}

void
catalog_keep_place(struct catalog *catalog, const char *name)
{
	const size_t size = CATALOG_PLACES * sizeof(*catalog->places);
	char **place;

	if (!spool_name_is_own(name))
		return;
	/* Not before it is needed: who starts a job and ends never does. */
	if (!catalog->places)
		catalog->places = memset(xmalloc(size), 0, size);
	place =
	    &catalog->places[hash_text(spool_name_tag(name)) % CATALOG_PLACES];
	if (*place && strcmp(*place, name) == 0)
		return;
	free(*place);
	*place = xstrdup(name);
}

const char *
catalog_place(const struct catalog *catalog, const char *id)
{
	const char *place = catalog->places
	    ? catalog->places[hash_text(id) % CATALOG_PLACES]
	    : NULL;

	return place && strcmp(spool_name_tag(place), id) == 0 &&
		job_is_visible(catalog->spool->fd, place)
	    ? place
	    : NULL;
}
