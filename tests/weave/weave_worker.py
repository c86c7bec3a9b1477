#!/usr/bin/env python3
"""A worker of the older workflow server, as far as its files tell.

usage: weave_worker.py --mode enchanted --nexus-tag TAG [OPTION]...
       weave_worker.py --mode direct --json-file FILE [OPTION]...

The runs are below $NEXUS_RUNS_BASE.  Like the real one it finds its run by the
tag, boots, writes .weave.pid, then a journal that it rewrites whole, in place,
at each step, and removes .weave.pid only if all went well.  What it says goes
to standard output, which whoever starts it lets run into .weave.log.  It works
in another directory, has no signal handlers, and its exit status is 0, 1 or
130.

    --era 2025-11|2025-12     form of the journal; default: 2025-12
    --dry-run true|false      no journal
    --entries N               nodes to create; default: 3
    --pause SECONDS           rest after each step
    --until FILE              wait for FILE before the end
    --heed-cancel             look for a request to stop before each node
    --fail-at validation|import
    --die-at PHASE            SIGKILL itself there: boot, stub_created,
                              before_reconcile, entries
    --steps                   do nothing but what standard input says, a step
                              a line, and answer each on descriptor 3
"""
import argparse
import datetime
import json
import os
import select
import signal
import subprocess
import sys
import time

SUFFIX = '.weave_journal.json'


def now():
    return datetime.datetime.now().isoformat()


def say(text):
    stamp = datetime.datetime.now().strftime('%Y-%m-%d %H:%M:%S.%f')[:-3]
    print(f'[{stamp}] \U0001f5e1\ufe0f [WEAVE_WORKER] {text}', flush=True)


class Failed(Exception):
    """The weave is over, and not well."""


