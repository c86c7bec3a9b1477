/*
 * ansi.h: what a terminal would do with a line
 *
 * Escape sequences (ECMA-48, in their seven-bit form with ESC and, as UTF-8,
 * in their eight-bit form) and carriage returns, for the cleaning of text
 * (text.h) and for searches, which look at the same text that is shown.
 * Nothing here keeps a state: a sequence does not go on in the next line.
 */
#ifndef BASE_ANSI_H
#define BASE_ANSI_H

#include "base/text.h"

/*
 * Length of the escape sequence that begins at data[0]; 0 if none does.
 * *open is set to true if the data end inside the sequence, otherwise to
 * false.  Of a control string (OSC and the like) that has no end only the
 * introducer counts, so that a stray ESC ] hides nothing.
 */
size_t ansi_sequence(const char *data, size_t len, bool *open);

/* Is there nothing in data[0..len) that ansi_seen or ansi_strip would act on? */
bool ansi_is_plain(const char *data, size_t len);

/* Of a line that was overwritten by carriage returns, the part that stood
 * last: [*start, *end).  Carriage returns at its end overwrite nothing. */
void ansi_seen(const char *line, size_t len, size_t *start, size_t *end);

/* Append the data without escape sequences, otherwise byte by byte; the
 * beginning of a character that would be completed by what follows a sequence
 * becomes U+FFFD. */
void ansi_strip(struct buf *out, const char *data, size_t len);

/*
 * A part of a line without carriage returns for `max` bytes of cleaned text:
 * how many bytes from its start on fit, or how many bytes to leave out at its
 * start so that the rest fits.  Neither splits a character or a sequence.
 */
size_t ansi_fit_head(const char *line, size_t len,
    const struct text_style *style, size_t max);
size_t ansi_fit_tail(const char *line, size_t len,
    const struct text_style *style, size_t max);

/* Length of the character, invalid part or (unless raw) escape sequence at
 * data[0]; `len` is at least 1. */
size_t ansi_unit(const char *data, size_t len, const struct text_style *style);

/* How many bytes at the end of data[0..len) are the beginning of a character
 * or (unless raw) an escape sequence that later bytes may complete. */
size_t ansi_unfinished(const char *data, size_t len,
    const struct text_style *style);

#endif
