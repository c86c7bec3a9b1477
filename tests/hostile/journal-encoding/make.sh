#!/bin/sh
end='{"exit_code": 0, "finished": "2026-01-01T00:00:01Z"}'
for job in bom utf16 garbage second comment comma crlf; do
	mkdir $job
done
printf '\357\273\277%s\n' "$end" >bom/journal.json
{
	printf '\377\376'
	printf '%s' "$end" | sed 's/./&\x00/g'
} >utf16/journal.json
printf '%s\n\001\002garbage' "$end" >garbage/journal.json
printf '%s\n%s\n' "$end" "$end" >second/journal.json
printf '/* */ %s\n' "$end" >comment/journal.json
printf '{"exit_code": 0,}\n' >comma/journal.json
printf '{\r\n"exit_code": 0,\r\n"name": "crlf"\r\n}\r\n' >crlf/journal.json
