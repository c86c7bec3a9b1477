/*
 * rpc_lex.c: one look at a JSON text before it is parsed
 *
 * Invariant: of a text that is no JSON nothing is assumed; whatever is found
 * here, the parser has the last word.
 */
#include "base/compat.h"
#include "faces/rpc_lex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where the walk is. */
struct walk {
	struct rpc_lex *lex;
	const char *text;
	size_t len, at;
	size_t copied; /* bytes that are in lex->copy already */
	int depth;
	bool word_is_id; /* the string passed last is "id" */
	bool id_follows; /* the value passed next is that of "id" */
};

/* Pass a string; `at` is behind its opening quote. */
static void
pass_string(struct walk *w)
{
	size_t start = w->at;

	while (w->at < w->len && w->text[w->at] != '"')
		w->at += w->text[w->at] == '\\' ? 2 : 1;
	w->word_is_id =
	    w->at == start + 2 && memcmp(w->text + start, "id", 2) == 0;
	w->at++;
}

/* Is it an integer that 64 bits do not hold? */
static bool
is_big(const char *number, size_t len)
{
	char digits[24];

	if (memchr(number, '.', len) || memchr(number, 'e', len) ||
	    memchr(number, 'E', len))
		return false;
	if (len < sizeof(digits)) {
		memcpy(digits, number, len);
		digits[len] = '\0';
		errno = 0;
		strtoll(digits, NULL, 10);
		return errno == ERANGE;
	}
	return true;
}

/* Pass a number; `at` is behind its first character. */
static void
pass_number(struct walk *w)
{
	size_t start = w->at - 1;

	while (w->at < w->len && w->text[w->at] &&
	    strchr("0123456789.eE+-", w->text[w->at]))
		w->at++;
	if (!is_big(w->text + start, w->at - start))
		return;
	buf_add(&w->lex->copy, w->text + w->copied, w->at - w->copied);
	buf_addstr(&w->lex->copy, ".0");
	w->copied = w->at;
	if (w->depth == 1 && w->id_follows) {
		free(w->lex->big_id);
		w->lex->big_id = xstrndup(w->text + start, w->at - start);
	}
}

/* Pass one character outside of strings and numbers. */
static void
pass_mark(struct walk *w, char c)
{
	if (c == '{' || c == '[')
		w->depth++;
	else if (c == '}' || c == ']')
		w->depth--;
	if (w->depth != 1)
		return;
	if (c == ':' && w->word_is_id) {
		/* Of two members with one name the last one counts. */
		free(w->lex->big_id);
		w->lex->big_id = NULL;
		w->id_follows = true;
	} else if (c == ',' || c == '}') {
		w->id_follows = false;
	}
}

int
rpc_lex_read(struct rpc_lex *lex, const char *text, size_t len)
{
	struct walk w = { .lex = lex, .text = text, .len = len };

	*lex = (struct rpc_lex){ .text = text, .len = len, .copy = BUF_INIT };
	while (w.at < len) {
		char c = text[w.at++];

		if (c == '"')
			pass_string(&w);
		else if (c == '-' || (c >= '0' && c <= '9'))
			pass_number(&w);
		else
			pass_mark(&w, c);
		if (w.depth > RPC_DEPTH_MAX)
			return -1;
	}
	if (w.copied > 0) {
		buf_add(&lex->copy, text + w.copied, len - w.copied);
		lex->text = lex->copy.data;
		lex->len = lex->copy.len;
	}
	return 0;
}

void
rpc_lex_release(struct rpc_lex *lex)
{
	free(lex->big_id);
	lex->big_id = NULL;
	buf_release(&lex->copy);
}
