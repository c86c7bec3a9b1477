/*
 * version.h: what --version and the MCP server say
 */
#ifndef FACES_VERSION_H
#define FACES_VERSION_H

#define JOBDIR_VERSION "1.0.0"

#endif