class Worker:
    def __init__(self, options):
        self.options = options
        self.old = options.era == '2025-11'
        self.began = time.time()
        self.nodes = 0
        self.journal = None

    # --- where

    def find_run(self):
        """The run of a tag: the last of all that match."""
        base = os.environ['NEXUS_RUNS_BASE']
        tag = self.options.nexus_tag
        names = sorted(name for name in os.listdir(base)
                       if name == tag or name.endswith('__' + tag))
        if not names:
            raise Failed(f"No NEXUS run for tag '{tag}'")
        return os.path.join(base, names[-1])

    def boot(self):
        """Minutes of it, in life; until its end there is nothing but a log."""
        say(f'mode={self.options.mode} pid={os.getpid()}')
        if self.options.mode == 'direct':
            self.source = os.path.abspath(self.options.json_file)
        else:
            self.source = os.path.join(self.find_run(),
                                       'enchanted_terrain.json')
        self.dir = os.path.dirname(self.source)
        if not os.path.isfile(self.source):
            raise Failed(f'{os.path.basename(self.source)} not found')
        stem = os.path.basename(self.source)[:-len('.json')]
        self.journal_path = os.path.join(self.dir, stem + SUFFIX)
        self.pid_path = os.path.join(self.dir, '.weave.pid')
        self.requests = [os.path.join(self.dir, name)
                         for name in ('cancel', stem + '.cancel')]
        self.warn_of_previous()

    def warn_of_previous(self):
        try:
            with open(self.journal_path, encoding='utf-8') as file:
                previous = json.load(file)
        except (OSError, ValueError):
            return
        if not previous.get('last_run_completed'):
            say('Previous weave incomplete at '
                f'{previous.get("last_run_started_at")}')

    def pid(self):
        with open(self.pid_path, 'w', encoding='ascii') as file:
            file.write(str(os.getpid()))

    # --- the journal

    def save(self):
        """All of it, in place: who reads meanwhile sees a part."""
        if self.journal is None or self.options.dry_run:
            return
        with open(self.journal_path, 'w', encoding='utf-8') as file:
            json.dump(self.journal, file, indent=2)

    def set_phase(self, phase):
        if not self.old:
            self.journal['phase'] = phase

    def stub(self):
        self.journal = {
            'json_file': self.source,
            'last_run_started_at': now(),
            'last_run_completed': False,
        }
        if self.old:
            self.journal['last_run_error'] = None
        self.set_phase('stub_created')
        self.journal['entries'] = []
        self.save()

    def before(self):
        self.set_phase('before_reconcile')
        self.save()

    def add(self, op, status, message, safe, **more):
        self.journal['entries'].append({
            'op': op, 'status': status, **more,
            'resumability_safe': safe, 'message': message,
            'timestamp': now()})

    def entry(self, save=True):
        """A node is created: two entries."""
        self.nodes += 1
        name = f'Node {self.nodes} \u2014 caf\u00e9'
        self.add('create', 'started', f'creating {name}', False,
                 source_path=[0, self.nodes], node_name=name, node_id=None)
        if save:
            self.save()
        self.add('create', 'completed_jewel_ok', f'created {name}', True,
                 node_id=f'00000000-0000-4000-8000-{self.nodes:012d}')
        if save:
            self.save()

    # --- the end

    def complete(self):
        if self.journal is not None:
            self.journal['last_run_completed'] = True
            if self.old:
                self.journal['last_run_error'] = None
                self.journal['last_run_completed_at'] = now()
            self.set_phase('completed')
            self.save()
        say(f'Weave completed successfully: {self.nodes} nodes created')

    def fail(self, message, phase='error'):
        if self.journal is not None:
            self.journal['last_run_completed'] = False
            self.journal['last_run_error'] = message
            if self.old:
                self.journal['last_run_failed_at'] = now()
            self.set_phase(phase)
            self.save()
        raise Failed(message)

    def unpid(self):
        os.unlink(self.pid_path)

    # --- requests to stop

    def is_asked(self):
        return any(os.path.exists(path) and os.stat(path).st_mtime >=
                   self.began - 0.05 for path in self.requests)

    def heed(self):
        """Stop here if somebody asks for it."""
        if not self.is_asked():
            return
        # The step at hand comes to its end; longer than a tick of file stamps.
        time.sleep(0.02)
        self.add('cancel', 'requested', 'cancel requested', True,
                 where='create')
        self.fail('Cancelled by request')

    # --- all by itself

    def rest(self, phase):
        if self.options.die_at == phase:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.options.pause)

    def run(self):
        self.boot()
        self.rest('boot')
        self.pid()
        self.stub()
        self.rest('stub_created')
        if self.options.fail_at == 'validation':
            self.fail('NEXUS validation failed: node 2 has no name',
                      'error_validation')
        self.before()
        self.rest('before_reconcile')
        for _ in range(self.options.entries):
            if self.options.heed_cancel:
                self.heed()
            self.entry()
            self.rest('entry')
        self.rest('entries')
        while self.options.until and not os.path.exists(self.options.until):
            if self.options.heed_cancel:
                self.heed()
            time.sleep(0.01)
        if self.options.fail_at == 'import':
            self.fail('Bulk import failed: HTTP 502 from the API')
        self.complete()
        self.unpid()

    # --- step by step

    def storm(self):
        """Rewrite the journal at full speed until the next step comes."""
        count = 0
        while not select.select([0], [], [], 0)[0]:
            self.save()
            count += 1
        return count

    def poll(self):
        """Work until somebody asks to stop; then do."""
        while True:
            self.heed()
            time.sleep(0.01)

    def chain(self, tag):
        """Leave a run for a follower, and start it."""
        base = os.environ['NEXUS_RUNS_BASE']
        name = datetime.datetime.now().strftime('%Y-%m-%d_%H-%M-%S__') + tag
        run = os.path.join(base, name)
        os.mkdir(run)
        with open(os.path.join(run, 'enchanted_terrain.json'), 'w',
                  encoding='utf-8') as file:
            json.dump({'nodes': []}, file)
        words = [sys.executable, '-I', '-S', os.path.abspath(__file__),
                 '--mode', 'enchanted', '--nexus-tag', tag, '--entries', '1']
        if self.options.until:
            words += ['--until', self.options.until]
        with open(os.path.join(run, '.weave.log'), 'wb') as log:
            follower = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, cwd='/')
        return follower.pid

    def step(self, line):
        word, _, rest = line.partition(' ')
        if word == 'entries':
            for _ in range(int(rest)):
                self.entry()
        elif word == 'fill':
            for _ in range(int(rest)):
                self.entry(save=False)
            self.save()
        elif word == 'invalid':
            self.fail(rest, 'error_validation')
        elif word == 'fail':
            self.fail(rest)
        elif word == 'record-failure':
            # The server's own mistake: it goes on as if all were well.
            try:
                self.fail(rest)
            except Failed:
                pass
        elif word == 'ignore':
            signal.signal(getattr(signal, rest), signal.SIG_IGN)
        elif word == 'chain':
            return self.chain(rest)
        else:
            return getattr(self, word)()
        return None

    def run_steps(self):
        for line in iter(lambda: os.read(0, 4096), b''):
            for step in line.decode().splitlines():
                if step.startswith('exit'):
                    sys.exit(int(step[4:] or 0))
                answer = self.step(step)
                os.write(3, f'{json.dumps(answer)}\n'.encode())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--mode', choices=['enchanted', 'direct'],
                        required=True)
    parser.add_argument('--nexus-tag')
    parser.add_argument('--json-file')
    parser.add_argument('--dry-run', default=False,
                        type=lambda word: word in ('true', '1', 'yes'))
    parser.add_argument('--era', choices=['2025-11', '2025-12'],
                        default='2025-12')
    parser.add_argument('--entries', type=int, default=3)
    parser.add_argument('--pause', type=float, default=0)
    parser.add_argument('--until')
    parser.add_argument('--heed-cancel', action='store_true')
    parser.add_argument('--fail-at', choices=['validation', 'import'])
    parser.add_argument('--die-at', choices=['boot', 'stub_created',
                                             'before_reconcile', 'entries'])
    parser.add_argument('--steps', action='store_true')
    sys.stdout.reconfigure(encoding='utf-8')
    worker = Worker(parser.parse_args())
    try:
        if worker.options.steps:
            worker.run_steps()
        else:
            worker.run()
    except KeyboardInterrupt:
        say('interrupted')
        sys.exit(130)
    except Failed as failure:
        # .weave.pid stays: so that somebody may see that it failed.
        say(f'Weave failed: {failure}')
        sys.exit(1)


if __name__ == '__main__':
    main()
