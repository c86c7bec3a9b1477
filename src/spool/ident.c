/*
 * ident.c: new ids, and ids made of keys
 *
 * Invariant: the namespace of keys never changes: claims on disk depend on it.
 */
#include "base/compat.h"
#include "spool/ident.h"

#include <string.h>
#include <uuid/uuid.h>

static const unsigned char key_namespace[16] = { 0x6a, 0x6f, 0x62, 0x64, 0x69,
	0x72, 0x4b, 0x65, 0x80, 0x79, 0x73, 0x2d, 0x76, 0x31, 0x00, 0x01 };

void
ident_new(char id[IDENT_MAX])
{
	uuid_t uuid;

	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, id);
}

void
ident_of_key(const char *key, char id[IDENT_MAX])
{
	uuid_t uuid;

	uuid_generate_sha1(uuid, key_namespace, key, strlen(key));
	uuid_unparse_lower(uuid, id);
}
