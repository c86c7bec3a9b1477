/*
 * replay.c: a main() for a fuzzer where there is no libFuzzer
 *
 *	fuzz/NAME FILE...	-- each file is one input
 *
 * So kept inputs can be run with any compiler and instrument.
 */
#include "base/compat.h"
#include "fuzz.h"

static void
replay(const char *path)
{
	struct buf input = BUF_INIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *exact;
	ssize_t n;

	if (fd < 0)
		die("%s: cannot be opened", path);
	do {
		buf_reserve(&input, 65536);
		n = read_full(fd, input.data + input.len, 65536);
		if (n < 0)
			die("%s: cannot be read", path);
		input.len += (size_t)n;
	} while (n > 0);
	close(fd);
	/* In memory of exactly that size, for the sanitizer. */
	exact = xmalloc(input.len);
	memcpy(exact, buf_str(&input), input.len);
	LLVMFuzzerTestOneInput(exact, input.len);
	free(exact);
	buf_release(&input);
}

int
main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		fprintf(stderr, "%s\n", argv[i]);
		replay(argv[i]);
	}
	return 0;
}
