/*
 * args.c: arguments checked against a JSON schema
 *
 * Invariant: of several errors the one nearest to the root is told, and of
 * those the first in the order of the schema, as python's jsonschema does; so a
 * text depends on the arguments alone.  What was accepted has exactly the types
 * that the schema names.
 *
 * A string with a NUL byte in it passes `pattern`, because regexec(3) would see
 * half of it: the operation tells such strings by a text of their own.
 */
#include "base/compat.h"
#include "verbs/args.h"

#include "base/text.h"
#include "base/util.h"
#include "verbs/repr.h"

#include <limits.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	SHOWN_MAX = 120, /* bytes of a value in a text */
	LIST_MAX = 300,  /* bytes of a list of names in a text */
	WORD_MAX = 64,   /* a longer word is near to none */
	HINT_MAX = 400,  /* bytes of a hint */
};

/* Where in the arguments a value stands; the root has no `up`. */
struct place {
	const struct place *up;
	const char *key; /* NULL: `index` in an array */
	size_t index;
	int depth;
	const char *description; /* of the argument; NULL: none */
};

/* The error found so far. */
struct check {
	int depth; /* of its place; INT_MAX: no error */
	struct buf text;
	struct buf hint;
};

static void check_value(struct check *c, json_t *value, json_t *schema,
    const struct place *place);

static void
add_place(struct buf *out, const struct place *place)
{
	if (!place->up)
		return;
	add_place(out, place->up);
	if (!place->key) {
		buf_addf(out, "[%zu]", place->index);
		return;
	}
	if (place->depth > 1)
		buf_addch(out, '.');
	text_show(out, place->key, SHOWN_MAX / 4);
}

/* Is an error here worth telling?  If so forget the one that was kept, and say
 * in the hint which argument it is about. */
static bool
better(struct check *c, const struct place *place)
{
	if (place->depth >= c->depth)
		return false;
	c->depth = place->depth;
	buf_cut(&c->text, 0);
	buf_cut(&c->hint, 0);
	add_place(&c->hint, place);
	if (c->hint.len > 0 && place->description)
		buf_addf(&c->hint, ": %s", place->description);
	return true;
}

/* "<value> <why> <what>" */
static void
complain(struct check *c, const struct place *place, json_t *value,
    const char *why, json_t *what)
{
	if (!better(c, place))
		return;
	repr_add(&c->text, value, SHOWN_MAX);
	buf_addf(&c->text, " %s", why);
	if (!what)
		return;
	buf_addch(&c->text, ' ');
	repr_add(&c->text, what, LIST_MAX);
}

static bool
is_whole(json_t *value)
{
	double number = json_real_value(value);

	if (!json_is_real(value))
		return false;
	/* From 2^53 on there are no fractions. */
	return fabs(number) >= 0x1p53 || (double)(int64_t)number == number;
}

static bool
has_type(json_t *value, const char *type)
{
	if (strcmp(type, "integer") == 0)
		return json_is_integer(value) || is_whole(value);
	if (strcmp(type, "number") == 0)
		return json_is_number(value);
	if (strcmp(type, "string") == 0)
		return json_is_string(value);
	if (strcmp(type, "boolean") == 0)
		return json_is_boolean(value);
	if (strcmp(type, "array") == 0)
		return json_is_array(value);
	return strcmp(type, "object") == 0 && json_is_object(value);
}

static void
check_enum(struct check *c, json_t *value, json_t *options,
    const struct place *place)
{
	json_t *option;
	size_t i;

	json_array_foreach(options, i, option)
		if (json_equal(value, option))
			return;
	complain(c, place, value, "is not one of", options);
}

/* Is a below b? */
static bool
is_less(json_t *a, json_t *b)
{
	if (json_is_integer(a) && json_is_integer(b))
		return json_integer_value(a) < json_integer_value(b);
	return json_number_value(a) < json_number_value(b);
}

static void
check_number(struct check *c, json_t *value, json_t *schema,
    const struct place *place)
{
	json_t *least = json_object_get(schema, "minimum");
	json_t *most = json_object_get(schema, "maximum");
	bool integer = has_type(value, "integer") && !json_is_integer(value);
	json_t *limit;

	if (least && is_less(value, least))
		complain(c, place, value, "is less than the minimum of", least);
	else if (most && is_less(most, value))
		complain(c, place, value, "is greater than the maximum of",
		    most);
	else if (integer && fabs(json_real_value(value)) >= 0x1p63) {
		/* It would not fit into 64 bits. */
		limit = json_integer(
		    json_real_value(value) < 0 ? INT64_MIN : INT64_MAX);
		complain(c, place, value,
		    json_real_value(value) < 0
			? "is less than the minimum of"
			: "is greater than the maximum of",
		    limit);
		json_decref(limit);
	}
}

