#!/bin/sh
for job in fifo link dangling directory sparse garbage future; do
	mkdir $job
	echo "{\"pid\": $BYSTANDER_PID}" >$job/journal.json
done
mkfifo fifo/cancel
ln -s "$OUTSIDE/secret.txt" link/cancel
ln -s nowhere dangling/cancel
mkdir directory/cancel
dd if=/dev/null of=sparse/cancel bs=1048576 seek=100
printf 'signal SIGNONE\nsignal 0\nsignal -9\ngrace_seconds 1e999\nat never\nby \033[31m\377\n\000\001' \
    >garbage/cancel
printf 'signal SIGKILL\ngrace_seconds 0\nat 2099-01-01T00:00:00Z\nended 2099-01-01T00:00:00Z\n' \
    >future/cancel
touch -t 209901010000 future/cancel
