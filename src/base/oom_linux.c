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

enum { TEXT_ROOM = 8192, MOUNTS_ROOM = 32768, PATH_ROOM = 4096 };

/* The cgroup of a process that counts its memory. */
struct cgroup {
	bool is_v1;
	const char *path; /* from the root of its hierarchy */
};

static const char *
counter_name(const struct cgroup *cgroup)
{
	return cgroup->is_v1 ? "memory.oom_control" : "memory.events";
}

/* The text from the beginning, NUL-terminated; false if there is none. */
static bool
read_text(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1) {
		n = pread(fd, text + len, size - 1 - len, (off_t)len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	return len > 0;
}

/* Of a file below `top`. */
static bool
read_file(const char *top, const char *name, char *text, size_t size)
{
	cleanup_close int fd = -1;
	char path[PATH_ROOM];

	if (snprintf(path, sizeof(path), "%s%s", top, name) >= PATH_ROOM)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read_text(fd, text, size);
}

/* N of the line "oom_kill N"; -1: there is none. */
static int64_t
find_kills(const char *text)
{
	static const char key[] = "oom_kill ";

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strncmp(text, key, strlen(key)) == 0)
			return strtoll(text + strlen(key), NULL, 10);
	return -1;
}

static int64_t
read_kills(const struct oom_counter *c)
{
	char text[TEXT_ROOM];

	if (c->scope == OOM_CGROUP)
		return read_text(c->fd, text, sizeof(text)) ? find_kills(text)
							    : -1;
	return read_file(c->top, "/proc/vmstat", text, sizeof(text))
	    ? find_kills(text)
	    : -1;
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

/* From the lines "N:CONTROLLERS:PATH" of /proc/PID/cgroup; cuts `text`. */
static bool
find_cgroup(char *text, struct cgroup *cgroup)
{
	char *line, *rest = text, *controllers, *path;

	cgroup->path = NULL;
	while ((line = strtok_r(rest, "\n", &rest)) != NULL) {
		controllers = strchr(line, ':');
		path = controllers ? strchr(controllers + 1, ':') : NULL;
		/* Outside of what this cgroup namespace shows: "/../x". */
		if (!path || path[1] != '/' || strstr(path, "/.."))
			continue;
		*path++ = '\0';
		cgroup->is_v1 = has_word(controllers + 1, "memory");
		if (cgroup->is_v1 || controllers[1] == '\0')
			cgroup->path = path;
		if (cgroup->is_v1)
			break;
	}
	return cgroup->path != NULL;
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
	char text[MOUNTS_ROOM], *line, *rest = text;

	if (!read_file(c->top, "/proc/self/mountinfo", text, sizeof(text)))
		return false;
	while ((line = strtok_r(rest, "\n", &rest)) != NULL)
		if (open_mount(c, cgroup, line))
			return true;
	return false;
}

void
oom_open(struct oom_counter *c, const char *top, pid_t pid)
{
	char name[64], text[TEXT_ROOM];
	struct cgroup cgroup;

	*c = (struct oom_counter){ .top = top, .fd = -1, .before = -1 };
	snprintf(name, sizeof(name), "/proc/%ld/cgroup", (long)pid);
	if (read_file(top, name, text, sizeof(text)) &&
	    find_cgroup(text, &cgroup) &&
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
