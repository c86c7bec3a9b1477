/*
 * ident.h: new ids, and ids made of keys (libuuid; RFC 9562)
 */
#ifndef SPOOL_IDENT_H
#define SPOOL_IDENT_H

enum { IDENT_MAX = 37 }; /* a UUID as text, NUL included */

/* A random UUID (version 4), lower case. */
void ident_new(char id[IDENT_MAX]);

/* The UUID (version 5) that stands for `key`: the same for every process. */
void ident_of_key(const char *key, char id[IDENT_MAX]);

#endif
