/*
 * A worker that jobdir did not start, and that is a job all the same.
 * usage: worker ROOT NAME STEPS [FAIL_AT]
 *
 * NAME		letters, digits, '.', '_' and '-', not '.' first
 * STEPS	how many steps it works
 * FAIL_AT	the step that fails
 *
 * A step takes a second; with STEP_ON_INPUT=1 in the environment it takes until
 * a line comes on standard input.
 *
 *	cc -o worker worker.c
 */
#define _POSIX_C_SOURCE 200809L

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The record, which is written anew from this each time. */
struct job {
	int dir; /* its directory; being open it also proves to jobdir whose
		  * process this is */
	const char *name;
	char *const *argv;
	char started[32];
	char phase[64];
	char message[64];
	long done, steps;
	const char *error; /* NULL: none */
	int exit_code;     /* -1: it works */
};

static void
now(char text[32])
{
	time_t t = time(NULL);

	strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime(&t));
}

/* Text inside a JSON string.  What is not ASCII becomes '?', because one byte
 * that is not UTF-8 would make the whole record unreadable. */
static void
put_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c < 0x20)
			fprintf(f, "\\u%04x", c);
		else
			putc(c < 0x7f ? c : '?', f);
	}
}

static void
put_member(FILE *f, const char *key, const char *text)
{
	fprintf(f, ",\n\"%s\": \"", key);
	put_text(f, text);
	putc('"', f);
}

static void
put_members(FILE *f, const struct job *job)
{
	char finished[32];
	int i;

	fprintf(f, "{\n\"pid\": %ld", (long)getpid());
	put_member(f, "name", job->name);
	fputs(",\n\"command\": \"", f);
	for (i = 0; job->argv[i]; i++) {
		fputs(i ? " " : "", f);
		put_text(f, job->argv[i]);
	}
	putc('"', f);
	put_member(f, "started", job->started);
	if (job->phase[0]) {
		put_member(f, "phase", job->phase);
		fprintf(f,
		    ",\n\"progress\": {\"current\": %ld, \"total\": %ld, "
		    "\"unit\": \"steps\", \"message\": \"",
		    job->done, job->steps);
		put_text(f, job->message);
		fputs("\"}", f);
	}
	if (job->error)
		put_member(f, "error", job->error);
	if (job->exit_code == 0)
		fprintf(f, ",\n\"result\": {\"steps\": %ld}", job->done);
	if (job->exit_code >= 0) {
		now(finished);
		put_member(f, "finished", finished);
		fprintf(f, ",\n\"exit_code\": %d", job->exit_code);
	}
	fputs("\n}\n", f);
}

/* Replace the record.  Never write journal.json in place: who reads meanwhile
 * must see the old record or the new one. */
static void
record(const struct job *job)
{
	int fd = openat(job->dir, ".journal.json",
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		err(1, ".journal.json");
	put_members(f, job);
	/* ferror() also tells of what failed before the last flush. */
	if (fflush(f) || ferror(f) || fsync(fd) || fclose(f) ||
	    renameat(job->dir, ".journal.json", job->dir, "journal.json"))
		err(1, "journal.json");
}

/* Make the job: a directory under a hidden name, so that nobody sees half a
 * job, which is then renamed.  mkdir lets one worker at a time build it. */
static void
begin(struct job *job, const char *root)
{
	char stamp[32], name[256], hidden[257];
	time_t t = time(NULL);
	int top, log;

	/* A worker of this name in the same second is refused below. */
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime(&t));
	now(job->started);
	if (snprintf(name, sizeof(name), "%s__%s", stamp, job->name) > 254)
		errx(2, "NAME is too long");
	snprintf(hidden, sizeof(hidden), ".%s", name);
	mkdir(root, 0700); /* if it is not there; its parent must be */
	top = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0 || mkdirat(top, hidden, 0700))
		err(1, "%s", root);
	if (faccessat(top, name, F_OK, 0) == 0) {
		unlinkat(top, hidden, AT_REMOVEDIR);
		errx(2, "%s is there already", name);
	}
	job->dir = openat(top, hidden, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (job->dir < 0)
		err(1, "%s", hidden);
	log = openat(job->dir, "stdout.log", O_WRONLY | O_CREAT, 0600);
	if (log < 0 || dup2(log, STDOUT_FILENO) < 0)
		err(1, "stdout.log");
	close(log);
	record(job);
	if (renameat(top, hidden, top, name))
		err(1, "%s", name);
	close(top);
}

/* End with an error, in words, and an exit code. */
static int
fail(struct job *job, const char *error, int exit_code)
{
	puts(error);
	fflush(stdout);
	job->error = error;
	job->exit_code = exit_code;
	record(job);
	return exit_code;
}

static void
wait_for_step(void)
{
	const char *by_input = getenv("STEP_ON_INPUT");
	int c;

	if (!by_input || strcmp(by_input, "1") != 0)
		sleep(1);
	else
		while ((c = getchar()) != EOF && c != '\n')
			continue;
}

static void
record_step(struct job *job, long step)
{
	job->done = step - 1;
	snprintf(job->phase, sizeof(job->phase), "step %ld", step);
	snprintf(job->message, sizeof(job->message), "working on step %ld",
	    step);
	record(job);
}

static int
work(struct job *job, long fail_at)
{
	char error[64];
	long step;

	for (step = 1; step <= job->steps; step++) {
		/* The directory is new: a `cancel` in it is never from before
		 * the start. */
		if (faccessat(job->dir, "cancel", F_OK, 0) == 0)
			return fail(job, "stopped on request", 130);
		record_step(job, step);
		wait_for_step();
		if (step == fail_at) {
			snprintf(error, sizeof(error), "step %ld failed", step);
			return fail(job, error, 1);
		}
		printf("step %ld of %ld done\n", step, job->steps);
		fflush(stdout);
	}
	job->done = job->steps;
	snprintf(job->phase, sizeof(job->phase), "end");
	snprintf(job->message, sizeof(job->message), "all done");
	job->exit_code = 0;
	record(job);
	return 0;
}

static long
number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (n < 0 || end == text || *end)
		errx(2, "not a number: %s", text);
	return n;
}

int
main(int argc, char **argv)
{
	struct job job = { .argv = argv, .exit_code = -1 };

	if (argc < 4 || argc > 5)
		errx(2, "usage: worker ROOT NAME STEPS [FAIL_AT]");
	job.name = argv[2];
	if (!job.name[0] || job.name[0] == '.' ||
	    job.name[strspn(job.name,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789._-")])
		errx(2, "bad NAME: %s", job.name);
	job.steps = number(argv[3]);
	begin(&job, argv[1]);
	return work(&job, argc > 4 ? number(argv[4]) : 0);
}
