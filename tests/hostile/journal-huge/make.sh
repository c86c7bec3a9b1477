#!/bin/sh
mkdir sparse real over edge live
dd if=/dev/null of=sparse/journal.json bs=1048576 seek=100
{
	printf '{"exit_code": 0, "name": "'
	head -c 104857600 /dev/zero | tr '\000' a
	printf '"}'
} >real/journal.json
# End record and blanks, together so many bytes.
padded() {
	printf '{"exit_code": 0}'
	head -c $(($1 - 16)) /dev/zero | tr '\000' ' '
}
padded 8388608 >edge/journal.json
padded 8388609 >over/journal.json
dd if=/dev/null of=live/journal.json bs=1048576 seek=100
echo "$BYSTANDER_PID" >live/pid
