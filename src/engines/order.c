/*
 * order.c: the text of an order to the forkserver
 *
 * Numbers first, then strings, each with its NUL.  Both ends are this very
 * program, so there is no other form to understand.
 *
 * Invariant: a text that is cut anywhere is refused.
 */
#include "base/compat.h"
#include "engines/forkserver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct numbers {
	int64_t timeout_usec;
	int64_t max_log_bytes;
	size_t arguments;
	size_t variables;
	bool interactive;
	bool merge_output;
	bool durable;
	bool has_cwd;
};

static size_t
count_strings(const char *const *list)
{
	size_t count = 0;

	while (list[count])
		count++;
	return count;
}

static void
put_string(struct buf *text, const char *string)
{
	buf_add(text, string, strlen(string) + 1);
}

void
order_write(const struct supervise *args, struct buf *text)
{
	const struct journal *j = args->journal;
	struct numbers numbers;
	char *const *variable;
	size_t i;

	memset(&numbers, 0, sizeof(numbers));
	numbers.timeout_usec = j->timeout_usec;
	numbers.max_log_bytes = j->max_log_bytes;
	numbers.arguments = count_strings(j->argv);
	for (variable = args->environment; *variable; variable++)
		numbers.variables++;
	numbers.interactive = j->interactive;
	numbers.merge_output = j->merge_output;
	numbers.durable = args->durable;
	numbers.has_cwd = j->cwd != NULL;
	buf_add(text, &numbers, sizeof(numbers));
	put_string(text, args->name);
	put_string(text, args->head);
	if (j->cwd)
		put_string(text, j->cwd);
	for (i = 0; i < numbers.arguments; i++)
		put_string(text, j->argv[i]);
	for (i = 0; i < numbers.variables; i++)
		put_string(text, args->environment[i]);
}

/* The next string; NULL: there is none. */
static const char *
take_string(const char **at, const char *end)
{
	const char *string = *at;
	const char *nul = memchr(string, '\0', (size_t)(end - string));

	if (!nul)
		return NULL;
	*at = nul + 1;
	return string;
}

/* `count` strings and a NULL; NULL: there are fewer. */
static const char **
take_list(const char **at, const char *end, size_t count)
{
	const char **list;
	size_t i;

	if (count > (size_t)(end - *at))
		return NULL;
	list = xrealloc(NULL, count + 1, sizeof(*list));
	for (i = 0; i < count; i++)
		if (!(list[i] = take_string(at, end))) {
			free(list);
			return NULL;
		}
	list[count] = NULL;
	return list;
}

int
order_read(const char *text, size_t length, struct supervise *args,
    struct journal *journal)
{
	const char *at = text + sizeof(struct numbers), *end = text + length;
	const char **words = NULL, **variables = NULL;
	struct numbers numbers;

	memset(args, 0, sizeof(*args));
	journal_init(journal);
	if (length < sizeof(numbers)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(&numbers, text, sizeof(numbers));
	journal->timeout_usec = numbers.timeout_usec;
	journal->max_log_bytes = numbers.max_log_bytes;
	journal->interactive = numbers.interactive;
	journal->merge_output = numbers.merge_output;
	args->durable = numbers.durable;
	args->journal = journal;
	args->name = take_string(&at, end);
	args->head = args->name ? take_string(&at, end) : NULL;
	if (args->head && numbers.has_cwd)
		journal->cwd = take_string(&at, end);
	if (args->head && (journal->cwd || !numbers.has_cwd))
		words = take_list(&at, end, numbers.arguments);
	if (words)
		variables = take_list(&at, end, numbers.variables);
	if (!variables || at != end || numbers.arguments == 0) {
		free(words);
		free(variables);
		errno = EINVAL;
		return -1;
	}
	journal->argv = words;
	memcpy(&args->environment, &variables, sizeof(variables));
	return 0;
}
