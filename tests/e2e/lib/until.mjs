/*
 * Waiting for conditions.  Nothing in these tests sleeps for a time and hopes:
 * whatever is expected is asked for again until it is so, or a deadline is
 * over, which fails the test with words.
 */
import { setTimeout as pause } from 'node:timers/promises';

/* Slow machines and instrumented programs multiply every deadline. */
const patience = Number(process.env.JOBDIR_TEST_PATIENCE ?? 1);

export function deadline_ms(ms) {
	return ms * patience;
}

/* Ask `condition` until it gives something true; that is returned.  `what`
 * completes "not within N ms: …". */
export async function until(condition, deadline, what) {
	const limit = deadline_ms(deadline);
	const end = performance.now() + limit;

	for (;;) {
		const late = performance.now() > end;
		const value = await condition();

		if (value)
			return value;
		if (late)
			throw new Error(`not within ${limit} ms: ${what}`);
		await pause(10);
	}
}

/* The promise, or an error if it does not settle in time. */
export async function within(promise, deadline, what) {
	const limit = deadline_ms(deadline);
	const timer = new AbortController();
	const late = pause(limit, null, { signal: timer.signal }).then(
		() => {
			throw new Error(`not within ${limit} ms: ${what}`);
		},
		() => {},
	);

	try {
		return await Promise.race([promise, late]);
	} finally {
		timer.abort();
	}
}
