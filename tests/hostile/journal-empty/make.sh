#!/bin/sh
mkdir empty missing blank nul live missing-live
: >empty/journal.json
printf ' \n\t\n' >blank/journal.json
printf '\000\000\000\000' >nul/journal.json
: >live/journal.json
echo "$BYSTANDER_PID" >live/pid
echo "$BYSTANDER_PID" >missing-live/pid
