/*
 * ask.c: how long does a server on stdio take to answer a line?
 *
 *	ask call ROUNDS CALLS [--- SCRIPT WORD...]...
 *	ask fresh 1 RUNS [--- SCRIPT WORD...]...
 *	ask FLIGHT ROUNDS CALLS [--- SCRIPT WORD...]...
 *
 * The words of each server are a command, whose stderr is ours.  SCRIPT is a
 * file of lines: a word that each answer must hold; then what is said first,
 * where what has an id is answered; and last the request that is measured.  If
 * its id has 7 digits, each copy of it that is sent gets another one.
 *
 * call: starts all servers, and asks each CALLS times, one after the other, in
 * ROUNDS turns.  fresh: starts each anew for each request, in turns, and
 * measures from before the start.  With a number instead of that, this many
 * requests are under way at once, and measured is the time of a round divided
 * by CALLS.
 *
 * Prints a line for each server: median, 10th and 90th percentile, in
 * microseconds; then a tab and the last answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sample.h"

extern char **environ;

enum {
	SERVERS_MAX = 8,
	LINES_MAX = 16,
	SCRIPT_ROOM = 1 << 16,
	ANSWER_ROOM = 2 << 20,
	ID_FIRST = 1000000,
	ID_DIGITS = 7
};

struct server {
	char **words;
	char script[SCRIPT_ROOM];
	char *lines[LINES_MAX]; /* each with its newline */
	size_t lengths[LINES_MAX];
	int count;
	char want[256];
	char *id; /* in the last line, or null */
	long asked;
	pid_t pid;
	int in;
	int out;
	char *answer; /* the last one, without its newline */
	size_t used;  /* what was read of the next, behind it */
	size_t begun;
	struct sample sample;
};

