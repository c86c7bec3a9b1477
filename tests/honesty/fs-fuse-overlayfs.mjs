import { on_file_system } from './lib/filesystems.mjs';

export default on_file_system(import.meta, 'fuse-overlayfs, a FUSE one', {
	mounting: 'mkdir parts parts/lower parts/upper parts/work && ' +
	    'fuse-overlayfs -o lowerdir=parts/lower,' +
	    'upperdir=parts/upper,workdir=parts/work "$2" >&2',
	needs: 'root: /dev/fuse, fuse-overlayfs',
});
