/*
 * doctor_remains.c: checks of doctor: what was killed in between has left, and
 * the clearing of it
 *
 * Clearing is what gc does before it looks for jobs to remove: a job that was
 * hidden to be removed is judged, and comes back if it may live.
 *
 * Invariant: without query->fix nothing changes; with it nothing is touched of
 * which there was nothing to clear.
 */
#include "base/compat.h"
#include "verbs/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/fsio.h"
#include "spool/job.h"
#include "spool/keys.h"
#include "spool/remove.h"
#include "verbs/removing.h"

struct look {
	struct doctor_remains *remains;
	const struct spool *old;
	struct spool_index index;
};

/* .old/NAME is whole, and was to be removed.  May it be? */
static int
look_at_old(void *arg, const char *name)
{
	struct look *look = arg;
	const struct removing any = { .spool = look->old };
	struct unit unit = unit_of(&look->index, name);
	struct err ignored = ERR_INIT;

	if (strncmp(name, OLD_GONE, sizeof(OLD_GONE) - 1) == 0)
		look->remains->removals++;
	else if (*name == '.')
		return 0;
	else if (unit.count > 0 &&
	    removing_judge(&any, look->old, &unit, NULL, &ignored) == 0)
		look->remains->removals++;
	else
		doctor_names_add(&look->remains->hidden, name);
	return 0;
}

static void
look_into_old(const struct spool *spool, struct doctor_remains *remains)
{
	struct spool old = { .fd = fsio_open_dir(spool->fd, ROOT_OLD, false),
		.remote = spool->remote };
	struct look look = { .remains = remains, .old = &old };
	struct err ignored = ERR_INIT;

	if (old.fd < 0)
		return;
	old.path = spool_path_of(spool, ROOT_OLD);
	/* Who removes has it locked, and leaves nothing unless it is killed. */
	if (flock(old.fd, LOCK_SH | LOCK_NB) < 0) {
		remains->busy = errno == EWOULDBLOCK;
	} else if (unit_index_read(&look.index, &old, &ignored) == 0) {
		if (fsio_each(old.fd, look_at_old, &look) < 0)
			remains->busy = true;
		spool_index_release(&look.index);
	}
	spool_close(&old);
}

static void
look(const struct spool *spool, struct doctor_remains *remains)
{
	look_into_old(spool, remains);
	remains->launches = job_count_dead_new(spool);
	remains->claims = keys_count_void(spool);
}

static void
add_error(struct doctor *d, const struct err *err)
{
	buf_addf(&d->fix_errors, "%s%s", d->fix_errors.len ? "; " : "",
	    err->text);
}

static void
on_removal(void *arg, const struct ops_removal *removal)
{
	if (removal->err)
		add_error(arg, removal->err);
}

void
doctor_look_remains(struct doctor *d)
{
	struct spool *spool = &d->root.spool;
	struct removing removing = { .spool = spool,
		.told = on_removal,
		.arg = d };
	struct err err = ERR_INIT;

	if (spool->fd < 0)
		return;
	look(spool, &d->before);
	if (d->query->fix) {
		if ((d->before.hidden.count || d->before.removals) &&
		    removing_recover(&removing, &err) < 0)
			add_error(d, &err);
		if (d->before.launches)
			job_sweep_new(spool);
		if (d->before.claims)
			keys_sweep(spool);
		look(spool, &d->after);
	}
}

/* Say what was, and that it was cleared unless something is left. */
static void
tell(const struct doctor *d, struct finding *f, enum doctor_status status,
    size_t left, const char *what, const char *was)
{
	if (d->query->fix && left == 0) {
		finding_say(f, DOCTOR_OK, "%s: %s", was, what);
		f->fixed = true;
		return;
	}
	finding_say(f, status, "%s", what);
	if (!d->query->fix)
		finding_advise(f, "jobdir doctor --fix");
	else
		finding_advise(f, "it could not be fixed: %s",
		    d->fix_errors.len ? d->fix_errors.data
				      : "see the rights of the directories");
}

void
check_hidden(const struct doctor *d, struct finding *f)
{
	cleanup_free char *names = doctor_names_text(&d->before.hidden);
	cleanup_free char *what = NULL;

	if (d->before.hidden.count == 0) {
		finding_say(f, DOCTOR_OK, "%s",
		    d->before.busy ? "none: jobs are being removed just now"
				   : "no job");
		return;
	}
	what = xasprintf("in " ROOT_OLD " by a removal that was killed: %s",
	    names);
	tell(d, f, DOCTOR_FAIL, d->after.hidden.count, what, "brought back");
}

void
check_remains(const struct doctor *d, struct finding *f)
{
	const struct doctor_remains *before = &d->before, *after = &d->after;
	struct buf what = BUF_INIT;

	if (before->removals)
		buf_addf(&what, "%zu of killed removals in " ROOT_OLD,
		    before->removals);
	if (before->launches)
		buf_addf(&what, "%s%zu of killed launches in " ROOT_NEW,
		    what.len ? ", " : "", before->launches);
	if (what.len)
		tell(d, f, DOCTOR_WARN, after->removals + after->launches,
		    what.data, "cleared");
	else
		finding_say(f, DOCTOR_OK, "none");
	buf_release(&what);
}

void
check_keys(const struct doctor *d, struct finding *f)
{
	size_t count = d->before.claims;
	cleanup_free char *what =
	    xasprintf("%zu claim%s of keys whose job is gone in " ROOT_KEYS,
		count, count == 1 ? "" : "s");

	if (count)
		tell(d, f, DOCTOR_WARN, d->after.claims, what, "cleared");
	else
		finding_say(f, DOCTOR_OK, "no void claims");
}
