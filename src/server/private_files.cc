#include "server/private_files.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/log.h"

namespace sluice::server {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
// In the data directory; others' files there are left alone.
constexpr std::array<std::string_view, 15> kNames = {"journal",    "cursors",        "replays",        "dead-letters",
                                                     "history",    "destinations",   "set-aside",      "catalog.db",
                                                     "flags.json", "catalog.db-wal", "catalog.db-shm", "flags.ndjson",
                                                     "backups",    "admin-token",    "sessions"};

struct Repaired {
  std::size_t count = 0;
  std::string first;
};

Result<void> repair(const std::string& path, Repaired& repaired) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || S_ISLNK(status.st_mode) || (status.st_mode & kOthers) == 0) return {};
  const mode_t mode = S_ISDIR(status.st_mode) ? 0700 : 0600;
  if (::chmod(path.c_str(), mode) != 0)
    return fail(
        fmt::format("{} can be read by others than its owner, and that cannot be repaired: {}. It holds events or "
                    "keys. Give it to the user that Sluice runs as, with mode {:o}.",
                    path, std::generic_category().message(errno), mode));
  if (repaired.count++ == 0) repaired.first = path;
  return {};
}

// The data directory itself may belong to another, as a volume's root does: then its inside is private all the same,
// unless everybody may put files into it.
Result<void> repair_root(const std::string& data_dir, Repaired& repaired) {
  struct stat status {};
  if (::stat(data_dir.c_str(), &status) != 0 || (status.st_mode & kOthers) == 0) return {};
  if (status.st_uid == ::geteuid()) return repair(data_dir, repaired);
  if ((status.st_mode & S_IWOTH) != 0)
    return fail(
        fmt::format("Everybody may write into the data directory {}. Choose another with --data-dir, or give it "
                    "to the user that Sluice runs as, with mode 700.",
                    data_dir));
  return {};
}

}  // namespace

Result<void> keep_files_private(const std::string& data_dir) {
  Repaired repaired;
  if (auto done = repair_root(data_dir, repaired); !done) return done;
  std::error_code ignored;
  for (const std::string_view name : kNames) {
    const std::filesystem::path top = std::filesystem::path(data_dir) / name;
    if (auto done = repair(top.string(), repaired); !done) return done;
    if (!std::filesystem::is_directory(std::filesystem::symlink_status(top, ignored))) continue;
    using Walk = std::filesystem::recursive_directory_iterator;
    for (auto at = Walk(top, ignored); at != Walk(); at.increment(ignored))
      if (auto done = repair(at->path().string(), repaired); !done) return done;
  }
  if (repaired.count > 0)
    log_warn("files.made_private",
             {{"count", repaired.count},
              {"first", repaired.first},
              {"message",
               "Files or directories of the data directory could be read by others than their owner. They "
               "cannot any more."}});
  return {};
}

}  // namespace sluice::server
