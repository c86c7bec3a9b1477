import { on_file_system } from './lib/filesystems.mjs';

export default on_file_system(import.meta, 'tmpfs', {
	options: 'size=8m',
});
