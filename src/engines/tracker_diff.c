/*
 * tracker_diff.c: changed?  Then tell
 *
 * Invariant: what is remembered of a job is what was told of it.  A change that
 * is not told now (held back, or too soon after the last one) is not taken in
 * either, and the job is due for another look.
 */
#include "base/compat.h"
#include "engines/tracker_state.h"

#include "spool/journal_print.h"

#define TRACKER_WORD(name, word) [name] = word,
static const char *const words[TRACKER_EVENTS] = { TRACKER_TABLE(
    TRACKER_WORD) };
#undef TRACKER_WORD

/* One job, what was found of it, and the stamps of that moment. */
struct finding {
	struct tracker_job *job;
	const struct record *record;
	const struct tracker_stamps *stamps;
	enum status status;
	uint32_t end;
	uint64_t progress;
	usec_t now; /* monotonic */
};

const char *
tracker_event_word(enum tracker_event event)
{
	return words[event];
}

uint32_t
tracker_end_of(const struct record *record)
{
	const struct journal *j = &record->journal;
	uint64_t hash = HASH_INIT;
	int status = record->verdict.status;

	hash = hash_add(hash, &status, sizeof(status));
	hash = hash_add(hash, &j->started, sizeof(j->started));
	hash = hash_add(hash, &j->command_id.pid, sizeof(j->command_id.pid));
	/* A worker may add the time later; a run without anything else to
	 * know it by has only this. */
	if (j->started < 0 && j->command_id.pid == 0)
		hash = hash_add(hash, &j->finished, sizeof(j->finished));
	return (uint32_t)((hash ^ hash >> 24 ^ hash >> 48) & 0xffffff);
}

static usec_t
later(usec_t a, usec_t b)
{
	return a > b ? a : b;
}

static usec_t
time_of(const struct finding *f, enum tracker_event event)
{
	const struct tracker_live *live = f->job->live;
	const struct record *record = f->record;
	usec_t when = -1;

	switch (event) {
	case TRACKER_CREATED:
		when = later(record->journal.created, -1);
		if (when < 0)
			when = record->started;
		break;
	case TRACKER_STARTED:
		when = record->started;
		break;
	case TRACKER_PROGRESS:
		when = later(record->journal_written, live->progress.written);
		break;
	case TRACKER_OUTPUT:
		when = later(live->logs[0].written, live->logs[1].written);
		break;
	case TRACKER_FINISHED:
		when = record->finished;
		break;
	case TRACKER_REMOVED:
	case TRACKER_LOOKED:
	case TRACKER_EVENTS:
		break;
	}
	return when >= 0 ? when : time_wall();
}

static void
tell(const struct finding *f, enum tracker_event event)
{
	struct tracker *t = f->job->dir->tracker;
	const struct tracker_news news = { .event = event,
		.when = event == TRACKER_LOOKED ? -1 : time_of(f, event),
		.name = f->job->dir->name,
		.journal = f->job->journal,
		.status = f->status,
		.end = f->end,
		.stamps = *f->stamps,
		.record = f->record };

	if (event != TRACKER_LOOKED)
		t->pass_found = true;
	t->config.tell(t->config.arg, &news);
}

/* It may be told by now; if not, the job is due then. */
static bool
is_time(const struct finding *f, usec_t *told)
{
	if (*told && *told + TRACKER_PAUSE > f->now) {
		tracker_due_at(f->job, *told + TRACKER_PAUSE);
		return false;
	}
	*told = f->now;
	return true;
}

static bool
has_output(const struct finding *f)
{
	const struct tracker_live *live = f->job->live;

	return f->job->dir->tracker->config.output &&
	    (live->logs[0].size != live->sizes[0] ||
		live->logs[1].size != live->sizes[1]);
}

static void
take_output(struct tracker_live *live)
{
	live->sizes[0] = live->logs[0].size;
	live->sizes[1] = live->logs[1].size;
}

static void
tell_created(const struct finding *f)
{
	tell(f, TRACKER_CREATED);
	if (status_is_final(f->status)) {
		tell(f, TRACKER_FINISHED);
	} else if (has_output(f)) {
		f->job->live->told_output = f->now;
		tell(f, TRACKER_OUTPUT);
	}
}

/* All that was told before is in what is told now. */
static void
take_all(const struct finding *f)
{
	f->job->live->progress_told = f->progress;
	take_output(f->job->live);
}

/* Of a job that lived when its owner looked away: what was reported since. */
static void
tell_since(const struct finding *f)
{
	usec_t since = f->job->live->since;
	bool any = false;

	if (since >= 0 && time_of(f, TRACKER_PROGRESS) > since &&
	    (f->record->journal.phase || f->record->journal.progress)) {
		tell(f, TRACKER_PROGRESS);
		any = true;
	}
	if (since >= 0 && f->job->dir->tracker->config.output &&
	    later(f->job->live->logs[0].written,
		f->job->live->logs[1].written) > since &&
	    f->job->live->logs[0].size + f->job->live->logs[1].size > 0) {
		tell(f, TRACKER_OUTPUT);
		any = true;
	}
	if (!any)
		tell(f, TRACKER_LOOKED);
}

