/*
 * forkserver.c: orders, and who carries them out
 *
 * Invariant: an order is begun by one process or by none: it is sent once, or
 * it could not be sent.
 */
#include "base/compat.h"
#include "engines/forkserver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engines/spawn.h"
#include "spool/names.h"

enum {
	TEXT_FD,
	ROOT_FD,
	ANSWER_FD,
	HOLD_FD, /* and the next */
	FDS_MAX = HOLD_FD + 2,
	/* Until there is room for an order, in the server's loop: one that works
	 * carries out hundreds meanwhile. */
	PATIENCE = 20 * 1000,
};

/* One message; `holds` says which of the locks are in it. */
struct order {
	unsigned char holds[2];
};

/* Words of the command line, to be overwritten. */
struct title {
	char *words;
	size_t size;
};

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

void
forkserver_init(struct forkserver *forkserver)
{
	forkserver->orders = -1;
}

void
forkserver_release(struct forkserver *forkserver)
{
	close_fd(&forkserver->orders);
}

/* Its first process ends when the second has been forked: it is nobody's child
 * then, and goes on if somebody ends all that descends from the server. */
static int
start(struct forkserver *forkserver)
{
	char room[JOB_NAME_MAX];
	const char *argv[] = { "jobdir", SUPERVISE_VERB, SUPERVISE_FORK, room,
		NULL };
	char **environment = spawn_unmarked_environment();
	int ends[2], from[2] = { -1, -1 };
	int sys = 0, status = 0;
	pid_t pid;

	memset(room, ' ', sizeof(room) - 1);
	room[sizeof(room) - 1] = '\0';
	if (compat_socket_pair(ends) < 0)
		sys = errno;
	if (!sys) {
		from[0] = ends[1];
		sys = spawn_self(argv, environment, from, &pid);
		close_fd(&ends[1]);
		while (!sys && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			continue;
		if (sys || status != 0)
			close_fd(&ends[0]);
		else
			forkserver->orders = ends[0];
	}
	free(environment);
	return sys ? sys : status != 0 ? EAGAIN : 0;
}

/* A file in memory that has the order's text; -1 with errno. */
static int
make_text(const struct supervise *args)
{
	struct buf text = BUF_INIT;
	int fd = compat_memory_file();

	order_write(args, &text);
	if (fd >= 0 && write_full(fd, text.data, text.len) < 0)
		close_fd(&fd);
	buf_release(&text);
	return fd;
}

static int
send_order(const struct forkserver *forkserver, const struct supervise *args,
    int text)
{
	struct order order = { { args->holds[0] >= 0, args->holds[1] >= 0 } };
	struct iovec data = { &order, sizeof(order) };
	union control control;
	struct msghdr message = { .msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control };
	struct pollfd room = { forkserver->orders, POLLOUT, 0 };
	int fds[FDS_MAX] = { text, args->root, args->answer };
	size_t i, count = HOLD_FD;

	for (i = 0; i < ARRAY_LEN(order.holds); i++)
		if (order.holds[i])
			fds[count++] = args->holds[i];
	memset(&control, 0, sizeof(control));
	message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	while (sendmsg(forkserver->orders, &message,
		   MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno == EAGAIN &&
		    compat_poll(&room, 1, PATIENCE, NULL) == 0)
			return EAGAIN;
		if (errno != EAGAIN && errno != EINTR)
			return errno;
	}
	return 0;
}

int
forkserver_launch(struct forkserver *forkserver, const struct supervise *args)
{
	cleanup_close int text = make_text(args);
	int sys = EPIPE;

	if (text < 0)
		return errno;
	if (forkserver->orders >= 0)
		sys = send_order(forkserver, args, text);
	if (sys != EPIPE && sys != ECONNRESET)
		return sys;
	/* There is none yet, or none any more. */
	forkserver_release(forkserver);
	sys = start(forkserver);
	return sys ? sys : send_order(forkserver, args, text);
}

/* Take the next order: 1; 0: there will be no other; -1 with errno. */
static int
receive(struct order *order, int fds[FDS_MAX])
{
	struct iovec data = { order, sizeof(*order) };
	union control control;
	struct msghdr message = { .msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	const struct cmsghdr *header;
	ssize_t n;
	int i;

	for (i = 0; i < FDS_MAX; i++)
		fds[i] = -1;
	n = recvmsg(SUPERVISE_FD_ORDERS, &message, 0);
	if (n <= 0)
		return n == 0 ? 0 : -1;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
	if (n == sizeof(*order) && fds[ANSWER_FD] >= 0)
		return 1;
	for (i = 0; i < FDS_MAX; i++)
		close_fd(&fds[i]);
	errno = EINVAL;
	return -1;
}

static void *
map_text(int fd, size_t *size)
{
	struct stat st;
	void *text;

	if (fstat(fd, &st) < 0)
		return NULL;
	*size = (size_t)st.st_size;
	text = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	return text == MAP_FAILED ? NULL : text;
}

/* The new process: become the supervisor that was ordered. */
static void carry_out(const struct title *title, const struct order *order,
    const int fds[FDS_MAX]) __attribute__((noreturn));

static void
carry_out(const struct title *title, const struct order *order,
    const int fds[FDS_MAX])
{
	struct supervise args;
	struct journal journal;
	size_t size = 0;
	void *text;
	int next = HOLD_FD;

	text = setsid() < 0 ? NULL : map_text(fds[TEXT_FD], &size);
	if (!text || order_read(text, size, &args, &journal) < 0)
		_exit(supervise_report(fds[ANSWER_FD], SUPERVISE_PROCESS,
			  errno) < 0);
	memset(title->words, 0, title->size);
	memcpy(title->words, args.name, strnlen(args.name, title->size - 1));
	args.root = fds[ROOT_FD];
	args.answer = fds[ANSWER_FD];
	args.holds[0] = order->holds[0] ? fds[next++] : -1;
	args.holds[1] = order->holds[1] ? fds[next] : -1;
	args.default_signals = true;
	args.text = text;
	args.text_size = size;
	supervise_run(&args);
}

static void
serve(const struct title *title, const struct order *order, int fds[FDS_MAX])
{
	pid_t pid = fork();
	int i;

	if (pid == 0)
		carry_out(title, order, fds);
	/* The asker may be gone, which changes nothing. */
	if (pid < 0 &&
	    supervise_report(fds[ANSWER_FD], SUPERVISE_PROCESS, errno) < 0)
		errno = 0;
	for (i = 0; i < FDS_MAX; i++)
		close_fd(&fds[i]);
}

/* Is it over with the next try, or with that order? */
static bool
passes(int sys)
{
	return sys == EINTR || sys == EINVAL || sys == ENOMEM || sys == ENOBUFS;
}

int
forkserver_main(char *words, size_t size)
{
	const struct title title = { words, size };
	struct order order;
	int fds[FDS_MAX];
	int result;
	pid_t pid;

	compat_close_from(SUPERVISE_FD_ORDERS + 1);
	if ((setsid() < 0 && errno != EPERM) || chdir("/") < 0)
		return 1;
	supervise_default_signals();
	/* Nobody waits for supervisors, and who asked may be gone. */
	if (signal(SIGCHLD, SIG_IGN) == SIG_ERR ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return 1;
	pid = fork();
	if (pid != 0)
		return pid < 0;
	if (fcntl(SUPERVISE_FD_ORDERS, F_SETFD, FD_CLOEXEC) < 0)
		return 1;
	do {
		result = receive(&order, fds);
		if (result > 0)
			serve(&title, &order, fds);
	} while (result > 0 || (result < 0 && passes(errno)));
	return result < 0;
}
