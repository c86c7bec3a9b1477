/*
 * ops_doctor.c: the table of checks, and what they found as JSON
 *
 * Invariant: every check is told exactly once, in the order of the table,
 * whatever else is wrong.
 */
#include "base/compat.h"
#include "verbs/ops_doctor.h"

#include <stdlib.h>
#include <string.h>

#include "verbs/doctor.h"
#include "verbs/internal.h"

static const struct check {
	const char *name;
	doctor_check_fn *check;
} checks[] = {
	/* the root */
	{ "root", check_root },
	{ "access", check_access },
	{ "environment", check_environment },
	{ "settings", check_settings },
	{ "filesystem", check_filesystem },
	{ "space", check_space },
	{ "locks", check_locks },
	{ "logs", check_logs },
	/* the system */
	{ "proc", check_proc },
	{ "pidfd", check_pidfd },
	{ "adopt", check_adopt },
	{ "watching", check_watching },
	{ "limits", check_limits },
	{ "program", check_program },
	/* what is in the root */
	{ "hidden", check_hidden },
	{ "remains", check_remains },
	{ "keys", check_keys },
	{ "records", check_records },
	{ "jobs", check_states },
	{ "supervisors", check_orphans },
	{ "leftover", check_leftover },
	{ "clock", check_clock },
};

const char *
doctor_word(enum doctor_status status)
{
	static const char *const words[] = {
		[DOCTOR_OK] = "ok",
		[DOCTOR_WARN] = "warn",
		[DOCTOR_FAIL] = "fail",
	};

	return words[status];
}

static void __attribute__((format(printf, 2, 0)))
add(struct buf *out, const char *fmt, va_list ap)
{
	if (out->len)
		buf_addstr(out, "; ");
	buf_addv(out, fmt, ap);
}

void
finding_say(struct finding *f, enum doctor_status status, const char *fmt, ...)
{
	va_list ap;

	if (status > f->status)
		f->status = status;
	va_start(ap, fmt);
	add(&f->text, fmt, ap);
	va_end(ap);
}

void
finding_advise(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(&f->advice, fmt, ap);
	va_end(ap);
}

void
finding_release(struct finding *f)
{
	buf_release(&f->text);
	buf_release(&f->advice);
}

void
doctor_say_unseen(struct finding *f)
{
	finding_say(f, DOCTOR_WARN, "not looked at: the root cannot be opened");
	finding_advise(f, "see to the root first");
}

static void
release_names(struct doctor_names *names)
{
	buf_release(&names->text);
}

void
doctor_release(struct doctor *d)
{
	if (d->root.base_fd != d->root.spool.fd)
		close_fd(&d->root.base_fd);
	spool_close(&d->root.spool);
	free(d->root.path);
	free(d->root.base);
	free(d->root.open_parent);
	free(d->system.other_program);
	free(d->env.variable);
	free(d->env.fallback);
	free(d->env.home);
	free(d->env.home_on_file);
	release_names(&d->jobs.unreadable);
	release_names(&d->jobs.unknown);
	release_names(&d->jobs.orphaned);
	release_names(&d->jobs.leftover);
	release_names(&d->jobs.future);
	release_names(&d->before.hidden);
	release_names(&d->after.hidden);
	buf_release(&d->fix_errors);
}

static json_t *
describe(const struct doctor *d, const struct check *check,
    int counts[DOCTOR_STATUSES])
{
	struct finding f = FINDING_INIT;
	json_t *object = json_object();

	check->check(d, &f);
	counts[f.status]++;
	json_set_string(object, "name", check->name);
	json_set_string(object, "status", doctor_word(f.status));
	json_set_string(object, "text", buf_str(&f.text));
	if (f.advice.len)
		json_set_string(object, "advice", f.advice.data);
	if (f.fixed)
		json_object_set_new(object, "fixed", json_true());
	finding_release(&f);
	return object;
}

static json_t *
describe_all(const struct doctor *d)
{
	static const char *const sources[] = {
		[SPOOL_OPTION] = "--root",
		[SPOOL_VARIABLE] = ENV_ROOT,
		[SPOOL_DEFAULT] = "default",
	};
	json_t *report = json_object(), *list = json_array();
	int counts[DOCTOR_STATUSES] = { 0 }, status;
	size_t i;

	for (i = 0; i < ARRAY_LEN(checks); i++)
		json_array_append_new(list, describe(d, &checks[i], counts));
	json_set_string(report, "root", d->root.path ? d->root.path : "");
	json_set_string(report, "root_from", sources[d->root.source]);
	json_object_set_new(report, "checks", list);
	for (status = DOCTOR_OK; status < DOCTOR_STATUSES; status++)
		json_object_set_new(report,
		    doctor_word((enum doctor_status)status),
		    json_integer(counts[status]));
	return report;
}

json_t *
doctor_report(const struct doctor_query *query, struct err *err)
{
	struct doctor *d = xmalloc(sizeof(*d));
	json_t *report = NULL;

	memset(d, 0, sizeof(*d));
	d->query = query;
	if (doctor_look_root(d, err) == 0) {
		doctor_look_disk(d);
		doctor_look_env(d);
		doctor_look_remains(d);
		doctor_look_jobs(d);
		doctor_look_system(d);
		doctor_look_watching(d);
		report = describe_all(d);
	}
	doctor_release(d);
	free(d);
	return report;
}
