#include "journal/extent.h"

#include <utility>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/log.h"

namespace sluice::journal {
namespace {

constexpr std::string_view kExtentMagic = "SLUICEEX";
constexpr std::uint32_t kExtentFormatVersion = 1;
constexpr std::size_t kExtentBytes = 40;

}  // namespace

std::string encode_extent(const Extent& extent) {
  std::string bytes(kExtentBytes, '\0');
  char* at = bytes.data();
  kExtentMagic.copy(at, kExtentMagic.size());
  store<std::uint32_t>(at + 8, kExtentFormatVersion);
  store<std::uint64_t>(at + 16, extent.first_sequence);
  store<std::uint64_t>(at + 24, extent.next_sequence);
  store<std::uint64_t>(at + 32, extent.missing_entries);
  store<std::uint32_t>(at + 12, crc32c(at + 16, kExtentBytes - 16));
  return bytes;
}

std::optional<Extent> decode_extent(std::string_view bytes) {
  const char* at = bytes.data();
  if (bytes.size() < kExtentBytes || !bytes.starts_with(kExtentMagic) ||
      load<std::uint32_t>(at + 8) != kExtentFormatVersion ||
      load<std::uint32_t>(at + 12) != crc32c(at + 16, kExtentBytes - 16))
    return std::nullopt;
  return Extent{load<std::uint64_t>(at + 16), load<std::uint64_t>(at + 24), load<std::uint64_t>(at + 32)};
}

ExtentFile::ExtentFile(std::string directory, storage::FileSystem& files)
    : path_(std::move(directory) + "/extent"), files_(files) {}

storage::FileResult<void> ExtentFile::load() {
  const auto file = files_.open(path_, false);
  if (!file && file.error().fault == storage::FileFault::not_found) return {};
  if (!file) return tl::unexpected(file.error());
  std::string bytes(kExtentBytes, '\0');
  const auto read = (*file)->read_at(0, bytes.data(), bytes.size());
  if (!read) return tl::unexpected(read.error());
  bytes.resize(*read);
  loaded_ = decode_extent(bytes);
  damaged_ = !loaded_;
  if (damaged_)
    log_warn(
        "journal.extent_unreadable",
        {{"path", path_}, {"reason", "it is damaged: entries that are missing at the journal's ends are not noticed"}});
  return {};
}

void ExtentFile::begin(const Extent& extent) {
  const std::lock_guard lock(mutex_);
  extent_ = extent;
  if (loaded_ && *loaded_ == extent) return;
  write(true);
  (void)files_.sync_directory(path_.substr(0, path_.rfind('/')));
}

void ExtentFile::give_up_before(std::uint64_t first_sequence) {
  const std::lock_guard lock(mutex_);
  if (extent_.first_sequence == first_sequence) return;
  extent_.first_sequence = first_sequence;
  write(true);
}

void ExtentFile::reach(std::uint64_t next_sequence) {
  const std::lock_guard lock(mutex_);
  if (extent_.next_sequence == next_sequence) return;
  extent_.next_sequence = next_sequence;
  write(false);
}

// What cannot be written costs at most a false count at a later start.
void ExtentFile::write(bool sync) {
  if (!file_) {
    auto file = files_.open(path_, true);
    if (!file) return;
    file_ = std::move(*file);
  }
  auto written = file_->write_at(0, encode_extent(extent_));
  if (written && sync) written = file_->sync_data();
  if (!written) {
    log_warn("journal.extent_not_written", {{"reason", written.error().message}});
    file_.reset();
  }
}

}  // namespace sluice::journal
