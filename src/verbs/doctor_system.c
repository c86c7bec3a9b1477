/*
 * doctor_system.c: checks of doctor: what the kernel offers this process
 *
 * Invariant: the only process that is started or ended is a child of one's own
 * that does nothing.
 */
#include "base/compat.h"
#include "verbs/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fsio.h"
#include "spool/tree.h"

enum {
	FILES_LEAST = 256,    /* a server has one for each job it waits for */
	PROCESSES_LEAST = 64, /* a job needs two, and what it starts */
};

/* Ask the kernel how a child ended that was reaped already. */
static void
try_pidfds(struct doctor_system *system)
{
	cleanup_close int own = compat_pidfd_open(getpid()), fd = -1;
	int status;
	pid_t child;

	system->pidfd_errno = own < 0 ? errno : 0;
	system->status_errno = NOT_TRIED;
	child = fork();
	if (child == 0)
		_exit(0);
	if (child < 0)
		return;
	fd = compat_pidfd_open(child);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (fd >= 0)
		system->status_errno =
		    compat_pidfd_status(fd, &status) < 0 ? errno : 0;
}

/* How many processes the user has; the limit is on threads, which are more. */
static int64_t
count_processes(void)
{
	pid_t *pids = xrealloc(NULL, TREE_MAX, sizeof(*pids));
	int i, count = proc_all(pids, TREE_MAX);
	int64_t own = 0;
	uid_t uid;

	for (i = 0; i < count; i++)
		own += proc_owner(pids[i], &uid) == 0 && uid == geteuid();
	free(pids);
	return own;
}

/* Another file that who looks up "jobdir" in the path would get. */
static char *
find_other_program(void)
{
	const char *rest = getenv("PATH");
	struct stat own, st;
	size_t length;
	char *file;

	if (!rest || stat(compat_own_program(), &own) < 0)
		return NULL;
	for (; *rest; rest += length + (rest[length] == ':')) {
		length = strcspn(rest, ":");
		file = xasprintf("%.*s/jobdir", (int)length, rest);
		if (*rest == '/' && stat(file, &st) == 0 &&
		    S_ISREG(st.st_mode) && access(file, X_OK) == 0) {
			if (st.st_dev != own.st_dev || st.st_ino != own.st_ino)
				return file;
			rest += strlen(rest);
			length = 0;
		}
		free(file);
	}
	return NULL;
}

static void
look_limit(int which, struct rlimit *limit)
{
	limit->rlim_cur = limit->rlim_max = RLIM_INFINITY;
	if (getrlimit(which, limit) < 0)
		limit->rlim_cur = limit->rlim_max = RLIM_INFINITY;
}

void
doctor_look_system(struct doctor *d)
{
	struct doctor_system *system = &d->system;
	struct stat st;

	proc_place_self(&system->place);
	system->foreign_table = proc_table_is_foreign();
	try_pidfds(system);
	look_limit(RLIMIT_NOFILE, &system->files);
	look_limit(RLIMIT_NPROC, &system->processes);
	look_limit(RLIMIT_FSIZE, &system->file_size);
	look_limit(RLIMIT_CPU, &system->cpu);
	system->processes_now = count_processes();
	system->is_superuser = geteuid() == 0;
	if (proc_program(getpid(), system->program, sizeof(system->program)) <
	    0)
		system->program[0] = '\0';
	system->program_gone =
	    stat(compat_own_program(), &st) == 0 && st.st_nlink == 0;
	system->is_static = compat_is_static();
	system->other_program = find_other_program();
}

