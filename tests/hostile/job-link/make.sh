#!/bin/sh
ln -s "$OUTSIDE/job" outside
ln -s 20260101T000000Z__good-ended inside
ln -s nowhere dangling
ln -s loop loop
ln -s / slash
ln -s . dot
ln -s "$OUTSIDE/job" \
    20260102T000000Z__0f9c2c5e-8b1d-4c8e-9f0a-5d2b7e6a1c34
echo '{"exit_code": 0}' >file
echo '{"exit_code": 0}' >20260102T000000Z__1c5d4f0e-6a0b-4f1c-8f5e-0b7a3d2e9c41
mkfifo fifo
mkfifo 20260102T000000Z__2d9f6a10-7c34-4e8b-9a55-31c0b7d4e6f2
ln -s fifo link-to-fifo
