/*
 * pour.c: write as fast as the output takes it
 *
 *	pour BYTES REPORT
 *
 * Writes BYTES bytes of lines to stdout, a file, in blocks of 64 KiB, and then
 * into the file REPORT a line of four numbers: how long that took, in
 * microseconds; the most space that the output took on disk meanwhile, in
 * bytes; the most bytes that were written within 20 ms; and the size of a block
 * written here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sample.h"

enum { BLOCK = 1 << 16, LINE = 64, WINDOW_NSEC = 20000000, DISK_UNIT = 512 };

static void
fail(const char *what)
{
	fprintf(stderr, "pour: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Bytes of the blocks written in the fullest window. */
static long
fullest(const struct sample *times)
{
	size_t first = 0, last, most = 0;

	for (last = 0; last < times->count; last++) {
		while (times->values[last] - times->values[first] > WINDOW_NSEC)
			first++;
		if (last - first + 1 > most)
			most = last - first + 1;
	}
	return (long)most * BLOCK;
}

int
main(int argc, char **argv)
{
	long written, begun, took, peak = 0,
				   bytes = argc == 3 ? atol(argv[1]) : 0;
	static char block[BLOCK];
	struct sample times = { 0 };
	struct stat st;
	FILE *report;
	int i;

	if (bytes < 1)
		return fputs("usage: pour BYTES REPORT\n", stderr), 2;
	memset(block, '.', sizeof(block));
	for (i = LINE - 1; i < BLOCK; i += LINE)
		block[i] = '\n';
	begun = sample_now();
	for (written = 0; written < bytes; written += BLOCK) {
		if (write(STDOUT_FILENO, block, BLOCK) != BLOCK ||
		    fstat(STDOUT_FILENO, &st) < 0)
			fail("stdout");
		if (st.st_blocks * DISK_UNIT > peak)
			peak = st.st_blocks * DISK_UNIT;
		sample_add(&times, sample_now());
	}
	took = sample_now() - begun;
	report = fopen(argv[2], "we");
	if (!report)
		fail(argv[2]);
	fprintf(report, "%ld %ld %ld %d\n", took / 1000, peak, fullest(&times),
	    BLOCK);
	return fclose(report) == 0 ? 0 : 1;
}
