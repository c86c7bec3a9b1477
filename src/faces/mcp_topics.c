/*
 * mcp_topics.c: from a hint that something changed to a message
 *
 * Flow A ends here: event -> look at the directory -> news? -> notification.
 *
 * Invariant: a message is sent only after a look at the disk, and what it tells
 * was so at that moment; a topic stays dirty until its message was queued.
 */
#include "base/compat.h"
#include "faces/mcp_listen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NEVER = -2 }; /* the size of nothing */

/* --- hints -------------------------------------------------------------- */

static void
on_timer(void *arg)
{
	struct mcp *mcp = arg;

	mcp->listen->timer = NULL;
	listen_look(mcp);
}

void
listen_look_at(struct mcp *mcp, usec_t when)
{
	struct mcp_listen *listen = mcp->listen;

	if (listen->timer && listen->timer_at <= when)
		return;
	loop_timer_cancel(listen->timer);
	listen->timer_at = when;
	listen->timer = loop_timer(mcp->loop, when, on_timer, mcp);
}

static void
on_change(void *arg)
{
	struct topic *topic = arg;

	topic->dirty = true;
	listen_look_at(topic->owner->mcp, topic->look_after);
}

static void
on_list_change(void *arg)
{
	struct mcp *mcp = arg;
	struct subscription *s;

	for (s = mcp->listen->all; s; s = s->next)
		s->list_dirty = s->list;
	mcp->listen->list_changed = true;
	listen_look_at(mcp, time_mono());
}

void
mcp_listen_note(struct mcp *mcp, const char *task_or_uri)
{
	struct subscription *s = mcp->listen ? mcp->listen->all : NULL;
	struct topic *topic;

	for (; s; s = s->next)
		for (topic = s->topics; topic; topic = topic->next)
			if (strcmp(topic->key, task_or_uri) == 0) {
				topic->stamp.size = NEVER;
				on_change(topic);
			}
}

void
topic_add(struct subscription *owner, const char *key, bool is_task)
{
	struct topic *topic = xmalloc(sizeof(*topic));

	*topic = (struct topic){ .owner = owner,
		.key = xstrdup(key),
		.is_task = is_task,
		.next = owner->topics };
	owner->topics = topic;
	if (is_task)
		topic->job.id = xstrdup(key);
	else if (job_uri_parse(&topic->job, key) < 0)
		job_uri_release(&topic->job);
	on_change(topic);
}

void
topic_free(struct topic *topic)
{
	job_watch_free(topic->watch);
	spool_job_release(&topic->place);
	job_uri_release(&topic->job);
	free(topic->told);
	free(topic->key);
	free(topic);
}

/* --- telling ------------------------------------------------------------ */

/* Queue a notification of that subscription; `params` is taken over. */
static void
tell(const struct subscription *s, const char *method, json_t *params)
{
	if (s->id)
		json_object_set_new(params, "_meta",
		    json_pack("{s:O}", MCP_META "subscriptionId", s->id));
	if (!json_object_size(params)) {
		json_decref(params);
		params = NULL;
	}
	rpc_notify(s->mcp->rpc, method, params, false);
}

/* --- looking ------------------------------------------------------------ */

/* The watch before the look: what comes between is told by the next hint. */
static void
follow(struct topic *topic, struct record *record)
{
	struct mcp *mcp = topic->owner->mcp;

	if (topic->watch && topic->settled)
		return;
	spool_job_release(&topic->place);
	spool_job_copy(&topic->place, &record->job);
	job_watch_free(topic->watch);
	topic->settled = !record->foreign;
	topic->watch = job_watch_new(mcp->ops, record->job.name, record,
	    WATCH_NAMES | WATCH_CONTENT, on_change, topic);
}

static void
forget_job(struct topic *topic)
{
	job_watch_free(topic->watch);
	topic->watch = NULL;
	topic->settled = false;
	spool_job_release(&topic->place);
}

/* What tells one state of a task from another, malloc'd: not the words, in
 * which the time runs. */
