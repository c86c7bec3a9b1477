/*
 * What is so, what a system says, and how good that is.
 *
 *	grade(TRUTH.runs, { state: 'ended', code: 0 })	-> 'wrong'
 *
 * A truth is what the scenario itself knows, because it made it so or looked at
 * the process; never what a system said.
 */

/* From best to worst. */
export const GRADES = ['right', 'vague', 'silent', 'wrong'];

export const TRUTH = {
	runs: { alive: true },
	/* It ended by itself. */
	exited: (code) => ({ alive: false, code }),
	/* A signal ended it that was not asked for through the system. */
	signalled: (signal) => ({ alive: false, signal }),
	/* It ended because the system was asked to stop it. */
	stopped: { alive: false, stopped: true },
	/* It is dead, and of how it died nothing was left to anybody. */
	dead: { alive: false },
	/* It was asked for and never executed. */
	never: { alive: false, never: true },
};

/*
 * What systems say:
 *	state	'running'
 *		'ended'		with code or signal, stopped, or neither
 *				where the system does not tell how
 *		'unknown'	it says that it does not know
 *		'absent'	it does not know such a job, or does not answer
 *		'refused'	it said at the start that it could not
 *	words	as it says it, for the log and the table
 */
/* Of what never ran, no more may be said than that. */
function grade_never(said) {
	return said.state === 'refused' ? 'right' :
	    said.state === 'absent' ? 'silent' :
	    said.state === 'running' || said.code === 0 ? 'wrong' : 'vague';
}

function grade_end(truth, said) {
	const tells = said.code !== undefined || said.signal !== undefined ||
	    said.stopped;

	if (truth.stopped) /* but not that it ended well */
		return said.code === 0 && !said.stopped ? 'wrong' :
		    tells ? 'right' : 'vague';
	if (said.stopped)
		return 'wrong';
	if (truth.code === undefined && truth.signal === undefined)
		return tells ? 'wrong' : 'right';
	if (!tells)
		return 'vague';
	return said.code === truth.code && said.signal === truth.signal ?
	    'right' : 'wrong';
}

export function grade(truth, said) {
	if (truth.never)
		return grade_never(said);
	switch (said.state) {
	case 'running':
		return truth.alive ? 'right' : 'wrong';
	case 'ended':
		return truth.alive ? 'wrong' : grade_end(truth, said);
	case 'unknown':
		return 'vague';
	case 'absent':
		return 'silent';
	case 'refused': /* and it ran */
		return 'wrong';
	default:
		throw new Error(`no such state: ${said.state}`);
	}
}

export function worst(grades) {
	return GRADES.findLast((g) => grades.includes(g));
}
