/*
 * cli_send.c: bytes for a job's input
 *
 * Invariant: what is sent arrives whole and in order, however much it is and
 * however slowly the job reads; at most one block of it is in memory.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 65536, RETRY = USEC_PER_SEC / 50 };

static void
on_retry(void *arg)
{
	struct cli *cli = arg;

	loop_stop(cli->loop, 0);
}

/* Send all, waiting while the job does not read. */
static int
send_all(struct cli *cli, const char *word, const char *data, size_t len,
    struct err *err)
{
	size_t written;

	while (len > 0) {
		if (ops_send_bytes(cli->ops, word, data, len, &written, err) <
		    0)
			return -1;
		data += written;
		len -= written;
		if (len == 0 || written > 0)
			continue;
		loop_timer(cli->loop, time_mono() + RETRY, on_retry, cli);
		loop_run(cli->loop);
	}
	return 0;
}

static int
send_words(struct cli *cli, const char *word, bool newline, struct err *err)
{
	struct buf text = BUF_INIT;
	int i, failed;

	for (i = 1; i < cli->word_count; i++)
		buf_addf(&text, "%s%s", i > 1 ? " " : "", cli->words[i]);
	if (newline)
		buf_addch(&text, '\n');
	failed = send_all(cli, word, buf_str(&text), text.len, err);
	buf_release(&text);
	return failed;
}

static int
send_stdin(struct cli *cli, const char *word, struct err *err)
{
	char block[BLOCK];
	ssize_t n;

	if (isatty(STDIN_FILENO))
		cli_say("sending what you type; end with Ctrl-D");
	for (;;) {
		n = read(STDIN_FILENO, block, sizeof(block));
		if (n == 0)
			return 0;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd in = { STDIN_FILENO, POLLIN, 0 };

			n = compat_poll(&in, 1, -1, NULL) < 0 ? -1 : 0;
		}
		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "standard input");
		if (n > 0 && send_all(cli, word, block, (size_t)n, err) < 0)
			return -1;
	}
}

static int
run_send(struct cli *cli)
{
	bool newline = true, eof = false;
	struct err err = ERR_INIT;
	struct record record;
	int c, code, failed;

	while ((c = cli_option(cli)) != CLI_END) {
		if (c == CLI_EOF)
			eof = true;
		else
			newline = false;
	}
	if (!cli_bad(cli) && cli->word_count == 0)
		cli_usage(cli, "which JOB?");
	if (cli_bad(cli))
		return cli->code;
	if ((code = cli_open(cli)) != 0)
		return code;
	/* The word is resolved once: a newer job of that name is another. */
	failed = cli_scan(cli, cli->words[0], true, SCAN_STATE, &record, &err);
	if (!failed)
		failed = cli->word_count > 1
		    ? send_words(cli, record.job.id, newline, &err)
		    : send_stdin(cli, record.job.id, &err);
	if (!failed && eof)
		failed = ops_send_eof(cli->ops, record.job.id, &err);
	record_release(&record);
	if (!failed)
		return 0;
	code = cli_fail(&err);
	return err.kind == ERR_REFUSED ? CLI_EXIT_SOME : code;
}

static const struct cli_option options[] = {
	{ CLI_NO_NEWLINE, "no-newline", NULL, 0, "add no newline after TEXT" },
	{ CLI_EOF, "eof", NULL, 0, "close the job's input afterwards" },
	{ 0, NULL, NULL, 0, NULL },
};

const struct cli_verb cli_verb_send = {
	.name = "send",
	.group = "act",
	.operands = "JOB [TEXT]...",
	.most = -1,
	.summary = "Write TEXT and a newline to the job's input",
	.text = "Without TEXT, everything from standard input is sent as it "
		"is. The job must have been started with an open input "
		"(run -i).",
	.options = options,
	.run = run_send,
};
