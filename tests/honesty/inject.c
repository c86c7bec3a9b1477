/*
 * inject.c: make one system call of one process fail, or kill it there
 *
 *	inject REPORT list PROGRAM [ARG]...
 *	inject REPORT PLACE CALL NTH[+] HOW PROGRAM [ARG]...
 *
 * Runs PROGRAM; its exit code is that of this.  PLACE counts the processes that
 * execute PROGRAM: 0 is the first, 1 the first child of it or of its children,
 * and so on.  The NTH call of CALL there (a name of inject_calls.h, `any`, or
 * `change`: any that others see) is not made and gives HOW, the number of an
 * errno; `kill`: SIGKILL instead; `short`: a read or write of one byte.  What
 * else they execute is left alone.  REPORT receives a line "PLACE CALL" for
 * what was injected, at once; with `list` for each call there is, with a third
 * word "change" for what others see.
 *
 * The kernel asks before each call (seccomp's user notification), so it is
 * exact, needs no ptrace, and costs some microseconds a call.  Who answers is a
 * process of its own that ends with the last one that is asked for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum {
	PROCESSES_MAX = 256,
	ANY = -1,
	ANY_CHANGE = -2,
	HOW_KILL = -1,
	HOW_SHORT = -2,
};

static const struct call {
	const char *name;
	int number;
	enum { CALL_PLAIN, CALL_CHANGE, CALL_LOOK } kind;
} calls[] = {
#define CALL(name) { #name, SYS_##name, CALL_PLAIN },
#define CHANGE(name) { #name, SYS_##name, CALL_CHANGE },
#define LOOK(name) { #name, SYS_##name, CALL_LOOK },
#include "inject_calls.h"
#undef CALL
#undef CHANGE
#undef LOOK
};

enum { CALLS = sizeof(calls) / sizeof(*calls) };

/* A process that was seen; place -1: it executes something else. */
struct process {
	pid_t pid;
	int place;
	bool executes; /* look again what */
	bool limited;  /* in its data segment */
};

static struct process processes[PROCESSES_MAX];
static int process_count, place_count;

static int report, place, number, nth, how;
static bool list;
static struct stat program;

static const struct call *
call_of(int call)
{
	static const struct call other = { "other", 0, CALL_PLAIN };
	size_t i;

	for (i = 0; i < CALLS; i++)
		if (calls[i].number == call)
			return &calls[i];
	return &other;
}

static bool
may_create(int call)
{
#ifdef SYS_open
	if (call == SYS_open)
		return true;
#endif
	return call == SYS_openat;
}

static bool
changes(const struct seccomp_data *data)
{
	if (may_create(data->nr))
		return (data->args[data->nr == SYS_openat ? 2 : 1] & O_CREAT) !=
		    0;
	return call_of(data->nr)->kind == CALL_CHANGE;
}

static int
number_of(const char *name)
{
	size_t i;

	if (strcmp(name, "any") == 0)
		return ANY;
	if (strcmp(name, "change") == 0)
		return ANY_CHANGE;
	for (i = 0; i < CALLS; i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].number;
	fprintf(stderr, "inject: no such call: %s\n", name);
	exit(2);
}

static bool
is_program(pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return stat(path, &st) == 0 && st.st_dev == program.st_dev &&
	    st.st_ino == program.st_ino;
}

static struct process *
find_process(pid_t pid)
{
	struct process *p = NULL;
	int i;

	for (i = 0; i < process_count && !p; i++)
		if (processes[i].pid == pid)
			p = &processes[i];
	if (!p) {
		if (process_count == PROCESSES_MAX)
			abort();
		p = &processes[process_count++];
		*p = (struct process){ pid, -1, true, false };
	}
	if (!p->executes)
		return p;
	p->executes = false;
	if (!is_program(pid))
		p->place = -1;
	else if (p->place < 0)
		p->place = place_count++;
	return p;
}

static void
tell(const struct process *p, const struct seccomp_data *data)
{
	char line[64];
	int length;

	length = snprintf(line, sizeof(line), "%d %s%s\n", p->place,
	    call_of(data->nr)->name, changes(data) ? " change" : "");
	if (write(report, line, (size_t)length) != length)
		abort();
}

/* The call itself, of one byte; false if it can't be done. */
static bool
make_short(const struct seccomp_notif *ask, struct seccomp_notif_resp *answer)
{
	const __u64 *args = ask->data.args;
	bool reads = ask->data.nr == SYS_read || ask->data.nr == SYS_pread64;
	bool placed =
	    ask->data.nr == SYS_pread64 || ask->data.nr == SYS_pwrite64;
	char byte;
	struct iovec here = { &byte, 1 }, there;
	int pidfd, fd;
	ssize_t n;

	/* NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel's number */
	there.iov_base = (void *)(uintptr_t)args[1];
	there.iov_len = 1;
	if (args[2] < 2)
		return false;
	pidfd = (int)syscall(SYS_pidfd_open, ask->pid, 0);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, (int)args[0], 0);
	close(pidfd);
	if (fd < 0)
		return false;
	if (reads)
		n = placed ? pread(fd, &byte, 1, (off_t)args[3])
			   : read(fd, &byte, 1);
	else
		n = process_vm_readv((pid_t)ask->pid, &here, 1, &there, 1, 0) !=
			1
		    ? -1
		    : placed ? pwrite(fd, &byte, 1, (off_t)args[3])
			     : write(fd, &byte, 1);
	close(fd);
	if (n < 0 ||
	    (reads && n == 1 &&
		process_vm_writev((pid_t)ask->pid, &here, 1, &there, 1, 0) !=
		    1))
		return false;
	answer->val = n;
	answer->flags = 0;
	return true;
}

