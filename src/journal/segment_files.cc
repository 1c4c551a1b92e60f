#include "journal/segment_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "base/log.h"
#include "journal/fatal.h"
#include "storage/whole_file.h"

namespace sluice::journal {
namespace {

constexpr std::uint64_t kZeroStepBytes = 1u << 20;
// A spare is synced in steps, so that the writer's own syncs never wait behind the whole of it.
constexpr std::uint64_t kZeroSyncBytes = 8u << 20;

std::optional<std::uint64_t> number_in(std::string_view name, std::string_view extension) {
  if (!name.ends_with(extension)) return std::nullopt;
  name.remove_suffix(extension.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || number == 0 || number > UINT32_MAX)
    return std::nullopt;
  return number;
}

}  // namespace

SegmentFiles::SegmentFiles(std::string directory, const JournalLimits& limits, storage::FileSystem& files)
    : directory_(std::move(directory)),
      limits_(limits),
      files_(files),
      extent_(directory_.substr(0, directory_.rfind('/')), files) {}

std::string SegmentFiles::segment_path(std::uint64_t number) const {
  return directory_ + "/" + segment_file_name(number);
}
std::string SegmentFiles::index_path(std::uint64_t number) const { return directory_ + "/" + index_file_name(number); }

storage::FileResult<SegmentFiles::Numbers> SegmentFiles::scan() {
  const auto names = files_.list(directory_);
  if (!names) return tl::unexpected(names.error());
  std::set<std::uint64_t> segments;
  for (const std::string& name : *names)
    if (const auto number = number_in(name, ".segment"); number && name == segment_file_name(*number))
      segments.insert(*number);
  std::set<std::uint64_t> alone;
  for (const std::string& name : *names) {
    const std::string path = directory_ + "/" + name;
    if (const auto index = number_in(name, ".index"); index && !segments.contains(*index)) alone.insert(*index);
    if (number_in(name, ".making")) (void)files_.remove(path);
    const auto spare = number_in(name, ".spare");
    if (!spare) continue;
    next_name_ = std::max(next_name_, *spare + 1);
    const auto file = files_.open(path, false);
    const auto size = file ? (*file)->size() : storage::FileResult<std::uint64_t>(0);
    if (size && *size == limits_.segment_bytes && spares_.size() < kSpareLimit) {
      spares_.push_back(path);
      held_bytes_ += *size;
    } else {
      (void)files_.remove(path);
    }
  }
  return Numbers{{segments.begin(), segments.end()}, {alone.begin(), alone.end()}};
}

storage::FileResult<void> SegmentFiles::sync_names() { return files_.sync_directory(directory_); }

void SegmentFiles::count_in(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  held_bytes_ += bytes;
}

void SegmentFiles::set_aside(std::uint64_t number) {
  const std::string path = segment_path(number);
  log_error("journal.segment_unreadable",
            {{"segment", path},
             {"reason", "neither copy of its header is intact, so its entries cannot be recognised; it is kept as " +
                            path + ".damaged. Check the disk."}});
  (void)files_.rename(path, path + ".damaged");
}

SegmentFiles::Work::Work(SegmentFiles& files) : files_(files) {
  const std::lock_guard lock(files_.mutex_);
  files_.working_ = true;
  files_.hurry_ = false;
}

SegmentFiles::Work::~Work() {
  {
    const std::lock_guard lock(files_.mutex_);
    files_.working_ = false;
  }
  files_.work_done_.notify_all();
}

std::optional<std::string> SegmentFiles::take_spare() {
  std::unique_lock lock(mutex_);
  if (spares_.empty() && working_) {
    hurry_ = true;
    work_done_.wait(lock, [this] { return !working_ || !spares_.empty(); });
  }
  if (spares_.empty()) return std::nullopt;
  std::string path = std::move(spares_.back());
  spares_.pop_back();
  return path;
}

void SegmentFiles::add_spare(std::string path) {
  {
    const std::lock_guard lock(mutex_);
    spares_.push_back(std::move(path));
  }
  work_done_.notify_all();
}

bool SegmentFiles::may_grow() const {
  {
    const std::lock_guard lock(mutex_);
    if (held_bytes_ + limits_.segment_bytes > limits_.max_bytes) return false;
  }
  return free_bytes() >= limits_.segment_bytes + limits_.min_free_bytes;
}

std::string SegmentFiles::new_name(const char* extension) {
  const std::lock_guard lock(mutex_);
  return fmt::format("{}/{:010}.{}", directory_, next_name_++, extension);
}

void SegmentFiles::drop(const std::string& path, std::uint64_t bytes) {
  if (const auto removed = files_.remove(path); !removed && removed.error().fault != storage::FileFault::not_found)
    log_warn("journal.remove_failed", {{"reason", removed.error().message}});
  const std::lock_guard lock(mutex_);
  held_bytes_ -= std::min(held_bytes_, bytes);
}

storage::FileResult<void> SegmentFiles::write_zeros(storage::File& file, const std::atomic<bool>& stop) {
  const std::string zeros(kZeroStepBytes, '\0');
  for (std::uint64_t at = 0; at < limits_.segment_bytes && !hurry_; at += kZeroStepBytes) {
    if (stop)
      return tl::unexpected(storage::FileError{storage::FileFault::other, "stopped while a spare was being created"});
    const auto step = std::min(kZeroStepBytes, limits_.segment_bytes - at);
    if (auto wrote = file.write_at(at, std::string_view(zeros).substr(0, step)); !wrote) return wrote;
    if ((at + step) % kZeroSyncBytes != 0) continue;
    if (auto synced = file.sync_data(); !synced) return synced;
    file.forget_cached(at + step - kZeroSyncBytes, kZeroSyncBytes);
  }
  return {};
}

storage::FileResult<std::string> SegmentFiles::make_file(const std::atomic<bool>* stop) {
  count_in(limits_.segment_bytes);
  const std::string path = new_name("making");
  const std::string spare = new_name("spare");
  const auto fill = [&]() -> storage::FileResult<void> {
    auto file = files_.open(path, true);
    if (!file) return tl::unexpected(file.error());
    if (auto allocated = (*file)->allocate(limits_.segment_bytes); !allocated) return allocated;
    if (stop) {
      if (auto written = write_zeros(**file, *stop); !written) return written;
    }
    if (auto synced = (*file)->sync_data(); !synced) return synced;
    return files_.rename(path, spare);
  };
  if (auto filled = fill(); !filled) {
    drop(path, limits_.segment_bytes);
    return tl::unexpected(filled.error());
  }
  return spare;
}

storage::FileResult<std::string> SegmentFiles::make() { return make_file(nullptr); }

storage::FileResult<void> SegmentFiles::make_spare(const std::atomic<bool>& stop) {
  auto path = make_file(&stop);
  if (!path) return tl::unexpected(path.error());
  add_spare(std::move(*path));
  return {};
}

storage::FileResult<std::shared_ptr<storage::File>> SegmentFiles::activate(const std::string& path,
                                                                           const SegmentHeader& header) {
  const auto prepare = [&]() -> storage::FileResult<std::shared_ptr<storage::File>> {
    auto file = files_.open(path, false);
    if (!file) return tl::unexpected(file.error());
    if (auto written = (*file)->write_at(0, encode_segment_header(header)); !written)
      return tl::unexpected(written.error());
    // Before it gets its name: a segment by name always has a whole header.
    if (auto synced = (*file)->sync_data(); !synced) {
      if (synced.error().fault == storage::FileFault::no_space) return tl::unexpected(synced.error());
      journal_fatal(synced.error().message);
    }
    if (auto renamed = files_.rename(path, segment_path(header.number)); !renamed)
      return tl::unexpected(renamed.error());
    (*file)->renamed(segment_path(header.number));
    if (auto synced = files_.sync_directory(directory_); !synced) journal_fatal(synced.error().message);
    return std::shared_ptr<storage::File>(std::move(*file));
  };
  auto file = prepare();
  if (!file) add_spare(path);
  return file;
}

void SegmentFiles::remove_index(std::uint64_t number) { (void)files_.remove(index_path(number)); }

std::optional<SegmentFiles::Lost> SegmentFiles::read_lost(std::uint64_t number) {
  const auto bytes = storage::read_whole(files_, index_path(number));
  if (!bytes || !*bytes) return std::nullopt;
  auto header = segment_of_index(**bytes);
  if (!header || header->number != number) return std::nullopt;
  auto summary = decode_index(**bytes, *header);
  if (!summary) return std::nullopt;
  // As far as can be told: numbers that a refused write used up count too.
  std::uint64_t entries = 0;
  for (const auto& [environment, count] : summary->environments) entries += count.entries;
  header->first_sequence = summary->next_sequence - std::min(entries, summary->next_sequence);
  header->segment_bytes = 0;  // it takes no room
  return Lost{*header, std::move(*summary)};
}

std::uint64_t SegmentFiles::over_max_bytes() const {
  const std::lock_guard lock(mutex_);
  return held_bytes_ > limits_.max_bytes ? held_bytes_ - limits_.max_bytes : 0;
}

void SegmentFiles::drop_spares_over_max() {
  while (over_max_bytes() > 0) {
    std::string spare;
    {
      const std::lock_guard lock(mutex_);
      if (spares_.empty()) return;
      spare = std::move(spares_.back());
      spares_.pop_back();
    }
    drop(spare, limits_.segment_bytes);
  }
}

void SegmentFiles::retire(const Segment& segment, std::uint64_t next_first_sequence, bool shrinks) {
  extent_.give_up_before(next_first_sequence);
  if (auto removed = files_.remove(index_path(segment.header.number));
      !removed && removed.error().fault != storage::FileFault::not_found)
    log_warn("journal.remove_failed", {{"reason", removed.error().message}});
  if (segment.lost) {
    const std::lock_guard lock(mutex_);
    held_bytes_ -= std::min(held_bytes_, segment.header.segment_bytes);
    return;
  }
  std::string spare;
  if (!shrinks && segment.header.segment_bytes == limits_.segment_bytes && spares() < kSpareLimit) {
    spare = new_name("spare");
    if (auto renamed = files_.rename(segment.path, spare); !renamed) {
      log_warn("journal.rename_failed", {{"reason", renamed.error().message}});
      spare.clear();
    }
  }
  if (spare.empty()) drop(segment.path, segment.header.segment_bytes);
  // Before its bytes are written over, and before the next one goes: a crash must find neither new bytes under the old
  // name nor this segment again without the one behind it.
  if (auto synced = files_.sync_directory(directory_); !synced) journal_fatal(synced.error().message);
  if (!spare.empty()) add_spare(std::move(spare));
}

storage::FileResult<void> SegmentFiles::write_index(const SegmentHeader& header, const SegmentSummary& summary,
                                                    std::vector<StoredRows>& rows) {
  const std::string bytes = encode_index(header, summary, &rows);
  auto file = files_.open(index_path(header.number), true);
  if (!file) return tl::unexpected(file.error());
  if (auto emptied = (*file)->allocate(0); !emptied) return emptied;
  return (*file)->write_at(0, bytes);
}

std::optional<SegmentSummary> SegmentFiles::read_index(const SegmentHeader& header) {
  const auto file = files_.open(index_path(header.number), false);
  if (!file) return std::nullopt;
  const auto size = (*file)->size();
  if (!size || *size > header.segment_bytes) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(*size), '\0');
  const auto got = (*file)->read_at(0, bytes.data(), bytes.size());
  if (!got || *got != bytes.size()) return std::nullopt;
  return decode_index(bytes, header);
}

bool SegmentFiles::has_index(std::uint64_t number) {
  const auto file = files_.open(index_path(number), false);
  return file || file.error().fault != storage::FileFault::not_found;
}

std::size_t SegmentFiles::spares() const {
  const std::lock_guard lock(mutex_);
  return spares_.size();
}
std::uint64_t SegmentFiles::held_bytes() const {
  const std::lock_guard lock(mutex_);
  return held_bytes_;
}
std::uint64_t SegmentFiles::free_bytes() const { return files_.free_bytes(directory_).value_or(0); }

}  // namespace sluice::journal
