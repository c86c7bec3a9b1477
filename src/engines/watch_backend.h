/*
 * watch_backend.h: what a way of watching must offer (for watch*.c only)
 *
 * A backend is a constant of three functions.  It calls watch_fire() for every
 * handle whose directory may have changed, from the loop, never from add().
 */
#ifndef ENGINES_WATCH_BACKEND_H
#define ENGINES_WATCH_BACKEND_H

#include "engines/watch.h"

struct watch_backend;

struct watch_handle {
	struct watch *watch;
	struct watch_handle *next; /* in watch.c's list */
	const struct watch_backend *backend;
	int dirfd;
	unsigned what;
	watch_changed_fn *changed; /* NULL: removed, freed later */
	void *arg;

	/* The backend's own. */
	struct watch_handle *next_same; /* inotify: of the same directory */
	int descriptor;                 /* inotify: watch descriptor */
	void *backend_state;            /* poll */
	struct loop_timer *timer;       /* poll */
	usec_t interval;                /* poll */
	uint64_t fingerprint;           /* poll */
};

struct watch_backend {
	/* The state of this backend, or NULL with err. */
	void *(*open)(struct watch *watch, struct loop *loop, struct err *err);
	void (*close)(void *state);
	/* 0, or -1 with errno. */
	int (*add)(void *state, struct watch_handle *handle);
	void (*remove)(void *state, struct watch_handle *handle);
};

extern const struct watch_backend watch_backend_inotify;
extern const struct watch_backend watch_backend_poll;

/* "Look again" at that handle, or (NULL) at all of them. */
void watch_fire(struct watch *watch, struct watch_handle *handle);

#endif
