/*
 * oom_linux.c: oom.h over cgroups and /proc/vmstat
 *
 * Where cgroups are mounted is guessed first, since the guess costs nothing and
 * reading all mounts does; only where nothing is found there are they asked.
 *
 * Invariant: no allocation; what can't be read or understood is not told.
 */
#include "base/compat.h"
#include "base/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

/* The stack of a supervisor is its largest part: what has no room is not
 * found. */
enum { LINES_ROOM = 2048, PATH_ROOM = 1024 };

/* A text, line by line; those too long are left out. */
struct lines {
	int fd;
	off_t offset; /* of what is read next */
	size_t begun; /* the next line, in text */
	size_t used;
	bool cut; /* in the middle of a line that is too long */
	char text[LINES_ROOM];
};

/* The cgroup of a process that counts its memory. */
struct cgroup {
	bool is_v1;
	char path[PATH_ROOM]; /* from the root of its hierarchy */
};

static const char *
counter_name(const struct cgroup *cgroup)
{
	return cgroup->is_v1 ? "memory.oom_control" : "memory.events";
}

static void
lines_init(struct lines *lines, int fd)
{
	lines->fd = fd;
	lines->offset = 0;
	lines->begun = lines->used = 0;
	lines->cut = false;
}

/* Of a file below `top`; one that can't be opened has none. */
static void
lines_open(struct lines *lines, const char *top, const char *name)
{
	char path[PATH_ROOM];

	lines_init(lines, -1);
	if (snprintf(path, sizeof(path), "%s%s", top, name) < PATH_ROOM)
		lines->fd = open(path, O_RDONLY | O_CLOEXEC);
}

/* More of the text behind what there is of a line; false at its end. */
static bool
lines_read(struct lines *l)
{
	ssize_t n;

	l->used -= l->begun;
	memmove(l->text, l->text + l->begun, l->used);
	l->begun = 0;
	if (l->used == sizeof(l->text)) {
		l->used = 0;
		l->cut = true;
	}
	do
		n = pread(l->fd, l->text + l->used, sizeof(l->text) - l->used,
		    l->offset);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	l->offset += n;
	l->used += (size_t)n;
	return true;
}

/* The next line, without its end; NULL: there is no other. */
static char *
next_line(struct lines *l)
{
	char *line, *end;
	bool cut;

	for (;;) {
		line = l->text + l->begun;
		end = memchr(line, '\n', l->used - l->begun);
		if (!end) {
			if (!lines_read(l))
				return NULL;
			continue;
		}
		*end = '\0';
		l->begun = (size_t)(end + 1 - l->text);
		cut = l->cut;
		l->cut = false;
		if (!cut)
			return line;
	}
}

/* N of the line "oom_kill N"; -1: there is none. */
static int64_t
find_kills(struct lines *lines)
{
	static const char key[] = "oom_kill ";
	const char *line;

	while ((line = next_line(lines)) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			return strtoll(line + strlen(key), NULL, 10);
	return -1;
}

static int64_t
read_kills(const struct oom_counter *c)
{
	struct lines lines;
	int64_t kills;

	if (c->scope == OOM_CGROUP) {
		lines_init(&lines, c->fd);
		return find_kills(&lines);
	}
	lines_open(&lines, c->top, "/proc/vmstat");
	kills = find_kills(&lines);
	close_fd(&lines.fd);
	return kills;
}

/* Is `word` in the list of words with commas between? */
static bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word), n;

	for (;; list += n + 1) {
		n = strcspn(list, ",");
		if (n == len && memcmp(list, word, len) == 0)
			return true;
		if (!list[n])
			return false;
	}
}

