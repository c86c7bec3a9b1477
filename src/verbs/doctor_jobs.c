/*
 * doctor_jobs.c: checks of doctor: jobs of which something is wrong
 *
 * Invariant: no job is judged here; what is told is what its record says
 * (truth/scan.h).
 */
#include "base/compat.h"
#include "verbs/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "truth/scan.h"

enum {
	NAMES_SHOWN = 5,
	/* A clock that was set back by less is none of our business. */
	FUTURE = 60 * USEC_PER_SEC,
	/* A worker's process that is so much younger than its pid file is
	 * another one (liveness.h). */
	CLOCK_GRAIN = 2 * USEC_PER_SEC,
};

void
doctor_names_add(struct doctor_names *names, const char *name)
{
	if (names->count++ < NAMES_SHOWN)
		buf_addf(&names->text, "%s%s", names->text.len ? ", " : "",
		    name);
}

char *
doctor_names_text(const struct doctor_names *names)
{
	if (names->count <= NAMES_SHOWN)
		return xstrdup(buf_str(&names->text));
	return xasprintf("%s and %zu more", buf_str(&names->text),
	    names->count - NAMES_SHOWN);
}

static void
sort_out(struct doctor_jobs *jobs, const struct record *record, usec_t now)
{
	const struct verdict *v = &record->verdict;
	const char *id = record->job.id;

	jobs->count++;
	if (!status_is_final(v->status) && v->status != STATUS_UNKNOWN)
		jobs->live++;
	if (v->status == STATUS_UNKNOWN)
		doctor_names_add(v->rule == RULE_UNREADABLE ? &jobs->unreadable
							    : &jobs->unknown,
		    id);
	if (v->orphaned)
		doctor_names_add(&jobs->orphaned, id);
	if (record->leftover > 0)
		doctor_names_add(&jobs->leftover, id);
	if (record->started > now + FUTURE)
		doctor_names_add(&jobs->future, id);
}

void
doctor_look_jobs(struct doctor *d)
{
	const struct spool *spool = &d->root.spool;
	struct doctor_jobs *jobs = &d->jobs;
	usec_t now = time_wall();
	struct spool_index index;
	size_t i;

	if (d->root.base_fd < 0) {
		jobs->err = d->root.err;
		return;
	}
	if (spool_index_read(&index, spool, &jobs->err) < 0)
		return;
	for (i = 0; i < index.count; i++) {
		struct record record;

		if (scan_job(spool, &index.entries[i].job, SCAN_FULL,
			&record) == 0)
			sort_out(jobs, &record, now);
		record_release(&record);
	}
	spool_index_release(&index);
}

/* Name the jobs of one kind.  False if there are none. */
static bool
say_names(const struct doctor *d, struct finding *f,
    const struct doctor_names *names, const char *good, const char *what)
{
	cleanup_free char *text = doctor_names_text(names);

	if (err_is_set(&d->jobs.err)) {
		finding_say(f, DOCTOR_WARN, "not looked at: %s",
		    d->jobs.err.text);
		finding_advise(f, "see to the root first");
		return false;
	}
	if (names->count == 0) {
		finding_say(f, DOCTOR_OK, "%s", good);
		return false;
	}
	finding_say(f, DOCTOR_WARN, "%s: %s", what, text);
	return true;
}

void
check_records(const struct doctor *d, struct finding *f)
{
	const struct doctor_jobs *jobs = &d->jobs;

	if (say_names(d, f, &jobs->unreadable, "all can be read",
		"cannot be read"))
		finding_advise(f,
		    "jobdir show JOB says why; jobdir rm JOB removes it if "
		    "nothing of it lives");
}

void
check_states(const struct doctor *d, struct finding *f)
{
	const struct doctor_jobs *jobs = &d->jobs;
	cleanup_free char *good = xasprintf("%zu job%s, %zu alive", jobs->count,
	    jobs->count == 1 ? "" : "s", jobs->live);

	if (say_names(d, f, &jobs->unknown, good,
		"whether they live cannot be told"))
		finding_advise(f,
		    "jobdir show JOB says why; ask on the host that runs it");
}

void
check_orphans(const struct doctor *d, struct finding *f)
{
	if (say_names(d, f, &d->jobs.orphaned, "every running job has its own",
		"killed, and their jobs run on without exit code, time limit "
		"and bounded logs"))
		finding_advise(f,
		    "let them end, or jobdir kill JOB; see who killed "
		    "`jobdir supervise` (out of memory? logout?)");
}

void
check_leftover(const struct doctor *d, struct finding *f)
{
	if (say_names(d, f, &d->jobs.leftover, "no ended job left processes",
		"ended jobs have left processes behind"))
		finding_advise(f, "jobdir kill JOB ends them");
}

void
check_clock(const struct doctor *d, struct finding *f)
{
	usec_t ahead = d->disk.clock_ahead;

	if (say_names(d, f, &d->jobs.future, "no job started in the future",
		"jobs started in the future"))
		finding_advise(f, "set the clock (timedatectl status)");
	if (ahead <= CLOCK_GRAIN && ahead >= -CLOCK_GRAIN)
		return;
	finding_say(f, DOCTOR_WARN,
	    "the file system's clock is %lld s %s this machine's",
	    (long long)((ahead < 0 ? -ahead : ahead) / USEC_PER_SEC),
	    ahead < 0 ? "behind" : "ahead of");
	finding_advise(f, "let both hosts take the time from one source");
}
