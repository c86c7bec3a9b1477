/*
 * err.h: one error, owned by the caller
 *
 * A function that can fail returns 0 or -1 (or NULL for a pointer) and takes
 * a `struct err *` as its last argument, never NULL.  On success it leaves the
 * error alone; on failure it has set it.  No heap is involved, so an error can
 * be reported when memory or disk has run out.
 *
 *	struct err err = ERR_INIT;
 *
 *	if (thing_open(&thing, name, &err) < 0) {
 *		err_wrap(&err, "open thing");
 *		return -1;
 *	}
 *
 * The first error wins: err_set() on an error that is already set does
 * nothing, so a clean-up path can't hide the cause.  Context is put in front
 * by err_wrap() on the way up: "what: on what: why".
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum { ERR_TEXT_MAX = 1024 };

/* What kind of failure; faces map it to exit and error codes. */
enum err_kind {
	ERR_NONE,
	ERR_SYSTEM,    /* a system call said no: `sys` holds its errno */
	ERR_INVALID,   /* the request makes no sense: usage */
	ERR_NOT_FOUND, /* what was named does not exist */
	ERR_AMBIGUOUS, /* what was named exists more than once */
	ERR_REFUSED,   /* understood and not done: limit, state, no proof */
	ERR_NO_EXEC,   /* the program can't be executed: `sys` holds why */
};

struct err {
	enum err_kind kind;
	int sys;                 /* errno, 0 where there was none */
	char text[ERR_TEXT_MAX]; /* UTF-8, cut if longer, no final newline */
};

#define ERR_INIT                                                               \
	{                                                                      \
		.kind = ERR_NONE                                               \
	}

/* Is an error set? */
bool err_is_set(const struct err *err);

/* Forget the error, so that the struct can be used again. */
void err_clear(struct err *err);

/*
 * Set kind and text.  Always returns -1, so that a caller may write
 * `return err_set(err, ERR_INVALID, "…");`.
 */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * A system call failed with `sys` (an errno value, passed by value because
 * clean-up may change errno).  The text becomes "<fmt>: <strerror>".
 * Returns -1.
 */
int err_sys(struct err *err, int sys, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The same in the form that clients of the systems replaced know:
 * "[Errno 2] No such file or directory: '<on>'".  Returns -1.
 */
int err_errno(struct err *err, enum err_kind kind, int sys, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

/* Put "<fmt>: " in front of an error that is set.  Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
