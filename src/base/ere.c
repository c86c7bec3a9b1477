/*
 * ere.c: what a user types as a regular expression, for regcomp(3)
 *
 * Invariant: what is not understood is refused.  POSIX leaves much of what
 * users of other dialects type undefined, and the C library then finds a
 * meaning that nobody asked for; none of that passes.
 */
#include "base/compat.h"
#include "base/ere.h"

#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct ere {
	const char *at; /* what comes next */
	struct buf *out;
	struct err *err;
	size_t size; /* atoms of the group so far, repetitions written out */
	size_t atom; /* of these those of the last atom; 0: nothing to repeat */
	bool repeated; /* a repetition stands last */
	size_t depth;
	size_t outer[ERE_DEPTH_MAX]; /* sizes of the groups around */
};

static int
refuse(struct ere *e, const char *why)
{
	return err_set(e->err, ERR_INVALID, "%s", why);
}

static int
refuse_escape(struct ere *e, char c)
{
	if (c >= '1' && c <= '9')
		return refuse(e, "back-references are not supported");
	if (c == '\0')
		return refuse(e, "a backslash at the end escapes nothing");
	if ((unsigned char)c >= 0x80 || !isprint((unsigned char)c))
		return refuse(e,
		    "a backslash before a character that needs none");
	return err_set(e->err, ERR_INVALID, "\\%c is not supported", c);
}

/* Can a backslash make `c` a plain character?  The C library takes \< \> \`
 * \' for assertions. */
static bool
is_escapable(char c)
{
	return (unsigned char)c < 0x80 && ispunct((unsigned char)c) &&
	    !strchr("<>`'", c);
}

/* Members of a bracket expression for \d, \s and \w; NULL if `c` is none. */
static const char *
class_members(char c)
{
	switch (c) {
	case 'd':
		return "[:digit:]";
	case 's':
		return "[:space:]";
	case 'w':
		return "_[:alnum:]";
	default:
		return NULL;
	}
}

static int
add_atom(struct ere *e)
{
	e->atom = 1;
	e->repeated = false;
	if (++e->size > ERE_SIZE_MAX)
		return refuse(e, "it is too long");
	return 0;
}

static int
add_escape(struct ere *e)
{
	char c = e->at[1];
	char lower = (char)tolower((unsigned char)c);

	if (c == 'b' || c == 'B') {
		buf_add(e->out, e->at, 2);
		e->at += 2;
		e->atom = 0;
		return 0;
	}
	if (class_members(lower))
		buf_addf(e->out, "[%s%s]", c == lower ? "" : "^",
		    class_members(lower));
	else if (!is_escapable(c))
		return refuse_escape(e, c);
	else if (strchr(".[]{}()*+?|^$\\", c))
		buf_add(e->out, e->at, 2);
	else
		buf_addch(e->out, c);
	e->at += 2;
	return add_atom(e);
}

/* One member of a bracket expression or end of a range, an ASCII character. */
static int
bracket_character(struct ere *e, char *c)
{
	if (e->at[0] == '\\') {
		if (!is_escapable(e->at[1])) {
			if (e->at[1] == 'D' || e->at[1] == 'S' ||
			    e->at[1] == 'W')
				return err_set(e->err, ERR_INVALID,
				    "\\%c inside [ ] is not supported",
				    e->at[1]);
			return refuse_escape(e, e->at[1]);
		}
		e->at++;
	}
	if ((unsigned char)e->at[0] >= 0x80)
		return refuse(e,
		    "a range inside [ ] beyond ASCII is not "
		    "supported");
	*c = *e->at++;
	return 0;
}

static void
add_member(struct buf *members, char c)
{
	if (strchr("]^-[\\", c))
		buf_addf(members, "[.%c.]", c);
	else
		buf_addch(members, c);
}

static int
bracket_range(struct ere *e, struct buf *members)
{
	char low, high;

	if (bracket_character(e, &low) < 0)
		return -1;
	add_member(members, low);
	if (e->at[0] != '-' || e->at[1] == ']' || e->at[1] == '\0')
		return 0;
	e->at++;
	if (e->at[0] == '\\' && class_members(e->at[1]))
		return refuse(e, "a class cannot end a range inside [ ]");
	if (bracket_character(e, &high) < 0)
		return -1;
	if (high < low)
		return refuse(e, "a range inside [ ] runs backwards");
	buf_addch(members, '-');
	add_member(members, high);
	return 0;
}

/* [:class:], [.x.] or [=x=] at e->at, as it is. */
static int
bracket_class(struct ere *e, struct buf *members)
{
	char close[3] = { e->at[1], ']', '\0' };
	const char *end = strstr(e->at + 2, close);

	if (!end)
		return refuse(e, "[ without ]");
	buf_add(members, e->at, (size_t)(end + 2 - e->at));
	e->at = end + 2;
	return 0;
}

/* Collect members up to the closing bracket.  Characters beyond ASCII are
 * several bytes each, hence alternatives and no members. */
static int
bracket_members(struct ere *e, struct buf *members, struct buf *beyond)
{
	bool first = true;
	size_t n;
	int rc = 0;

	for (; rc == 0 && (first || *e->at != ']'); first = false) {
		if (*e->at == '\0')
			return refuse(e, "[ without ]");
		n = text_utf8_length(e->at, strnlen(e->at, 4));
		if (n > 1) {
			buf_add(beyond, e->at, n);
			buf_addch(beyond, '|');
			e->at += n;
			if (e->at[0] == '-' && e->at[1] != ']')
				return refuse(e,
				    "a range inside [ ] beyond "
				    "ASCII is not supported");
		} else if (*e->at == '[' && e->at[1] != '\0' &&
		    strchr(":.=", e->at[1])) {
			rc = bracket_class(e, members);
		} else if (*e->at == '\\' && class_members(e->at[1])) {
			buf_addstr(members, class_members(e->at[1]));
			e->at += 2;
		} else {
			rc = bracket_range(e, members);
		}
	}
	return rc;
}

