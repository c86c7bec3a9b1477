/*
 * text.h: bytes of a log as text that a JSON string or a terminal can hold
 *
 * A log is bytes; an answer is valid UTF-8.  Cleaning works line by line, so
 * that offsets into the log can be kept beside the text.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>

#include "base/util.h"

/* A longer line (in bytes of cleaned text) is cut in a view, with a note. */
enum { TEXT_LINE_MAX = 2000 };

struct text_style {
	bool raw; /* keep escape sequences, carriage returns, long lines */
};

/*
 * Append one line to `out`.
 * line, len	its bytes, without the final newline
 * lossy	set to true if a byte was no valid UTF-8 (it becomes U+FFFD);
 *		never set to false
 * Unless raw: terminal escape sequences are removed (ECMA-48 CSI, OSC and other
 * string sequences, two-byte escapes), of a line overwritten by carriage
 * returns only what stood last is kept ("10%\r20%\r" is "20%"; a final \r
 * before the newline is no overwriting), and a line of more than TEXT_LINE_MAX
 * bytes is cut at a character and ends in
 * "[... N bytes of this line left out]".  Other control characters stay (JSON
 * escapes them).  Nothing is appended for the newline.
 */
void text_clean_line(struct buf *out, const char *line, size_t len,
    const struct text_style *style, bool *lossy);

/* Append `len` bytes as valid UTF-8: every maximal invalid part becomes U+FFFD
 * (Unicode 15, 3.9, best practice for U+FFFD substitution). */
void text_add_utf8(struct buf *out, const char *data, size_t len, bool *lossy);

/* Length of the valid UTF-8 sequence at `data` (1 to 4), 0 if there is none.
 * Overlong forms, surrogates and numbers above U+10FFFF are not valid. */
size_t text_utf8_length(const char *data, size_t len);

/* Where text_utf8_length says 0 (and `len` is at least 1): the length of the
 * part that is invalid, at least 1. */
size_t text_utf8_invalid(const char *data, size_t len);

/* How many bytes at the end of data[0..len) are the beginning of a UTF-8
 * sequence that a later byte may complete: 0 to 3. */
size_t text_utf8_incomplete(const char *data, size_t len);

/* Longest prefix of at most `max` bytes that does not split a character of the
 * valid UTF-8 string. */
size_t text_utf8_fit(const char *text, size_t len, size_t max);

/* Does this valid character of `length` bytes act on the text around it instead
 * of being printed: a control, a change of direction, a line separator? */
bool text_acts(const char *data, size_t length);

/* The string with control characters shown as \n, \t, \x1b, \u0085 …, so that
 * a terminal does nothing but print it; invalid UTF-8 becomes U+FFFD.  Cut to
 * `max` characters with a final "…" if longer (0: no limit). */
void text_show(struct buf *out, const char *text, size_t max);

/* The same for output of a job on a terminal: newline, tab and carriage return
 * pass, and so do colours (CSI … m); every other control character and escape
 * is shown.  `len` bytes; invalid UTF-8 becomes U+FFFD. */
void text_show_coloured(struct buf *out, const char *data, size_t len);

/* Columns that a terminal needs for a valid UTF-8 string: wide characters (East
 * Asian, emoji) count two, combining marks none. */
size_t text_columns(const char *text);

/* Longest prefix, in bytes, that needs at most `columns`. */
size_t text_fit_columns(const char *text, size_t columns);

/* Append a word as a POSIX shell would need it quoted: as it is if it is
 * harmless, else in single quotes. */
void text_shell_quote(struct buf *out, const char *word);

#endif
