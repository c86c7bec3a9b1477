/*
 * test_loop.c: one poll loop (base/loop.h)
 *
 * Nothing here depends on how long something takes: every run ends by an event
 * that is certain to come.
 */
#include "base/compat.h"
#include "base/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What the callbacks of a test share. */
struct scene {
	struct loop *loop;
	int pipe[2];
	struct buf story; /* a letter for each thing that happened */
	struct loop_source *source;
	struct loop_source *other;
	struct loop_timer *timer;
	struct err err;
};

static int
setup(void **state)
{
	struct scene *s = xmalloc(sizeof(*s));

	memset(s, 0, sizeof(*s));
	s->loop = loop_new(&s->err);
	*state = s;
	return s->loop && compat_pipe(s->pipe) == 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	struct scene *s = *state;

	loop_free(s->loop);
	close(s->pipe[0]);
	close_fd(&s->pipe[1]);
	buf_release(&s->story);
	free(s);
	return 0;
}

static void
stop(void *arg)
{
	struct scene *s = arg;

	buf_addch(&s->story, '.');
	loop_stop(s->loop, 7);
}

static void
stop_ready(void *arg, int events)
{
	(void)events;
	stop(arg);
}

static void
letter_a(void *arg)
{
	struct scene *s = arg;

	buf_addch(&s->story, 'a');
}

static void
letter_b(void *arg)
{
	struct scene *s = arg;

	buf_addch(&s->story, 'b');
}

static void
assert_story(struct scene *s, const char *expected)
{
	assert_int_equal(loop_run(s->loop), 7);
	assert_string_equal(buf_str(&s->story), expected);
}

static void
test_loop__stopped_before_it_runs(void **state)
{
	struct scene *s = *state;

	loop_stop(s->loop, 7);
	assert_story(s, "");
	/* That stop is used up; the next run ends by its own. */
	loop_timer(s->loop, time_mono(), stop, s);
	assert_story(s, ".");
}

static void
test_loop__timers_of_the_past_and_future(void **state)
{
	struct scene *s = *state;
	usec_t now = time_mono();

	loop_timer(s->loop, now + 3000, stop, s);
	loop_timer(s->loop, now + 1000, letter_b, s);
	loop_timer(s->loop, 0, letter_a, s);
	assert_story(s, "ab.");
}

static void
test_loop__cancelled_timers_never_fire(void **state)
{
	struct scene *s = *state;

	s->timer = loop_timer(s->loop, 0, letter_a, s);
	loop_timer_cancel(s->timer);
	loop_timer_cancel(NULL);
	loop_timer(s->loop, time_mono() + 1000, stop, s);
	assert_story(s, ".");
}

static void
cancel_other_timer(void *arg)
{
	struct scene *s = arg;

	buf_addch(&s->story, 'c');
	loop_timer_cancel(s->timer);
}

/* Both are due in the same round; newer ones come first. */
static void
test_loop__a_timer_cancels_one_of_its_round(void **state)
{
	struct scene *s = *state;

	loop_timer(s->loop, time_mono() + 1000, stop, s);
	s->timer = loop_timer(s->loop, 0, letter_a, s);
	loop_timer(s->loop, 0, cancel_other_timer, s);
	assert_story(s, "c.");
}

static void
again(void *arg)
{
	struct scene *s = arg;

	buf_addch(&s->story, 'x');
	if (s->story.len < 4)
		loop_timer(s->loop, 0, again, s);
	else
		loop_timer(s->loop, 0, stop, s);
}

static void
test_loop__timers_made_by_timers(void **state)
{
	struct scene *s = *state;

	loop_timer(s->loop, 0, again, s);
	assert_story(s, "xxxx.");
}

static void
read_letter(void *arg, int events)
{
	struct scene *s = arg;
	char c;

	assert_true(events & (POLLIN | POLLHUP));
	if (read(s->pipe[0], &c, 1) == 1)
		buf_addch(&s->story, c);
	else
		stop(s);
}

static void
test_loop__a_descriptor_and_its_end(void **state)
{
	struct scene *s = *state;

	loop_add(s->loop, s->pipe[0], POLLIN, read_letter, s);
	assert_int_equal(write_full(s->pipe[1], "one", 3), 0);
	close_fd(&s->pipe[1]);
	assert_story(s, "one.");
}

