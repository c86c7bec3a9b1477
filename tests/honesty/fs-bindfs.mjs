import { on_file_system } from './lib/filesystems.mjs';

export default on_file_system(import.meta, 'bindfs, a FUSE file system', {
	mounting: 'mkdir behind && bindfs behind "$2" >&2',
	needs: 'root: /dev/fuse, bindfs',
	peers: { supervisor: 'its socket does not work there' },
});
