import { on_file_system } from './lib/filesystems.mjs';

export default on_file_system(import.meta, 'overlayfs, as in containers', {
	mounting: 'mkdir parts && mount -t tmpfs parts parts && ' +
	    'mkdir parts/lower parts/upper parts/work && ' +
	    'mount -t overlay -o lowerdir=parts/lower,' +
	    'upperdir=parts/upper,workdir=parts/work overlay "$2"',
	needs: 'root: overlayfs',
});