static void
test_loop__only_what_was_asked_for(void **state)
{
	struct scene *s = *state;

	/* Readable, but only errors and the end are of interest. */
	s->source = loop_add(s->loop, s->pipe[0], 0, stop_ready, s);
	assert_int_equal(write_full(s->pipe[1], "x", 1), 0);
	loop_timer(s->loop, time_mono() + 2000, stop, s);
	loop_timer(s->loop, time_mono() + 1000, letter_a, s);
	assert_story(s, "a.");
	buf_cut(&s->story, 0);
	loop_change(s->source, POLLIN);
	assert_story(s, ".");
}

static void
remove_both(void *arg, int events)
{
	struct scene *s = arg;

	(void)events;
	buf_addch(&s->story, 'r');
	loop_remove(s->source);
	loop_remove(s->other);
}

/* Both are ready in the same round; who comes first removes both. */
static void
test_loop__a_source_removes_itself_and_another(void **state)
{
	struct scene *s = *state;

	s->source = loop_add(s->loop, s->pipe[0], POLLIN, remove_both, s);
	s->other = loop_add(s->loop, s->pipe[1], POLLOUT, remove_both, s);
	assert_int_equal(write_full(s->pipe[1], "x", 1), 0);
	loop_timer(s->loop, time_mono() + 2000, stop, s);
	assert_story(s, "r.");
	loop_remove(NULL);
}

static void
test_loop__many_sources(void **state)
{
	enum { MANY = 100 };
	struct scene *s = *state;
	int fds[MANY], i;

	for (i = 0; i < MANY; i++) {
		fds[i] = dup(s->pipe[0]);
		assert_true(fds[i] >= 0);
		loop_add(s->loop, fds[i], POLLIN, read_letter, s);
	}
	assert_int_equal(write_full(s->pipe[1], "abc", 3), 0);
	close_fd(&s->pipe[1]);
	/* Whoever is told reads; a source that finds nothing left ends it. */
	assert_int_equal(loop_run(s->loop), 7);
	assert_memory_equal(s->story.data, "abc", 3);
	for (i = 0; i < MANY; i++)
		close(fds[i]);
}

static void
caught(void *arg, int signo)
{
	struct scene *s = arg;

	buf_addch(&s->story, signo == SIGUSR1 ? '1' : '2');
	if (s->story.len == 2)
		stop(s);
}

static void
raise_again(void *arg)
{
	(void)arg;
	raise(SIGUSR2);
}

static void
test_loop__signals(void **state)
{
	struct scene *s = *state;
	sigset_t pending;

	assert_int_equal(loop_signal(s->loop, SIGUSR1, caught, s, &s->err), 0);
	assert_int_equal(loop_signal(s->loop, SIGUSR2, caught, s, &s->err), 0);
	raise(SIGUSR1); /* blocked: waits for the loop */
	assert_int_equal(sigpending(&pending), 0);
	assert_true(sigismember(&pending, SIGUSR1));
	loop_timer(s->loop, time_mono() + 1000, raise_again, s);
	assert_story(s, "12.");
}

static void
test_loop__the_mask_is_put_back(void **state)
{
	struct err err = ERR_INIT;
	struct loop *loop = loop_new(&err);
	sigset_t mask;

	(void)state;
	assert_int_equal(loop_signal(loop, SIGUSR1, caught, NULL, &err), 0);
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
	assert_true(sigismember(&mask, SIGUSR1));
	loop_free(loop);
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
	assert_false(sigismember(&mask, SIGUSR1));
	loop_free(NULL);
}

static void
test_loop__too_many_signals(void **state)
{
	struct scene *s = *state;
	int i, result = 0;

	for (i = 0; i < 100 && result == 0; i++)
		result = loop_signal(s->loop, SIGUSR1, caught, s, &s->err);
	assert_int_equal(result, -1);
	assert_true(err_is_set(&s->err));
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(test_loop__stopped_before_it_runs),
		SCENE(test_loop__timers_of_the_past_and_future),
		SCENE(test_loop__cancelled_timers_never_fire),
		SCENE(test_loop__a_timer_cancels_one_of_its_round),
		SCENE(test_loop__timers_made_by_timers),
		SCENE(test_loop__a_descriptor_and_its_end),
		SCENE(test_loop__only_what_was_asked_for),
		SCENE(test_loop__a_source_removes_itself_and_another),
		SCENE(test_loop__many_sources),
		SCENE(test_loop__signals),
		SCENE(test_loop__the_mask_is_put_back),
		SCENE(test_loop__too_many_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
