/*
 * Calls that inject.c knows by name: CALL(name) for each, CHANGE(name) where it
 * is a step that others see: of files, processes, locks; LOOK(name) what loops
 * make by the thousand, and no process makes first.  Included where all three
 * are defined; a static program makes no others that may fail.
 */
LOOK(read)
CHANGE(write)
LOOK(pread64)
CHANGE(pwrite64)
CHANGE(writev)
LOOK(openat)
LOOK(fstat)
LOOK(newfstatat)
LOOK(statx)
CALL(fstatfs)
CALL(statfs)
LOOK(lseek)
CHANGE(mkdirat)
CHANGE(mknodat)
CHANGE(renameat)
CHANGE(renameat2)
CHANGE(linkat)
CHANGE(unlinkat)
CALL(readlinkat)
CALL(faccessat)
CALL(faccessat2)
CHANGE(fchmod)
CHANGE(fchmodat)
CHANGE(ftruncate)
CHANGE(fallocate)
CHANGE(fsync)
CHANGE(fdatasync)
LOOK(getdents64)
CHANGE(flock)
LOOK(fcntl)
CALL(dup3)
CALL(pipe2)
CALL(chdir)
CALL(fchdir)
CHANGE(clone)
CHANGE(clone3)
CHANGE(execve)
CALL(wait4)
CALL(waitid)
CHANGE(setsid)
CALL(prctl)
CALL(prlimit64)
CHANGE(tgkill)
CHANGE(kill)
CALL(pidfd_open)
CHANGE(pidfd_send_signal)
CALL(ioctl)
LOOK(ppoll)
CALL(inotify_init1)
CALL(inotify_add_watch)
CALL(inotify_rm_watch)
CALL(mmap)
CALL(mremap)
CALL(brk)
CALL(getrandom)
CALL(uname)
CALL(rt_sigaction)
CALL(rt_sigprocmask)
CALL(close)
CALL(close_range)
#ifdef SYS_poll
LOOK(poll)
#endif
#ifdef SYS_readlink
CALL(readlink)
#endif
#ifdef SYS_access
CALL(access)
#endif
#ifdef SYS_open
CALL(open)
#endif
#ifdef SYS_dup2
CALL(dup2)
#endif
#ifdef SYS_pipe
CALL(pipe)
#endif
#ifdef SYS_fork
CHANGE(fork)
#endif
#ifdef SYS_vfork
CHANGE(vfork)
#endif
#ifdef SYS_mkdir
CHANGE(mkdir)
#endif
#ifdef SYS_stat
CALL(stat)
#endif
#ifdef SYS_rename
CHANGE(rename)
#endif
#ifdef SYS_mknod
CHANGE(mknod)
#endif
#ifdef SYS_unlink
CHANGE(unlink)
#endif
