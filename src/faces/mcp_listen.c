/*
 * mcp_listen.c: subscriptions/listen, resources/subscribe and the like
 *
 * Invariant: the acknowledgement is the first message of a subscription, and
 * nothing is sent that it does not name.
 */
#include "base/compat.h"
#include "faces/mcp_listen.h"

#include <stdlib.h>
#include <string.h>

static struct mcp_listen *
get_listen(struct mcp *mcp)
{
	if (!mcp->listen) {
		mcp->listen = xmalloc(sizeof(*mcp->listen));
		*mcp->listen = (struct mcp_listen){ .all = NULL };
	}
	return mcp->listen;
}

static size_t
count_subscriptions(const struct mcp_listen *listen)
{
	const struct subscription *s;
	size_t count = 0;

	for (s = listen->all; s; s = s->next)
		count++;
	return count;
}

static size_t
count_topics(const struct mcp_listen *listen)
{
	const struct subscription *s;
	const struct topic *topic;
	size_t count = 0;

	for (s = listen->all; s; s = s->next)
		for (topic = s->topics; topic; topic = topic->next)
			count++;
	return count;
}

static struct subscription *
subscription_new(struct mcp *mcp, struct rpc_request *request, json_t *id)
{
	struct mcp_listen *listen = get_listen(mcp);
	struct subscription *s = xmalloc(sizeof(*s));

	*s = (struct subscription){ .mcp = mcp,
		.request = request,
		.id = id,
		.root_changed = listen_root_changed(mcp),
		.next = listen->all };
	listen->all = s;
	return s;
}

static void
subscription_free(struct subscription *s)
{
	struct subscription **link = &s->mcp->listen->all;

	while (*link != s)
		link = &(*link)->next;
	*link = s->next;
	while (s->topics) {
		struct topic *topic = s->topics;

		s->topics = topic->next;
		topic_free(topic);
	}
	json_decref(s->id);
	free(s);
}

/* --- subscriptions/listen ----------------------------------------------- */

/* Can the strings in `list` be topics?  With `tasks`: of tasks.  The new array
 * has those that can, each once. */
static json_t *
choose(struct mcp *mcp, json_t *list, bool tasks)
{
	json_t *chosen = json_array(), *seen = json_object(), *entry, *task;
	struct err err = ERR_INIT;
	const char *text;
	size_t i;

	json_array_foreach(list, i, entry) {
		text = json_string_value(entry);
		if (!text || strlen(text) != json_string_length(entry) ||
		    strlen(text) > MCP_URI_MAX || json_object_get(seen, text))
			continue;
		json_object_set_new(seen, text, json_true());
		if (!tasks && mcp_resources_of(mcp, text))
			json_array_append(chosen, entry);
		if (tasks && (task = mcp_task(mcp, text, &err))) {
			json_array_append(chosen, entry);
			json_decref(task);
		}
	}
	json_decref(seen);
	return chosen;
}

static void
add_topics(struct subscription *s, const json_t *list, bool tasks)
{
	size_t i = json_array_size(list);

	while (i-- > 0) /* each is put in front */
		topic_add(s, json_string_value(json_array_get(list, i)), tasks);
}

/* 0, or -1: that would be too much for a message. */
static int
acknowledge(const struct subscription *s, const json_t *uris,
    const json_t *tasks, json_t *asked)
{
	json_t *honoured = json_object();

	if (s->list)
		json_object_set_new(honoured, "resourcesListChanged",
		    json_true());
	if (json_object_get(asked, "resourceSubscriptions"))
		json_object_set_new(honoured, "resourceSubscriptions",
		    json_deep_copy(uris));
	if (json_object_get(asked, "taskIds"))
		json_object_set_new(honoured, "taskIds", json_deep_copy(tasks));
	return rpc_notify(s->mcp->rpc,
	    "notifications/subscriptions/acknowledged",
	    json_pack("{s:{s:O},s:o}", "_meta", MCP_META "subscriptionId",
		s->id, "notifications", honoured),
	    false);
}

static void
refuse_many(const struct mcp_request *r)
{
	rpc_fail(r->rpc, RPC_INTERNAL, NULL,
	    "Internal error: too many subscriptions");
}

/* Is there anything wrong with it?  True: it was refused. */
static bool
refuse_listen(const struct mcp_request *r, json_t *asked)
{
	static const char *const lists[] = { "resourceSubscriptions",
		"taskIds" };
	struct mcp_listen *listen = get_listen(r->mcp);
	size_t i, topics = count_topics(listen);
	const char *why = NULL;

	if (!json_is_object(asked))
		why = "notifications must be an object";
	for (i = 0; i < ARRAY_LEN(lists); i++) {
		json_t *list = json_object_get(asked, lists[i]);

		topics += json_array_size(list);
		if (list && !json_is_array(list))
			why = "a list of subscriptions must be an array";
	}
	if (why) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL, "Invalid params: %s",
		    why);
		return true;
	}
	if (topics > LISTEN_TOPICS_MAX ||
	    count_subscriptions(listen) >= LISTEN_MAX) {
		refuse_many(r);
		return true;
	}
	return json_object_get(asked, "taskIds") && !mcp_demand(r, MCP_TASKS);
}

