import { image, on_file_system } from './lib/filesystems.mjs';

export default on_file_system(import.meta, 'ext4', {
	mounting: image('mkfs.ext4 -q -F', 64),
	needs: 'root: a loop device',
});
