/*
 * test_oom.c: counting kills for lack of memory (base/oom.h)
 *
 * The files of the kernel are planted below a directory of the test's own; what
 * a real kernel writes into them is seen in tests/stress/memory.test.mjs.
 */
#include "base/compat.h"
#include "base/oom.h"

#include "base/util.h"
#include "tmpdir.h"

enum { PID = 4242 };

/* The file `path` below the top, with its directories. */
static void
plant(const struct tmpdir *t, const char *path, const char *text)
{
	cleanup_free char *name = xstrdup(path);
	char *at = name;
	int fd;

	while ((at = strchr(at + 1, '/')) != NULL) {
		*at = '\0';
		if (mkdirat(t->fd, name, 0700) < 0)
			assert_int_equal(errno, EEXIST);
		*at = '/';
	}
	/* In place: whoever has it open reads the new text. */
	fd =
	    openat(t->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write_full(fd, text, strlen(text)), 0);
	close(fd);
}

/* Open the counter, which must be of that scope; let `path` have `text`, and
 * see that many kills. */
static void
assert_kills(const struct tmpdir *t, enum oom_scope scope, const char *path,
    const char *text, int64_t kills)
{
	struct oom_counter c;

	oom_open(&c, t->path, PID);
	assert_int_equal(c.scope, scope);
	assert_int_equal(c.fd >= 0, scope == OOM_CGROUP);
	assert_int_equal(oom_kills(&c), 0);
	if (path)
		plant(t, path, text);
	assert_int_equal(oom_kills(&c), kills);
	close_fd(&c.fd);
}

#define VERSION_2 "sys/fs/cgroup/a/b/memory.events"
#define VERSION_1 "sys/fs/cgroup/memory/a/b/memory.oom_control"
#define HYBRID                                                                 \
	"9:name=systemd:/x\n4:cpu,memory,pids:/a/b\n1:memoryish:/y\n0::/z\n"

static void
test_oom__version_2(void **state)
{
	const struct tmpdir *t = *state;

	plant(t, "proc/4242/cgroup", "0::/a/b\n");
	plant(t, VERSION_2,
	    "low 0\nhigh 9\nmax 7\noom 3\noom_kill 2\noom_group_kill 1\n");
	assert_kills(t, OOM_CGROUP, VERSION_2,
	    "low 0\nhigh 9\nmax 9\noom 4\noom_kill 5\noom_group_kill 1\n", 3);
}

static void
test_oom__version_1(void **state)
{
	const struct tmpdir *t = *state;

	plant(t, "proc/4242/cgroup", HYBRID);
	plant(t, VERSION_1, "oom_kill_disable 5\nunder_oom 0\noom_kill 0\n");
	plant(t, "proc/vmstat", "oom_kill 1\n"); /* not asked */
	assert_kills(t, OOM_CGROUP, VERSION_1,
	    "oom_kill_disable 9\nunder_oom 1\noom_kill 1\n", 1);
}

static void
test_oom__the_root_of_a_namespace(void **state)
{
	const struct tmpdir *t = *state;

	plant(t, "proc/4242/cgroup", "0::/\n");
	plant(t, "sys/fs/cgroup/memory.events", "oom_kill 0\n");
	assert_kills(t, OOM_CGROUP, "sys/fs/cgroup/memory.events",
	    "oom_kill 1\n", 1);
}

