import { image, on_file_system } from './lib/filesystems.mjs';

export default on_file_system(import.meta, 'ext2, which has no journal', {
	mounting: image('mkfs.ext2 -q -F', 64),
	needs: 'root: a loop device',
});