void
check_proc(const struct doctor *d, struct finding *f)
{
	const struct doctor_system *system = &d->system;

	if (system->foreign_table) {
		finding_say(f, DOCTOR_FAIL,
		    "it is that of another pid namespace: what lives cannot "
		    "be told");
		finding_advise(f,
		    "mount one of this namespace (unshare --mount-proc)");
	} else if (!system->place.has_table) {
		finding_say(f, DOCTOR_FAIL,
		    "there is none: what lives cannot be told");
		finding_advise(f, "mount -t proc proc /proc");
	} else if (!system->place.sees_all) {
		finding_say(f, DOCTOR_WARN,
		    "processes of other users are hidden (hidepid): of their "
		    "jobs it cannot be told whether they live");
		finding_advise(f, "ask as the user of the jobs");
	} else {
		finding_say(f, DOCTOR_OK, "shows all processes");
	}
	if (system->place.has_table && !proc_place_is_first(&system->place))
		finding_say(f, DOCTOR_OK,
		    "in a pid namespace of its own: jobs end with it");
}

void
check_pidfd(const struct doctor *d, struct finding *f)
{
	if (d->system.pidfd_errno == 0) {
		finding_say(f, DOCTOR_OK, "processes can be held by pidfds");
		return;
	}
	finding_say(f, DOCTOR_FAIL,
	    "no pidfds, so that only own children can be signalled: %s",
	    strerror(d->system.pidfd_errno));
	finding_advise(f,
	    "use Linux 5.3 or later, outside of filters that "
	    "forbid pidfd_open(2)");
}

void
check_adopt(const struct doctor *d, struct finding *f)
{
	if (d->system.status_errno == 0) {
		finding_say(f, DOCTOR_OK,
		    "the kernel tells how adopted processes ended");
		return;
	}
	finding_say(f, DOCTOR_WARN,
	    "adopted jobs end as lost: the kernel does not tell how a process "
	    "ended that is not one's child");
	finding_advise(f, "Linux 6.15 and later does; or use jobdir run");
}

/* Limits that jobs inherit and their supervisors, too. */
static void
say_inherited(struct finding *f, const struct rlimit *limit, const char *what,
    const char *flag)
{
	if (limit->rlim_cur == RLIM_INFINITY)
		return;
	finding_say(f, DOCTOR_WARN, "%s at most %llu", what,
	    (unsigned long long)limit->rlim_cur);
	finding_advise(f,
	    "ulimit %s unlimited before a start: beyond it the kernel kills "
	    "jobs and their supervisors",
	    flag);
}

void
check_limits(const struct doctor *d, struct finding *f)
{
	const struct doctor_system *s = &d->system;
	rlim_t files = s->files.rlim_cur, processes = s->processes.rlim_cur;
	bool exempt = s->is_superuser || processes == RLIM_INFINITY;

	finding_say(f, files < FILES_LEAST ? DOCTOR_WARN : DOCTOR_OK,
	    "open files at most %llu", (unsigned long long)files);
	if (files < FILES_LEAST)
		finding_advise(f, "ulimit -n 1024");
	if (!exempt && processes < (rlim_t)s->processes_now + PROCESSES_LEAST) {
		finding_say(f, DOCTOR_WARN,
		    "%" PRId64 " of at most %llu processes are there",
		    s->processes_now, (unsigned long long)processes);
		finding_advise(f, "end some, or raise ulimit -u");
	}
	say_inherited(f, &s->file_size, "bytes of a file", "-f");
	say_inherited(f, &s->cpu, "seconds of CPU time", "-t");
}

void
check_program(const struct doctor *d, struct finding *f)
{
	const struct doctor_system *system = &d->system;

	finding_say(f, DOCTOR_OK, "jobdir %s%s%s, %s", d->query->version,
	    *system->program ? ", " : "", system->program,
	    system->is_static ? "static" : "dynamically linked");
	if (system->program_gone) {
		finding_say(f, DOCTOR_WARN,
		    "it was replaced or removed since it was started");
		finding_advise(f, "start the new one");
	}
	if (system->other_program) {
		finding_say(f, DOCTOR_WARN, "\"jobdir\" in the path is %s",
		    system->other_program);
		finding_advise(f,
		    "see that clients start the one that you mean");
	}
}