static int
add_bracket(struct ere *e)
{
	struct buf members = BUF_INIT, beyond = BUF_INIT;
	bool negated = e->at[1] == '^';
	int rc;

	e->at += negated ? 2 : 1;
	rc = bracket_members(e, &members, &beyond);
	if (rc == 0 && negated && beyond.len > 0)
		rc = refuse(e,
		    "[^ ] with a character beyond ASCII is not "
		    "supported");
	if (rc == 0) {
		e->at++;
		if (beyond.len > 0 && members.len == 0)
			buf_cut(&beyond, beyond.len - 1);
		if (beyond.len > 0)
			buf_addf(e->out, "(%s", buf_str(&beyond));
		if (members.len > 0)
			buf_addf(e->out, "[%s%s]", negated ? "^" : "",
			    buf_str(&members));
		if (beyond.len > 0)
			buf_addch(e->out, ')');
		rc = add_atom(e);
	}
	buf_release(&members);
	buf_release(&beyond);
	return rc;
}

/* Read a number of a bound; *value is -1 if there is none. */
static int
bound_number(struct ere *e, const char **p, long *value)
{
	*value = -1;
	if (!isdigit((unsigned char)**p))
		return 0;
	for (*value = 0; isdigit((unsigned char)**p); (*p)++) {
		*value = *value * 10 + (**p - '0');
		if (*value > ERE_SIZE_MAX)
			return refuse(e, "a repetition count is too large");
	}
	return 0;
}

/* {n}, {n,}, {n,m} or {,m} at e->at; *times is how often the atom stands in
 * the expression that is written out. */
static int
add_bound(struct ere *e, size_t *times)
{
	const char *p = e->at + 1;
	long low, high;

	if (bound_number(e, &p, &low) < 0)
		return -1;
	high = low;
	if (*p == ',') {
		p++;
		if (bound_number(e, &p, &high) < 0)
			return -1;
	}
	if (*p != '}' || (low < 0 && high < 0))
		return refuse(e,
		    "{ begins a repetition such as {2,5}; "
		    "write \\{ for the character");
	if (high >= 0 && low > high)
		return refuse(e, "a repetition {m,n} with m larger than n");
	if (low < 0)
		low = 0;
	*times = (size_t)(high > low ? high : low) + (high < 0);
	buf_addf(e->out, "{%ld%.*s", low, (int)(p + 1 - strpbrk(e->at, ",}")),
	    strpbrk(e->at, ",}"));
	e->at = p + 1;
	return 0;
}

static int
add_repetition(struct ere *e)
{
	size_t times = 1;

	if (e->repeated)
		return refuse(e, "a repetition cannot follow another one");
	if (e->atom == 0)
		return err_set(e->err, ERR_INVALID,
		    "nothing to repeat before %c", *e->at);
	if (*e->at == '{') {
		if (add_bound(e, &times) < 0)
			return -1;
	} else {
		buf_addch(e->out, *e->at++);
	}
	e->size = e->size - e->atom + e->atom * times;
	if (e->size > ERE_SIZE_MAX)
		return refuse(e, "its repetitions are too large");
	e->atom = 0;
	e->repeated = true;
	return 0;
}

static int
open_group(struct ere *e)
{
	if (e->at[1] == '?')
		return refuse(e, "(? is not supported");
	if (e->depth == ERE_DEPTH_MAX)
		return refuse(e, "groups are nested too deeply");
	e->outer[e->depth++] = e->size;
	e->size = 0;
	e->atom = 0;
	e->repeated = false;
	buf_addch(e->out, *e->at++);
	return 0;
}

static int
close_group(struct ere *e)
{
	if (e->depth == 0)
		return refuse(e, ") without (; write \\) for the character");
	e->atom = e->size + 1;
	e->size = e->outer[--e->depth] + e->atom;
	e->repeated = false;
	buf_addch(e->out, *e->at++);
	if (e->size > ERE_SIZE_MAX)
		return refuse(e, "it is too long");
	return 0;
}

/* An ordinary character; if it is several bytes, a group that a repetition
 * can follow. */
static int
add_character(struct ere *e)
{
	size_t n = text_utf8_length(e->at, strnlen(e->at, 4));

	if (n > 1)
		buf_addf(e->out, "(%.*s)", (int)n, e->at);
	else
		buf_addch(e->out, *e->at);
	e->at += n > 1 ? n : 1;
	return add_atom(e);
}

static int
add_next(struct ere *e)
{
	switch (*e->at) {
	case '\\':
		return add_escape(e);
	case '[':
		return add_bracket(e);
	case '(':
		return open_group(e);
	case ')':
		return close_group(e);
	case '*':
	case '+':
	case '?':
	case '{':
		return add_repetition(e);
	case '|':
	case '^':
	case '$':
		e->atom = 0;
		e->repeated = false;
		buf_addch(e->out, *e->at++);
		return 0;
	default:
		return add_character(e);
	}
}

int
ere_translate(struct buf *out, const char *text, struct err *err)
{
	struct ere e = { .at = text, .out = out, .err = err };

	while (*e.at)
		if (add_next(&e) < 0)
			return -1;
	if (e.depth > 0)
		return refuse(&e, "( without )");
	return 0;
}
