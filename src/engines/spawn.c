/*
 * spawn.c: the launcher's side of a start
 *
 * Invariant: the job's supervisor leaves the launcher's session and process
 * group before anything else, and gets no descriptor but the root, the answer
 * pipe and the locks of its launch.
 */
#include "base/compat.h"
#include "engines/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spool/job.h"

/* Above the numbers at which a supervisor expects its descriptors. */
enum { SAFE_FD = 20 };

/* `jobdir run`: the child is the supervisor.  No process in between, as the
 * caller is about to end, and then it is nobody's child. */
static int
fork_supervisor(const struct supervise *args)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setsid() < 0)
			_exit(1);
		supervise_run(args);
	}
	return pid < 0 ? errno : 0;
}

static int
add_descriptors(posix_spawn_file_actions_t *actions, const int from[2])
{
	int i, result = 0;

	for (i = 0; i < SUPERVISE_FD_ROOT && !result; i++)
		result = posix_spawn_file_actions_addopen(actions, i,
		    "/dev/null", O_RDWR, 0);
	for (i = 0; i < 2 && !result; i++)
		if (from[i] >= 0)
			result = posix_spawn_file_actions_adddup2(actions,
			    from[i], SUPERVISE_FD_ROOT + i);
	return result;
}

static int
set_signals(posix_spawnattr_t *attributes)
{
	sigset_t none;
	int result;

	sigemptyset(&none);
	result = posix_spawnattr_setsigmask(attributes, &none);
	if (!result)
		result = posix_spawnattr_setflags(attributes,
		    POSIX_SPAWN_SETSIGMASK);
	return result;
}