/* Is the size (in characters or items) outside of what the schema allows? */
static void
check_size(struct check *c, json_t *value, size_t size, json_t *least,
    json_t *most, const struct place *place)
{
	if (least && (json_int_t)size < json_integer_value(least))
		complain(c, place, value,
		    json_integer_value(least) == 1 ? "should be non-empty"
						   : "is too short",
		    NULL);
	if (most && (json_int_t)size > json_integer_value(most))
		complain(c, place, value,
		    json_integer_value(most) == 0 ? "is expected to be empty"
						  : "is too long",
		    NULL);
}

static void
check_pattern(struct check *c, json_t *value, json_t *pattern,
    const struct place *place)
{
	const char *text = json_string_value(value);
	regex_t regex;
	int result;

	if (strlen(text) != json_string_length(value))
		return;
	if (regcomp(&regex, json_string_value(pattern),
		REG_EXTENDED | REG_NOSUB) != 0)
		die("bad pattern in a schema: %s", json_string_value(pattern));
	result = regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	if (result != 0)
		complain(c, place, value, "does not match", pattern);
}

static void
check_string(struct check *c, json_t *value, json_t *schema,
    const struct place *place)
{
	json_t *pattern = json_object_get(schema, "pattern");
	const char *text = json_string_value(value);
	size_t i, characters = 0;

	for (i = 0; i < json_string_length(value); i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			characters++;
	check_size(c, value, characters, json_object_get(schema, "minLength"),
	    json_object_get(schema, "maxLength"), place);
	if (pattern)
		check_pattern(c, value, pattern, place);
}

/* Give an integer that was written as 50.0 its type. */
static json_t *
as_typed(json_t *value, json_t *schema)
{
	const char *type = json_string_value(json_object_get(schema, "type"));

	if (!type || strcmp(type, "integer") != 0 || !is_whole(value) ||
	    fabs(json_real_value(value)) >= 0x1p63)
		return NULL;
	return json_integer((json_int_t)json_real_value(value));
}

static void
check_array(struct check *c, json_t *value, json_t *schema,
    const struct place *place)
{
	json_t *items = json_object_get(schema, "items");
	json_t *item, *typed;
	size_t i;

	check_size(c, value, json_array_size(value),
	    json_object_get(schema, "minItems"),
	    json_object_get(schema, "maxItems"), place);
	/* Nothing inside can be nearer to the root than what was found. */
	if (!items || c->depth <= place->depth + 1)
		return;
	json_array_foreach(value, i, item) {
		struct place inner = { place, NULL, i, place->depth + 1,
			place->description };

		check_value(c, item, items, &inner);
		typed = as_typed(item, items);
		if (typed)
			json_array_set_new(value, i, typed);
	}
}

/* Edit distance; containing the other word counts as nearly equal. */
static int
distance(const char *a, const char *b)
{
	int row[WORD_MAX + 1], corner, above, i, j;
	int rows = (int)strlen(a), columns = (int)strlen(b);

	if (rows > WORD_MAX || columns > WORD_MAX)
		return INT_MAX;
	if (rows > 2 && columns > 2 && (strstr(a, b) || strstr(b, a)))
		return 1;
	for (j = 0; j <= columns; j++)
		row[j] = j;
	for (i = 1; i <= rows; i++) {
		corner = row[0];
		row[0] = i;
		for (j = 1; j <= columns; j++) {
			above = row[j];
			if (strncasecmp(a + i - 1, b + j - 1, 1) != 0)
				corner++;
			if (above + 1 < corner)
				corner = above + 1;
			if (row[j - 1] + 1 < corner)
				corner = row[j - 1] + 1;
			row[j] = corner;
			corner = above;
		}
	}
	return row[columns];
}

/* The known argument nearest to an unknown one; NULL: there is none. */
static const char *
nearest(const char *word, json_t *properties)
{
	const char *key, *best = NULL;
	int least = INT_MAX, d;
	json_t *value;

	json_object_foreach(properties, key, value) {
		d = distance(word, key);
		if (best && d >= least)
			continue;
		best = key;
		least = d;
	}
	return best;
}

static int
compare_names(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;

	return strcmp(*left, *right);
}

/* "Additional properties are not allowed ('a', 'b' were unexpected)" */
static void
complain_unknown(struct check *c, const struct place *place, const char **names,
    size_t count, json_t *properties)
{
	const char *near = nearest(names[0], properties);
	size_t i, start;

	if (!better(c, place))
		return;
	qsort(names, count, sizeof(*names), compare_names);
	buf_addstr(&c->text, "Additional properties are not allowed (");
	start = c->text.len;
	for (i = 0; i < count && c->text.len < start + LIST_MAX; i++) {
		if (i > 0)
			buf_addstr(&c->text, ", ");
		repr_add_string(&c->text, names[i], SHOWN_MAX);
	}
	buf_addf(&c->text, " %s unexpected)", count > 1 ? "were" : "was");
	if (near)
		buf_addf(&c->hint, "%sThe nearest known argument is \"%s\".",
		    c->hint.len > 0 ? ". " : "", near);
	else
		buf_addstr(&c->hint, "No arguments are known here.");
}

/* Members that `properties` does not name. */
static void
check_additional(struct check *c, json_t *value, json_t *schema,
    const struct place *place)
{
	json_t *rule = json_object_get(schema, "additionalProperties");
	json_t *properties = json_object_get(schema, "properties");
	cleanup_free const char **unknown = NULL;
	const char *key;
	size_t count = 0;
	json_t *member;

	if (!rule || json_is_true(rule))
		return;
	unknown = xmalloc((json_object_size(value) + 1) * sizeof(*unknown));
	json_object_foreach(value, key, member) {
		struct place inner = { place, key, 0, place->depth + 1,
			place->description };

		if (json_object_get(properties, key))
			continue;
		if (json_is_false(rule))
			unknown[count++] = key;
		else
			check_value(c, member, rule, &inner);
	}
	if (count > 0)
		complain_unknown(c, place, unknown, count, properties);
}

static bool
is_required(json_t *schema, const char *key)
{
	json_t *name;
	size_t i;

	json_array_foreach(json_object_get(schema, "required"), i, name)
		if (strcmp(json_string_value(name), key) == 0)
			return true;
	return false;
}

static void
check_required(struct check *c, json_t *value, json_t *schema,
    const struct place *place)
{
	json_t *properties = json_object_get(schema, "properties");
	json_t *name;
	size_t i;

	json_array_foreach(json_object_get(schema, "required"), i, name) {
		const char *key = json_string_value(name);
		const char *description = json_string_value(
		    json_object_get(json_object_get(properties, key),
			"description"));

		if (json_object_get(value, key) || !better(c, place))
			continue;
		repr_add(&c->text, name, SHOWN_MAX);
		buf_addstr(&c->text, " is a required property");
		if (description)
			buf_addf(&c->hint, "%s%s: %s",
			    c->hint.len > 0 ? ". " : "", key, description);
	}
}

/* One member named by the schema: null means absent, absent means default. */
static void
check_member(struct check *c, json_t *value, json_t *schema, const char *key,
    json_t *rule, const struct place *place)
{
	json_t *description = json_object_get(rule, "description");
	json_t *otherwise = json_object_get(rule, "default");
	json_t *member = json_object_get(value, key), *typed;
	struct place inner = { place, key, 0, place->depth + 1,
		description ? json_string_value(description)
			    : place->description };

	if (json_is_null(member) && !is_required(schema, key)) {
		json_object_del(value, key);
		member = NULL;
	}
	if (!member) {
		if (otherwise)
			json_object_set_new(value, key,
			    json_deep_copy(otherwise));
		return;
	}
	check_value(c, member, rule, &inner);
	typed = as_typed(member, rule);
	if (typed)
		json_object_set_new(value, key, typed);
}

static void
check_object(struct check *c, json_t *value, json_t *schema,
    const struct place *place)
{
	const char *key;
	json_t *rule;

	check_required(c, value, schema, place);
	check_additional(c, value, schema, place);
	json_object_foreach(json_object_get(schema, "properties"), key, rule)
		check_member(c, value, schema, key, rule, place);
}

static void
check_value(struct check *c, json_t *value, json_t *schema,
    const struct place *place)
{
	json_t *type = json_object_get(schema, "type");
	json_t *options = json_object_get(schema, "enum");

	if (type && !has_type(value, json_string_value(type))) {
		complain(c, place, value, "is not of type", type);
		return;
	}
	if (options)
		check_enum(c, value, options, place);
	if (json_is_number(value))
		check_number(c, value, schema, place);
	else if (json_is_string(value))
		check_string(c, value, schema, place);
	else if (json_is_array(value))
		check_array(c, value, schema, place);
	else if (json_is_object(value))
		check_object(c, value, schema, place);
}

int
args_check(json_t *args, const json_t *schema, struct err *err)
{
	struct check c = { .depth = INT_MAX,
		.text = BUF_INIT,
		.hint = BUF_INIT };
	struct place root = { .depth = 0 };
	/* A copy of the outermost level, because jansson walks objects that it
	 * may write to only. */
	json_t *rules = json_object();
	static const char *const words[] = { "type", "properties", "required",
		"additionalProperties" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (json_object_get(schema, words[i]))
			json_object_set(rules, words[i],
			    json_object_get(schema, words[i]));
	check_value(&c, args, rules, &root);
	json_decref(rules);
	if (c.depth < INT_MAX)
		err_set(err, ERR_INVALID, "Input validation error: %s%s%.*s",
		    buf_str(&c.text), c.hint.len > 0 ? "\n" : "",
		    (int)text_utf8_fit(buf_str(&c.hint), c.hint.len, HINT_MAX),
		    buf_str(&c.hint));
	buf_release(&c.text);
	buf_release(&c.hint);
	return c.depth < INT_MAX ? -1 : 0;
}
