/*
 * interleave.c: how long do commands take, one beside the other?
 *
 *	interleave RUNS PAUSE [--- WORD...]...
 *
 * Runs each of the commands RUNS times, in turns and each turn in another
 * order, so that whatever else the machine does hits all of them alike, and so
 * does what a command leaves to be done after its end; PAUSE microseconds lie
 * between two commands.  Their input and output are /dev/null.
 *
 * Prints a line for each: the median, the 10th, 90th and 99th percentile, in
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

#include "sample.h"

extern char **environ;

enum { COMMANDS_MAX = 16 };

struct command {
	char **words;
	struct sample sample;
	int failed;
};

static void
run(struct command *command, posix_spawn_file_actions_t *actions)
{
	long begun = sample_now();
	int status = 1;
	pid_t pid;

	if (posix_spawnp(&pid, command->words[0], actions, NULL, command->words,
		environ) != 0 ||
	    waitpid(pid, &status, 0) != pid || status != 0)
		command->failed++;
	sample_add(&command->sample, sample_now() - begun);
}

/* Split the words at "---"; returns the number of commands. */
static int
split(char **words, struct command *commands)
{
	int count = 0;

	for (; *words; words++) {
		if (strcmp(*words, "---") != 0)
			continue;
		*words = NULL;
		if (count == COMMANDS_MAX || !words[1])
			exit(2);
		commands[count++].words = words + 1;
	}
	return count;
}

/* The same orders in each bench. */
static void
shuffle(int *order, int count)
{
	static unsigned long state = 1;
	int i, other, kept;

	for (i = count - 1; i > 0; i--) {
		state = state * 6364136223846793005 + 1442695040888963407;
		other = (int)((state >> 33) % ((unsigned)i + 1));
		kept = order[i];
		order[i] = order[other];
		order[other] = kept;
	}
}

int
main(int argc, char **argv)
{
	struct command commands[COMMANDS_MAX];
	posix_spawn_file_actions_t actions;
	struct timespec pause = { 0 };
	int order[COMMANDS_MAX];
	int runs, count, i, j;

	if (argc < 5 || (runs = atoi(argv[1])) < 1)
		return 2;
	pause.tv_nsec = atol(argv[2]) * 1000;
	memset(commands, 0, sizeof(commands));
	count = split(argv + 3, commands);
	posix_spawn_file_actions_init(&actions);
	for (i = 0; i < 2; i++)
		if (posix_spawn_file_actions_addopen(&actions, i, "/dev/null",
			O_RDWR, 0) != 0)
			return 3;
	for (j = 0; j < count; j++)
		order[j] = j;
	for (i = 0; i < runs; i++) {
		shuffle(order, count);
		for (j = 0; j < count; j++) {
			run(&commands[order[j]], &actions);
			if (pause.tv_nsec > 0)
				nanosleep(&pause, NULL);
		}
	}
	for (j = 0; j < count; j++) {
		sample_print(&commands[j].sample, 1000.0);
		printf(" %d\n", commands[j].failed);
	}
	return 0;
}
