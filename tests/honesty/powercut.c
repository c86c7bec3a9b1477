/*
 * powercut.c: as if the machine lost its power, for one file system
 *
 *	powercut DIRECTORY
 *
 * What has not been written to the disk of DIRECTORY's file system (ext4, xfs)
 * never will be: unmount and mount it, and what is there is what a reboot would
 * find.  Must be root.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>

/* EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN: no header of userland has both. */
#define SHUTDOWN _IOR('X', 125, uint32_t)

enum { DROP_EVERYTHING = 2 }; /* 0: sync first; 1: write the journal first */

int
main(int argc, char **argv)
{
	uint32_t how = DROP_EVERYTHING;
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;

	if (fd < 0 || ioctl(fd, SHUTDOWN, &how) < 0) {
		perror("powercut");
		return 1;
	}
	return 0;
}
