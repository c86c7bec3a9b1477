/*
 * watch_backend.h: what a way of watching must offer (for watch*.c only)
 *
 * A backend is a constant of four functions.  It calls watch_fire() for every
 * handle whose directory may have changed, from the loop, never from add(), and
 * between watch_enter() and watch_leave(): until then removed handles stay in
 * memory.
 */
#ifndef ENGINES_WATCH_BACKEND_H
#define ENGINES_WATCH_BACKEND_H

#include "engines/watch.h"

struct watch_backend;

struct watch_handle {
	struct watch *watch;
	struct watch_handle *next;  /* in watch.c's list */
	struct watch_handle **link; /* what points here in it */
	struct watch_handle *next_removed;
	const struct watch_backend *backend;
	unsigned what;
	bool removed; /* freed by watch_leave() */
	bool lost;
	watch_changed_fn *changed; /* this one or the other */
	watch_named_fn *named;
	void *arg;

	/* The backend's own. */
	struct watch_handle *next_same; /* inotify: of the same directory */
	int descriptor;        /* inotify: watch descriptor; -1: none */
	struct polled *polled; /* poll */
};

struct watch_backend {
	/* The state of this backend, or NULL with err. */
	void *(*open)(struct watch *watch, struct loop *loop, struct err *err);
	void (*close)(void *state);
	/* 0, or -1 with errno.  `dirfd` is the caller's. */
	int (*add)(void *state, struct watch_handle *handle, int dirfd);
	void (*remove)(void *state, struct watch_handle *handle);
};

extern const struct watch_backend watch_backend_inotify;
extern const struct watch_backend watch_backend_poll;

void watch_enter(struct watch *watch);
void watch_leave(struct watch *watch);

/* "Look again" at entry `name` (NULL: any) of that handle. */
void watch_fire(struct watch_handle *handle, const char *name);
void watch_fire_all(struct watch *watch);

#endif
