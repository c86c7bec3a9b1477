/*
 * fuzz_cancel.c: the request file `cancel`
 *
 * Holds: whatever the file says, it is a request, complete and within bounds;
 * what was read is written and read back the same, or that fails and says so.
 *
 * covers: src/spool/request.c
 */
#include "base/compat.h"
#include "base/fsio.h"
#include "fuzz.h"
#include "spool/request.h"

enum { GRACE_MOST = 1000 * 1000 }; /* seconds; printed with six digits */

static void
check(const struct request *request)
{
	FUZZ_CHECK(request->signal > 0 && request->signal <= 64);
	FUZZ_CHECK(request->grace >= 0);
	FUZZ_CHECK(request->grace <= (usec_t)10000000000 * USEC_PER_SEC);
	FUZZ_CHECK(request->by[0]);
	FUZZ_CHECK(strlen(request->by) < REQUEST_BY_MAX);
	FUZZ_CHECK(fuzz_is_printable(request->by));
	FUZZ_CHECK(!strpbrk(request->by, "\"\\"));
	FUZZ_CHECK(request_is_as_strong(request, request));
}

/* Leave the same request; a weaker one then changes nothing. */
static void
check_writing(struct request *request)
{
	struct err err = ERR_INIT;
	struct request read, weaker;
	int dir = fuzz_directory();

	FUZZ_CHECK(unlinkat(dir, "cancel", 0) == 0);
	FUZZ_CHECK(request_write(dir, "cancel", request, &err) == 1);
	FUZZ_CHECK(request_read(dir, "cancel", &read) == 1);
	check(&read);
	FUZZ_CHECK(read.signal == request->signal);
	FUZZ_CHECK(read.at == request->at);
	FUZZ_CHECK(strcmp(read.by, request->by) == 0);
	FUZZ_CHECK(request->ended < 0 || read.ended == request->ended);
	if (request->grace < (usec_t)GRACE_MOST * USEC_PER_SEC &&
	    request->grace % USEC_PER_SEC == 0)
		FUZZ_CHECK(read.grace == request->grace);
	weaker = read;
	weaker.at += USEC_PER_SEC;
	FUZZ_CHECK(request_write(dir, "cancel", &weaker, &err) == 0);
	weaker.at = read.at - 1;
	weaker.signal = 9;
	FUZZ_CHECK(request_write(dir, "cancel", &weaker, &err) == 1);
	FUZZ_CHECK(request_read(dir, "cancel", &read) == 1);
	FUZZ_CHECK(read.signal == 9);
	FUZZ_CHECK(unlinkat(dir, "cancel", 0) == 0);
}

/* Hold it while it is carried out, and say when that was. */
static void
check_holding(const struct request *request)
{
	struct err err = ERR_INIT;
	struct request read, told = *request;
	int dir = fuzz_directory(), held;

	FUZZ_CHECK(request_hold(dir, "cancel", request, &held, &err) == 0);
	FUZZ_CHECK(fsio_lock_test(dir, "cancel") == FSIO_LOCK_HELD);
	close_fd(&held);
	FUZZ_CHECK(request_read(dir, "cancel", &read) == 1);
	FUZZ_CHECK(read.signal == request->signal && read.placed > 0);
	told.placed = read.placed;
	told.ended = read.placed + 1;
	FUZZ_CHECK(request_conclude(dir, "cancel", &told) == 0);
	FUZZ_CHECK(request_read(dir, "cancel", &read) == 1);
	FUZZ_CHECK(read.at == told.placed && read.ended == told.ended);
	FUZZ_CHECK(unlinkat(dir, "cancel", 0) == 0);
}

/* What cannot be read asks, too; what is not there does not. */
static void
check_others(void)
{
	struct request standard, read;
	int dir = fuzz_directory();

	request_init(&standard, "a");
	FUZZ_CHECK(request_read(dir, "cancel", &read) == 0);
	FUZZ_CHECK(symlinkat("/", dir, "cancel") == 0);
	FUZZ_CHECK(request_read(dir, "cancel", &read) == 1);
	FUZZ_CHECK(read.signal == standard.signal);
	FUZZ_CHECK(read.grace == standard.grace && read.ended < 0);
	FUZZ_CHECK(unlinkat(dir, "cancel", 0) == 0);
}

/* In a directory that is gone nothing can be left, and nothing is said to. */
static void
check_gone(const struct request *request)
{
	struct err err = ERR_INIT, held_err = ERR_INIT;
	struct request read;
	int dir, held;

	FUZZ_CHECK(mkdirat(fuzz_directory(), "gone", 0700) == 0);
	dir = openat(fuzz_directory(), "gone", O_RDONLY | O_DIRECTORY);
	FUZZ_CHECK(dir >= 0);
	FUZZ_CHECK(unlinkat(fuzz_directory(), "gone", AT_REMOVEDIR) == 0);
	FUZZ_CHECK(request_write(dir, "cancel", request, &err) == -1);
	FUZZ_CHECK(err_is_set(&err));
	FUZZ_CHECK(request_hold(dir, "cancel", request, &held, &held_err) < 0);
	FUZZ_CHECK(err_is_set(&held_err) && held < 0);
	FUZZ_CHECK(request_conclude(dir, "cancel", request) < 0);
	FUZZ_CHECK(request_read(dir, "cancel", &read) == 0);
	close(dir);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request first, second;
	int dir = fuzz_directory();

	fuzz_write("cancel", data, size);
	FUZZ_CHECK(request_read(dir, "cancel", &first) == 1);
	check(&first);
	FUZZ_CHECK(request_read(dir, "cancel", &second) == 1);
	FUZZ_CHECK(first.signal == second.signal);
	FUZZ_CHECK(first.grace == second.grace && first.at == second.at);
	FUZZ_CHECK(strcmp(first.by, second.by) == 0);
	FUZZ_CHECK(first.ended == second.ended);
	check_writing(&first);
	check_holding(&first);
	check_others();
	check_gone(&first);
	return 0;
}