/* From the lines "N:CONTROLLERS:PATH" of /proc/PID/cgroup. */
static bool
find_cgroup(const char *top, pid_t pid, struct cgroup *cgroup)
{
	char name[64], *line, *controllers, *path;
	struct lines lines;

	snprintf(name, sizeof(name), "/proc/%ld/cgroup", (long)pid);
	lines_open(&lines, top, name);
	cgroup->path[0] = '\0';
	cgroup->is_v1 = false;
	while (!cgroup->is_v1 && (line = next_line(&lines)) != NULL) {
		controllers = strchr(line, ':');
		path = controllers ? strchr(controllers + 1, ':') : NULL;
		/* Outside of what this cgroup namespace shows: "/../x". */
		if (!path || path[1] != '/' || strstr(path, "/..") ||
		    strlen(path + 1) >= sizeof(cgroup->path))
			continue;
		*path++ = '\0';
		cgroup->is_v1 = has_word(controllers + 1, "memory");
		if (cgroup->is_v1 || controllers[1] == '\0')
			memcpy(cgroup->path, path, strlen(path) + 1);
	}
	close_fd(&lines.fd);
	return cgroup->path[0] != '\0';
}

/* The file of a cgroup whose hierarchy is mounted at `mount`, from its part
 * `root` on. */
static bool
open_below(struct oom_counter *c, const struct cgroup *cgroup,
    const char *mount, const char *root)
{
	size_t skip = strcmp(root, "/") == 0 ? 0 : strlen(root);
	const char *path = cgroup->path;
	char name[PATH_ROOM];

	if (strncmp(path, root, skip) != 0 || !strchr("/", path[skip]))
		return false;
	path += skip;
	if (strcmp(path, "/") == 0)
		path = "";
	if (snprintf(name, sizeof(name), "%s%s%s/%s", c->top, mount, path,
		counter_name(cgroup)) >= PATH_ROOM)
		return false;
	c->fd = open(name, O_RDONLY | O_CLOEXEC);
	if (c->fd < 0)
		return false;
	c->scope = OOM_CGROUP;
	c->before = read_kills(c);
	if (c->before >= 0)
		return true;
	close_fd(&c->fd);
	return false;
}

/* Blanks and the like stand as \040 in proc_pid_mountinfo(5). */
static void
unescape(char *text)
{
	char *to = text, digits[4] = "";

	for (; *text; text++) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			memcpy(digits, text + 1, 3);
			*to++ = (char)strtol(digits, NULL, 8);
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* The counter through a line of mountinfo: "ID PARENT DEVICE ROOT MOUNT OPTIONS
 * [TAG...] - TYPE SOURCE OPTIONS". */
static bool
open_mount(struct oom_counter *c, const struct cgroup *cgroup, char *line)
{
	char *rest = line, *root = NULL, *mount = NULL, *type, *options, *dash;
	int i;

	dash = strstr(line, " - ");
	if (!dash)
		return false;
	*dash = '\0';
	for (i = 0; i < 4; i++)
		root = strtok_r(rest, " ", &rest);
	mount = strtok_r(rest, " ", &rest);
	rest = dash + 3;
	type = strtok_r(rest, " ", &rest);
	options =
	    strtok_r(rest, " ", &rest) ? strtok_r(rest, " ", &rest) : NULL;
	if (!mount || !options ||
	    strcmp(type, cgroup->is_v1 ? "cgroup" : "cgroup2") != 0 ||
	    (cgroup->is_v1 && !has_word(options, "memory")))
		return false;
	unescape(root);
	unescape(mount);
	return open_below(c, cgroup, mount, root);
}

static bool
open_somewhere(struct oom_counter *c, const struct cgroup *cgroup)
{
	struct lines lines;
	bool found = false;
	char *line;

	lines_open(&lines, c->top, "/proc/self/mountinfo");
	while (!found && (line = next_line(&lines)) != NULL)
		found = open_mount(c, cgroup, line);
	close_fd(&lines.fd);
	return found;
}

void
oom_open(struct oom_counter *c, const char *top, pid_t pid)
{
	struct cgroup cgroup;

	*c = (struct oom_counter){ .top = top, .fd = -1, .before = -1 };
	if (find_cgroup(top, pid, &cgroup) &&
	    (open_below(c, &cgroup,
		 cgroup.is_v1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup",
		 "/") ||
		open_somewhere(c, &cgroup)))
		return;
	c->scope = OOM_SYSTEM;
	c->before = read_kills(c);
	if (c->before < 0)
		c->scope = OOM_UNTOLD;
}

int64_t
oom_kills(const struct oom_counter *c)
{
	int64_t now = c->scope == OOM_UNTOLD ? -1 : read_kills(c);

	return now > c->before ? now - c->before : 0;
}