static char *
task_mark(const json_t *task)
{
	return xasprintf("%s %s",
	    json_string_value(json_object_get(task, "status")),
	    json_string_value(json_object_get(task, "lastUpdatedAt")));
}

static bool
is_working(const json_t *task)
{
	const char *status = json_string_value(json_object_get(task, "status"));

	return status && strcmp(status, "working") == 0;
}

/* It could not be looked at: nothing is known, and no hint will come. */
static void
look_again(struct topic *topic, usec_t now)
{
	topic->dirty = true;
	topic->look_after = now + LISTEN_PAUSE;
}

/* Watched first, so that what comes after the look is told by a hint.  NULL
 * with err, as mcp_task(). */
static json_t *
find_task(struct topic *topic, struct err *err)
{
	struct mcp *mcp = topic->owner->mcp;
	struct err none = ERR_INIT;
	struct record record;

	if (ops_job(mcp->ops, topic->key, &record, &none) == 0)
		follow(topic, &record);
	else
		forget_job(topic);
	record_release(&record);
	return mcp_task(mcp, topic->key, err);
}

/* A task that works is no news to a client that has just asked for it. */
static void
look_at_task(struct topic *topic, usec_t now)
{
	struct err err = ERR_INIT;
	json_t *task = find_task(topic, &err);
	char *mark;

	if (!task) {
		if (err.kind != ERR_NOT_FOUND)
			look_again(topic, now);
		return;
	}
	mark = task_mark(task);
	topic->ended = !is_working(task);
	if (!topic->told && !topic->ended) {
		topic->told = mark;
	} else if (topic->told && strcmp(topic->told, mark) == 0) {
		free(mark);
	} else if (!topic->ended && topic->tell_after > now) {
		topic->dirty = true;
		topic->look_after = topic->tell_after;
		free(mark);
	} else {
		free(topic->told);
		topic->told = mark;
		topic->tell_after = now + LISTEN_PAUSE_TASK;
		tell(topic->owner, "notifications/tasks", json_incref(task));
	}
	if (topic->ended) { /* nothing of it changes any more */
		forget_job(topic);
		topic->settled = true;
	}
	json_decref(task);
}

/* 0, also if there is none; -1: it can't be looked at. */
static int
look_at_job(struct topic *topic, struct topic_stamp *now, bool *ended)
{
	struct mcp *mcp = topic->owner->mcp;
	struct err err = ERR_INIT;
	struct record record;

	if (ops_job(mcp->ops, topic->job.id, &record, &err) == 0) {
		bool fresh = !topic->watch;

		follow(topic, &record);
		if (fresh) { /* again, now that it is watched */
			record_release(&record);
			if (ops_job(mcp->ops, topic->job.id, &record, &err) < 0)
				forget_job(topic);
		}
		now->size = ops_job_part(mcp->ops, &record,
		    job_part_file(&record, topic->job.part), &now->modified);
		*ended = status_is_final(record.verdict.status);
	} else {
		forget_job(topic);
	}
	record_release(&record);
	return err_is_set(&err) && err.kind != ERR_NOT_FOUND ? -1 : 0;
}

static void
look_at_resource(struct topic *topic, usec_t now)
{
	struct topic_stamp is = { topic->stamp.size == NEVER ? 0 : -1, 0 };
	bool ended = false, news;

	if (topic->job.id && look_at_job(topic, &is, &ended) < 0) {
		look_again(topic, now);
		return;
	}
	/* Of a job that has ended by then it may be the last word. */
	news = topic->told ? is.size != topic->stamp.size ||
		is.modified != topic->stamp.modified || ended != topic->ended
			   : ended;
	if (news && topic->tell_after > now) {
		topic->dirty = true;
		topic->look_after = topic->tell_after;
		return;
	}
	if (news) {
		tell(topic->owner, "notifications/resources/updated",
		    json_pack("{s:s}", "uri", topic->key));
		topic->tell_after = now + LISTEN_PAUSE;
	}
	if (!topic->told)
		topic->told = xstrdup("");
	topic->stamp = is;
	topic->ended = ended;
}

