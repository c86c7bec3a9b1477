/*
 * interleave.c: how long do commands take, one beside the other?
 *
 *	interleave RUNS [--- WORD...]...
 *
 * Runs each of the commands RUNS times, in turns, so that whatever else the
 * machine does hits all of them alike.  Their input and output are /dev/null.
 * Prints a line for each: the median, the 10th and the 90th percentile, in
 * microseconds from before the spawn to the exit, and how many runs failed.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { COMMANDS_MAX = 16 };

struct command {
	char **words;
	long *usec;
	int failed;
};

static long
now_usec(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
		abort();
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int
by_size(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return x < y ? -1 : x > y;
}

static void
run(struct command *command, int i, posix_spawn_file_actions_t *actions)
{
	long start = now_usec();
	int status = 1;
	pid_t pid;

	if (posix_spawnp(&pid, command->words[0], actions, NULL, command->words,
		environ) != 0 ||
	    waitpid(pid, &status, 0) != pid || status != 0)
		command->failed++;
	command->usec[i] = now_usec() - start;
}

/* Split the words at "---"; returns the number of commands. */
static int
split(char **words, struct command *commands, int runs)
{
	int count = 0;

	for (; *words; words++) {
		if (strcmp(*words, "---") != 0)
			continue;
		*words = NULL;
		if (count == COMMANDS_MAX || !words[1])
			exit(2);
		commands[count].words = words + 1;
		commands[count].usec = calloc((size_t)runs, sizeof(long));
		if (!commands[count++].usec)
			abort();
	}
	return count;
}

int
main(int argc, char **argv)
{
	struct command commands[COMMANDS_MAX];
	posix_spawn_file_actions_t actions;
	int runs, count, i, j;

	if (argc < 4 || (runs = atoi(argv[1])) < 1)
		return 2;
	memset(commands, 0, sizeof(commands));
	count = split(argv + 2, commands, runs);
	posix_spawn_file_actions_init(&actions);
	for (i = 0; i < 2; i++)
		if (posix_spawn_file_actions_addopen(&actions, i, "/dev/null",
			O_RDWR, 0) != 0)
			return 3;
	for (i = 0; i < runs; i++)
		for (j = 0; j < count; j++)
			run(&commands[j], i, &actions);
	for (j = 0; j < count; j++) {
		qsort(commands[j].usec, (size_t)runs, sizeof(long), by_size);
		printf("%ld %ld %ld %d\n", commands[j].usec[runs / 2],
		    commands[j].usec[runs / 10],
		    commands[j].usec[runs * 9 / 10], commands[j].failed);
	}
	return 0;
}
