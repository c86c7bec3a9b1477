/*
 * mcp_listen.h: what a client wants to hear of (for mcp_listen.c, mcp_topics.c)
 *
 * A subscription is a request of subscriptions/listen that stays open, or the
 * one of a client with handshake, which has no request.  It has topics: one
 * resource or one task each.  A topic looks at the disk when something hints at
 * a change, and tells if there is news compared with what it told last: so any
 * number of hints are one message, and none is lost while the client does not
 * read.
 */
#ifndef FACES_MCP_LISTEN_H
#define FACES_MCP_LISTEN_H

#include "faces/mcp_jobs.h"
#include "faces/mcp_server.h"
#include "verbs/job_watch.h"
#include "verbs/ops_job.h"

enum {
	LISTEN_MAX = 64,                 /* subscriptions */
	LISTEN_TOPICS_MAX = 4096,        /* of all of them together */
	LISTEN_PAUSE = 250 * 1000,       /* microseconds between two messages */
	LISTEN_PAUSE_TASK = 1000 * 1000, /* of a task that has not ended */
	LISTEN_LOOK = 20 * 1000,         /* between two looks at one topic */
	LISTEN_RETRY = 20 * 1000,        /* when the client does not read */
	LISTEN_SHARE = 10, /* a reading of the root costs so much of a pause */
};

/* What a resource looked like. */
struct topic_stamp {
	int64_t size; /* -1: there was none */
	usec_t modified;
};

struct topic {
	struct subscription *owner;
	char *key; /* URI or task id, as the client wrote it */
	bool is_task;
	struct job_uri job; /* id NULL: not of a job */
	struct job_watch *watch;
	struct spool_job place; /* of the job; all NULL: there is none */
	bool settled;           /* its id can't become that of another job */
	bool ended;             /* the job has, by what was told */
	struct topic_stamp stamp;
	char *told;        /* of a task: what was told last */
	bool dirty;        /* look */
	usec_t look_after; /* time_mono() */
	usec_t tell_after;
	struct topic *next;
};

struct subscription {
	struct mcp *mcp;
	struct rpc_request *request; /* NULL: of the era with handshake */
	json_t *id;                  /* for _meta; NULL likewise */
	bool list; /* wants to hear of the list of resources */
	bool list_dirty;
	usec_t list_after;
	usec_t root_changed; /* before it was acknowledged */
	struct topic *topics;
	struct subscription *next;
};

struct mcp_listen {
	struct subscription *all;
	struct ops_list_watch *list; /* NULL: nobody needs it yet */
	bool list_changed;           /* compare topics with it */
	usec_t compare_after;        /* time_mono() */
	struct loop_timer *timer;    /* the next look */
	usec_t timer_at;
};

/* mcp_topics.c */

/* Add a topic; `key` is copied.  It is looked at soon. */
void topic_add(struct subscription *owner, const char *key, bool is_task);
void topic_free(struct topic *topic);

/* Look at everything that is due, and tell what is new. */
void listen_look(struct mcp *mcp);

/* Look no later than at that time (time_mono()). */
void listen_look_at(struct mcp *mcp, usec_t when);

/* When the root's directory last changed; -1: there is none. */
usec_t listen_root_changed(const struct mcp *mcp);

#endif
