/*
 * err.c: a caller-owned error
 *
 * Invariant: the first error wins, and nothing here allocates or changes
 * errno.
 */
#include "base/compat.h"
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
err_is_set(const struct err *err)
{
	return err->kind != ERR_NONE;
}

void
err_clear(struct err *err)
{
	err->kind = ERR_NONE;
	err->sys = 0;
	err->text[0] = '\0';
}

int
err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (err_is_set(err))
		return -1;
	err->kind = kind;
	err->sys = 0;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	errno = saved;
	return -1;
}

int
err_sys(struct err *err, int sys, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	size_t used;

	if (err_is_set(err))
		return -1;
	err->kind = ERR_SYSTEM;
	err->sys = sys;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s",
	    strerror(sys));
	errno = saved;
	return -1;
}

int
err_errno(struct err *err, enum err_kind kind, int sys, const char *fmt, ...)
{
	char on[ERR_TEXT_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(on, sizeof(on), fmt, ap);
	va_end(ap);
	if (err_is_set(err))
		return -1;
	err_set(err, kind, "[Errno %d] %s: '%s'", sys, strerror(sys), on);
	err->sys = sys;
	return -1;
}

int
err_wrap(struct err *err, const char *fmt, ...)
{
	char old[ERR_TEXT_MAX];
	int saved = errno;
	size_t used;
	va_list ap;

	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %.*s",
	    (int)sizeof(old) - 1, old);
	errno = saved;
	return -1;
}
