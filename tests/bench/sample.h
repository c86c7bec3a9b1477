/*
 * sample.h: times that were measured, and what is told of them
 *
 *	struct sample sample = { 0 };
 *	long begun = sample_now();
 *	...
 *	sample_add(&sample, sample_now() - begun);
 *	sample_print(&sample, 1000.0);
 *
 * For the small programs of the bench, each of which is one file and this.
 * Times are nanoseconds of the monotonic clock.  What fails ends the program.
 */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct sample {
	long *values;
	size_t count;
	size_t room;
};

static inline long
sample_now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
		abort();
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static inline void
sample_add(struct sample *sample, long value)
{
	if (sample->count == sample->room) {
		sample->room = sample->room ? sample->room * 2 : 1024;
		sample->values = realloc(sample->values,
		    sample->room * sizeof(*sample->values));
		if (!sample->values)
			abort();
	}
	sample->values[sample->count++] = value;
}

static inline int
sample_by_size(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return x < y ? -1 : x > y;
}

/* Print, without a newline, the median and the 10th, 90th and 99th percentile,
 * each divided by `unit`; at least one value must have been added. */
static inline void
sample_print(struct sample *sample, double unit)
{
	static const size_t parts[] = { 50, 10, 90, 99 };
	size_t i;

	qsort(sample->values, sample->count, sizeof(*sample->values),
	    sample_by_size);
	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		printf("%s%.2f", i ? " " : "",
		    (double)sample->values[sample->count * parts[i] / 100] /
			unit);
}

#endif
