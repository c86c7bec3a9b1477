/*
 * scratch.c: memory for what a thread makes and drops in one step
 *
 * Invariant: what lies in the room is never given to free(3), and nothing else
 * is kept from it.
 */
#include "base/compat.h"
#include "base/scratch.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/util.h"

static _Thread_local struct {
	char *room; /* NULL: there is none */
	size_t size;
	size_t used;
} scratch;

void
scratch_begin(void *room, size_t size)
{
	size_t skew = (uintptr_t)room % alignof(max_align_t);

	scratch.room = room;
	scratch.size = size;
	scratch.used = skew ? alignof(max_align_t) - skew : 0;
}

void
scratch_end(void)
{
	scratch.room = NULL;
}

void *
scratch_malloc(size_t size)
{
	const size_t grain = alignof(max_align_t);
	void *memory;

	if (!scratch.room || size > scratch.size ||
	    size + grain > scratch.size - scratch.used)
		return xmalloc(size);
	memory = scratch.room + scratch.used;
	scratch.used += (size + grain - 1) / grain * grain;
	return memory;
}

void
scratch_free(void *memory)
{
	uintptr_t at = (uintptr_t)memory, room = (uintptr_t)scratch.room;

	if (!scratch.room || at < room || at >= room + scratch.size)
		free(memory);
}
