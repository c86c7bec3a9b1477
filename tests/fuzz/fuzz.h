/*
 * fuzz.h: what the fuzzers share
 *
 * A fuzzer is one file, fuzz_NAME.c, with LLVMFuzzerTestOneInput(): it gives
 * any bytes to one parser and asserts what must hold of whatever comes out.
 * Nothing of an input may outlive its call, so that an input alone reproduces
 * what it found.  README.md lists them all.
 *
 *	FUZZ_CHECK(condition);	-- a finding if it does not hold
 *	text = fuzz_text(data, size);	-- NUL-terminated, malloc'd
 *	dir = fuzz_directory();	-- one for the process, made in TMPDIR, which
 *				-- whoever runs the fuzzer removes
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                  \
	do {                                                                   \
		if (!(condition)) {                                            \
			fprintf(stderr, "%s:%d: does not hold: %s\n",          \
			    __FILE__, __LINE__, #condition);                   \
			abort();                                               \
		}                                                              \
	} while (0)

/* The bytes up to the first NUL, in memory of exactly that size. */
static inline char *
fuzz_text(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, '\0', size) : NULL;

	return xstrndup((const char *)data, nul ? (size_t)(nul - data) : size);
}

/* Is that valid UTF-8? */
static inline bool
fuzz_is_utf8(const char *text, size_t len)
{
	size_t i, n;

	for (i = 0; i < len; i += n) {
		n = text_utf8_length(text + i, len - i);
		if (n == 0)
			return false;
	}
	return true;
}

/* And is there nothing in it that a terminal would act on? */
static inline bool
fuzz_is_printable(const char *text)
{
	size_t len = strlen(text), i, n;

	for (i = 0; i < len; i += n) {
		n = text_utf8_length(text + i, len - i);
		if (n == 0 || text_acts(text + i, n))
			return false;
	}
	return true;
}

/* Both NULL, or the same text. */
static inline bool
fuzz_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static inline const char *
fuzz_path(void)
{
	static char path[300];
	const char *tmp = getenv("TMPDIR");

	if (path[0])
		return path;
	snprintf(path, sizeof(path), "%s/jobdir-fuzz.XXXXXX",
	    tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(path)) {
		perror(path);
		exit(1);
	}
	return path;
}

static inline int
fuzz_directory(void)
{
	static int dir = -1;

	if (dir < 0)
		dir = open(fuzz_path(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	FUZZ_CHECK(dir >= 0);
	return dir;
}

/* Give file `name` in there that content. */
static inline void
fuzz_write(const char *name, const void *data, size_t size)
{
	int fd = openat(fuzz_directory(), name,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(write_full(fd, data, size) == 0);
	close(fd);
}

#endif
