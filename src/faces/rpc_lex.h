/*
 * rpc_lex.h: what has to be known of a JSON text before it is parsed
 *
 * The parser of jansson goes 2048 levels deep and refuses integers that do not
 * fit into 64 bits.  A client may send such an integer, as an id for instance,
 * and get it back as it was.
 *
 *	struct rpc_lex lex;
 *
 *	if (rpc_lex_read(&lex, text, len) < 0)
 *		-- nested too deep
 *	... json_loadb(lex.text, lex.len, …), lex.big_id ...
 *	rpc_lex_release(&lex);
 */
#ifndef FACES_RPC_LEX_H
#define FACES_RPC_LEX_H

#include "base/util.h"

enum { RPC_DEPTH_MAX = 128 };

struct rpc_lex {
	const char *text; /* to be parsed: the text given, or a copy in which
			   * ".0" follows each integer beyond 64 bits */
	size_t len;
	char *big_id; /* digits of such an integer where it is the member "id"
		       * of the outermost object; else NULL */
	struct buf copy;
};

/*
 * text, len	any bytes; the text must outlive the lex
 * Returns 0, or -1 if it is nested deeper than RPC_DEPTH_MAX.  The lex is to be
 * released in either case.
 */
int rpc_lex_read(struct rpc_lex *lex, const char *text, size_t len);
void rpc_lex_release(struct rpc_lex *lex);

#endif
