/*
 * plant.c: fill a root with jobs
 *
 *	plant ROOT COUNT JOURNAL
 *
 * Makes COUNT directories like that of the job whose record is in the file
 * JOURNAL, a second apart, the newest now: each with an id and times of its
 * own, and a record of the same mode.  Prints the id of the one in the middle.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Links are cheaper to make than files, but file systems count them. */
enum { RECORD_MAX = 16384, ID_LENGTH = 36, LINKS_EACH = 10000 };

static const char *const logs[] = { "pid", "stdout.log", "stderr.log" };
static const char *const times[] = { "\"created\": \"", "\"started\": \"",
	"\"finished\": \"" };

static void
fail(const char *what)
{
	fprintf(stderr, "plant: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
write_file(int dir, const char *name, mode_t mode, const char *text)
{
	int fd =
	    openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	size_t length = strlen(text);

	if (fd < 0 || write(fd, text, length) != (ssize_t)length ||
	    close(fd) < 0)
		fail(name);
}

/* Returns the file's mode. */
static mode_t
read_file(const char *path, char text[RECORD_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, RECORD_MAX - 1);
	struct stat st;

	if (n <= 0 || fstat(fd, &st) < 0)
		fail(path);
	text[n] = '\0';
	close(fd);
	return st.st_mode & 0777;
}

/* Where the id is in the record of the sample; the same length elsewhere. */
static char *
find_id(char *text)
{
	char *id = strstr(text, "\"id\": \"");

	if (!id || strlen(id) < 7 + ID_LENGTH) {
		errno = EINVAL;
		fail("the record has no id");
	}
	return id + 7;
}

static void
set_times(char *text, const char *at)
{
	size_t i;
	char *place;

	for (i = 0; i < sizeof(times) / sizeof(*times); i++) {
		place = strstr(text, times[i]);
		if (place)
			memcpy(place + strlen(times[i]), at, strlen(at));
	}
}

static void
plant(int root, char *text, mode_t mode, char *id, long number, time_t when)
{
	char name[80], at[24], stamp[24], path[120], source[24];
	struct tm tm;
	size_t i;
	int dir;

	gmtime_r(&when, &tm);
	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(source, sizeof(source), "%08lx", number);
	memcpy(id, source, 8);
	set_times(text, at);
	snprintf(name, sizeof(name), "%s__%.*s", stamp, ID_LENGTH, id);
	if (mkdirat(root, name, 0700) < 0)
		fail(name);
	dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		fail(name);
	write_file(dir, "journal.json", mode, text);
	snprintf(source, sizeof(source), ".empty%ld", number / LINKS_EACH);
	for (i = 0; i < sizeof(logs) / sizeof(*logs); i++) {
		snprintf(path, sizeof(path), "%s/%s", name, logs[i]);
		if (linkat(root, source, root, path, 0) < 0)
			fail(path);
	}
	close(dir);
}

int
main(int argc, char **argv)
{
	long i, count = argc == 4 ? atol(argv[2]) : 0;
	char text[RECORD_MAX], middle[ID_LENGTH + 1] = "", source[24], *id;
	time_t now = time(NULL);
	mode_t mode;
	int root;

	if (count < 1)
		return fputs("usage: plant ROOT COUNT JOURNAL\n", stderr), 2;
	mode = read_file(argv[3], text);
	id = find_id(text);
	if (mkdir(argv[1], 0700) < 0 && errno != EEXIST)
		fail(argv[1]);
	root = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		fail(argv[1]);
	for (i = 0; i < count; i++) {
		snprintf(source, sizeof(source), ".empty%ld", i / LINKS_EACH);
		if (i % LINKS_EACH == 0)
			write_file(root, source, 0600, "");
		plant(root, text, mode, id, i, now - count + i);
		if (i == count / 2)
			memcpy(middle, id, ID_LENGTH);
		if (i == count - 1 || (i + 1) % LINKS_EACH == 0)
			unlinkat(root, source, 0);
	}
	puts(middle);
	return 0;
}
