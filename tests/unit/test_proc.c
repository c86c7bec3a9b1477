/*
 * test_proc.c: processes, told apart for good (base/proc.h), and what differs
 * between systems (base/compat.h)
 */
#include "base/compat.h"
#include "base/proc.h"

#include "base/util.h"
#include "tmpdir.h"

#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static bool short_reads;

/* As the kernel may: a byte at a time. */
ssize_t
read(int fd, void *buf, size_t size)
{
	return syscall(SYS_read, fd, buf, short_reads && size > 1 ? 1 : size);
}

#define MARK "JOBDIR_TEST_MARK"

/* A child that does nothing until its end of the pipe is closed. */
struct child {
	pid_t pid;
	int pipe[2];
};

static void
child_start(struct child *c)
{
	char byte;

	assert_int_equal(compat_pipe(c->pipe), 0);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid > 0) {
		close_fd(&c->pipe[0]);
		return;
	}
	/* It must not keep the pipes of other children open. */
	if (dup2(c->pipe[0], STDIN_FILENO) < 0)
		_exit(1);
	compat_close_from(STDERR_FILENO + 1);
	_exit(read_full(STDIN_FILENO, &byte, 1) == 1 ? 0 : 42);
}

/* It ends with 42 and stays a zombie. */
static void
child_end(struct child *c)
{
	siginfo_t info;

	close_fd(&c->pipe[1]);
	assert_int_equal(waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOWAIT),
	    0);
}

static void
child_reap(const struct child *c)
{
	assert_int_equal(waitpid(c->pid, NULL, 0), c->pid);
}

static void
test_proc__own_place(void **state)
{
	struct proc_place place, again;

	(void)state;
	proc_place_self(&place);
	proc_place_self(&again);
	assert_true(place.has_table);
	assert_int_equal(strlen(place.boot_id), 36);
	assert_true(place.pid_namespace > 0);
	assert_memory_equal(&place, &again, sizeof(place));
}

static void
test_proc__own_stat(void **state)
{
	struct proc_stat st;
	struct proc_id id;

	(void)state;
	assert_int_equal(proc_read_stat(getpid(), &st), 0);
	assert_int_equal(st.parent, getppid());
	assert_int_equal(st.group, getpgrp());
	assert_int_equal(st.session, getsid(0));
	assert_int_equal(st.state, 'R');
	assert_true(st.start > 0);
	assert_int_equal(proc_identify(getpid(), &id), 0);
	assert_int_equal(id.pid, getpid());
	assert_int_equal(id.start, st.start);
	assert_int_equal(proc_life(&id), PROC_ALIVE);
}

/* A program may be called anything: "a) R 1 (b", for example. */
static void
test_proc__a_hostile_name(void **state)
{
	static const char name[] = ") Z 1 1 (";
	int fd = open("/proc/self/comm", O_WRONLY | O_CLOEXEC);
	struct proc_stat st;
	char old[64];
	ssize_t n;

	(void)state;
	assert_int_equal(proc_read_stat(getpid(), &st), 0);
	snprintf(old, sizeof(old), "%s", st.name);
	n = write(fd, name, strlen(name));
	assert_int_equal(n, strlen(name));
	assert_int_equal(proc_read_stat(getpid(), &st), 0);
	assert_string_equal(st.name, name);
	assert_int_equal(st.state, 'R');
	assert_int_equal(st.parent, getppid());
	n = write(fd, old, strlen(old));
	assert_int_equal(n, strlen(old));
	close(fd);
}

static void
test_proc__life_of_a_child(void **state)
{
	struct proc_id id, another;
	struct child c;

	(void)state;
	child_start(&c);
	assert_int_equal(proc_identify(c.pid, &id), 0);
	assert_int_equal(proc_life(&id), PROC_ALIVE);
	another = id;
	another.start++;
	assert_int_equal(proc_life(&another), PROC_GONE);
	child_end(&c);
	assert_int_equal(proc_life(&id), PROC_ZOMBIE);
	assert_int_equal(proc_life(&another), PROC_GONE);
	child_reap(&c);
	assert_int_equal(proc_life(&id), PROC_GONE);
	assert_int_equal(proc_identify(c.pid, &id), -1);
	assert_true(errno == ENOENT || errno == ESRCH);
}

static void
test_proc__no_process(void **state)
{
	static const pid_t pids[] = { 0, -1, -2147483647 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(pids); i++) {
		struct proc_id id = { pids[i], 1 };

		assert_int_equal(proc_life(&id), PROC_GONE);
	}
}

static void
test_proc__start_times(void **state)
{
	struct proc_id id;
	usec_t boot;

	(void)state;
	assert_int_equal(proc_identify(getpid(), &id), 0);
	boot = proc_start_usec(id.start);
	assert_true(boot > 0 && boot <= time_boot());
	assert_true(proc_started_at(id.start) <= time_wall());
	assert_true(proc_started_at(id.start) >
	    time_wall() - 3600 * (usec_t)USEC_PER_SEC);
	assert_int_equal(proc_start_usec(0), 0);
}

