/*
 * floor_echo.c: what an answer over a pair of pipes costs at least
 *
 *	floor_echo BYTES
 *
 * Answers each line it reads with a line of BYTES bytes.  Nothing is looked at
 * but where a line ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_ROOM = 1 << 16 };

int
main(int argc, char **argv)
{
	static char input[INPUT_ROOM];
	size_t length = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	char *line = malloc(length), *at, *end;
	ssize_t n;

	if (length < 1 || !line)
		return fputs("usage: floor_echo BYTES\n", stderr), 2;
	memset(line, 'x', length);
	line[length - 1] = '\n';
	while ((n = read(STDIN_FILENO, input, sizeof(input))) > 0)
		for (at = input;
		     (end = memchr(at, '\n', (size_t)(input + n - at)));
		     at = end + 1)
			if (write(STDOUT_FILENO, line, length) !=
			    (ssize_t)length)
				return 1;
	return n < 0;
}