void
mcp_listen_open(const struct mcp_request *r)
{
	json_t *asked = json_object_get(r->params, "notifications");
	json_t *id = rpc_request_id(r->rpc);
	struct subscription *s;
	json_t *uris, *tasks;

	if (!id) {
		rpc_fail(r->rpc, RPC_INVALID_REQUEST, NULL,
		    "Invalid Request: the id of a subscription is too big");
		return;
	}
	if (refuse_listen(r, asked)) {
		json_decref(id);
		return;
	}
	s = subscription_new(r->mcp, r->rpc, id);
	uris = choose(r->mcp, json_object_get(asked, "resourceSubscriptions"),
	    false);
	tasks = choose(r->mcp, json_object_get(asked, "taskIds"), true);
	s->list = json_is_true(json_object_get(asked, "resourcesListChanged"));
	if (acknowledge(s, uris, tasks, asked) == 0) {
		add_topics(s, uris, false);
		add_topics(s, tasks, true);
		listen_look_at(r->mcp, time_mono());
	} else {
		subscription_free(s);
		refuse_many(r);
	}
	json_decref(uris);
	json_decref(tasks);
}

static void
finish(struct subscription *s)
{
	struct rpc_request *request = s->request;
	json_t *result = NULL;

	if (request)
		result = json_pack("{s:{s:O}}", "_meta",
		    MCP_META "subscriptionId", s->id);
	subscription_free(s);
	if (request)
		mcp_answer(request, MCP_2026_07_28, result, MCP_UNCACHED);
}

bool
mcp_listen_cancel(struct mcp *mcp, struct rpc_request *request)
{
	struct subscription *s = mcp->listen ? mcp->listen->all : NULL;

	while (s && s->request != request)
		s = s->next;
	if (!s)
		return false;
	subscription_free(s);
	rpc_drop(request);
	return true;
}

void
mcp_listen_finish(struct mcp *mcp)
{
	while (mcp->listen && mcp->listen->all)
		finish(mcp->listen->all);
}

void
mcp_listen_release(struct mcp *mcp)
{
	if (!mcp->listen)
		return;
	while (mcp->listen->all) {
		struct rpc_request *request = mcp->listen->all->request;

		subscription_free(mcp->listen->all);
		if (request)
			rpc_drop(request);
	}
	ops_list_watch_free(mcp->listen->list);
	loop_timer_cancel(mcp->listen->timer);
	free(mcp->listen);
	mcp->listen = NULL;
}

/* --- the era with handshake --------------------------------------------- */

/* The one of this connection. */
static struct subscription *
legacy_subscription(struct mcp *mcp)
{
	struct subscription *s = get_listen(mcp)->all;

	while (s && s->request)
		s = s->next;
	return s ? s : subscription_new(mcp, NULL, NULL);
}

void
mcp_listen_to_list(struct mcp *mcp)
{
	struct subscription *s = legacy_subscription(mcp);

	if (s->list)
		return;
	s->list = true;
	listen_look_at(mcp, time_mono());
}

static struct topic **
find_topic(struct subscription *s, const char *uri)
{
	struct topic **link = &s->topics;

	while (*link && strcmp((*link)->key, uri) != 0)
		link = &(*link)->next;
	return link;
}

void
mcp_subscribe(const struct mcp_request *r)
{
	const char *uri = mcp_string(r, "uri");
	struct subscription *s;

	if (!uri)
		return;
	s = legacy_subscription(r->mcp);
	if (!*find_topic(s, uri)) {
		if (count_topics(r->mcp->listen) >= LISTEN_TOPICS_MAX) {
			refuse_many(r);
			return;
		}
		topic_add(s, uri, false);
	}
	mcp_answer(r->rpc, r->revision, json_object(), MCP_UNCACHED);
}

void
mcp_unsubscribe(const struct mcp_request *r)
{
	const char *uri = mcp_string(r, "uri");
	struct topic **link, *topic;

	if (!uri)
		return;
	link = find_topic(legacy_subscription(r->mcp), uri);
	topic = *link;
	if (topic) {
		*link = topic->next;
		topic_free(topic);
	}
	mcp_answer(r->rpc, r->revision, json_object(), MCP_UNCACHED);
}