static bool
is_in(const pid_t *pids, int count, pid_t pid)
{
	int i;

	for (i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static void
test_proc__children(void **state)
{
	enum { MANY = 20 };
	struct child c[MANY];
	pid_t pids[MANY + 1];
	int i;

	(void)state;
	assert_int_equal(proc_children(getpid(), pids, MANY), 0);
	for (i = 0; i < MANY; i++)
		child_start(&c[i]);
	assert_int_equal(proc_children(getpid(), pids, MANY + 1), MANY);
	for (i = 0; i < MANY; i++)
		assert_true(is_in(pids, MANY, c[i].pid));
	assert_int_equal(proc_children(getpid(), pids, 5), 5);
	child_end(&c[0]); /* zombies count */
	assert_int_equal(proc_children(getpid(), pids, MANY + 1), MANY);
	assert_int_equal(proc_children(c[1].pid, pids, MANY), 0);
	for (i = 0; i < MANY; i++) {
		if (i > 0)
			child_end(&c[i]);
		child_reap(&c[i]);
	}
	assert_int_equal(proc_children(getpid(), pids, MANY), 0);
}

static void
test_proc__all(void **state)
{
	enum { ROOM = 32768 };
	pid_t *pids = xrealloc(NULL, ROOM, sizeof(*pids));
	int count;

	(void)state;
	count = proc_all(pids, ROOM);
	assert_true(count > 1);
	assert_true(is_in(pids, count, getpid()));
	assert_true(is_in(pids, count, 1));
	assert_int_equal(proc_all(pids, 1), 1);
	free(pids);
}

static void
test_proc__environment(void **state)
{
	pid_t self = getpid();

	(void)state;
	assert_true(proc_has_environment(self, MARK "=abc"));
	assert_false(proc_has_environment(self, MARK "=ab"));
	assert_false(proc_has_environment(self, MARK "=abcd"));
	assert_false(proc_has_environment(self, MARK));
	assert_false(proc_has_environment(self, "X" MARK "=abc"));
	assert_false(proc_has_environment(self, "ST_MARK=abc"));
	assert_true(proc_has_environment(self, "LAST" MARK "=z"));
	assert_false(proc_has_environment(self, ""));
}

/* A part of the boot's id would be that of another boot. */
static void
test_proc__short_reads(void **state)
{
	struct proc_place whole, again;
	struct proc_stat st;

	(void)state;
	proc_place_self(&whole);
	short_reads = true;
	proc_place_self(&again);
	assert_int_equal(proc_read_stat(getpid(), &st), 0);
	short_reads = false;
	assert_string_equal(again.boot_id, whole.boot_id);
	assert_int_equal(st.parent, getppid());
}

static void
test_proc__held_locks(void **state)
{
	struct tmpdir *t = *state;
	struct stat st, other;
	int fd, reader;

	tmpdir_write(t->fd, "pid", "1\n");
	tmpdir_write(t->fd, "other", "");
	assert_int_equal(fstatat(t->fd, "pid", &st, 0), 0);
	assert_int_equal(fstatat(t->fd, "other", &other, 0), 0);
	assert_false(proc_holds_lock(getpid(), st.st_dev, st.st_ino));
	fd = openat(t->fd, "pid", O_RDONLY);
	reader = openat(t->fd, "pid", O_RDONLY);
	/* Who reads it, or asks whether the lock is free, has nothing to do
	 * with the job, and must not be stopped with it. */
	assert_false(proc_holds_lock(getpid(), st.st_dev, st.st_ino));
	assert_int_equal(flock(fd, LOCK_SH), 0);
	assert_false(proc_holds_lock(getpid(), st.st_dev, st.st_ino));
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_true(proc_holds_lock(getpid(), st.st_dev, st.st_ino));
	assert_false(proc_holds_lock(getpid(), other.st_dev, other.st_ino));
	close(fd);
	assert_false(proc_holds_lock(getpid(), st.st_dev, st.st_ino));
	close(reader);
}

static void
test_proc__open_below(void **state)
{
	struct tmpdir *t = *state;
	char text[8] = "";
	int fd;

	tmpdir_write(t->fd, "file", "text");
	fd = proc_open_below(getpid(), t->fd, "file");
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	close(fd);
	assert_int_equal(proc_open_below(getpid(), t->fd, "none"), -1);
	assert_int_equal(proc_open_below(getpid(), 999, "file"), -1);
	assert_int_equal(symlinkat("file", t->fd, "link"), 0);
	assert_int_equal(proc_open_below(getpid(), t->fd, "link"), -1);
	assert_int_equal(mkfifoat(t->fd, "fifo", 0600), 0);
	fd = proc_open_below(getpid(), t->fd, "fifo"); /* does not wait */
	assert_true(fd >= 0);
	close(fd);
}

/* The end is seen, and the child stays a zombie until it is reaped. */
static void
test_proc__peek_at_a_child(void **state)
{
	struct rusage usage;
	struct child c;
	int status = -1;

	(void)state;
	assert_int_equal(compat_wait_peek(-1, &status, &usage), -1);
	assert_int_equal(errno, ECHILD);
	child_start(&c);
	assert_int_equal(compat_wait_peek(c.pid, &status, &usage), 0);
	assert_int_equal(compat_wait_peek(-1, &status, &usage), 0);
	child_end(&c);
	assert_int_equal(compat_wait_peek(c.pid, &status, &usage), c.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
	assert_int_equal(compat_wait_peek(-1, &status, &usage), c.pid);
	child_reap(&c);

	child_start(&c);
	assert_int_equal(kill(c.pid, SIGKILL), 0);
	child_end(&c);
	assert_int_equal(compat_wait_peek(c.pid, &status, &usage), c.pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	child_reap(&c);
}

static void
test_proc__arguments(void **state)
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "echo; read x" }, (char[]){ "" }, NULL };
	static const char all[] = "sh\0-c\0echo; read x\0";
	char buf[256], byte;
	int in[2], out[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (dup2(in[0], STDIN_FILENO) < 0 ||
		    dup2(out[1], STDOUT_FILENO) < 0)
			_exit(1);
		compat_close_from(STDERR_FILENO + 1);
		execv("/bin/sh", argv);
		_exit(127);
	}
	assert_int_equal(read(out[0], &byte, 1), 1); /* it is executed */
	assert_int_equal(proc_arguments(pid, buf, sizeof(buf)), sizeof(all));
	assert_memory_equal(buf, all, sizeof(all));
	assert_int_equal(proc_arguments(pid, buf, 4), 4);
	assert_memory_equal(buf, all, 4);
	close(in[0]);
	close(in[1]);
	close(out[0]);
	close(out[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(proc_arguments(pid, buf, sizeof(buf)), -1);
}

static void
test_proc__directory(void **state)
{
	char path[4096], own[4096];

	(void)state;
	assert_non_null(getcwd(own, sizeof(own)));
	assert_int_equal(proc_directory(getpid(), path, sizeof(path)), 0);
	assert_string_equal(path, own);
	assert_int_equal(proc_directory(getpid(), path, strlen(own)), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(proc_directory(-1, path, sizeof(path)), -1);
}

static void
test_proc__threads_of_the_kernel(void **state)
{
	struct proc_stat st;

	(void)state;
	assert_int_equal(proc_read_stat(getpid(), &st), 0);
	assert_false(st.kernel);
	/* kthreadd, where this is not another pid namespace */
	if (proc_read_stat(2, &st) == 0 && strcmp(st.name, "kthreadd") == 0)
		assert_true(st.kernel);
}

/* A pidfd names that very process and becomes readable at its end. */
static void
test_proc__pidfd(void **state)
{
	struct pollfd fd = { .events = POLLIN };
	struct child c;
	int status = -1;

	(void)state;
	child_start(&c);
	fd.fd = compat_pidfd_open(c.pid);
	assert_true(fd.fd >= 0);
	assert_true(fcntl(fd.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(compat_poll(&fd, 1, 0, NULL), 0);
	assert_int_equal(compat_pidfd_signal(fd.fd, SIGKILL), 0);
	assert_int_equal(compat_poll(&fd, 1, -1, NULL), 1);
	child_end(&c);
	assert_int_equal(compat_pidfd_status(fd.fd, &status), -1);
	child_reap(&c);
	assert_int_equal(compat_pidfd_signal(fd.fd, SIGKILL), -1);
	assert_int_equal(errno, ESRCH);
	/* Where the kernel tells, it tells the truth. */
	if (compat_pidfd_status(fd.fd, &status) == 0)
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(fd.fd);
	assert_int_equal(compat_pidfd_open(-1), -1);
}

#define WITH_TMPDIR(test)                                                      \
	cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

/* The environment that counts is the one a process was started with, so the
 * test starts itself again. */
static int
start_again(char **argv)
{
	setenv(MARK, "abc", 1);
	setenv("LAST" MARK, "z", 1);
	execv(argv[0], argv); /* /proc/self/exe may be valgrind */
	perror(argv[0]);
	return 1;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proc__own_place),
		cmocka_unit_test(test_proc__own_stat),
		cmocka_unit_test(test_proc__a_hostile_name),
		cmocka_unit_test(test_proc__life_of_a_child),
		cmocka_unit_test(test_proc__no_process),
		cmocka_unit_test(test_proc__start_times),
		cmocka_unit_test(test_proc__children),
		cmocka_unit_test(test_proc__all),
		cmocka_unit_test(test_proc__environment),
		WITH_TMPDIR(test_proc__short_reads),
		WITH_TMPDIR(test_proc__held_locks),
		WITH_TMPDIR(test_proc__open_below),
		cmocka_unit_test(test_proc__peek_at_a_child),
		cmocka_unit_test(test_proc__arguments),
		cmocka_unit_test(test_proc__directory),
		cmocka_unit_test(test_proc__threads_of_the_kernel),
		cmocka_unit_test(test_proc__pidfd),
	};

	(void)argc;
	if (!getenv(MARK))
		return start_again(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
