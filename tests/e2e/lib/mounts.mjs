/*
 * What unshare needs so that a command can mount something that nobody else
 * sees: as root, as root in a directory that is no mount point (chroot), as
 * root in a user namespace.
 */
import { spawnSync } from 'node:child_process';

const WAYS = [['-m'], ['-m', '--propagation', 'unchanged'], ['-Urm']];

export const MOUNTS = WAYS.find((options) => spawnSync('unshare', [...options,
	'sh', '-c', 'mount -t tmpfs x /mnt && umount /mnt']).status === 0) ??
    WAYS[0];
