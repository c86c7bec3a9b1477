/*
 * fuzz_pid.c: the pid file of a job that jobdir did not start
 *
 * Holds: a process is named exactly if the file holds one decimal number from
 * 2 to 2^31 - 1 with blanks around it.
 *
 * covers: src/spool/liveness.c:parse_pid,named_process_read,named_process_set
 */
#include "base/compat.h"
#include "fuzz.h"
#include "spool/liveness.h"
#include "spool/names.h"

/* The number as the manual has it, 0: none. */
static int64_t
expected(const uint8_t *data, size_t size)
{
	size_t i = 0, digits = 0;
	int64_t number = 0;

	if (size > PID_FILE_MAX)
		return 0;
	while (i < size && strchr(" \t\n\v\f\r", data[i]) && data[i])
		i++;
	if (i < size && data[i] == '+')
		i++;
	for (; i < size && data[i] >= '0' && data[i] <= '9'; i++, digits++)
		if (number <= INT32_MAX)
			number = number * 10 + (data[i] - '0');
	while (i < size && strchr(" \t\r\n", data[i]) && data[i])
		i++;
	return digits && i == size && number > 1 && number <= INT32_MAX ? number
									: 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct named_process process;

	fuzz_write("pid", data, size);
	named_process_read(&process, fuzz_directory(), "pid");
	FUZZ_CHECK(process.pid == expected(data, size));
	FUZZ_CHECK(process.start == 0);
	FUZZ_CHECK(process.pid == 0 || process.owner == getuid());
	return 0;
}
