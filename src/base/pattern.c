/*
 * pattern.c: a regular expression that a user may type
 *
 * Invariant: time is linear in the text and memory is bounded, whatever text a
 * job writes.  The C library tries an expression from every byte of a line on,
 * which takes quadratic time for something like [0-9]+x and a long line of
 * digits; with an anchored .* in front it needs one pass.  It also remembers
 * every state it meets, without a limit; so a compiled expression is used for
 * so many bytes only.
 */
#include "base/compat.h"
#include "base/pattern.h"

#include "base/ere.h"

#include <locale.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum {
	SHORT_LINE = 256,   /* where quadratic time does no harm */
	FED_MAX = 64 << 10, /* bytes; then it is compiled anew */
};

struct machine {
	char *text;
	regex_t regex;
	bool ready;
	size_t fed;
};

struct pattern {
	int flags;
	size_t short_line; /* longer lines go to `anchored` */
	struct machine *from_anywhere;
	struct machine *anchored;
	struct buf *line; /* copy with a NUL at its end */
};

/* regcomp in the C locale: a byte is a character.  Its error number. */
static int
compile(regex_t *regex, const char *text, int flags)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0), old;
	int rc;

	if (c == (locale_t)0)
		return REG_ESPACE;
	old = uselocale(c);
	rc = regcomp(regex, text, flags);
	uselocale(old);
	freelocale(c);
	return rc;
}

static struct machine *
machine_new(char *text)
{
	struct machine *m = xmalloc(sizeof(*m));

	*m = (struct machine){ .text = text };
	return m;
}

static void
machine_free(struct machine *m)
{
	if (m->ready)
		regfree(&m->regex);
	free(m->text);
	free(m);
}

static int
machine_prepare(struct machine *m, int flags, size_t len)
{
	int rc;

	if (m->ready && m->fed > FED_MAX) {
		regfree(&m->regex);
		m->ready = false;
	}
	if (!m->ready) {
		rc = compile(&m->regex, m->text, flags);
		if (rc != 0)
			return rc;
		m->ready = true;
		m->fed = 0;
	}
	m->fed += len;
	return 0;
}

/*
 * Up to which length of a line is it better to try from anywhere?  If the
 * expression begins with a character, the C library skips to that at once; if
 * it counts, .* in front of it makes for many states.
 */
static size_t
best_short_line(const char *ere)
{
	return strchr(ere, '{') || !strchr(".[(\\^", ere[0]) ? SHORT_LINE : 0;
}

struct pattern *
pattern_new(const char *text, bool ignore_case, struct err *err)
{
	struct buf ere = BUF_INIT;
	struct pattern *p;
	char why[200];
	int rc;

	if (text[0] == '\0') {
		err_set(err, ERR_INVALID, "it is empty");
		return NULL;
	}
	if (ere_translate(&ere, text, err) < 0) {
		buf_release(&ere);
		return NULL;
	}
	p = xmalloc(sizeof(*p));
	p->flags = REG_EXTENDED | REG_NOSUB | (ignore_case ? REG_ICASE : 0);
	p->short_line = best_short_line(buf_str(&ere));
	p->anchored = machine_new(xasprintf("^.*(%s)", buf_str(&ere)));
	p->from_anywhere = machine_new(buf_steal(&ere));
	p->line = xmalloc(sizeof(*p->line));
	*p->line = (struct buf)BUF_INIT;
	rc = machine_prepare(p->from_anywhere, p->flags, 0);
	if (rc != 0) {
		regerror(rc, &p->from_anywhere->regex, why, sizeof(why));
		err_set(err, ERR_INVALID, "%s", why);
		pattern_free(p);
		return NULL;
	}
	return p;
}

void
pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return;
	machine_free(pattern->from_anywhere);
	machine_free(pattern->anchored);
	buf_release(pattern->line);
	free(pattern->line);
	free(pattern);
}

bool
pattern_matches(const struct pattern *pattern, const char *line, size_t len)
{
	struct machine *m = len > pattern->short_line ? pattern->anchored
						      : pattern->from_anywhere;
	int rc;

	buf_cut(pattern->line, 0);
	buf_add(pattern->line, line, len);
	rc = machine_prepare(m, pattern->flags, len);
	if (rc == 0)
		rc = regexec(&m->regex, pattern->line->data, 0, NULL, 0);
	/* To say "no match" here would be a lie. */
	if (rc != 0 && rc != REG_NOMATCH)
		die("out of memory (regular expression)");
	return rc == 0;
}