/* Returns false if there is no more room for messages now. */
static bool
look_at_topics(struct subscription *s, usec_t now, usec_t *next)
{
	struct topic *topic;

	for (topic = s->topics; topic; topic = topic->next) {
		if (!topic->dirty)
			continue;
		if (topic->look_after <= now) {
			if (rpc_is_busy(s->mcp->rpc))
				return false;
			topic->dirty = false;
			topic->look_after = now + LISTEN_LOOK;
			if (topic->is_task)
				look_at_task(topic, now);
			else
				look_at_resource(topic, now);
		}
		if (topic->dirty && topic->look_after < *next)
			*next = topic->look_after;
	}
	return true;
}

static bool
look_at_list(struct subscription *s, usec_t now, usec_t *next)
{
	if (!s->list_dirty)
		return true;
	if (s->list_after > now) {
		if (s->list_after < *next)
			*next = s->list_after;
		return true;
	}
	if (rpc_is_busy(s->mcp->rpc))
		return false;
	s->list_dirty = false;
	s->list_after = now + LISTEN_PAUSE;
	tell(s, "notifications/resources/list_changed", json_object());
	return true;
}

/* Has anybody a topic whose job is not there, or may become another one? */
static bool
needs_list(const struct mcp_listen *listen)
{
	const struct subscription *s;
	const struct topic *topic;

	for (s = listen->all; s; s = s->next) {
		if (s->list)
			return true;
		for (topic = s->topics; topic; topic = topic->next)
			if (topic->job.id && !topic->settled)
				return true;
	}
	return false;
}

/* The list is watched from now on; it may have changed since somebody was told
 * that it would be. */
static void
watch_list(struct mcp *mcp)
{
	struct mcp_listen *listen = mcp->listen;
	struct err err = ERR_INIT;
	struct subscription *s;

	listen->list = ops_list_watch_new(mcp->ops, on_list_change, mcp, &err);
	if (!listen->list) {
		mcp_say(mcp, "the list can't be watched: %s", err.text);
		listen_look_at(mcp, time_mono() + LISTEN_PAUSE);
		return;
	}
	for (s = listen->all; s; s = s->next)
		if (s->list && s->root_changed != listen_root_changed(mcp))
			s->list_dirty = true;
	listen->list_changed = true;
	listen_look_at(mcp, time_mono());
}

/* Does any id mean another job than before?  One reading of the root tells it
 * for all topics; big roots are not read all the time. */
static void
compare_with_list(struct mcp *mcp, usec_t now, usec_t *next)
{
	struct mcp_listen *listen = mcp->listen;
	struct err err = ERR_INIT;
	struct subscription *s;
	struct topic *topic;

	if (!listen->list_changed)
		return;
	if (listen->compare_after > now || ops_census(mcp->ops, &err) < 0) {
		*next = listen->compare_after > now ? listen->compare_after
						    : now + LISTEN_PAUSE;
		return;
	}
	listen->list_changed = false;
	for (s = listen->all; s; s = s->next)
		for (topic = s->topics; topic; topic = topic->next)
			if (topic->job.id && !topic->settled &&
			    !ops_census_has(mcp->ops, topic->job.id,
				&topic->place))
				topic->dirty = true;
	listen->compare_after =
	    now + (time_mono() - now) * LISTEN_SHARE + LISTEN_LOOK;
}

void
listen_look(struct mcp *mcp)
{
	struct mcp_listen *listen = mcp->listen;
	usec_t now = time_mono(), next = INT64_MAX;
	struct subscription *s;

	compare_with_list(mcp, now, &next);
	for (s = listen->all; s; s = s->next)
		if (!look_at_list(s, now, &next) ||
		    !look_at_topics(s, now, &next)) {
			next = now + LISTEN_RETRY;
			break;
		}
	if (!listen->list && needs_list(listen))
		watch_list(mcp);
	if (next < INT64_MAX)
		listen_look_at(mcp, next);
}

usec_t
listen_root_changed(const struct mcp *mcp)
{
	struct stat st;

	return fstat(mcp->spool.fd, &st) < 0 ? -1 : time_from_spec(&st.st_ctim);
}
