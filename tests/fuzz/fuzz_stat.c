/*
 * fuzz_stat.c: /proc/PID/stat of a process that gave itself a name
 *
 * All in there is the kernel's but the name, which may hold blanks,
 * parentheses and newlines.  The input is the name.
 *
 * Holds: whatever the name, the numbers are those of this process.
 *
 * covers: src/base/proc_linux.c:proc_read_stat,proc_identify,proc_life
 */
#include "base/compat.h"
#include "base/proc.h"
#include "fuzz.h"

#include <sys/prctl.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name = fuzz_text(data, size < 15 ? size : 15);
	struct proc_id id, another;
	struct proc_stat st;

	FUZZ_CHECK(prctl(PR_SET_NAME, name, 0, 0, 0) == 0);
	FUZZ_CHECK(proc_read_stat(getpid(), &st) == 0);
	FUZZ_CHECK(strcmp(st.name, name) == 0);
	FUZZ_CHECK(st.state == 'R' && !st.ended && !st.kernel);
	FUZZ_CHECK(st.parent == getppid() && st.group == getpgrp());
	FUZZ_CHECK(st.session == getsid(0) && st.start > 0);
	FUZZ_CHECK(proc_identify(getpid(), &id) == 0);
	FUZZ_CHECK(id.pid == getpid() && id.start == st.start);
	FUZZ_CHECK(proc_life(&id) == PROC_ALIVE);
	another = id;
	another.start++;
	FUZZ_CHECK(proc_life(&another) == PROC_GONE);
	another.pid = INT32_MAX; /* more than there can be */
	FUZZ_CHECK(proc_life(&another) == PROC_GONE);
	FUZZ_CHECK(proc_identify(another.pid, &another) < 0);
	another.pid = 0;
	FUZZ_CHECK(proc_life(&another) == PROC_GONE);
	free(name);
	return 0;
}