/* Where the guess finds nothing the mounts are asked. */
static void
test_oom__mounted_elsewhere(void **state)
{
	const struct tmpdir *t = *state;

	plant(t, "proc/4242/cgroup", HYBRID);
	plant(t, "proc/self/mountinfo",
	    "20 1 0:5 / / rw - ext4 /dev/vda rw\n"
	    "nonsense\n"
	    "31 20 0:21 / /wrong rw,relatime - cgroup cgroup rw,cpu\n"
	    "32 20 0:22 /other /wrong rw - cgroup cgroup rw,memory\n"
	    "33 20 0:23 /a /my\\040mount rw shared:9 master:2 - cgroup cgroup "
	    "rw,nosuid,memory\n");
	plant(t, "wrong/a/b/memory.oom_control", "oom_kill 0\n");
	plant(t, "wrong/b/memory.oom_control", "oom_kill 0\n");
	plant(t, "my mount/b/memory.oom_control", "oom_kill 0\n");
	assert_kills(t, OOM_CGROUP, "my mount/b/memory.oom_control",
	    "oom_kill 2\n", 2);
	/* The part that is mounted is the cgroup itself. */
	plant(t, "proc/4242/cgroup", "0::/docker/1\n");
	plant(t, "proc/self/mountinfo",
	    "33 20 0:23 /docker/1 /cg rw - cgroup2 none rw\n");
	plant(t, "cg/memory.events", "oom_kill 7\n");
	assert_kills(t, OOM_CGROUP, "cg/memory.events", "oom_kill 8\n", 1);
}

static void
test_oom__the_whole_machine(void **state)
{
	static const char *const cgroups[] = { "0::/gone (deleted)\n",
		"0::/../outside\n", "5:cpu:/a/b\n", "torn", "\n\n", "" };
	const struct tmpdir *t = *state;
	size_t i;

	/* A path out of the namespace must not be followed. */
	plant(t, "sys/fs/outside/memory.events", "oom_kill 0\n");
	plant(t, "sys/fs/cgroup/memory.events", "oom_kill 0\n");
	for (i = 0; i < ARRAY_LEN(cgroups); i++) {
		plant(t, "proc/4242/cgroup", cgroups[i]);
		plant(t, "proc/vmstat", "pgpgin 1\noom_kill 2\nswpin 3\n");
		assert_kills(t, OOM_SYSTEM, "proc/vmstat",
		    "pgpgin 2\noom_kill 6\nswpin 3\n", 4);
	}
}

static void
test_oom__no_counter(void **state)
{
	const struct tmpdir *t = *state;

	assert_kills(t, OOM_UNTOLD, NULL, NULL, 0);
	plant(t, "proc/4242/cgroup", "0::/a/b\n");
	plant(t, VERSION_2, "low 0\n"); /* an old kernel */
	plant(t, "proc/vmstat", "pgpgin 1\nno_oom_kill 5\n");
	assert_kills(t, OOM_UNTOLD, "proc/vmstat", "oom_kill 9\n", 0);
}

/* It was there, and is not any more; or it went back. */
static void
test_oom__a_counter_that_fails(void **state)
{
	const struct tmpdir *t = *state;

	plant(t, "proc/4242/cgroup", "0::/a/b\n");
	plant(t, VERSION_2, "oom_kill 3\n");
	assert_kills(t, OOM_CGROUP, VERSION_2, "", 0);
	plant(t, VERSION_2, "oom_kill 3\n");
	assert_kills(t, OOM_CGROUP, VERSION_2, "oom_kill 1\n", 0);
}

/* Of this very process, as the kernel says. */
static void
test_oom__own_counter(void **state)
{
	struct oom_counter c;

	(void)state;
	oom_open(&c, "", getpid());
	assert_true(c.scope == OOM_UNTOLD || c.before >= 0);
	assert_true(oom_kills(&c) >= 0);
	if (c.fd >= 0)
		assert_int_equal(fcntl(c.fd, F_GETFD), FD_CLOEXEC);
	close_fd(&c.fd);
}

#define IN_TMPDIR(test)                                                        \
	cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TMPDIR(test_oom__version_2),
		IN_TMPDIR(test_oom__version_1),
		IN_TMPDIR(test_oom__the_root_of_a_namespace),
		IN_TMPDIR(test_oom__mounted_elsewhere),
		IN_TMPDIR(test_oom__the_whole_machine),
		IN_TMPDIR(test_oom__no_counter),
		IN_TMPDIR(test_oom__a_counter_that_fails),
		cmocka_unit_test(test_oom__own_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
