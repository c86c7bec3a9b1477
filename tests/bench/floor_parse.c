/*
 * floor_parse.c: what telling all jobs of a root as JSON costs at least
 *
 *	floor_parse ROOT THREADS [runs]
 *
 * Lists the root, sorts the names, and lets THREADS threads open, read and
 * parse the journals with jansson and make the same members of them that
 * `jobdir ls -a --json` prints; then prints all.  Nothing is checked: it takes
 * every job for one that has ended well.  With `runs` the root is one of the
 * older workflow server, whose journals have to be found in each directory, and
 * whose runs end when their journal was written last; ids are not told, and a
 * start is told as it stands there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MOST = 16, TEXT_ROOM = 65536, PATH_ROOM = 300, STAMP = 18 };

static const char *const members[] = { "command", "started", "name",
	"exit_code", "finished", "duration_seconds", "cwd", "started_by" };

static char **names;
static size_t count, threads;
static int root;
static int runs;

struct part {
	size_t first;
	size_t end;
	char *text;
	size_t length;
	size_t room;
};

static void
fail(const char *what)
{
	fprintf(stderr, "floor_parse: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
newest_first(const void *a, const void *b)
{
	return -strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
list(void)
{
	DIR *dir = fdopendir(dup(root));
	struct dirent *entry;
	size_t room = 0;

	if (!dir)
		fail("root");
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (count == room) {
			room = room ? room * 2 : 1024;
			names = realloc(names, room * sizeof(*names));
		}
		if (!names || !(names[count++] = strdup(entry->d_name)))
			fail("memory");
	}
	closedir(dir);
	qsort(names, count, sizeof(*names), newest_first);
}

static int
add_text(const char *data, size_t length, void *arg)
{
	struct part *part = arg;

	if (part->length + length > part->room) {
		part->room = (part->length + length) * 2;
		part->text = realloc(part->text, part->room);
		if (!part->text)
			fail("memory");
	}
	memcpy(part->text + part->length, data, length);
	part->length += length;
	return 0;
}

/* Phase and progress are members, too, and may be in a file of their own. */
static void
look_for_progress(const char *name)
{
	char path[PATH_ROOM];
	struct stat st;

	snprintf(path, sizeof(path), "%s/progress.json", name);
	if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    errno != ENOENT)
		fail(path);
}

static json_t *
read_journal(const char *name, char text[TEXT_ROOM])
{
	char path[PATH_ROOM];
	json_t *journal;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/journal.json", name);
	fd = openat(root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, TEXT_ROOM);
	if (n < 0)
		fail(name);
	close(fd);
	look_for_progress(name);
	journal = json_loadb(text, (size_t)n, JSON_ALLOW_NUL, NULL);
	if (!journal)
		fail(name);
	return journal;
}

/* To a thousandth, as it is told. */
static void
round_duration(json_t *job)
{
	double seconds =
	    json_number_value(json_object_get(job, "duration_seconds"));

	json_object_set_new(job, "duration_seconds",
	    json_real((double)(long)(seconds * 1000 + 0.5) / 1000));
}

/* The name of the journal in directory `fd`. */
static void
find_journal(int fd, char name[PATH_ROOM])
{
	static const char end[] = ".weave_journal.json";
	struct dirent *entry;
	DIR *dir = fdopendir(fd);

	if (!dir)
		fail("run");
	name[0] = '\0';
	while ((entry = readdir(dir)))
		if (strlen(entry->d_name) > strlen(end) &&
		    strcmp(entry->d_name + strlen(entry->d_name) - strlen(end),
			end) == 0)
			snprintf(name, PATH_ROOM, "%s", entry->d_name);
	closedir(dir);
}

static json_t *
tell_run(const char *run, char text[TEXT_ROOM])
{
	char path[PATH_ROOM + PATH_ROOM], name[PATH_ROOM], when[64];
	json_t *journal, *job = json_object();
	struct stat st;
	struct tm tm;
	ssize_t n;
	int fd;

	fd = openat(root, run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	find_journal(fd, name);
	snprintf(path, sizeof(path), "%s/.weave.pid", run);
	if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		fail(path); /* it runs, which is not told here */
	snprintf(path, sizeof(path), "%s/%s", run, name);
	fd = openat(root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	n = fd < 0 || fstat(fd, &st) < 0 ? -1 : read(fd, text, TEXT_ROOM);
	if (n < 0)
		fail(path);
	close(fd);
	journal = json_loadb(text, (size_t)n, JSON_ALLOW_NUL, NULL);
	if (!journal || !gmtime_r(&st.st_mtime, &tm))
		fail(path);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_object_set_new(job, "status",
	    json_string(
		json_is_true(json_object_get(journal, "last_run_completed"))
		    ? "completed"
		    : "failed"));
	json_object_set(job, "started",
	    json_object_get(journal, "last_run_started_at"));
	json_object_set_new(job, "finished", json_string(when));
	json_object_set(job, "phase", json_object_get(journal, "phase"));
	json_object_set_new(job, "entries",
	    json_integer((json_int_t)json_array_size(
		json_object_get(journal, "entries"))));
	json_decref(journal);
	return job;
}

static json_t *
tell_job(const char *name, char text[TEXT_ROOM])
{
	json_t *journal = read_journal(name, text), *job = json_object();
	size_t k;

	json_object_set_new(job, "job_id", json_string(name + STAMP));
	json_object_set_new(job, "status", json_string("completed"));
	for (k = 0; k < sizeof(members) / sizeof(*members); k++)
		json_object_set(job, members[k],
		    json_object_get(journal, members[k]));
	round_duration(job);
	json_decref(journal);
	return job;
}

static void *
tell(void *arg)
{
	char text[TEXT_ROOM];
	struct part *part = arg;
	json_t *job;
	size_t i;

	for (i = part->first; i < part->end; i++) {
		job =
		    runs ? tell_run(names[i], text) : tell_job(names[i], text);
		if (i > 0)
			add_text(",", 1, part);
		json_dump_callback(job, add_text, part,
		    JSON_COMPACT | JSON_REAL_PRECISION(15));
		json_decref(job);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	struct part parts[THREADS_MOST] = { { 0 } };
	pthread_t ids[THREADS_MOST];
	size_t i;

	threads = argc >= 3 ? strtoul(argv[2], NULL, 10) : 0;
	runs = argc > 3 && strcmp(argv[3], "runs") == 0;
	if (threads < 1 || threads > THREADS_MOST || (argc > 3 && !runs))
		return fputs("usage: floor_parse ROOT THREADS [runs]\n",
			   stderr),
		       2;
	root = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		fail(argv[1]);
	list();
	json_object_seed(0);
	for (i = 0; i < threads; i++) {
		parts[i].first = count * i / threads;
		parts[i].end = count * (i + 1) / threads;
		if (pthread_create(&ids[i], NULL, tell, &parts[i]) != 0)
			fail("thread");
	}
	printf("{\"root\":\"%s\",\"jobs\":[", argv[1]);
	for (i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		fwrite(parts[i].text, 1, parts[i].length, stdout);
	}
	puts("]}");
	return 0;
}
