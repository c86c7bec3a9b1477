#!/usr/bin/env python3
"""A worker that jobdir did not start, and that is a job all the same.

usage: worker.py ROOT NAME STEPS [FAIL_AT]

NAME     letters, digits, '.', '_' and '-', not '.' first
STEPS    how many steps it works
FAIL_AT  the step that fails

A step takes a second; with STEP_ON_INPUT=1 in the environment it takes until a
line comes on standard input.
"""

import json
import os
import re
import shlex
import sys
import time


def now(form="%Y-%m-%dT%H:%M:%SZ"):
    return time.strftime(form, time.gmtime())


def refuse(why):
    print("worker.py:", why, file=sys.stderr)
    sys.exit(2)


def text(word):
    """An argument as valid UTF-8: one other byte makes a record unreadable."""
    return os.fsencode(word).decode("utf-8", "replace")


class Stopped(Exception):
    """Somebody left a file `cancel`."""


class Job:
    """A directory in the root; its record is replaced, never changed."""

    def __init__(self, root, name, **members):
        dirname = now("%Y%m%dT%H%M%SZ") + "__" + name
        os.makedirs(root, exist_ok=True)
        # Built under a hidden name, so that nobody sees half a job; mkdir lets
        # one worker at a time build it.
        self.dir = os.path.join(root, "." + dirname)
        os.mkdir(self.dir)
        if os.path.lexists(os.path.join(root, dirname)):
            os.rmdir(self.dir)
            refuse(f"{dirname} is there already")
        # Its log stays open: with it jobdir can prove whose process this is.
        self.log = open(os.path.join(self.dir, "stdout.log"), "w",
                        buffering=1, encoding="utf-8")
        self.record = {"name": name, **members}
        self.update()
        os.rename(self.dir, os.path.join(root, dirname))
        self.dir = os.path.join(root, dirname)

    def update(self, **members):
        """Put members into the record.  Who reads meanwhile sees the old one
        or the new one."""
        self.record.update(members)
        new = os.path.join(self.dir, ".journal.json")
        with open(new, "w", encoding="ascii") as file:
            json.dump(self.record, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, os.path.join(self.dir, "journal.json"))

    def end(self, exit_code, **members):
        self.update(**members, finished=now(), exit_code=exit_code)
        return exit_code

    def check_cancel(self):
        # The directory is new: `cancel` is never from before the start.
        if os.path.lexists(os.path.join(self.dir, "cancel")):
            raise Stopped("stopped on request")


def work(job, steps, fail_at):
    for step in range(1, steps + 1):
        job.check_cancel()
        job.update(phase=f"step {step}",
                   progress={"current": step - 1, "total": steps,
                             "unit": "steps",
                             "message": f"working on step {step}"})
        if os.environ.get("STEP_ON_INPUT") == "1":
            sys.stdin.readline()
        else:
            time.sleep(1)
        if step == fail_at:
            raise RuntimeError(f"step {step} failed")
        print(f"step {step} of {steps} done", file=job.log)


def main(root, name, steps, fail_at="0"):
    if not re.fullmatch("[A-Za-z0-9_-][A-Za-z0-9._-]*", name):
        refuse(f"bad NAME: {name}")
    if not re.fullmatch("[0-9]+ [0-9]+", f"{steps} {fail_at}"):
        refuse("STEPS and FAIL_AT are numbers")
    steps, fail_at = int(steps), int(fail_at)
    os.umask(0o077)
    job = Job(root, name, pid=os.getpid(), started=now(),
              command=text(shlex.join(sys.argv)), cwd=text(os.getcwd()))
    try:
        work(job, steps, fail_at)
    except Exception as error:
        # An end that is not written reads as lost, so write all.
        print(error, file=job.log)
        return job.end(130 if isinstance(error, Stopped) else 1,
                       error=text(str(error) or repr(error)))
    return job.end(0, phase="end", result={"steps": steps},
                   progress={"current": steps, "total": steps,
                             "unit": "steps", "message": "all done"})


if __name__ == "__main__":
    if not 4 <= len(sys.argv) <= 5:
        refuse("usage: worker.py ROOT NAME STEPS [FAIL_AT]")
    sys.exit(main(*sys.argv[1:]))
