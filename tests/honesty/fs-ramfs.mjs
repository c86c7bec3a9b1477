import { on_file_system } from './lib/filesystems.mjs';

export default on_file_system(import.meta, 'ramfs, which has no limits', {
	mounting: 'mount -t ramfs ramfs "$2"',
	needs: 'root: ramfs',
});
