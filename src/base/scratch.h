/*
 * scratch.h: memory for what a thread makes and drops in one step
 *
 *	json_set_alloc_funcs(scratch_malloc, scratch_free);	-- once
 *
 *	char room[SCRATCH_ROOM];
 *
 *	scratch_begin(room, sizeof(room));
 *	... parse, use, release ...
 *	scratch_end();
 *
 * Between begin and end what the thread allocates comes from the room as long
 * as that lasts, and to free it costs nothing; else from xmalloc().  Whatever
 * was allocated in between must be freed before the end, by the same thread.
 */
#ifndef BASE_SCRATCH_H
#define BASE_SCRATCH_H

#include <stddef.h>

enum { SCRATCH_ROOM = 64 * 1024 };

void scratch_begin(void *room, size_t size);
void scratch_end(void);

/* As xmalloc() and free(3); for libraries that take such functions. */
void *scratch_malloc(size_t size);
void scratch_free(void *memory);

#endif
