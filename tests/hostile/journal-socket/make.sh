#!/bin/sh
mkdir socket socket-live
# Killed, so that the sockets stay.
"$NODE" -e '
	const { createServer } = require("net");
	createServer().listen("socket/journal.json", () =>
	    createServer().listen("socket-live/journal.json", () =>
	    process.kill(process.pid, "SIGKILL")));' || [ $? -eq 137 ]
[ -S socket/journal.json ] && [ -S socket-live/journal.json ]
echo "$BYSTANDER_PID" >socket-live/pid
