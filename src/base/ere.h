/*
 * ere.h: what a user types as a regular expression, for regcomp(3)
 *
 * Behind pattern.h, which says what the language is.
 */
#ifndef BASE_ERE_H
#define BASE_ERE_H

#include "base/err.h"
#include "base/util.h"

enum {
	/* Most atoms after repetitions are written out: a{1,50} is 50.  The C
	 * library needs memory and time for each of them, squared. */
	ERE_SIZE_MAX = 1000,
	ERE_DEPTH_MAX = 50, /* nested groups */
};

/*
 * Append to `out` the extended regular expression for `text`, which is valid
 * for regcomp but for names of classes and the like.  0, or -1 with
 * ERR_INVALID and a text that says why.
 */
int ere_translate(struct buf *out, const char *text, struct err *err);

#endif
