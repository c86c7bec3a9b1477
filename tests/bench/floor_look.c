/*
 * floor_look.c: what looking at a root costs at least
 *
 *	floor_look list ROOT		list it once
 *	floor_look stat ROOT		the same, and stat each journal
 *	floor_look one ROOT ID		the same as list, and read the journal of
 *					the directory whose name ends in ID
 *	floor_look named ROOT NAME	read the journal of that directory
 *
 * Nothing is sorted, parsed or kept: these are the system calls alone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { JOURNAL_MAX = 8 << 20, PATH_ROOM = 300 };

static void
fail(const char *what)
{
	fprintf(stderr, "floor_look: %s: %s\n", what, strerror(errno));
	exit(1);
}

static bool
ends_in(const char *name, const char *id)
{
	size_t length = strlen(name), end = strlen(id);

	return length >= end && memcmp(name + length - end, id, end) == 0;
}

static void
read_journal(int root, const char *name)
{
	static char text[JOURNAL_MAX];
	char path[PATH_ROOM];
	ssize_t n;
	int dir, fd;

	snprintf(path, sizeof(path), "%s", name);
	dir =
	    openat(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	fd = dir < 0 ? -1
		     : openat(dir, "journal.json",
			   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (n < 0)
		fail(name);
	close(fd);
	close(dir);
	printf("%zd\n", n);
}

/* Returns how many names there are. */
static long
list(int root, bool look, const char *id, char found[PATH_ROOM])
{
	DIR *dir = fdopendir(dup(root));
	char path[PATH_ROOM + 16];
	struct dirent *entry;
	struct stat st;
	long count = 0;

	if (!dir)
		fail("root");
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		if (look) {
			snprintf(path, sizeof(path), "%s/journal.json",
			    entry->d_name);
			if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
				fail(path);
		}
		if (id && ends_in(entry->d_name, id))
			snprintf(found, PATH_ROOM, "%s", entry->d_name);
	}
	closedir(dir);
	return count;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	bool one = strcmp(what, "one") == 0;
	char found[PATH_ROOM] = "";
	int root;

	if (argc < 3 || argc > 4)
		return fputs("usage: floor_look WHAT ROOT [WORD]\n", stderr), 2;
	root = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		fail(argv[2]);
	if (strcmp(what, "named") == 0) {
		read_journal(root, argv[3]);
		return 0;
	}
	printf("%ld\n",
	    list(root, strcmp(what, "stat") == 0, one ? argv[3] : NULL, found));
	if (one)
		read_journal(root, found);
	return 0;
}
