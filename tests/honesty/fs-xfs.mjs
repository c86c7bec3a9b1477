import { image, on_file_system } from './lib/filesystems.mjs';

export default on_file_system(import.meta, 'xfs', {
	mounting: image('mkfs.xfs -q', 320),
	needs: 'root: a loop device',
});
