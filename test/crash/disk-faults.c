/*
 * Breaks the disk under the runtime. Loaded before the C library (LD_PRELOAD), it stands between the runtime and the calls
 * that bring its files to the disk: it counts them, writes down in which order they and the bytes to the acquirer come, and
 * kills the process or fails the call at the n-th of one kind. New names are noted, too: they are lost until their folder is synced.
 *
 * POS8583_DISK_FAULTS names the control file, which is mapped: the harness reads and writes it as a file, and what was noted
 * survives the process. Its layout is also in real-faults.ts. Only files in the folder of the control file and below count, and
 * not the program's own log, which is no book.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if __SIZEOF_LONG__ != 8
#error "an offset must fit into one register"
#endif

enum call { PWRITE = 1, FSYNC, FDATASYNC, FTRUNCATE, WRITE, SEND, CREATE };
enum how { LOOK, KILL_BEFORE, KILL_AFTER, FAIL };

#define NOTES_MAX 8000
#define NAME_LENGTH 116

struct note {
  uint32_t call;
  uint32_t struck;
  int32_t result;
  /* Path below the folder of the control file, cut at the end; empty: that folder. */
  char name[NAME_LENGTH];
};

static struct control {
  uint32_t pid;
  uint32_t armed;
  uint32_t how;
  uint32_t call;
  uint32_t n;
  uint32_t error;
  /* Calls of that kind since it was armed. */
  uint32_t reached;
  uint32_t notes;
  struct note note[NOTES_MAX];
} *control;

static char folder[PATH_MAX];
static size_t folder_length;

static void stop(const char *why) {
  dprintf(2, "disk-faults: %s\n", why);
  _exit(99);
}

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("POS8583_DISK_FAULTS");
  if (path == NULL || realpath(path, folder) == NULL) stop("POS8583_DISK_FAULTS names no control file");
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) stop("the control file cannot be opened");
  void *memory = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) stop("the control file cannot be mapped");
  close(fd);
  *strrchr(folder, '/') = '\0';
  folder_length = strlen(folder);
  control = memory;
  control->pid = (uint32_t)getpid();
}

static int armed(void) { return control != NULL && __atomic_load_n(&control->armed, __ATOMIC_ACQUIRE) != 0; }

/* Is `fd` a file that counts? Then its name is below the folder. Asked each time: no table that could be out of date. */
static int counts(int fd, char *name) {
  char link[64];
  char path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < (ssize_t)folder_length) return 0;
  path[length] = '\0';
  if (memcmp(path, folder, folder_length) != 0) return 0;
  const char *rest = path + folder_length;
  if (*rest != '\0' && *rest++ != '/') return 0;
  if (length > 4 && strcmp(path + length - 4, ".log") == 0) return 0;
  snprintf(name, NAME_LENGTH, "%s", rest);
  return 1;
}

static int to_the_net(int fd) {
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) return 0;
  return address.ss_family == AF_INET || address.ss_family == AF_INET6;
}

static void note(enum call call, const char *name, uint32_t struck, long result) {
  uint32_t at = __atomic_fetch_add(&control->notes, 1, __ATOMIC_ACQ_REL);
  if (at >= NOTES_MAX) return; /* The harness sees by the count that some are missing. */
  struct note *one = &control->note[at];
  one->struck = struck;
  one->result = (int32_t)result;
  strcpy(one->name, name);
  __atomic_store_n(&one->call, call, __ATOMIC_RELEASE);
}

static void die(void) {
  for (;;) kill(getpid(), SIGKILL);
}

/* A write is noted where it begins, a sync where it ended: only then the bytes are safe. */
static long disk(enum call call, int fd, long number, long a, long b, long c) {
  char name[NAME_LENGTH];
  int error = errno;
  int known = armed() && counts(fd, name);
  errno = error;
  if (!known) return syscall(number, fd, a, b, c);
  int sync = call == FSYNC || call == FDATASYNC;
  enum how how = LOOK;
  if (control->how != LOOK && control->call == call &&
      __atomic_add_fetch(&control->reached, 1, __ATOMIC_ACQ_REL) == control->n)
    how = control->how;
  if (how == KILL_BEFORE || how == FAIL) note(call, name, 1, -1);
  if (how == KILL_BEFORE) die();
  if (how == FAIL) {
    errno = (int)control->error;
    return -1;
  }
  if (!sync) note(call, name, how == KILL_AFTER, 0);
  long result = syscall(number, fd, a, b, c);
  error = errno;
  if (sync) note(call, name, how == KILL_AFTER, result);
  if (how == KILL_AFTER) die();
  errno = error;
  return result;
}

static void named(int fd) {
  char name[NAME_LENGTH];
  if (counts(fd, name)) note(CREATE, name, 0, 0);
}

static int opened(int at, const char *path, int flags, va_list more) {
  int mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, int) : 0;
  int news = armed() && (flags & O_CREAT) != 0 && faccessat(at, path, F_OK, 0) != 0;
  int fd = (int)syscall(SYS_openat, at, path, flags, mode);
  int error = errno;
  if (news && fd >= 0) named(fd);
  errno = error;
  return fd;
}

static int moved(long number, const char *from, const char *to) {
  int result = (int)syscall(number, AT_FDCWD, from, AT_FDCWD, to, 0);
  int error = errno;
  int fd = armed() && result == 0 ? (int)syscall(SYS_openat, AT_FDCWD, to, O_PATH | O_CLOEXEC, 0) : -1;
  if (fd >= 0) {
    named(fd);
    close(fd);
  }
  errno = error;
  return result;
}

static void leaves(int fd) {
  int error = errno;
  if (armed() && to_the_net(fd)) note(SEND, "", 0, 0);
  errno = error;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  return disk(PWRITE, fd, SYS_pwrite64, (long)bytes, (long)length, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  return disk(PWRITE, fd, SYS_pwrite64, (long)bytes, (long)length, at);
}

int fsync(int fd) { return (int)disk(FSYNC, fd, SYS_fsync, 0, 0, 0); }

int fdatasync(int fd) { return (int)disk(FDATASYNC, fd, SYS_fdatasync, 0, 0, 0); }

int ftruncate64(int fd, off64_t length) { return (int)disk(FTRUNCATE, fd, SYS_ftruncate, length, 0, 0); }

int ftruncate(int fd, off_t length) { return (int)disk(FTRUNCATE, fd, SYS_ftruncate, length, 0, 0); }

int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int fd = opened(AT_FDCWD, path, flags, more);
  va_end(more);
  return fd;
}

int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int fd = opened(AT_FDCWD, path, flags, more);
  va_end(more);
  return fd;
}

int openat(int at, const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int fd = opened(at, path, flags, more);
  va_end(more);
  return fd;
}

int openat64(int at, const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int fd = opened(at, path, flags, more);
  va_end(more);
  return fd;
}

int link(const char *from, const char *to) { return moved(SYS_linkat, from, to); }

int rename(const char *from, const char *to) { return moved(SYS_renameat2, from, to); }

ssize_t write(int fd, const void *bytes, size_t length) {
  leaves(fd);
  return disk(WRITE, fd, SYS_write, (long)bytes, (long)length, 0);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  leaves(fd);
  return disk(WRITE, fd, SYS_writev, (long)parts, count, 0);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
  leaves(fd);
  return syscall(SYS_sendto, fd, bytes, length, flags, NULL, 0);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t to_length) {
  leaves(fd);
  return syscall(SYS_sendto, fd, bytes, length, flags, to, to_length);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  leaves(fd);
  return syscall(SYS_sendmsg, fd, message, flags);
}
