#include "storage/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

namespace sluice::storage {
namespace {

FileFault fault_of(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return FileFault::no_space;
    case ENOENT:
      return FileFault::not_found;
    case EACCES:
    case EPERM:
      return FileFault::denied;
    case EROFS:
      return FileFault::read_only;
    case EISDIR:
    case ENOTDIR:
      return FileFault::wrong_type;
    case EMFILE:
    case ENFILE:
      return FileFault::no_descriptor;
    default:
      return FileFault::other;
  }
}

tl::unexpected<FileError> failed(std::string_view operation, const std::string& path, int error) {
  return tl::unexpected(FileError{
      fault_of(error), fmt::format("cannot {} {}: {}", operation, path, std::generic_category().message(error))});
}

template <typename Call>
auto retried(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~PosixFile() override { ::close(descriptor_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  FileResult<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          retried([&] { return ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (written < 0) return failed("write", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
    return {};
  }

  FileResult<void> write_pieces_at(std::uint64_t offset, std::span<const std::string_view> pieces) override {
    std::vector<iovec> vectors;
    vectors.reserve(pieces.size());
    for (const std::string_view piece : pieces)
      if (!piece.empty()) vectors.push_back({const_cast<char*>(piece.data()), piece.size()});
    std::size_t first = 0;
    while (first < vectors.size()) {
      const int count = static_cast<int>(std::min<std::size_t>(vectors.size() - first, IOV_MAX));
      const ssize_t written =
          retried([&] { return ::pwritev(descriptor_, &vectors[first], count, static_cast<off_t>(offset)); });
      if (written < 0) return failed("write", path_, errno);
      offset += static_cast<std::uint64_t>(written);
      auto left = static_cast<std::size_t>(written);
      while (first < vectors.size() && left >= vectors[first].iov_len) left -= vectors[first++].iov_len;
      if (left > 0) {
        vectors[first].iov_base = static_cast<char*>(vectors[first].iov_base) + left;
        vectors[first].iov_len -= left;
      }
    }
    return {};
  }

  FileResult<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) const override {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got =
          retried([&] { return ::pread(descriptor_, out + done, size - done, static_cast<off_t>(offset + done)); });
      if (got < 0) return failed("read", path_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  void renamed(const std::string& path) override { path_ = path; }
  FileResult<void> sync_data() override {
    if (retried([&] { return ::fdatasync(descriptor_); }) < 0) return failed("sync", path_, errno);
    return {};
  }

  void forget_cached(std::uint64_t offset, std::uint64_t size) const override {
    (void)::posix_fadvise(descriptor_, static_cast<off_t>(offset), static_cast<off_t>(size), POSIX_FADV_DONTNEED);
  }

  FileResult<std::uint64_t> size() const override {
    struct stat status {};
    if (::fstat(descriptor_, &status) < 0) return failed("inspect", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  FileResult<void> allocate(std::uint64_t size) override {
    int error = EINTR;
    while (error == EINTR && size > 0) error = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(size));
    if (size > 0 && error != 0) return failed(fmt::format("allocate {} bytes for", size), path_, error);
    if (retried([&] { return ::ftruncate(descriptor_, static_cast<off_t>(size)); }) < 0)
      return failed("resize", path_, errno);
    return {};
  }

 private:
  int descriptor_;
  std::string path_;
};

class PosixFileSystem final : public FileSystem {
 public:
  FileResult<std::unique_ptr<File>> open(const std::string& path, bool create) override {
    const int flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0);
    const int descriptor = retried([&] { return ::open(path.c_str(), flags, 0600); });
    if (descriptor < 0) return failed("open", path, errno);
    return std::make_unique<PosixFile>(descriptor, path);
  }

  FileResult<void> make_directory(const std::string& path) override {
    for (std::size_t slash = 0; slash != std::string::npos;) {
      slash = path.find('/', slash + 1);
      const std::string part = path.substr(0, slash);
      if (::mkdir(part.c_str(), 0700) == 0) {
        const std::size_t last = part.rfind('/');
        const std::string parent = last == std::string::npos ? "." : last == 0 ? "/" : part.substr(0, last);
        if (auto synced = sync_directory(parent); !synced) return synced;
      } else if (errno != EEXIST && errno != EISDIR) {
        return failed("make the directory", part, errno);
      }
    }
    struct stat status {};
    if (::stat(path.c_str(), &status) < 0) return failed("inspect", path, errno);
    if (!S_ISDIR(status.st_mode)) return failed("use as a directory", path, ENOTDIR);
    return {};
  }

  FileResult<std::vector<std::string>> list(const std::string& directory) override {
    DIR* open_directory = ::opendir(directory.c_str());
    if (open_directory == nullptr) return failed("list", directory, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(open_directory)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    const int error = errno;
    ::closedir(open_directory);
    if (error != 0) return failed("list", directory, error);
    return names;
  }

  FileResult<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) < 0) return failed("rename", fmt::format("{} to {}", from, to), errno);
    return {};
  }

  FileResult<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) < 0) return failed("remove", path, errno);
    return {};
  }

  FileResult<void> remove_directory(const std::string& path) override {
    if (::rmdir(path.c_str()) < 0) return failed("remove the directory", path, errno);
    return {};
  }

  FileResult<void> sync_directory(const std::string& path) override {
    const int descriptor = retried([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (descriptor < 0) return failed("open the directory", path, errno);
    const int result = retried([&] { return ::fsync(descriptor); });
    const int error = errno;
    ::close(descriptor);
    if (result < 0) return failed("sync the directory", path, error);
    return {};
  }

  FileResult<std::uint64_t> free_bytes(const std::string& path) override {
    struct statvfs status {};
    if (retried([&] { return ::statvfs(path.c_str(), &status); }) < 0)
      return failed("ask for the free space of", path, errno);
    return std::uint64_t{status.f_bavail} * status.f_frsize;
  }

  FileResult<std::unique_ptr<File>> lock(const std::string& path) override {
    const int descriptor = retried([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); });
    if (descriptor < 0) return failed("open", path, errno);
    auto locked = std::make_unique<PosixFile>(descriptor, path);
    if (retried([&] { return ::flock(descriptor, LOCK_EX | LOCK_NB); }) < 0) {
      const int error = errno;
      char holder[32] = {};
      const auto size = locked->read_at(0, holder, sizeof holder - 1);
      const std::string pid(holder, size ? std::min(*size, std::strcspn(holder, "\n")) : 0);
      if (error != EWOULDBLOCK) return failed("lock", path, error);
      return tl::unexpected(FileError{
          FileFault::locked, fmt::format("{} is locked by another process{}; only one can use this directory at a time",
                                         path, pid.empty() ? "" : " (process id " + pid + ")")});
    }
    if (auto emptied = locked->allocate(0); !emptied) return tl::unexpected(emptied.error());
    if (auto written = locked->write_at(0, fmt::format("{}\n", ::getpid())); !written)
      return tl::unexpected(written.error());
    return locked;
  }
};

}  // namespace

std::string remedy_of(const FileError& error, const std::string& directory) {
  switch (error.fault) {
    case FileFault::no_space:
      return fmt::format("Free space on the disk of {}: `df -h {}` shows what it has.", directory, directory);
    case FileFault::not_found:
      return "Something removed it since Sluice looked. Start again, and find out what removes files there.";
    case FileFault::denied:
      return fmt::format(
          "Sluice runs as user id {}, which may not do that. Give it all of the directory: "
          "`chown -R {}:{} {} && chmod -R u=rwX,go= {}`, or run Sluice as the user that owns it. If that user does: "
          "see "
          "what restricts the service (read-only paths, SELinux, AppArmor).",
          ::geteuid(), ::geteuid(), ::getegid(), directory, directory);
    case FileFault::read_only:
      return "The file system is mounted read-only, which the system also does after an error of the disk: see "
             "`dmesg`. "
             "Mount it with write access, and start again.";
    case FileFault::wrong_type:
      return "Something else has this name: a directory in the place of a file, or a file in that of a directory. Move "
             "it away, and start again.";
    case FileFault::no_descriptor:
      return "Raise the limit of file descriptors: `ulimit -n`, or LimitNOFILE= of the service.";
    case FileFault::locked:
      return "Stop that process first, or start this one with a --data-dir of its own.";
    case FileFault::none:
    case FileFault::other:
      break;
  }
  return "Check the disk and its file system: `dmesg` has what the system says of it.";
}

std::string explained(const FileError& error, const std::string& directory) {
  return fmt::format("{}. {}", error.message, remedy_of(error, directory));
}

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace sluice::storage
