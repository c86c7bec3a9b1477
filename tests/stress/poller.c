/*
 * poller.c: look at jobs without pause
 *
 *	poller mcp PROGRAM	one server, asked without pause for the newest
 *				jobs and then for the state of the newest
 *	poller ls PROGRAM	`PROGRAM ls --json -N 3`, again and again
 *
 * Ends when its standard input does, and then prints how often each state was
 * seen, as JSON: {"running":123,"completed":45}.  An answer that names no state
 * at all counts as "none".  Before that, of one exchange with the server in
 * SHOWN, a line "C " and what was asked, and a line "S " and the answer.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define META                                                                   \
	"\"_meta\":{\"io.modelcontextprotocol/"                                \
	"protocolVersion\":\"2026-07-28\","                                    \
	"\"io.modelcontextprotocol/clientInfo\":"                              \
	"{\"name\":\"poller\",\"version\":\"1\"},"                             \
	"\"io.modelcontextprotocol/clientCapabilities\":{"                     \
	"}}"

enum {
	STATES_MAX = 16,
	WORD_MAX = 16,
	ANSWER_MAX = 1 << 16,
	QUESTION_MAX = 1024,
	LOOKS = 40,
	SHOWN = 50, /* not a multiple of the looks, and so of every kind */
};

static struct {
	char word[WORD_MAX];
	long count;
} states[STATES_MAX];

static void
count_state(const char *word, size_t length)
{
	int i;

	if (length >= WORD_MAX)
		length = WORD_MAX - 1;
	for (i = 0; i < STATES_MAX - 1 && states[i].word[0]; i++)
		if (strlen(states[i].word) == length &&
		    memcmp(states[i].word, word, length) == 0)
			break;
	memcpy(states[i].word, word, length);
	states[i].count++;
}

/* Every status in an answer, which may hold it as JSON or as text of JSON. */
static void
count_states(const char *answer)
{
	static const char mark[] = "\"status\":\"";
	const char *at = answer;
	int found = 0;

	while ((at = strstr(at, mark)) != NULL) {
		at += strlen(mark);
		count_state(at, strcspn(at, "\""));
		found++;
	}
	/* An empty list is an answer, too. */
	if (!found && !strstr(answer, "\"jobs\":[]"))
		count_state("none", 4);
}

static int
is_over(void)
{
	struct pollfd fd = { STDIN_FILENO, POLLIN, 0 };

	return poll(&fd, 1, 0) != 0;
}

static void
die(const char *what)
{
	perror(what);
	exit(3);
}

/* Both ends, not for programs that are executed. */
static void
make_pipe(int ends[2])
{
	if (pipe(ends) < 0 || fcntl(ends[0], F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(ends[1], F_SETFD, FD_CLOEXEC) < 0)
		die("pipe");
}

/* PROGRAM mcp, or PROGRAM ls ... */
static pid_t
start(const char *program, const char *verb, int input, int output)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return pid;
	if (dup2(input, 0) < 0 || dup2(output, 1) < 0)
		_exit(3);
	if (strcmp(verb, "mcp") == 0)
		execl(program, program, verb, (char *)NULL);
	else
		execl(program, program, verb, "--json", "-N", "3",
		    (char *)NULL);
	_exit(127);
}

static char answer[ANSWER_MAX];

static void
poll_ls(const char *program)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), ends[2], status;
	size_t length;
	ssize_t n;
	pid_t pid;

	while (!is_over()) {
		make_pipe(ends);
		pid = start(program, "ls", null, ends[1]);
		close(ends[1]);
		for (length = 0; length < sizeof(answer) - 1;
		     length += (size_t)n) {
			n = read(ends[0], answer + length,
			    sizeof(answer) - 1 - length);
			if (n <= 0)
				break;
		}
		answer[length] = '\0';
		close(ends[0]);
		if (waitpid(pid, &status, 0) < 0 || status != 0)
			count_state("error", 5);
		count_states(answer);
	}
}

/* Ask; the answer is one line. */
static void
ask(FILE *to, FILE *from, const char *method, const char *params)
{
	char question[QUESTION_MAX];
	static long id;

	snprintf(question, sizeof(question),
	    "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"%s\","
	    "\"params\":{%s" META "}}\n",
	    id, method, params);
	fputs(question, to);
	if (fflush(to) == EOF || !fgets(answer, sizeof(answer), from))
		die("the server");
	if (id++ % SHOWN == 0)
		printf("C %sS %s", question, answer);
}

static void
call(FILE *to, FILE *from, const char *tool, const char *arguments)
{
	char params[QUESTION_MAX / 2];

	snprintf(params, sizeof(params), "\"name\":\"%s\",\"arguments\":{%s},",
	    tool, arguments);
	ask(to, from, "tools/call", params);
	/* Once is enough: the text says the same as the structure. */
	if (strstr(answer, "\"structuredContent\":"))
		count_states(strstr(answer, "\"structuredContent\":"));
	else
		count_state("error", 5);
}

static void
poll_mcp(const char *program)
{
	char arguments[128], *at;
	int in[2], out[2], i;
	FILE *to, *from;

	make_pipe(in);
	make_pipe(out);
	start(program, "mcp", in[0], out[1]);
	close(in[0]);
	close(out[1]);
	to = fdopen(in[1], "w");
	from = fdopen(out[0], "r");
	if (!to || !from)
		die("fdopen");
	ask(to, from, "tools/list", "");
	while (!is_over()) {
		call(to, from, "list_jobs", "\"limit\":3");
		at = strstr(answer, "\"job_id\":\"");
		if (!at)
			continue;
		snprintf(arguments, sizeof(arguments), "%.47s", at);
		for (i = 0; i < LOOKS; i++)
			call(to, from, "get_job_status", arguments);
	}
	fclose(to);
	while (wait(NULL) > 0)
		continue;
}

int
main(int argc, char **argv)
{
	const char *comma = "{";
	int i;

	if (argc != 3 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return 2;
	/* What is watched has to get on. */
	if (nice(10) < 0)
		return 3;
	if (strcmp(argv[1], "mcp") == 0)
		poll_mcp(argv[2]);
	else
		poll_ls(argv[2]);
	for (i = 0; i < STATES_MAX && states[i].word[0]; i++) {
		printf("%s\"%s\":%ld", comma, states[i].word, states[i].count);
		comma = ",";
	}
	printf("%s}\n", i ? "" : "{");
	return 0;
}
