/*
 * catalog.h: the index of a root, kept between questions
 *
 * A cache that may be dropped at any time: before each answer time stamps tell
 * whether the root is still the one that was read.
 *
 *	struct catalog catalog;
 *
 *	catalog_init(&catalog, &spool);
 *	index = catalog_index(&catalog, &err);	-- NULL: err
 *	entry = catalog_find(&catalog, "nightly");	-- by id
 *	catalog_release(&catalog);
 *
 * What is returned belongs to the catalog and is good until its next call.
 */
#ifndef SPOOL_CATALOG_H
#define SPOOL_CATALOG_H

#include "spool/spool.h"

enum { CATALOG_PLACES = 4096 };

struct catalog {
	struct spool *spool; /* the caller's */
	struct spool_index index;
	bool is_read;
	struct spool_index part; /* what the last word may mean */
	bool was_asked;          /* for a word */
	size_t *slots;           /* hash of ids: position + 1, 0: empty */
	size_t slot_count;       /* a power of two; 0: there is no hash yet */
	char **places; /* CATALOG_PLACES names of ours, by hash of the id; NULL:
			* none yet */
};

void catalog_init(struct catalog *catalog, struct spool *spool);
void catalog_release(struct catalog *catalog);

/* Forget all; the next question reads the root. */
void catalog_drop(struct catalog *catalog);

/* The index as a reading at this moment would give it, or NULL with err. */
const struct spool_index *catalog_index(struct catalog *catalog,
    struct err *err);

/*
 * An index that has all that `word` may mean as an id, its beginning, its long
 * form or a directory, and maybe not much more: whoever asks for one job and
 * ends need not sort them all.  NULL with err.
 */
const struct spool_index *catalog_index_for(struct catalog *catalog,
    const char *word, struct err *err);

/*
 * The job of that very id if the kept index has it and it still holds as far as
 * that job is concerned; else NULL, and catalog_index() must tell.  Costs the
 * same however many jobs there are.
 */
const struct spool_entry *catalog_find(struct catalog *catalog, const char *id);

/* The same in the index as it was read last, without a look at the disk. */
const struct spool_entry *catalog_recall(struct catalog *catalog,
    const char *id);

/*
 * Remember in which directory of ours the job with an id is, and recall it if
 * that is still there (else NULL): while others come and go in the root, one
 * stat instead of a listing.  Whoever copies the directory later does not get
 * the id from who knew it.
 */
void catalog_keep_place(struct catalog *catalog, const char *name);
const char *catalog_place(const struct catalog *catalog, const char *id);

#endif
