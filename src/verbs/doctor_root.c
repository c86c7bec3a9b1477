/*
 * doctor_root.c: checks of doctor: the root itself, and who may write to it
 *
 * Invariant: what does not exist is not made; where the root would be is told
 * from the nearest directory above it that exists.
 */
#include "base/compat.h"
#include "verbs/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/text.h"

static bool
is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* Of a missing root, the nearest directory above it. */
static void
find_base(struct doctor_root *root)
{
	char *path = xstrdup(root->path), *slash;

	while ((root->base_fd = fsio_open_dir(AT_FDCWD, path, true)) < 0 &&
	    errno == ENOENT && path[1]) {
		root->dangling = root->dangling || is_link(path);
		slash = strrchr(path, '/');
		slash[slash == path] = '\0';
	}
	if (root->base_fd < 0)
		err_errno(&root->err, ERR_SYSTEM, errno, "%s", path);
	root->base = path;
}

static const char *
find_odd(int fd)
{
	static const char *const hidden[] = { ROOT_NEW, ROOT_KEYS, ROOT_OLD };
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_LEN(hidden); i++)
		if (fstatat(fd, hidden[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    !S_ISDIR(st.st_mode))
			return hidden[i];
	return NULL;
}

/* Who may write to a directory above it may put another one in its place,
 * unless the sticky bit forbids it. */
static char *
find_open_parent(const struct doctor_root *root)
{
	char *path = realpath(root->base, NULL), *slash;
	bool is_above = root->spool.fd < 0;
	struct stat st;

	for (; path; is_above = true) {
		if (is_above && stat(path, &st) == 0 &&
		    (st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
			return path;
		if (!path[1])
			break;
		slash = strrchr(path, '/');
		slash[slash == path] = '\0';
	}
	free(path);
	return NULL;
}

int
doctor_look_root(struct doctor *d, struct err *err)
{
	struct doctor_root *root = &d->root;
	struct err why = ERR_INIT;

	root->spool.fd = root->base_fd = -1;
	root->path = spool_locate(d->query->root, &root->source, &why);
	if (!root->path) {
		*(d->query->root ? err : &root->err) = why;
		return d->query->root ? -1 : 0;
	}
	if (spool_open(&root->spool, d->query->root, &root->err) < 0)
		return 0;
	if (root->spool.fd >= 0) {
		root->base = xstrdup(root->path);
		root->base_fd = root->spool.fd;
		root->odd = find_odd(root->spool.fd);
	} else {
		find_base(root);
	}
	if (root->base_fd < 0)
		return 0;
	root->open_parent = find_open_parent(root);
	if (faccessat(root->base_fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
		root->write_errno = errno;
	if (fstat(root->base_fd, &root->st) < 0)
		err_errno(&root->err, ERR_SYSTEM, errno, "%s", root->base);
	return 0;
}

void
check_root(const struct doctor *d, struct finding *f)
{
	static const char *const sources[] = {
		[SPOOL_OPTION] = "from --root",
		[SPOOL_VARIABLE] = ("from " ENV_ROOT),
		[SPOOL_DEFAULT] = "the default",
	};
	const struct doctor_root *root = &d->root;

	if (root->path)
		finding_say(f, DOCTOR_OK, "%s, %s", root->path,
		    sources[root->source]);
	if (err_is_set(&root->err)) {
		finding_say(f, DOCTOR_FAIL, "%s", root->err.text);
		finding_advise(f,
		    "put a directory of yours there, or name another root "
		    "with --root or " ENV_ROOT);
	} else if (root->dangling) {
		finding_say(f, DOCTOR_FAIL, "it is a link to nothing");
		finding_advise(f, "make what it points to, or remove it");
	} else if (root->spool.fd < 0) {
		finding_say(f, DOCTOR_OK,
		    "not there yet: made by the first start");
	}
	if (root->odd) {
		finding_say(f, DOCTOR_FAIL, "%s in it is no directory",
		    root->odd);
		finding_advise(f, "remove it: it is none of jobdir's");
	}
}

static void
say_writers(const struct doctor_root *root, struct finding *f)
{
	struct buf quoted = BUF_INIT;

	text_shell_quote(&quoted, root->base);
	if (root->st.st_mode & S_IWOTH) {
		finding_say(f, DOCTOR_FAIL,
		    "everybody may write to it, and so make up jobs");
		finding_advise(f, "chmod go-w %s", buf_str(&quoted));
	} else if (root->st.st_mode & S_IWGRP) {
		finding_say(f, DOCTOR_WARN,
		    "its group may write to it, and so make up jobs");
		finding_advise(f, "chmod g-w %s", buf_str(&quoted));
	}
	buf_release(&quoted);
}

void
check_access(const struct doctor *d, struct finding *f)
{
	const struct doctor_root *root = &d->root;
	bool here = root->spool.fd >= 0;

	if (root->base_fd < 0) {
		doctor_say_unseen(f);
		return;
	}
	finding_say(f, DOCTOR_OK, "%s%smode %04o, user %ld",
	    here ? "" : root->base, here ? "" : ": ",
	    (unsigned)root->st.st_mode & 07777, (long)root->st.st_uid);
	if (root->write_errno) {
		finding_say(f, DOCTOR_FAIL, "jobs cannot be started: %s",
		    strerror(root->write_errno));
		finding_advise(f,
		    "get the right to write to it, or use another root");
	}
	if (here && root->st.st_uid != geteuid()) {
		finding_say(f, DOCTOR_WARN,
		    "it is not yours: its user decides what is shown");
		finding_advise(f, "run jobdir as that user");
	}
	if (here)
		say_writers(root, f);
	if (root->open_parent) {
		finding_say(f, DOCTOR_FAIL,
		    "everybody may replace it: all may write to %s",
		    root->open_parent);
		finding_advise(f, "take that right away (chmod o-w)");
	}
}
