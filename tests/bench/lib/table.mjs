/*
 * The table: a line for each row.
 */
function number(value) {
	if (value >= 100)
		return value.toFixed(0);
	return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function quantity(value, unit) {
	if (unit === 'us' && value >= 1e6)
		return `${number(value / 1e6)} s`;
	if (unit === 'us' && value >= 1000)
		return `${number(value / 1000)} ms`;
	if (unit === 'B' && value >= 1 << 20)
		return `${number(value / (1 << 20))} MiB`;
	if (unit === 'B' && value >= 1024)
		return `${number(value / 1024)} KiB`;
	return `${Number.isInteger(value) ? value : number(value)} ${unit}`;
}

/* Median, and the 10th and 90th percentile where there is a spread. */
function told({ median, p10, p90, p99 }, unit, of) {
	const spread = p10 === undefined ? '' :
	    ` (${quantity(p10, unit)} .. ${quantity(p90, unit)})`;

	return of === 'p99' ? `p99 ${quantity(p99, unit)}` :
	    `${quantity(median, unit)}${spread}`;
}

function bar_of({ bar, unit, ratio }) {
	if (!bar)
		return '';

	const sign = bar.most !== undefined ? '<=' : '>=';
	const value = bar.most ?? bar.least;

	return ratio === undefined ? `${sign} ${quantity(value, unit)}` :
	    `${sign} ${value} ${bar.unit}`;
}

function cells(row) {
	if (row.missing)
		return [row.row, row.what, 'not measured', row.missing];
	return [row.row, row.what, told(row.jobdir, row.unit, row.of),
		row.beside ? `${row.beside.name}: ${told(row.beside,
		    row.unit)}` : '',
		row.ratio === undefined ? '' : number(row.ratio), bar_of(row),
		row.met === null ? '' : row.met ? 'met' : 'NOT MET'];
}

/* The rows as aligned lines. */
export function table(rows) {
	const lines = [['row', 'what', 'jobdir', 'beside', 'ratio', 'bar', ''],
		...rows.map(cells)];
	const widths = lines[0].map((_, i) =>
	    Math.max(...lines.map((line) => (line[i] ?? '').length)));

	return lines.map((line) => line.map((cell, i) => i === 4 ?
	    cell.padStart(widths[i]) : cell.padEnd(widths[i])).join('  ')
	    .trimEnd()).join('\n');
}

/* What grows with the number of jobs, a line each: medians. */
function growth(rows) {
	const grown = rows.filter((row) => row.growth);
	const counts = [...new Set(grown.map((row) => row.growth.count))];
	const lines = Map.groupBy(grown, (row) => row.growth.what);

	if (!grown.length)
		return '';
	return line(['what, median', ...counts.map((n) => `${n} jobs`)]) +
	    line(Array(counts.length + 1).fill('---')) +
	    [...lines].map(([what, list]) => line([what, ...list.map((row) =>
		quantity(row.jobdir.median, row.unit))])).join('') + '\n';
}

const line = (list) => `| ${list.join(' | ')} |\n`;

/* The same for a page: rows that have a bar, or say what a bar rests on; then
 * how cost grows, and how the machine was. */
export function markdown({ rows, machine }) {
	const { cpus, model, kernel } = machine;
	const told_rows = rows.filter((row) => row.bar || row.missing ||
	    row.shown).map((row) => line([...cells(row), ''].slice(0, 7)
	    .map((cell) => cell.replaceAll('|', '\\|'))));

	return line(['row', 'what', 'jobdir', 'beside it', 'ratio', 'bar', '']) +
	    line(Array(7).fill('---')) + `${told_rows.join('')}\n` +
	    growth(rows) +
	    `${cpus} processors (${model}), Linux ${kernel}.\n`;
}