static void
fail(const char *what)
{
	fprintf(stderr, "ask: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
read_script(struct server *server, const char *path)
{
	FILE *file = fopen(path, "re");
	size_t length;
	char *at, *end;

	if (!file || !fgets(server->want, sizeof(server->want), file))
		fail(path);
	server->want[strcspn(server->want, "\n")] = '\0';
	length = fread(server->script, 1, SCRIPT_ROOM - 1, file);
	fclose(file);
	server->script[length] = '\0';
	for (at = server->script; (end = strchr(at, '\n')); at = end + 1) {
		if (server->count == LINES_MAX)
			fail("too many lines");
		server->lines[server->count] = at;
		server->lengths[server->count++] = (size_t)(end - at) + 1;
	}
	if (server->count == 0)
		fail("no request");
	at = strstr(server->lines[server->count - 1], "\"id\":1000000,");
	server->id = at ? at + strlen("\"id\":") : NULL;
}

/* Ends of pipes that another server inherited would keep this one alive. */
static void
make_pipe(int ends[2])
{
	if (pipe(ends) < 0 || fcntl(ends[0], F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(ends[1], F_SETFD, FD_CLOEXEC) < 0)
		fail("pipe");
}

static void
start(struct server *server)
{
	posix_spawn_file_actions_t actions;
	int in[2], out[2];

	make_pipe(in);
	make_pipe(out);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	errno = posix_spawnp(&server->pid, server->words[0], &actions, NULL,
	    server->words, environ);
	if (errno)
		fail(server->words[0]);
	posix_spawn_file_actions_destroy(&actions);
	close(in[0]);
	close(out[1]);
	server->in = in[1];
	server->out = out[0];
	server->used = server->begun = 0;
}

static void
stop(struct server *server)
{
	int status;

	close(server->in);
	if (waitpid(server->pid, &status, 0) != server->pid || status != 0) {
		errno = EPROTO;
		fail("how the server ended");
	}
	close(server->out);
}

/* The next line, in server->answer; it must hold the word if `judged`. */
static void
receive(struct server *server, bool judged)
{
	size_t seen = 0;
	char *end;
	ssize_t n;

	memmove(server->answer, server->answer + server->begun, server->used);
	while (
	    !(end = memchr(server->answer + seen, '\n', server->used - seen))) {
		seen = server->used;
		if (seen == ANSWER_ROOM)
			fail("an answer too long");
		n = read(server->out, server->answer + seen,
		    ANSWER_ROOM - seen);
		if (n <= 0)
			fail("the server's output");
		server->used += (size_t)n;
	}
	*end = '\0';
	server->begun = (size_t)(end - server->answer) + 1;
	server->used -= server->begun;
	if (!judged || strstr(server->answer, server->want))
		return;
	fprintf(stderr, "ask: %s: %s\n", server->words[0], server->answer);
	exit(1);
}

static void
send_line(struct server *server, int which)
{
	const char *line = server->lines[which];
	size_t left = server->lengths[which];
	char id[24];
	ssize_t n;

	if (which == server->count - 1 && server->id) {
		snprintf(id, sizeof(id), "%ld", ID_FIRST + server->asked++);
		memcpy(server->id, id, ID_DIGITS);
	}
	for (; left > 0; left -= (size_t)n, line += n) {
		n = write(server->in, line, left);
		if (n < 0)
			fail("the server's input");
	}
}

static void
introduce(struct server *server)
{
	char *id;
	int i;

	for (i = 0; i < server->count - 1; i++) {
		send_line(server, i);
		id = strstr(server->lines[i], "\"id\":");
		if (id && id < server->lines[i] + server->lengths[i])
			receive(server, false);
	}
}

static void
call(struct server *server)
{
	send_line(server, server->count - 1);
	receive(server, true);
}

static void
measure_call(struct server *server)
{
	long begun = sample_now();

	call(server);
	sample_add(&server->sample, sample_now() - begun);
}

static void
measure_fresh(struct server *server)
{
	long begun = sample_now();

	start(server);
	introduce(server);
	call(server);
	sample_add(&server->sample, sample_now() - begun);
	stop(server);
}

static void
measure_flight(struct server *server, int flight, int calls)
{
	long begun = sample_now();
	int sent, got;

	for (sent = 0; sent < flight && sent < calls; sent++)
		send_line(server, server->count - 1);
	for (got = 0; got < calls; got++) {
		receive(server, true);
		if (sent < calls) {
			send_line(server, server->count - 1);
			sent++;
		}
	}
	sample_add(&server->sample, (sample_now() - begun) / calls);
}

/* What is measured for the first time is slower. */
static void
warm_up(struct server *server, int calls)
{
	start(server);
	introduce(server);
	while (calls-- > 0)
		call(server);
}

static void
play(struct server *servers, int count, const char *how, int rounds, int calls)
{
	bool fresh = strcmp(how, "fresh") == 0;
	bool in_turn = strcmp(how, "call") == 0;
	int i, k, n;

	for (i = 0; !fresh && i < count; i++)
		warm_up(&servers[i], in_turn ? calls / 4 + 1 : 1);
	for (k = 0; k < (fresh ? calls : rounds); k++)
		for (i = 0; i < count; i++) {
			if (fresh)
				measure_fresh(&servers[i]);
			for (n = 0; in_turn && n < calls; n++)
				measure_call(&servers[i]);
			if (!fresh && !in_turn)
				measure_flight(&servers[i], atoi(how), calls);
		}
	for (i = 0; !fresh && i < count; i++)
		stop(&servers[i]);
}

int
main(int argc, char **argv)
{
	static struct server servers[SERVERS_MAX];
	int rounds = argc > 4 ? atoi(argv[2]) : 0;
	int calls = argc > 4 ? atoi(argv[3]) : 0;
	int i, count = 0;

	if (rounds < 1 || calls < 1) {
		fputs("usage: ask HOW ROUNDS CALLS [--- SCRIPT WORD...]...\n",
		    stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	for (i = 4; i < argc; i++) {
		if (strcmp(argv[i], "---") != 0)
			continue;
		if (count == SERVERS_MAX || i + 2 >= argc)
			return 2;
		argv[i] = NULL; /* the end of the words before */
		read_script(&servers[count], argv[i + 1]);
		servers[count].words = argv + i + 2;
		servers[count].answer = malloc(ANSWER_ROOM + 1);
		if (!servers[count++].answer)
			fail("memory");
	}
	play(servers, count, argv[1], rounds, calls);
	for (i = 0; i < count; i++) {
		sample_print(&servers[i].sample, 1000.0);
		printf("\t%s\n", servers[i].answer);
	}
	return 0;
}