static void
take_first(const struct finding *f)
{
	bool final = status_is_final(f->status);

	switch ((enum tracker_past)f->job->past) {
	case TRACKER_KNOWN:
		tell(f, TRACKER_LOOKED);
		break;
	case TRACKER_KNOWN_IF_ENDED:
		if (final)
			tell(f, TRACKER_LOOKED);
		else
			tell_created(f);
		break;
	case TRACKER_NEW:
		tell_created(f);
		break;
	case TRACKER_LIVED:
		if (final)
			tell(f, TRACKER_FINISHED);
		else
			tell_since(f);
		break;
	case TRACKER_ENDED:
		if (final && f->end != f->job->end)
			tell(f, TRACKER_FINISHED);
		else if (f->status == STATUS_RUNNING)
			tell(f, TRACKER_STARTED);
		else
			tell(f, TRACKER_LOOKED);
		break;
	}
	take_all(f);
}

/* Progress and output of a job whose state is what it was. */
static void
take_report(const struct finding *f)
{
	struct tracker_live *live = f->job->live;
	bool any = false;

	if (f->progress != live->progress_told &&
	    is_time(f, &live->told_progress)) {
		live->progress_told = f->progress;
		tell(f, TRACKER_PROGRESS);
		any = true;
	}
	if (has_output(f) && is_time(f, &live->told_output)) {
		take_output(live);
		tell(f, TRACKER_OUTPUT);
		any = true;
	}
	if (!any)
		tell(f, TRACKER_LOOKED);
}

static void
take_change(const struct finding *f)
{
	enum status was = (enum status)f->job->status;

	if (status_is_final(f->status)) {
		if (!status_is_final(was) || f->end != f->job->end)
			tell(f, TRACKER_FINISHED);
		else
			tell(f, TRACKER_LOOKED);
	} else if (f->status == was) {
		take_report(f);
		return;
	} else {
		tell(f,
		    f->status == STATUS_RUNNING ? TRACKER_STARTED
						: TRACKER_PROGRESS);
	}
	take_all(f);
}

/* The state of a job that is held back is not known yet; what its owner knew of
 * it still holds. */
static void
tell_remembered(const struct finding *f)
{
	struct finding known = *f;

	if (f->job->known || f->job->past == TRACKER_NEW ||
	    f->job->past == TRACKER_KNOWN_IF_ENDED)
		return;
	if (f->job->past == TRACKER_ENDED) {
		known.status = STATUS_COMPLETED;
		known.end = f->job->end;
	}
	tell(&known, TRACKER_LOOKED);
}

static void
set_held(struct tracker_live *live, usec_t since)
{
	struct tracker *t = live->job->dir->tracker;

	t->held += (since != 0) - (live->held != 0);
	live->held = since;
}

/* Is this what a writer in the middle of its work leaves, or a process that
 * has died and was not reaped yet?  Then it is looked at again. */
static bool
is_held(const struct finding *f)
{
	struct tracker_live *live = f->job->live;
	usec_t hold = f->job->dir->tracker->config.hold;

	if (f->status != STATUS_UNKNOWN ||
	    (f->job->known && f->job->status == STATUS_UNKNOWN) ||
	    (f->record->verdict.rule != RULE_UNREADABLE &&
		f->record->verdict.rule != RULE_NAMED_DOUBTFUL) ||
	    (live->held && f->now - live->held >= hold)) {
		set_held(live, 0);
		return false;
	}
	if (!live->held) {
		set_held(live, f->now);
		tell_remembered(f);
	}
	tracker_due_at(f->job, live->held + hold);
	return true;
}

void
tracker_held_drop(struct tracker_live *live)
{
	set_held(live, 0);
}

void
tracker_take(struct tracker_job *job, const struct record *record,
    const struct tracker_stamps *stamps)
{
	enum status status = record->verdict.status;
	bool final = status_is_final(status);
	struct finding f = { .job = job,
		.record = record,
		.stamps = stamps,
		.status = status,
		.end = final ? tracker_end_of(record) : 0,
		.progress = journal_progress_print(&record->journal),
		.now = time_mono() };

	if (is_held(&f))
		return;
	if (job->known)
		take_change(&f);
	else
		take_first(&f);
	job->known = true;
	job->status = (uint8_t)status;
	job->end = f.end;
	if (final && stamps->sealed)
		tracker_job_set_live(job, false);
}

void
tracker_take_sealed(struct tracker_job *job,
    const struct tracker_stamps *stamps)
{
	const struct finding f = { .job = job,
		.stamps = stamps,
		.status = STATUS_COMPLETED };

	job->known = job->unread = true;
	job->status = STATUS_COMPLETED;
	job->end = 0;
	tracker_job_set_live(job, false);
	tell(&f, TRACKER_LOOKED);
}

void
tracker_tell_removed(struct tracker_job *job)
{
	struct tracker_stamps stamps = { -1, -1, -1, false };
	struct finding f = { .job = job, .stamps = &stamps };
	struct record record;

	if (!job->known)
		return; /* it was never told of */
	memset(&record, 0, sizeof(record));
	journal_init(&record.journal);
	tracker_job_names(job, &record.job);
	record.dialect = dialect_of(job->journal);
	f.status = job->unread ? STATUS_UNKNOWN : (enum status)job->status;
	record.verdict.status = f.status;
	record.started = record.dialect->stamp(job->dir->name);
	record.finished = record.journal_written = -1;
	record.duration = -1;
	f.record = &record;
	tell(&f, TRACKER_REMOVED);
	record_release(&record);
}

void
tracker_due_drop(struct tracker_live *live)
{
	if (live->due)
		TAILQ_REMOVE(&live->job->dir->tracker->due, live, next_due);
	live->due = 0;
}
