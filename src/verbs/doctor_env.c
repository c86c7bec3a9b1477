/*
 * doctor_env.c: checks of doctor: variables that others may not see
 *
 * Two processes find the same jobs if they find the same root; a variable that
 * names it is seen by this process and its children only.
 *
 * Invariant: roots are compared by what they are, not by how they are spelled.
 */
#include "base/compat.h"
#include "verbs/doctor.h"

#include <stdlib.h>
#include <string.h>

static bool
is_same_directory(const char *a, const char *b)
{
	struct stat x, y;

	if (strcmp(a, b) == 0)
		return true;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	    x.st_ino == y.st_ino;
}

static bool
holds_jobs(const char *path)
{
	struct err ignored = ERR_INIT;
	struct spool_index index;
	struct spool spool;
	bool holds = false;

	if (spool_open(&spool, path, &ignored) < 0)
		return false;
	if (spool_index_read(&index, &spool, &ignored) == 0) {
		holds = index.count > 0;
		spool_index_release(&index);
	}
	spool_close(&spool);
	return holds;
}

void
doctor_look_env(struct doctor *d)
{
	const char *home = getenv("HOME"), *root = getenv(ENV_ROOT);
	struct doctor_env *env = &d->env;
	struct err ignored = ERR_INIT;
	enum spool_source source;
	char on_file[4096];

	if (compat_home_directory(on_file, sizeof(on_file)) == 0)
		env->home_on_file = xstrdup(on_file);
	env->home = home && *home == '/' ? xstrdup(home) : NULL;
	if (env->home || env->home_on_file)
		env->fallback =
		    spool_default(env->home ? env->home : env->home_on_file);
	if (!root || !*root)
		return;
	env->relative = *root != '/';
	env->variable = spool_locate(NULL, &source, &ignored);
	if (!env->variable || !env->fallback)
		return;
	env->same = is_same_directory(env->variable, env->fallback);
	env->both_hold = !env->same && holds_jobs(env->variable) &&
	    holds_jobs(env->fallback);
}

static void
check_variable(const struct doctor_env *env, struct finding *f)
{
	if (env->relative) {
		finding_say(f, DOCTOR_WARN,
		    ENV_ROOT " is relative: it names another root in every "
			     "directory");
		finding_advise(f, "make it an absolute path");
	}
	if (env->same) {
		finding_say(f, DOCTOR_OK, ENV_ROOT " names the default root");
		return;
	}
	finding_say(f, DOCTOR_WARN,
	    ENV_ROOT " is seen by this process and its children only: who "
		     "does not have it looks at %s",
	    env->fallback ? env->fallback : "no root at all");
	if (env->both_hold)
		finding_say(f, DOCTOR_WARN, "both hold jobs");
	finding_advise(f,
	    "set it for MCP servers, too, in their clients' configuration, or "
	    "give them --root");
}

void
check_environment(const struct doctor *d, struct finding *f)
{
	const struct doctor_env *env = &d->env;

	if (env->variable) {
		check_variable(env, f);
		return;
	}
	finding_say(f, DOCTOR_OK, ENV_ROOT " is not set");
	if (d->root.source != SPOOL_DEFAULT || !env->home ||
	    !env->home_on_file ||
	    is_same_directory(env->home, env->home_on_file))
		return;
	finding_say(f, DOCTOR_WARN,
	    "HOME is %s, and %s in the password database: who has no HOME "
	    "looks there for the root",
	    env->home, env->home_on_file);
	finding_advise(f, "set HOME for MCP servers, too, or give them --root");
}

void
check_settings(const struct doctor *d, struct finding *f)
{
	if (d->query->settings)
		d->query->settings(f);
	else
		finding_say(f, DOCTOR_OK, "none");
}
