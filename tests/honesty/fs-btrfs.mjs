import { image, on_file_system } from './lib/filesystems.mjs';

export default on_file_system(import.meta, 'btrfs', {
	mounting: image('mkfs.btrfs -q', 160),
	needs: 'root: a loop device',
});
