// Loaded into sluice by the campaign (LD_PRELOAD): the disk fails while a file says so. SLUICE_FAULT_FILE names the file; it holds
// the name of the call that fails: fdatasync (EIO), pwrite (EIO, after half of the bytes) or pread (EIO, of the journal's segments).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int asked_for(const char* call) {
  const char* path = getenv("SLUICE_FAULT_FILE");
  if (path == NULL) return 0;
  const int saved = errno;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  char text[32] = {0};
  if (file >= 0) {
    if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
    close(file);
  }
  errno = saved;
  return strcmp(text, call) == 0;
}

int fdatasync(int file) {
  if (asked_for("fdatasync")) {
    errno = EIO;
    return -1;
  }
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  return real(file);
}

ssize_t pwritev(int file, const struct iovec* pieces, int count, off_t offset) {
  ssize_t (*real)(int, const struct iovec*, int, off_t) =
      (ssize_t(*)(int, const struct iovec*, int, off_t))dlsym(RTLD_NEXT, "pwritev");
  if (asked_for("pwrite") && count > 0) {
    struct iovec half = pieces[0];
    half.iov_len /= 2;
    if (half.iov_len > 0 && real(file, &half, 1, offset) < 0) return -1;
    errno = EIO;
    return -1;
  }
  return real(file, pieces, count, offset);
}

static int is_segment(int file) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, sizeof path);
  return size > 8 && memcmp(path + size - 8, ".segment", 8) == 0;
}

static ssize_t read_or_fail(const char* name, int file, void* bytes, size_t size, off_t offset) {
  if (is_segment(file) && asked_for("pread")) {
    errno = EIO;
    return -1;
  }
  ssize_t (*real)(int, void*, size_t, off_t) = (ssize_t(*)(int, void*, size_t, off_t))dlsym(RTLD_NEXT, name);
  return real(file, bytes, size, offset);
}
ssize_t pread(int file, void* bytes, size_t size, off_t offset) { return read_or_fail("pread", file, bytes, size, offset); }
ssize_t pread64(int file, void* bytes, size_t size, off64_t offset) { return read_or_fail("pread64", file, bytes, size, offset); }
