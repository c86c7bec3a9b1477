/*
 * crew.c: the same work on many things, on all processors
 *
 * The numbers are dealt in blocks.  Who finishes a block marks it; the caller
 * takes blocks in order, and works on one itself whenever the next to be taken
 * is not even begun.
 *
 * Invariant: all threads have ended when crew_each() returns.
 */
#include "base/compat.h"
#include "base/crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

/* Starting a thread costs as much as some dozen jobs. */
enum { BLOCK = 64, ALONE_MOST = 4 * BLOCK, THREADS_MOST = 8 };

struct crew {
	size_t count;
	void (*work)(void *arg, size_t number);
	void *arg;

	pthread_mutex_t lock;    /* of all below */
	pthread_cond_t finished; /* a block, for who takes */
	pthread_cond_t wanted;   /* room for more, for who works */
	size_t next;             /* block to be begun */
	size_t taken;            /* blocks */
	bool *done;              /* of each block */
	bool stop;
};

static size_t
block_count(const struct crew *crew)
{
	return (crew->count + BLOCK - 1) / BLOCK;
}

static size_t
block_end(const struct crew *crew, size_t block)
{
	size_t end = (block + 1) * BLOCK;

	return end < crew->count ? end : crew->count;
}

/* May one more block be begun?  With the lock. */
static bool
may_begin(const struct crew *crew)
{
	return !crew->stop && crew->next < block_count(crew) &&
	    crew->next < crew->taken + CREW_AHEAD / BLOCK;
}

/* Begin and finish a block.  With the lock, which is let go meanwhile. */
static void
do_block(struct crew *crew)
{
	size_t block = crew->next++, i;

	pthread_mutex_unlock(&crew->lock);
	for (i = block * BLOCK; i < block_end(crew, block); i++)
		crew->work(crew->arg, i);
	pthread_mutex_lock(&crew->lock);
	crew->done[block] = true;
	pthread_cond_signal(&crew->finished);
}

static void *
work(void *arg)
{
	struct crew *crew = arg;

	pthread_mutex_lock(&crew->lock);
	while (!crew->stop && crew->next < block_count(crew))
		if (may_begin(crew))
			do_block(crew);
		else
			pthread_cond_wait(&crew->wanted, &crew->lock);
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

/* Signals are for the caller's thread. */
static size_t
start_threads(struct crew *crew, pthread_t threads[THREADS_MOST])
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = 0, count = 0;
	sigset_t all, old;

	if (processors > 1 && crew->count > ALONE_MOST)
		wanted = (size_t)processors - 1;
	if (wanted > THREADS_MOST)
		wanted = THREADS_MOST;
	sigfillset(&all);
	if (wanted == 0 || pthread_sigmask(SIG_SETMASK, &all, &old) != 0)
		return 0;
	while (count < wanted &&
	    pthread_create(&threads[count], NULL, work, crew) == 0)
		count++;
	if (pthread_sigmask(SIG_SETMASK, &old, NULL) != 0)
		die("cannot unblock signals");
	return count;
}

/* Until the block is done: by others, or by this thread. */
static void
wait_for(struct crew *crew, size_t block)
{
	pthread_mutex_lock(&crew->lock);
	while (!crew->done[block])
		if (may_begin(crew))
			do_block(crew);
		else
			pthread_cond_wait(&crew->finished, &crew->lock);
	pthread_mutex_unlock(&crew->lock);
}

static void
mark_taken(struct crew *crew, bool stop)
{
	pthread_mutex_lock(&crew->lock);
	crew->taken++;
	crew->stop = stop;
	pthread_cond_broadcast(&crew->wanted);
	pthread_mutex_unlock(&crew->lock);
}

static int
take_all(struct crew *crew, int (*take)(void *arg, size_t number))
{
	size_t block, i = 0;
	int result = 0;

	for (block = 0; block < block_count(crew) && result == 0; block++) {
		wait_for(crew, block);
		for (; i < block_end(crew, block) && result == 0; i++)
			result = take(crew->arg, i);
		mark_taken(crew, result != 0);
	}
	return result;
}

int
crew_each(size_t count, void (*work_one)(void *arg, size_t number),
    int (*take)(void *arg, size_t number), void *arg)
{
	struct crew crew = { .count = count,
		.work = work_one,
		.arg = arg,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.finished = PTHREAD_COND_INITIALIZER,
		.wanted = PTHREAD_COND_INITIALIZER };
	pthread_t threads[THREADS_MOST];
	size_t i, started;
	int result;

	crew.done = xmalloc((block_count(&crew) + 1) * sizeof(*crew.done));
	memset(crew.done, 0, (block_count(&crew) + 1) * sizeof(*crew.done));
	started = start_threads(&crew, threads);
	result = take_all(&crew, take);
	for (i = 0; i < started; i++)
		if (pthread_join(threads[i], NULL) != 0)
			die("cannot end a thread");
	free(crew.done);
	return result;
}
