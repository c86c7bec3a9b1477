#!/bin/sh
# A record that decides nothing beside a file pid with TEXT.
job() {
	mkdir "$1"
	echo '{}' >"$1/journal.json"
	printf '%s\n' "$2" >"$1/pid"
}
job garbage "garbage"
job empty ""
job zero "0"
job one "1"
job minus "-1"
job space "   "
job hex "0x10"
job two "$BYSTANDER_PID $BYSTANDER_PID"
job tail "${BYSTANDER_PID}x"
job neg "-$BYSTANDER_PID"
job int31 "2147483648"
job wrapped "$((BYSTANDER_PID + 4294967296))"
job digits "9999999999999999999999999999999999999999"
job nul x
printf '%s\000' "$BYSTANDER_PID" >nul/pid
job huge x
echo "$BYSTANDER_PID" >huge/pid
dd if=/dev/null of=huge/pid bs=1048576 seek=100
job link x
ln -sf "$OUTSIDE/job/pid" link/pid
job fifo x
rm fifo/pid
mkfifo fifo/pid
job none 2147483647
job torn "$BYSTANDER_PID"
echo '{"na' >torn/journal.json
job bare x
printf '%s' "$BYSTANDER_PID" >bare/pid