int
spawn_self(const char *const *argv, char *const *environment, const int from[2],
    pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int safe[2] = { -1, -1 };
	char *words[SPAWN_WORDS_MAX + 1] = { NULL };
	int i, result = 0;

	for (i = 0; argv[i] && i < SPAWN_WORDS_MAX; i++)
		memcpy(&words[i], &argv[i], sizeof(words[i]));
	for (i = 0; i < 2 && !result; i++) {
		if (from[i] < 0)
			continue;
		safe[i] = fcntl(from[i], F_DUPFD_CLOEXEC, SAFE_FD);
		result = safe[i] < 0 ? errno : 0;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	if (!result)
		result = add_descriptors(&actions, safe);
	if (!result)
		result = set_signals(&attributes);
	if (!result)
		result = posix_spawn(pid, compat_own_program(), &actions,
		    &attributes, words, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	for (i = 0; i < 2; i++)
		close_fd(&safe[i]);
	return result;
}

static void
remove_directory(const struct spool *spool, const char *name)
{
	cleanup_close int parent = openat(spool->fd, ROOT_NEW,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (parent >= 0)
		job_remove_new(parent, name);
}

/* A pipe whose end of reading, which the caller has, is non-blocking from the
 * beginning: what has been started is not to fail. */
static int
make_answer(int ends[2])
{
	if (compat_pipe(ends) < 0)
		return errno;
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
		return 0;
	close_fd(&ends[1]);
	close_fd(&ends[0]);
	return errno;
}

/* The head of the record: its place is this process's, which stays. */
static char *
make_head(const struct journal *plan, struct err *err)
{
	static struct proc_place place;
	struct journal journal = *plan;

	if (!place.boot_id[0] || !place.pid_namespace)
		proc_place_name(&place);
	journal.place = place;
	return journal_head_text(&journal, err);
}

int
spawn_begin(struct spawn *spawn, const struct spool *spool,
    const struct spawn_plan *plan, struct err *err)
{
	cleanup_free char *head = make_head(plan->journal, err);
	struct supervise args = { .root = spool->fd,
		.name = spawn->name,
		.holds = { plan->holds[0], plan->holds[1] },
		.head = head,
		.journal = plan->journal,
		.environment = plan->environment,
		.durable = plan->durable };
	int ends[2], sys;

	memset(spawn, 0, sizeof(*spawn));
	spawn->answer = -1;
	spawn->stage = SUPERVISE_RECORD;
	spawn->journal = plan->journal;
	spool_make_name(plan->journal->created, plan->journal->id, spawn->name);
	if (!head || job_make_new(spool, spawn->name, NULL, err) < 0)
		return -1;
	spawn->stage = SUPERVISE_PROCESS;
	sys = make_answer(ends);
	if (!sys) {
		args.answer = ends[1];
		sys = plan->forkserver
		    ? forkserver_launch(plan->forkserver, &args)
		    : fork_supervisor(&args);
		close_fd(&ends[1]);
		spawn->answer = ends[0];
	}
	if (!sys)
		return 0;
	spawn_end(spawn);
	remove_directory(spool, spawn->name);
	return err_errno(err, ERR_SYSTEM, sys, "fork");
}

static const char *
stage_object(const struct spawn *spawn)
{
	switch (spawn->stage) {
	case SUPERVISE_PROGRAM:
		return spawn->journal->argv[0];
	case SUPERVISE_CWD:
		return spawn->journal->cwd;
	case SUPERVISE_RECORD:
	case SUPERVISE_LOG:
	case SUPERVISE_PROCESS:
	default:
		return NULL;
	}
}

static int
report_failure(struct spawn *spawn, const struct spool *spool, struct err *err)
{
	struct supervise_failure failure;
	cleanup_free char *path = NULL;

	memcpy(&failure, spawn->buffer, sizeof(failure));
	spawn->stage = failure.stage <= SUPERVISE_PROCESS
	    ? (enum supervise_stage)failure.stage
	    : SUPERVISE_PROCESS;
	/* The supervisor may have lacked what it takes to do it. */
	remove_directory(spool, spawn->name);
	if (stage_object(spawn))
		return err_errno(err,
		    spawn->stage == SUPERVISE_PROGRAM ? ERR_NO_EXEC
						      : ERR_SYSTEM,
		    failure.sys, "%s", stage_object(spawn));
	path = xasprintf("%s/%s%s", spool->path, spawn->name,
	    spawn->stage == SUPERVISE_LOG ? "/" JOB_STDOUT : "");
	return err_errno(err, ERR_SYSTEM, failure.sys, "%s", path);
}

int
spawn_read(struct spawn *spawn, const struct spool *spool, struct err *err)
{
	char building[sizeof(ROOT_NEW) + JOB_NAME_MAX];
	ssize_t n;

	for (;;) {
		n = read(spawn->answer, spawn->buffer + spawn->filled,
		    sizeof(struct supervise_failure) - spawn->filled);
		if (n < 0 && errno == EINTR)
			continue;
		/* Nothing yet; if it is something else, that is no end of file,
		 * and decides nothing. */
		if (n < 0)
			return 1;
		if (n == 0)
			break;
		spawn->filled += (size_t)n;
		if (spawn->buffer[0] == SUPERVISE_STARTED) {
			spawn->seen_start = true;
			memmove(spawn->buffer, spawn->buffer + 1,
			    --spawn->filled);
		}
		if (spawn->filled == sizeof(struct supervise_failure))
			return report_failure(spawn, spool, err);
	}
	/* Renamed back: it could not be executed, and whoever was to say why
	 * was killed. */
	snprintf(building, sizeof(building), ROOT_NEW "/%s", spawn->name);
	if (!job_is_visible(spool->fd, building) &&
	    (spawn->seen_start || job_is_visible(spool->fd, spawn->name)))
		return 0;
	/* Nobody holds the pipe any more, so nobody is at work there. */
	remove_directory(spool, spawn->name);
	return err_set(err, ERR_SYSTEM,
	    "its supervisor was killed before the "
	    "command was executed");
}

void
spawn_end(struct spawn *spawn)
{
	close_fd(&spawn->answer);
}

char **
spawn_unmarked_environment(void)
{
	size_t count = 0, i;
	char **copy;

	while (environ[count])
		count++;
	copy = xrealloc(NULL, count + 1, sizeof(*copy));
	for (i = count = 0; environ[i]; i++)
		if (strncmp(environ[i], ENV_ID "=", sizeof(ENV_ID)) != 0)
			copy[count++] = environ[i];
	copy[count] = NULL;
	return copy;
}

enum { DETACHED_UNKNOWN = -2 };

/* `jobdir supervise OPTION NAME`, up to the exit of its first process, which
 * waits for the second.  0; -1 with err: it can't be done, and nobody is at
 * work; DETACHED_UNKNOWN with err: somebody may be. */
static int
start_detached(const struct spool *spool, const char *option, const char *name,
    int hold, struct err *err)
{
	const char *argv[] = { "jobdir", SUPERVISE_VERB, option, name, NULL };
	int from[2] = { spool->fd, hold };
	char **environment = spawn_unmarked_environment();
	int sys, status = 0;
	pid_t pid;

	sys = spawn_self(argv, environment, from, &pid);
	free(environment);
	if (sys)
		return err_sys(err, sys, "start a new supervisor");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) {
			err_sys(err, errno, "wait for the new supervisor");
			return DETACHED_UNKNOWN;
		}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		return err_set(err, ERR_SYSTEM,
		    "no new supervisor could be started");
	err_set(err, ERR_SYSTEM,
	    "what was to start a new supervisor was killed; there may be one");
	return DETACHED_UNKNOWN;
}

int
spawn_take_over(const struct spool *spool, const char *name, struct err *err)
{
	return start_detached(spool, SUPERVISE_TAKE_OVER, name, -1, err) < 0
	    ? -1
	    : 0;
}

int
spawn_adopt(const struct spool *spool, const char *name, int hold,
    struct err *err)
{
	int result = start_detached(spool, SUPERVISE_ADOPT, name, hold, err);

	/* Its first process may have been killed after the work was done. */
	if (job_is_visible(spool->fd, name)) {
		err_clear(err);
		return 0;
	}
	if (result == -1)
		remove_directory(spool, name);
	return result < 0 ? -1 : 1;
}
