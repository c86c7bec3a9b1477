/*
 * test_wire.c: lines over pipes, sockets and files
 */
#include "base/compat.h"
#include "rpc_peer.h"

#include <signal.h>

static void
test_wire__lines(void **state)
{
	struct peer p;

	(void)state;
	expect("\n  \r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}\r\n"
	       "\t\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"echo\"}",
	    NULL_FOR("1") NULL_FOR("2"));
	expect("", "");
	expect("\n", "");
	start(&p, false);
	p.chunk = 1;
	run(&p, ECHO("1") ECHO("2"), strlen(ECHO("1") ECHO("2")));
	assert_string_equal(buf_str(&p.got), NULL_FOR("1") NULL_FOR("2"));
	buf_release(&p.got);
}

static void
test_wire__endless_line(void **state)
{
	struct buf text = BUF_INIT;
	char *fill = xmalloc(17 << 20);

	(void)state;
	memset(fill, 'x', 17 << 20);
	buf_addstr(&text, ECHO("1"));
	buf_add(&text, fill, 17 << 20);
	buf_addstr(&text, "\n" ECHO("2"));
	buf_add(&text, fill, 17 << 20);
	expect_bytes(text.data, text.len, false,
	    NULL_FOR("1") ERROR("-32600",
		"Invalid Request: the line is longer than 16 MiB") NULL_FOR("2")
		ERROR("-32600",
		    "Invalid Request: the line is longer than 16 MiB"));
	buf_release(&text);
	free(fill);
}

static void
test_wire__many_lines_in_order(void **state)
{
	struct buf text = BUF_INIT, answer = BUF_INIT;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		buf_addf(&text, ECHO("%d"), i);
		buf_addf(&answer, NULL_FOR("%d"), i);
	}
	expect(text.data, answer.data);
	buf_release(&text);
	buf_release(&answer);
}

/* Count a mark in what came. */
static int
count(const struct peer *p, const char *mark)
{
	const char *at = buf_str(&p->got);
	int n = 0;

	while ((at = strstr(at, mark)) != NULL) {
		at += strlen(mark);
		n++;
	}
	return n;
}

/* A client that sends all it has before it reads anything. */
static void
test_wire__slow_reader(void **state)
{
	struct peer p;
	struct buf text = BUF_INIT;
	int i, sockets;

	(void)state;
	for (i = 0; i < 20; i++)
		buf_addf(&text,
		    "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":"
		    "\"chat\",\"params\":{\"bytes\":300000}}\n",
		    i);
	for (sockets = 0; sockets < 2; sockets++) {
		start(&p, sockets == 1);
		p.deaf = true;
		p.expected = 4; /* more would wait for us */
		run(&p, text.data, text.len);
		assert_int_equal(count(&p, "\"result\""), 20);
		assert_in_range(count(&p, "\"told\""), 1, 19);
		assert_string_equal(p.why, "end of input");
		buf_release(&p.got);
	}
	buf_release(&text);
}

static void
on_moment(void *arg)
{
	struct peer *p = arg;

	loop_remove(p->reader);
	p->reader = NULL;
	close_fd(&p->from);
}

static void
test_wire__reader_goes_away(void **state)
{
	struct peer p;
	int sockets;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	for (sockets = 0; sockets < 2; sockets++) {
		/* while nothing is to be written */
		start(&p, sockets == 1);
		p.silent = true;
		loop_timer(p.loop, 0, on_moment, &p);
		run(&p, "\n", 1);
		assert_string_equal(p.why, "the client has closed its end");
		buf_release(&p.got);
	}
}

static void
test_wire__file_as_input(void **state)
{
	static const struct rpc_hooks hooks = { on_request, on_notified,
		takes_batches, on_eof, on_gone };
	FILE *in = tmpfile(), *out = tmpfile();
	struct err err = ERR_INIT;
	struct peer p = { .loop = loop_new(&err) };
	char text[200] = "";

	(void)state;
	assert_non_null(in);
	assert_non_null(out);
	assert_true(fputs(ECHO("1"), in) >= 0);
	rewind(in);
	p.rpc = rpc_new(p.loop, fileno(in), fileno(out), &hooks, &p);
	loop_run(p.loop);
	rpc_free(p.rpc);
	loop_free(p.loop);
	rewind(out);
	assert_non_null(fgets(text, sizeof(text), out));
	assert_string_equal(text, NULL_FOR("1"));
	fclose(in);
	fclose(out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wire__lines),
		cmocka_unit_test(test_wire__endless_line),
		cmocka_unit_test(test_wire__many_lines_in_order),
		cmocka_unit_test(test_wire__slow_reader),
		cmocka_unit_test(test_wire__reader_goes_away),
		cmocka_unit_test(test_wire__file_as_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
