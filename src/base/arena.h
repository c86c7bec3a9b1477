/*
 * arena.h: many small strings that end together
 *
 *	struct arena arena = ARENA_INIT;
 *
 *	name = arena_add(&arena, text, strlen(text));
 *	arena_release(&arena);
 *
 * What is added stays where it is until the release.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used;                /* of the newest */
};

#define ARENA_INIT                                                             \
	{                                                                      \
		.blocks = NULL                                                 \
	}

/* A copy of `length` bytes, with a NUL after them. */
char *arena_add(struct arena *arena, const char *text, size_t length);

void arena_release(struct arena *arena);

#endif
