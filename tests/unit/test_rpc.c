/*
 * test_rpc.c: JSON-RPC messages
 */
#include "base/compat.h"
#include "rpc_peer.h"

static void
test_rpc__ids_come_back_as_they_were(void **state)
{
	static const char *const ids[] = { "1", "-5", "0", "\"1\"", "\"\"",
		"\"ä\\n\\\"\"", "\"a\\u0000b\"", "9223372036854775807",
		"9223372036854775808", "-123456789012345678901234567890" };
	char text[200], answer[200];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(ids); i++) {
		snprintf(text, sizeof(text), ECHO("%s"), ids[i]);
		snprintf(answer, sizeof(answer), NULL_FOR("%s"), ids[i]);
		expect(text, answer);
	}
	expect("{\"id\":3,\"params\":{\"id\":12345678901234567890},"
	       "\"method\":\"echo\",\"jsonrpc\":\"2.0\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":"
	    "{\"id\":1.23456789012346e19}}\n");
}

static void
test_rpc__bad_ids(void **state)
{
	static const char *const ids[] = { "null", "1.5", "1.0", "1e2", "true",
		"[]", "{}", "123456789012345678901.5" };
	char text[200];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(ids); i++) {
		snprintf(text, sizeof(text), ECHO("%s"), ids[i]);
		expect(text,
		    ERROR("-32600",
			"Invalid Request: id must be a string or an integer"));
	}
}

static void
test_rpc__long_id(void **state)
{
	struct buf text = BUF_INIT;
	size_t i;

	(void)state;
	buf_addstr(&text, "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":\"");
	for (i = 0; i < 1 << 20; i++)
		buf_addch(&text, 'i');
	buf_addstr(&text, "\"}\n");
	expect(text.data,
	    ERROR("-32600",
		"Invalid Request: id must be a string or an integer"));
	buf_release(&text);
}

static void
test_rpc__no_json(void **state)
{
	static const char nul[] = "{\"a\":\"\0\"}\n";

	(void)state;
	expect("{\"jsonrpc\": nope}\n",
	    ERROR("-32700", "Parse error: invalid JSON at byte 16"));
	expect("{\"a\":\"\xff\"}\n",
	    ERROR("-32700", "Parse error: invalid UTF-8"));
	expect("{\"a\":\"\xed\xa0\x80\"}\n",
	    ERROR("-32700", "Parse error: invalid UTF-8"));
	expect("{\"a\":\"\\ud800\"}\n",
	    ERROR("-32700", "Parse error: invalid JSON at byte 13"));
	expect("{}{}\n",
	    ERROR("-32700", "Parse error: invalid JSON at byte 3"));
	expect_bytes(nul, sizeof(nul) - 1, false,
	    ERROR("-32700", "Parse error: invalid JSON at byte 6"));
}

static void
test_rpc__no_request(void **state)
{
	(void)state;
	expect("{}\n",
	    ERROR("-32600",
		"Invalid Request: neither method nor "
		"id"));
	expect("null\n5\n\"\"\n",
	    ERROR("-32600",
		"Invalid Request: not an "
		"object") ERROR("-32600", "Invalid Request: not an object")
		ERROR("-32600", "Invalid Request: not an object"));
	expect("{\"id\":1,\"method\":\"echo\"}\n",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32600,"
	    "\"message\":\"Invalid Request: jsonrpc must be \\\"2.0\\\"\"}}\n");
	expect("{\"id\":1,\"jsonrpc\":\"2.0\"}\n",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32600,"
	    "\"message\":\"Invalid Request: method must be a string\"}}\n");
	expect("{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"echo\","
	       "\"params\":[]}\n",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,"
	    "\"message\":\"Invalid params: params must be an object\"}}\n");
}

static void
test_rpc__nobody_asked(void **state)
{
	(void)state;
	/* notifications, also broken ones, and responses */
	expect("{\"jsonrpc\":\"2.0\",\"method\":\"nope\"}\n"
	       "{\"method\":\"tell\",\"params\":{}}\n"
	       "{\"jsonrpc\":\"2.0\",\"method\":5}\n"
	       "{\"jsonrpc\":\"2.0\",\"method\":\"tell\",\"params\":[]}\n"
	       "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n"
	       "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{}}\n",
	    "");
	expect("{\"jsonrpc\":\"2.0\",\"method\":\"tell\",\"params\":{}}\n",
	    "{\"jsonrpc\":\"2.0\",\"method\":\"told\",\"params\":{}}\n");
}

