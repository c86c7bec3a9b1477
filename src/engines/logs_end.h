/*
 * logs_end.h: the last lines of a log, read from its end
 *
 * Behind logs.h, for its views.
 */
#ifndef ENGINES_LOGS_END_H
#define ENGINES_LOGS_END_H

#include "engines/logs.h"

/* What log_end_add has shown. */
struct log_end {
	int64_t start; /* logical offset of the text; view->next is its end */
	int64_t first; /* where the lines that were asked for begin */
	bool short_of; /* there are fewer lines than that */
};

/*
 * Append the last `lines` lines to view->text and set view->next; nothing from
 * before offset `low`.  Of more than `max` bytes of text the newest lines are
 * shown, of one line that does not fit its newest part.  Of lines that begin
 * more than LOG_SLICE before the end, `first` is where reading began.  0, or -1
 * with err.
 */
int log_end_add(struct log *log, int64_t low, int64_t lines, size_t max,
    const struct text_style *style, struct log_view *view,
    struct log_end *shown, struct err *err);

#endif
