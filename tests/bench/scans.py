#!/usr/bin/env python3
"""The two scans by which an older workflow server tells its detached jobs.

usage: scans.py ROOT

Written from the description of that server, with the standard library only: a
scan of the pid files of live workers, a scan of the journals, and the two
merged by job id, where what lives overrides.  Prints how long the scans and
the making of the answer took, in microseconds, and on the next line the
answer: the time in which Python itself starts does not count.
"""
import json
import os
import sys
import time
from pathlib import Path

PID_FILE = ".weave.pid"
LOG_FILE = ".weave.log"
ENCHANTED = "enchanted_terrain"
SUFFIX = ".weave_journal.json"


def is_pid_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def scan_active(root):
    """Of each directory with the pid file of a live process, a job."""
    found = []
    for run in root.iterdir():
        pid_file = run / PID_FILE
        if not pid_file.exists():
            continue
        pid = int(pid_file.read_text(encoding="utf-8").strip())
        if not is_pid_running(pid):
            pid_file.unlink()
            continue
        job = {"job_id": f"weave-enchanted-{run.name}", "nexus_tag": run.name,
               "pid": pid, "status": "running", "detached": True,
               "mode": "enchanted", "journal": None}
        path = run / (ENCHANTED + SUFFIX)
        if path.exists():
            journal = load(path)
            job["journal"] = str(path)
            job["entries_completed"] = len(journal.get("entries", []))
            job["started_at"] = journal.get("last_run_started_at")
            if journal.get("last_run_completed"):
                job["status"] = "completed"
            if journal.get("last_run_error"):
                job["status"] = "failed"
                job["error"] = journal["last_run_error"]
        found.append(job)
    return found


def scan_journals(root):
    """Of each journal a job."""
    found = []
    for run in root.iterdir():
        if not run.is_dir():
            continue
        tag = run.name.split("__", 1)[-1]
        for path in run.glob("*" + SUFFIX):
            journal = load(path)
            enchanted = str(journal.get("json_file", "")).endswith(
                ENCHANTED + ".json")
            stem = path.name[:-len(SUFFIX)]
            error = journal.get("last_run_error")
            status = "unknown"
            if error:
                status = "failed"
            elif journal.get("last_run_completed"):
                status = "completed"
            log = run / LOG_FILE
            found.append({
                "job_id": f"weave-enchanted-{tag}" if enchanted
                          else f"weave-direct-{stem}",
                "nexus_tag": tag,
                "mode": "enchanted" if enchanted else "direct",
                "status": status, "detached": True, "journal": str(path),
                "log_file": str(log) if log.exists() else None,
                "last_run_started_at": journal.get("last_run_started_at"),
                "last_run_completed": journal.get("last_run_completed"),
                "last_run_failed_at": journal.get("last_run_failed_at"),
                "last_run_error": error, "phase": journal.get("phase")})
    return found


def answer(root):
    jobs = {}
    for job in scan_journals(root) + scan_active(root):
        jobs.setdefault(job["job_id"], {}).update(job)
    return json.dumps({"success": True, "in_memory_jobs": [],
                       "detached_jobs": list(jobs.values()),
                       "total": len(jobs)})


def main():
    begun = time.perf_counter()
    text = answer(Path(sys.argv[1]))
    print(round((time.perf_counter() - begun) * 1e6))
    print(text)


if __name__ == "__main__":
    main()
