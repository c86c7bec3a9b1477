#!/bin/sh
mkdir fifo fifo-live
mkfifo fifo/journal.json fifo-live/journal.json
echo "$BYSTANDER_PID" >fifo-live/pid