static void
test_rpc__errors(void **state)
{
	(void)state;
	/* what is said is valid UTF-8 */
	expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}\n",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,"
	    "\"message\":\"No x\xef\xbf\xbd\",\"data\":{\"a\":1}}}\n");
}

static void
test_rpc__nesting(void **state)
{
	struct buf text = BUF_INIT, answer = BUF_INIT;
	int depth, i;

	(void)state;
	for (depth = 126; depth <= 10000; depth += 9874) {
		buf_cut(&text, 0);
		buf_addstr(&text,
		    "{\"jsonrpc\":\"2.0\",\"id\":1,"
		    "\"method\":\"echo\",\"params\":{\"a\":");
		for (i = 0; i < depth; i++)
			buf_addch(&text, '[');
		for (i = 0; i < depth; i++)
			buf_addch(&text, ']');
		buf_addstr(&text, "}}\n");
		if (depth > 126) {
			expect(text.data,
			    ERROR("-32600",
				"Invalid Request: nested too deep"));
			continue;
		}
		buf_addstr(&answer,
		    "{\"jsonrpc\":\"2.0\",\"id\":1,"
		    "\"result\":{\"a\":");
		for (i = 0; i < depth; i++)
			buf_addch(&answer, '[');
		for (i = 0; i < depth; i++)
			buf_addch(&answer, ']');
		buf_addstr(&answer, "}}\n");
		expect(text.data, answer.data);
	}
	buf_release(&text);
	buf_release(&answer);
}

#define HOLD(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"hold\"}"
#define TELL_NOBODY "{\"jsonrpc\":\"2.0\",\"method\":\"nobody\"}"
#define GO "{\"jsonrpc\":\"2.0\",\"method\":\"go\"}"
#define DROP(id)                                                               \
	"{\"jsonrpc\":\"2.0\",\"method\":\"drop\",\"params\":"                 \
	"{\"id\":" id "}}"

static void
test_rpc__answers_come_when_they_are_there(void **state)
{
	(void)state;
	expect(HOLD("1") "\n" ECHO("2") GO "\n",
	    NULL_FOR("2") "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}\n");
	/* the request is still open at the end */
	expect(HOLD("1") "\n", "");
	/* two with one id: two answers */
	expect(HOLD("1") "\n" ECHO("1") GO "\n",
	    NULL_FOR("1") "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}\n");
}

static void
test_rpc__dropped_requests(void **state)
{
	(void)state;
	expect(HOLD("1") "\n" DROP("1") "\n" ECHO("2"), NULL_FOR("2"));
	/* the string is another id, and unknown ones do nothing */
	expect(HOLD("1") "\n" DROP("\"1\"") "\n" DROP("null") "\n" GO "\n",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}\n");
}

#define CANCEL(id)                                                             \
	"{\"jsonrpc\":\"2.0\",\"method\":\"cancel\",\"params\":"               \
	"{\"id\":" id "}}"
#define BIG "1844674407370955161"
#define LINE(text) text "\n"

static void
test_rpc__cancelled_requests(void **state)
{
	(void)state;
	/* whatever whoever is at work on it says, and whenever */
	expect(LINE(HOLD("1")) LINE(CANCEL("1")) LINE(CANCEL("1")) LINE(GO)
		   ECHO("1"),
	    NULL_FOR("1"));
	/* the others of its batch do not wait for it */
	expect_batch(LINE("[" HOLD("1") ",{}]") LINE(CANCEL("1")) LINE(GO)
			 LINE("[" HOLD("3") "]") LINE(CANCEL("3")) LINE(GO),
	    LINE("[{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":"
		 "\"Invalid Request: neither method nor id\"}}]"));
	/* the newest of two with one id, then the other */
	expect(LINE(HOLD("7")) LINE(HOLD("7")) LINE(CANCEL("7"))
		   LINE(CANCEL("7")) LINE(GO),
	    "");
}

