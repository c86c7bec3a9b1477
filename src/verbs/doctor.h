/*
 * doctor.h: what the checks of doctor know (for verbs/doctor*.c and
 * verbs/ops_doctor.c only)
 *
 * First everything is looked at (doctor_look_…), then each check judges what
 * was seen (check_…), without a further look: so a judgement can be tested on
 * facts that this machine does not have.
 */
#ifndef VERBS_DOCTOR_H
#define VERBS_DOCTOR_H

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/proc.h"
#include "base/watches.h"
#include "spool/spool.h"
#include "verbs/ops_doctor.h"

/* errno of a trial that could not be made at all. */
enum { NOT_TRIED = -1 };

/* The root and the directories above it. */
struct doctor_root {
	struct spool spool; /* fd -1: not open */
	char *path;         /* NULL: not known */
	enum spool_source source;
	struct err err; /* why it can't be opened */
	bool dangling;  /* its name is a link to nothing */
	char *base;     /* the root or, if it does not exist, what above it
			    * does; NULL: neither can be opened */
	int base_fd;
	struct stat st;    /* of base */
	int write_errno;   /* 0: base can be written */
	const char *odd;   /* a hidden name in it that is no directory */
	char *open_parent; /* who may write there may replace the root */
};

/* The file system of base. */
struct doctor_disk {
	int fs_errno;
	struct compat_filesystem fs;
	int space_errno;
	struct statvfs space;
	int file_errno; /* of an unnamed file */
	int lock_errno;
	bool lock_ignored; /* two had the same exclusive lock */
	int punch_errno;
	usec_t clock_ahead; /* its clock, less that of this machine */
};

struct doctor_system {
	struct proc_place place;
	bool foreign_table;
	int pidfd_errno;
	int status_errno; /* of asking how a process ended */
	struct rlimit files;
	struct rlimit processes;
	struct rlimit file_size;
	struct rlimit cpu;
	int64_t processes_now;
	bool is_superuser;  /* the limit on processes is not for him */
	char program[4096]; /* "" if not known */
	bool program_gone;  /* it has no name any more */
	bool is_static;
	char *other_program; /* "jobdir" in the path, if it is another */
};

struct doctor_watching {
	int instance_errno;
	int watch_errno; /* of watching base */
	struct watches watches;
};

struct doctor_env {
	char *variable;     /* root that JOBDIR_ROOT names; NULL: not set */
	bool relative;      /* it does so with a relative path */
	char *fallback;     /* the root of who does not know it; or NULL */
	bool same;          /* both are one directory */
	bool both_hold;     /* both hold jobs */
	char *home;         /* HOME; NULL: not set */
	char *home_on_file; /* in the password database; NULL: not there */
};

/* Jobs of one kind. */
struct doctor_names {
	size_t count;
	struct buf text; /* the first ones */
};

struct doctor_jobs {
	struct err err; /* why they can't be looked at */
	size_t count;
	size_t live;
	struct doctor_names unreadable;
	struct doctor_names unknown;
	struct doctor_names orphaned;
	struct doctor_names leftover;
	struct doctor_names future;
};

/* What was killed in between has left. */
struct doctor_remains {
	struct doctor_names hidden; /* in .old, and not to be removed */
	size_t removals;            /* in .old */
	size_t launches;            /* in .new */
	size_t claims;              /* in .keys */
	bool busy;                  /* somebody is removing just now */
};

struct doctor {
	const struct doctor_query *query;
	struct doctor_root root;
	struct doctor_disk disk;
	struct doctor_system system;
	struct doctor_watching watching;
	struct doctor_env env;
	struct doctor_jobs jobs;
	struct doctor_remains before;
	struct doctor_remains after; /* with `fix` only */
	struct buf fix_errors;
};

typedef void doctor_check_fn(const struct doctor *d, struct finding *f);

/* -1: query->root is no path, err is set. */
int doctor_look_root(struct doctor *d, struct err *err);
void doctor_look_disk(struct doctor *d);
void doctor_look_env(struct doctor *d);
void doctor_look_remains(struct doctor *d); /* and fixes */
void doctor_look_jobs(struct doctor *d);
void doctor_look_system(struct doctor *d);
void doctor_look_watching(struct doctor *d);

/* "The root can't be opened", of a check that needs it. */
void doctor_say_unseen(struct finding *f);

void doctor_release(struct doctor *d);
void doctor_names_add(struct doctor_names *names, const char *name);
/* "a, b and 7 more", malloc'd. */
char *doctor_names_text(const struct doctor_names *names);

doctor_check_fn check_root, check_access, check_filesystem, check_space,
    check_locks, check_logs, check_proc, check_pidfd, check_adopt,
    check_watching, check_limits, check_program, check_environment,
    check_settings, check_hidden, check_remains, check_keys, check_records,
    check_states, check_orphans, check_leftover, check_clock;

#endif
