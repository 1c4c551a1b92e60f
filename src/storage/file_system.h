// The few things that the journal and its cursors ask of a file system, as an interface: tests put one behind it that
// loses what was not synced, runs full, tears writes and fails (storage/file_system_fake.h).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/unsaved_files.h"

namespace sluice::storage {

enum class FileFault : std::uint8_t {
  none,
  no_space,       // ENOSPC, EDQUOT
  not_found,      // ENOENT
  denied,         // EACCES, EPERM
  read_only,      // EROFS: the whole file system
  wrong_type,     // EISDIR, ENOTDIR: a directory where a file should be, or the other way round
  no_descriptor,  // EMFILE, ENFILE
  locked,         // by another process
  other,
};

struct FileError {
  FileFault fault = FileFault::other;
  std::string message;  // path, operation and the system's words
};

// What a person can do about it, as sentences; `directory`: where all of what was to be done lies.
std::string remedy_of(const FileError& error, const std::string& directory);
// The message and that.
std::string explained(const FileError& error, const std::string& directory);
template <typename T>
using FileResult = tl::expected<T, FileError>;

// One open file. Reads may run beside a write of other bytes, from any thread.
class File {
 public:
  virtual ~File() = default;
  // Writes all of it or fails.
  virtual FileResult<void> write_at(std::uint64_t offset, std::string_view bytes) = 0;
  // Writes the pieces one behind the other, in as few system calls as there can be. All of it or fails.
  virtual FileResult<void> write_pieces_at(std::uint64_t offset, std::span<const std::string_view> pieces) = 0;
  // Reads up to `size` bytes; fewer only at the end of the file.
  virtual FileResult<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) const = 0;
  virtual FileResult<void> sync_data() = 0;
  virtual FileResult<std::uint64_t> size() const = 0;
  // The file was renamed to `path` after it was opened: errors name it so from now on. Not beside another call.
  virtual void renamed(const std::string& path) { (void)path; }
  // Gives the file this size with its blocks allocated; new bytes read as zero.
  virtual FileResult<void> allocate(std::uint64_t size) = 0;
  // Nobody is expected to read these bytes soon, and they are synced: the system may use the memory that caches them
  // for what is written next. A hint; whole pages only.
  virtual void forget_cached(std::uint64_t offset, std::uint64_t size) const {
    (void)offset;
    (void)size;
  }
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // 0600; `create` makes it when absent.
  virtual FileResult<std::unique_ptr<File>> open(const std::string& path, bool create) = 0;
  // 0700, with its parents; fine when it exists.
  virtual FileResult<void> make_directory(const std::string& path) = 0;
  virtual FileResult<std::vector<std::string>> list(const std::string& directory) = 0;  // names, unsorted
  virtual FileResult<void> rename(const std::string& from, const std::string& to) = 0;
  virtual FileResult<void> remove(const std::string& path) = 0;
  virtual FileResult<void> remove_directory(const std::string& path) = 0;  // an empty one
  virtual FileResult<void> sync_directory(const std::string& path) = 0;
  virtual FileResult<std::uint64_t> free_bytes(const std::string& path) = 0;
  // Holds a lock on `path` until the returned object dies; an error names the process that has it.
  virtual FileResult<std::unique_ptr<File>> lock(const std::string& path) = 0;

  // Which of its files could not be written: here, since all who write have it.
  UnsavedFiles& unsaved() { return unsaved_; }

 private:
  UnsavedFiles unsaved_;
};

// The machine's.
std::unique_ptr<FileSystem> make_posix_file_system();

}  // namespace sluice::storage
