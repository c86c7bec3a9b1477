/*
 * What is seen after the machine was booted anew, while it was not: another
 * boot id, and processes under the numbers of before.
 *
 *	const boot = await new OtherBoot(stage).open();
 *	boot.enter();		-- programs of the stage run there
 *	boot.leave();
 */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Room } from '../../stress/lib/room.mjs';

export class OtherBoot {
	constructor(stage) {
		this.stage = stage;
		this.id = join(stage.root.top, 'boot_id');
		writeFileSync(this.id, `${randomUUID()}\n`);
		this.room = new Room(stage.root, this.id,
		    'mount -t tmpfs room "$2" && ' +
		    'mount --bind "$1" /proc/sys/kernel/random/boot_id');
	}

	async open() {
		await this.room.open();
		return this;
	}

	enter() {
		this.stage.log('another boot id from here');
		this.stage.root.binding = this.room.enter([]);
	}

	leave() {
		this.stage.log('the boot id of this boot from here');
		this.stage.root.binding = [];
	}
}
