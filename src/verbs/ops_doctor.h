/*
 * ops_doctor.h: is everything as jobs need it?
 *
 * Looks at the root, the system and the jobs in the root, and says of each
 * check what it found and what to do.  Works on a root that can't be opened or
 * does not exist, so it takes no struct ops:
 *
 *	struct doctor_query query = { .root = option, .version = "1.0.0" };
 *	json_t *report = doctor_report(&query, &err);
 *
 * Unless `fix`, nothing in the root changes, no time stamp either.  What can
 * only be found out by trying is tried on a file that never has a name.
 */
#ifndef VERBS_OPS_DOCTOR_H
#define VERBS_OPS_DOCTOR_H

#include <jansson.h>

#include "base/err.h"
#include "base/util.h"

/* From good to bad. */
enum doctor_status { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL, DOCTOR_STATUSES };

/* What one check found.  Begin with FINDING_INIT. */
struct finding {
	enum doctor_status status;
	struct buf text;   /* one line */
	struct buf advice; /* what to do; empty if all is well */
	bool fixed;        /* something was wrong, and is not any more */
};

#define FINDING_INIT                                                           \
	{                                                                      \
		.status = DOCTOR_OK                                            \
	}

/* Add to the text, with "; " between; the status gets worse, never better. */
void finding_say(struct finding *finding, enum doctor_status status,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Add to the advice. */
void finding_advise(struct finding *finding, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void finding_release(struct finding *finding);

struct doctor_query {
	const char *root;    /* --root or NULL */
	const char *version; /* of the program */
	bool fix;            /* clear remains, bring back what is hidden */
	/* The face's own check: limits that it reads from the environment. */
	void (*settings)(struct finding *finding);
};

/*
 * {"root", "root_from", "checks": [{"name", "status", "text", "advice",
 * "fixed"}], "ok", "warn", "fail"}: `root_from` is "--root", "JOBDIR_ROOT" or
 * "default", `advice` absent if there is none, `fixed` unless true.
 * A new reference, or NULL with ERR_INVALID: query->root is no path.
 */
json_t *doctor_report(const struct doctor_query *query, struct err *err);

/* "ok", "warn", "fail". */
const char *doctor_word(enum doctor_status status);

#endif
