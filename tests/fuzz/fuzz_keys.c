/*
 * fuzz_keys.c: the claim of an idempotency key
 *
 * Holds: whatever stands in the file, a claim names a job that is in sight, or
 * none, and only for this very key; a claim that was written is read back; a
 * void one is swept away.
 *
 * covers: src/spool/keys.c
 */
#include "base/compat.h"
#include "base/fsio.h"
#include "fuzz.h"
#include "spool/ident.h"
#include "spool/keys.h"

static const char key[] = "the key";
static char claim[sizeof(ROOT_KEYS "/") + IDENT_MAX];
static struct spool spool;

static void
make_root(void)
{
	struct err err = ERR_INIT;
	char ident[IDENT_MAX];

	FUZZ_CHECK(spool_open(&spool, fuzz_path(), &err) == 0);
	FUZZ_CHECK(spool_create(&spool, &err) == 0);
	FUZZ_CHECK(mkdirat(spool.fd, "there", 0700) == 0);
	FUZZ_CHECK(mkdirat(spool.fd, ".there", 0700) == 0);
	ident_of_key(key, ident);
	snprintf(claim, sizeof(claim), ROOT_KEYS "/%s", ident);
}

/* Nobody else has it, so it is to be had: at the latest when whoever looks into
 * /proc/PID/fd just now, and so keeps what was closed open, is through. */
static int
take(int *fd, char **name)
{
	struct err err = ERR_INIT;
	int rc;

	do
		rc = name ? key_try(&spool, key, fd, name, &err)
			  : key_try_limit(&spool, fd, &err);
	while (rc == 0);
	FUZZ_CHECK(rc == 1 || err.text[0]);
	return rc;
}

static void
check_written(const char *name)
{
	struct err err = ERR_INIT;
	char *read;
	bool there;
	int fd;

	FUZZ_CHECK(take(&fd, &read) == 1);
	free(read);
	FUZZ_CHECK(key_assign(fd, key, name, &err) == 0);
	close_fd(&fd);
	FUZZ_CHECK(take(&fd, &read) == 1);
	FUZZ_CHECK(fuzz_same(read, strcmp(name, "there") ? NULL : name));
	/* Nobody else gets it meanwhile, nor is it swept. */
	free(read);
	keys_sweep(&spool);
	FUZZ_CHECK(faccessat(spool.fd, claim, F_OK, 0) == 0);
	close_fd(&fd);
	FUZZ_CHECK(keys_count_void(&spool) == (strcmp(name, "there") != 0));
	keys_sweep(&spool);
	there = faccessat(spool.fd, claim, F_OK, 0) == 0;
	FUZZ_CHECK(there == (strcmp(name, "there") == 0));
	unlinkat(spool.fd, claim, 0);
}

/* A root that has no place for claims. */
static void
check_bare(void)
{
	struct spool bare = { .path = spool.path };
	struct err err = ERR_INIT;
	char *name;
	int fd;

	bare.fd = fsio_open_dir(spool.fd, "there", false);
	FUZZ_CHECK(bare.fd >= 0);
	FUZZ_CHECK(key_try(&bare, key, &fd, &name, &err) < 0);
	FUZZ_CHECK(err.text[0] && fd < 0 && !name);
	keys_sweep(&bare);
	FUZZ_CHECK(keys_count_void(&bare) == 0);
	close_fd(&bare.fd);
}

/* Is it the claim of another key? */
static bool
is_foreign(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size < 4096 ? size : 4096);
	const char *newline = strchr(text, '\n');
	bool result = newline && strcmp(newline + 1, key) != 0;

	free(text);
	return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	int fd, other, limit, rc;
	char *name;

	if (!spool.path)
		make_root();
	fuzz_write(claim, data, size);
	FUZZ_CHECK(take(&limit, NULL) == 1);
	FUZZ_CHECK(key_try_limit(&spool, &other, &err) == 0);
	rc = take(&fd, &name);
	FUZZ_CHECK((rc < 0) == is_foreign(data, size));
	if (rc < 0) {
		FUZZ_CHECK(fd < 0 && !name);
		unlinkat(spool.fd, claim, 0);
	} else {
		FUZZ_CHECK(rc == 1 && fd >= 0);
		FUZZ_CHECK(!name || strcmp(name, "there") == 0);
		free(name);
		close_fd(&fd);
	}
	close_fd(&limit);
	keys_sweep(&spool);
	check_written("there");
	check_written("gone");
	check_bare();
	return 0;
}
