/*
 * fuzz_words.c: a command line split into words without a shell
 *
 * Holds: there are no more words than bytes; words that are quoted and joined
 * are split into themselves.
 *
 * covers: src/verbs/words.c
 */
#include "base/compat.h"
#include "fuzz.h"
#include "verbs/words.h"

static void
release(char **words, size_t count)
{
	while (count > 0)
		free(words[--count]);
	free(words);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = fuzz_text(data, size);
	struct buf quoted = BUF_INIT;
	size_t count, again_count, i, total = 0;
	char **words, **again;

	if (words_split(line, &words, &count) == 0) {
		FUZZ_CHECK(count <= strlen(line));
		FUZZ_CHECK(count ? !words[count] : !words);
		for (i = 0; i < count; i++) {
			total += strlen(words[i]);
			text_shell_quote(&quoted, words[i]);
			buf_addch(&quoted, ' ');
		}
		FUZZ_CHECK(total <= strlen(line));
		FUZZ_CHECK(
		    words_split(buf_str(&quoted), &again, &again_count) == 0);
		FUZZ_CHECK(count == again_count);
		for (i = 0; i < count; i++)
			FUZZ_CHECK(strcmp(words[i], again[i]) == 0);
		release(again, again_count);
		release(words, count);
		buf_release(&quoted);
	} else {
		FUZZ_CHECK(!words && count == 0);
		FUZZ_CHECK(strpbrk(line, "'\"\\"));
	}
	free(line);
	return 0;
}