/* Let no data segment grow, or let it again. */
static void
limit_data(struct process *p, bool none)
{
	struct rlimit limit;

	if (prlimit(p->pid, RLIMIT_DATA, NULL, &limit) < 0)
		return;
	limit.rlim_cur = none ? 0 : limit.rlim_max;
	if (prlimit(p->pid, RLIMIT_DATA, &limit, NULL) == 0)
		p->limited = none;
}

static bool
is_meant(const struct seccomp_data *data)
{
	return number == ANY ||
	    (number == ANY_CHANGE ? changes(data) : data->nr == number);
}

/* Does the fault strike here?  Then the answer is changed. */
static void
strike(struct process *p, const struct seccomp_notif *ask,
    struct seccomp_notif_resp *answer)
{
	static int count;
	int call = ask->data.nr;

	if (list)
		tell(p, &ask->data);
	if (list || p->place != place || !is_meant(&ask->data))
		return;
	/* No process survives these, and nothing can be told of them. */
	if (call == SYS_exit_group || call == SYS_exit ||
	    call == SYS_rt_sigreturn)
		return;
	if (++count != nth)
		return;
	if (how == HOW_SHORT && !make_short(ask, answer))
		return;
	tell(p, &ask->data);
	if (how == HOW_KILL) {
		kill((pid_t)ask->pid, SIGKILL);
	} else if (call == SYS_brk) {
		/* It says so by not moving: what that is the kernel knows. */
		limit_data(p, true);
	} else if (how > 0) {
		answer->flags = 0;
		answer->error = -how;
	}
}

static void
answer_all(int listener)
{
	struct pollfd fd = { listener, POLLIN, 0 };
	struct seccomp_notif_resp answer;
	struct seccomp_notif ask;
	struct process *p;

	for (;;) {
		if (poll(&fd, 1, -1) < 0 && errno == EINTR)
			continue;
		if (!(fd.revents & POLLIN))
			return; /* nobody is left who could ask */
		memset(&ask, 0, sizeof(ask));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &ask) < 0)
			continue; /* it was killed meanwhile */
		memset(&answer, 0, sizeof(answer));
		answer.id = ask.id;
		answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		p = find_process((pid_t)ask.pid);
		if (p->limited)
			limit_data(p, false);
		if (p->place >= 0)
			strike(p, &ask, &answer);
		if (ask.data.nr == SYS_execve)
			p->executes = true;
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 &&
		    errno != ENOENT)
			abort();
	}
}

/* Is there a question to be asked for each such call?  Not for looks, if others
 * are meant: there may be very many. */
static bool
is_asked(const struct call *call)
{
	return call->kind != CALL_LOOK || list || number == ANY ||
	    call->number == number ||
	    (number == ANY_CHANGE && may_create(call->number));
}

/* From now on the kernel asks before each of these calls, but for sendmsg(). */
static int
listen_to_myself(void)
{
	struct sock_filter code[2 * CALLS + 4] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	unsigned short size = 3;
	struct sock_fprog filter = { 0, code };
	size_t i;
	int fd;

	for (i = 0; i < CALLS; i++) {
		if (is_asked(&calls[i]))
			continue;
		code[size++] =
		    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			(__u32)calls[i].number, 0, 1);
		code[size++] = code[2];
	}
	code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_USER_NOTIF);
	filter.len = size;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER |
		SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
	    &filter);
	if (fd < 0 && errno == EINVAL)
		fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		    SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
	return fd;
}

/* Send or receive a descriptor. */
static int
pass(int socket, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control;
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };

	memset(&control, 0, sizeof(control));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (fd >= 0)
		return sendmsg(socket, &message, 0) == 1 ? 0 : -1;
	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

static void
execute(int socket, char **argv)
{
	int listener = listen_to_myself();

	if (listener < 0 || pass(socket, listener) < 0)
		_exit(96);
	close(listener);
	close(socket);
	execv(argv[0], argv);
	_exit(95);
}

static void
serve(int socket)
{
	int listener = pass(socket, -1), i;

	if (listener < 0)
		_exit(1);
	close(socket);
	for (i = 0; i < 3; i++)
		close(i);
	setsid();
	answer_all(listener);
	_exit(0);
}

static char **
parse(int argc, char **argv)
{
	list = argc > 2 && strcmp(argv[2], "list") == 0;
	if (argc < (list ? 4 : 7)) {
		fprintf(stderr, "inject: see its source\n");
		exit(2);
	}
	report = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (report < 0)
		exit(2);
	if (list)
		return argv + 3;
	place = atoi(argv[2]);
	number = number_of(argv[3]);
	nth = atoi(argv[4]);
	how = strcmp(argv[5], "kill") == 0  ? HOW_KILL
	    : strcmp(argv[5], "short") == 0 ? HOW_SHORT
					    : atoi(argv[5]);
	return argv + 6;
}

int
main(int argc, char **argv)
{
	char **words = parse(argc, argv);
	int ends[2], status;
	pid_t server, command;

	if (stat(words[0], &program) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return 2;
	server = fork();
	if (server == 0) {
		close(ends[1]);
		serve(ends[0]);
	}
	close(ends[0]);
	/* The program is to be this process, as for whoever sends it signals
	 * and input; what it is asked for is answered meanwhile. */
	command = fork();
	if (command == 0)
		execute(ends[1], words);
	if (server < 0 || command < 0)
		return 2;
	close(ends[1]);
	close(0);
	close(1);
	while (waitpid(command, &status, 0) < 0)
		continue;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}