static void
test_rpc__cancelled_by_a_big_id(void **state)
{
	(void)state;
	expect(LINE(HOLD(BIG "99")) LINE(CANCEL(BIG "99")) LINE(GO), "");
	/* a string is no number */
	expect(LINE(HOLD("\"" BIG "\"")) LINE(CANCEL(BIG "99")) LINE(GO),
	    LINE("{\"jsonrpc\":\"2.0\",\"id\":\"" BIG "\",\"result\":true}"));
	/* too near to each other to be told apart */
	expect(LINE(HOLD(BIG "98")) LINE(HOLD(BIG "99")) LINE(CANCEL(BIG "99"))
		   LINE(GO),
	    LINE("{\"jsonrpc\":\"2.0\",\"id\":" BIG "99,\"result\":true}"));
}

static void
test_rpc__batches_only_where_they_exist(void **state)
{
	(void)state;
	expect("[]\n[" HOLD("1") "]\n",
	    ERROR("-32600", "Invalid Request: batches are not supported")
		ERROR("-32600", "Invalid Request: batches are not supported"));
	expect_batch("[]\n", ERROR("-32600", "Invalid Request: empty batch"));
}

static void
test_rpc__batches(void **state)
{
	(void)state;
	expect_batch(
	    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}," TELL_NOBODY
	    ",1,[],{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"echo\"}]\n",
	    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null},"
	    "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":"
	    "\"Invalid Request: not an object\"}},"
	    "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":"
	    "\"Invalid Request: not an object\"}},"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null}]\n");
	/* the answers wait for the last one */
	expect_batch("[" HOLD("1") ",{\"jsonrpc\":\"2.0\",\"id\":2,"
				   "\"method\":\"echo\"}]\n" ECHO("3") GO "\n",
	    NULL_FOR("3") "[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null},"
			  "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}]\n");
	/* nothing to say, no array */
	expect_batch("[" TELL_NOBODY "]\n[" HOLD("1") "]\n" DROP("1") "\n", "");
}

static void
test_rpc__long_batch_comes_in_parts(void **state)
{
	struct peer p;
	static const char text[] =
	    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"long\","
	    "\"params\":{\"bytes\":900000}},"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"long\","
	    "\"params\":{\"bytes\":900000}}]\n";
	const char *newline;

	(void)state;
	start(&p, false);
	p.batches = true;
	run(&p, text, strlen(text));
	newline = strchr(p.got.data, '\n');
	assert_in_range(newline - p.got.data, 900000, RPC_LINE_MAX);
	assert_int_equal(newline[-1], ']');
	assert_int_equal(newline[1], '[');
	assert_in_range(strlen(newline), 900000, RPC_LINE_MAX);
	buf_release(&p.got);
}

static void
test_rpc__answer_too_long(void **state)
{
	(void)state;
	expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"long\",\"params\":"
	       "{\"bytes\":1048576}}\n",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32603,"
	    "\"message\":\"Internal error: an answer of 1048612 bytes is too "
	    "long\"}}\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rpc__ids_come_back_as_they_were),
		cmocka_unit_test(test_rpc__bad_ids),
		cmocka_unit_test(test_rpc__long_id),
		cmocka_unit_test(test_rpc__no_json),
		cmocka_unit_test(test_rpc__no_request),
		cmocka_unit_test(test_rpc__nobody_asked),
		cmocka_unit_test(test_rpc__errors),
		cmocka_unit_test(test_rpc__nesting),
		cmocka_unit_test(test_rpc__answers_come_when_they_are_there),
		cmocka_unit_test(test_rpc__dropped_requests),
		cmocka_unit_test(test_rpc__cancelled_requests),
		cmocka_unit_test(test_rpc__cancelled_by_a_big_id),
		cmocka_unit_test(test_rpc__batches_only_where_they_exist),
		cmocka_unit_test(test_rpc__batches),
		cmocka_unit_test(test_rpc__long_batch_comes_in_parts),
		cmocka_unit_test(test_rpc__answer_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
