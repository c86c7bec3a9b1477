/*
 * cli_io.c: what the command line writes
 *
 * Invariant: an error of writing to stdout is never lost: it is kept in the
 * struct and decides the exit code; a reader that went away is no error.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe that poll(2) calls writable takes so much without blocking. */
enum { PIECE = 4096, OUT_MAX = 65536 };

static size_t
terminal_columns(void)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;
	int64_t columns;

	if (text && number_parse(text, 10000, &columns) == 0 && columns > 0)
		return (size_t)columns;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

void
cli_io_init(struct cli *cli)
{
	const char *term = getenv("TERM"), *plain = getenv("NO_COLOR");

	cli->terminal = isatty(STDOUT_FILENO);
	cli->colours = cli->terminal && term && strcmp(term, "dumb") != 0 &&
	    !(plain && *plain);
	cli->columns = cli->terminal ? terminal_columns() : 0;
}

int
cli_write(struct cli *cli, int fd, const void *data, size_t len)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	const char *next = data;
	sigset_t mask;
	size_t most;
	ssize_t n;

	if (sigprocmask(SIG_BLOCK, NULL, &mask) < 0)
		return -1;
	/* Where the loop keeps SIGINT blocked, the user may still interrupt
	 * here: the waiting is done in poll. */
	most = sigismember(&mask, SIGINT) ? PIECE : OUT_MAX;
	sigdelset(&mask, SIGINT);
	while (len > 0) {
		if (cli->interrupted) {
			errno = EINTR;
			return -1;
		}
		if (compat_poll(&poll_fd, 1, -1, &mask) < 0) {
			if (errno != EINTR)
				return -1;
			cli->interrupted = loop_has_caught(SIGINT);
			continue;
		}
		n = write(fd, next, len < most ? len : most);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		if (n > 0) {
			next += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int
cli_flush(struct cli *cli)
{
	int failed = 0;

	if (cli->out.len > 0 && !cli->reader_gone && !cli->output_error)
		failed =
		    cli_write(cli, STDOUT_FILENO, cli->out.data, cli->out.len);
	buf_cut(&cli->out, 0);
	if (failed && errno == EPIPE)
		cli->reader_gone = true;
	else if (failed && errno != EINTR)
		cli->output_error = errno;
	return cli->reader_gone || cli->output_error ? -1 : 0;
}

void
cli_put(struct cli *cli, const void *data, size_t len)
{
	buf_add(&cli->out, data, len);
	if (cli->out.len >= OUT_MAX)
		cli_flush(cli);
}

void
cli_putf(struct cli *cli, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	char small[1024];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (len < 0)
		die("cannot format text");
	if ((size_t)len < sizeof(small)) {
		cli_put(cli, small, (size_t)len);
		return;
	}
	buf_reserve(&text, (size_t)len);
	va_start(ap, fmt);
	vsnprintf(text.data, (size_t)len + 1, fmt, ap);
	va_end(ap);
	cli_put(cli, text.data, (size_t)len);
	buf_release(&text);
}

void
cli_put_json(struct cli *cli, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));

	if (!text)
		die("cannot write JSON");
	cli_put(cli, text, strlen(text));
	cli_put(cli, "\n", 1);
	cli_flush(cli);
	free(text);
}

int
cli_finish(struct cli *cli, int code)
{
	cli_flush(cli);
	if (!cli->output_error && close(STDOUT_FILENO) < 0 && errno != EBADF &&
	    errno != EINTR)
		cli->output_error = errno;
	if (!cli->output_error)
		return code;
	cli_say("cannot write to standard output: %s",
	    strerror(cli->output_error));
	return CLI_EXIT_FAILURE;
}

void
cli_say(const char *fmt, ...)
{
	char *next, *rest, *text;
	struct buf said = BUF_INIT, shown = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&said, fmt, ap);
	va_end(ap);
	rest = text = buf_steal(&said);
	while ((next = strsep(&rest, "\n"))) {
		buf_addstr(&shown, next == text ? "jobdir: " : "jobdir:   ");
		text_show(&shown, next, 0);
		buf_addch(&shown, '\n');
	}
	/* One write, so that lines of several processes don't mix. */
	if (write_full(STDERR_FILENO, shown.data, shown.len) < 0)
		errno = 0; /* nowhere left to tell */
	buf_release(&shown);
	free(text);
}

int
cli_code_of(const struct err *err)
{
	switch (err->kind) {
	case ERR_INVALID:
		return CLI_EXIT_USAGE;
	case ERR_NOT_FOUND:
	case ERR_AMBIGUOUS:
		return CLI_EXIT_NO_JOB;
	case ERR_NO_EXEC:
		return err->sys == ENOENT ? CLI_EXIT_NOT_FOUND
					  : CLI_EXIT_NO_EXEC;
	case ERR_NONE:
	case ERR_SYSTEM:
	case ERR_REFUSED:
		break;
	}
	return CLI_EXIT_FAILURE;
}

int
cli_fail(const struct err *err)
{
	cli_say("%s", err->text);
	return cli_code_of(err);
}
