/*
 * arena.c: many small strings that end together
 *
 * Invariant: blocks are never moved nor shared, so that what was handed out
 * keeps its address.
 */
#include "base/compat.h"
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

enum { BLOCK_SIZE = 64 * 1024 };

struct arena_block {
	struct arena_block *older;
	size_t size;
	char text[];
};

static void
add_block(struct arena *arena, size_t least)
{
	size_t size = least > BLOCK_SIZE ? least : BLOCK_SIZE;
	struct arena_block *block = xmalloc(sizeof(*block) + size);

	block->older = arena->blocks;
	block->size = size;
	arena->blocks = block;
	arena->used = 0;
}

char *
arena_add(struct arena *arena, const char *text, size_t length)
{
	char *copy;

	if (!arena->blocks || arena->blocks->size - arena->used < length + 1)
		add_block(arena, length + 1);
	copy = arena->blocks->text + arena->used;
	memcpy(copy, text, length);
	copy[length] = '\0';
	arena->used += length + 1;
	return copy;
}

void
arena_release(struct arena *arena)
{
	struct arena_block *block = arena->blocks, *older;

	for (; block; block = older) {
		older = block->older;
		free(block);
	}
	arena->blocks = NULL;
}
