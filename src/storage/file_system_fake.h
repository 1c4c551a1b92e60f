// A file system in memory that keeps what was synced apart from what was only written, so that a test can see what a
// crash would leave. Seeded; any thread.
//
//   FakeFileSystem files(seed);
//   files.before_each_change([&] { images.push_back(files.after_crash(seed)); });
//
// after_crash() gives the disk as a power cut at this moment may leave it: of what was written and not synced, each
// sector may be old or new; of the folder changes not synced, any number of the latest ones may be undone, or (loosely)
// any of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "storage/file_system.h"

namespace sluice::storage {

class FakeFileSystem final : public FileSystem {
 public:
  explicit FakeFileSystem(std::uint64_t seed, std::uint64_t capacity_bytes = 1ull << 40);
  ~FakeFileSystem() override;

  enum class Crash : std::uint8_t {
    lose_all,   // nothing that was not synced is there
    keep_all,   // kill -9: the system lives on, and still has to write what was not synced
    keep_some,  // any sectors, and folder changes up to some moment
    loose,      // any sectors, and any folder changes
  };
  std::unique_ptr<FakeFileSystem> after_crash(Crash crash, std::uint64_t seed) const;

  // Called before each write, sync, allocation, rename and removal, on the thread that does it.
  void before_each_change(std::function<void()> call);

  void set_capacity(std::uint64_t bytes);
  std::uint64_t used_bytes() const;
  // The write (sync) after the next `after` ones fails, once; a failing write has written a random part.
  void fail_write(std::uint64_t after, FileFault fault);
  void fail_sync(std::uint64_t after, FileFault fault);
  // Reads of files whose path ends so fail when they touch the byte, until they are healed.
  void fail_read(const std::string& path_end, std::uint64_t offset);
  // So many of a thousand reads of files whose path ends so fail, and succeed when they are tried again: drawn from the
  // seed, apart from all other draws.
  void fail_reads_at_times(const std::string& path_end, std::uint32_t of_thousand);
  void heal_reads();
  std::uint64_t failed_reads() const;

  bool exists(const std::string& path) const;
  std::vector<std::string> paths() const;
  std::string bytes(const std::string& path) const;
  void set_bytes(const std::string& path, std::string bytes);  // synced
  void flip(const std::string& path, std::uint64_t offset, unsigned char bits);
  std::uint64_t syncs() const;

  FileResult<std::unique_ptr<File>> open(const std::string& path, bool create) override;
  FileResult<void> make_directory(const std::string& path) override;
  FileResult<std::vector<std::string>> list(const std::string& directory) override;
  FileResult<void> rename(const std::string& from, const std::string& to) override;
  FileResult<void> remove(const std::string& path) override;
  FileResult<void> remove_directory(const std::string& path) override;
  FileResult<void> sync_directory(const std::string& path) override;
  FileResult<std::uint64_t> free_bytes(const std::string& path) override;
  FileResult<std::unique_ptr<File>> lock(const std::string& path) override;

 private:
  friend class FakeFile;
  struct Node;
  struct Change;
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  void about_to_change();
  void copy_alive(FakeFileSystem& image) const;
  static void apply(Names& names, const Change& change);
  FileResult<void> write(Node& node, std::uint64_t offset, std::span<const std::string_view> pieces);
  FileResult<void> sync(Node& node);
  FileResult<void> allocate(Node& node, std::uint64_t size);
  FileResult<std::size_t> read(const Node& node, std::uint64_t offset, char* out, std::size_t size) const;
  std::uint64_t used_locked() const;
  static std::string directory_of(const std::string& path);

  mutable std::mutex mutex_;
  std::function<void()> before_change_;
  Random random_;
  std::uint64_t capacity_bytes_;
  Names names_;                  // as the running system sees them
  Names synced_names_;           // as a crash leaves them at least
  std::vector<Change> changes_;  // between the two, in order
  std::map<std::string, bool> locks_;
  std::optional<std::pair<std::uint64_t, FileFault>> failing_write_, failing_sync_;
  std::vector<std::pair<std::string, std::uint64_t>> failing_reads_;
  std::vector<std::pair<std::string, std::uint32_t>> reads_failing_at_times_;
  mutable Random read_random_;
  mutable std::uint64_t failed_reads_ = 0;
  std::uint64_t syncs_ = 0;
};

}  // namespace sluice::storage
