#!/bin/sh
mkdir adopted
chmod 600 "$OUTSIDE/secret.txt"
echo "{\"exit_code\": 0, \"finished\": \"2026-01-01T00:00:01Z\", \"adopted\": true,
	\"log_file\": \"$OUTSIDE/secret.txt\"}" >adopted/journal.json
chown -R 65534 adopted
