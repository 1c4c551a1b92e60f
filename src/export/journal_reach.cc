#include "export/journal_reach.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "base/crc32c.h"
#include "base/log.h"
#include "storage/whole_file.h"

namespace sluice::exporting {
namespace {

constexpr std::string_view kReachHead = "sluice journal end 1 ";
constexpr std::size_t kReachDigits = 16;

std::string reach_line(journal::Position end) {
  std::string line = fmt::format("{}{:016x} ", kReachHead, end.value);
  line += fmt::format("{:08x}\n", crc32c(line.data(), line.size()));
  return line;
}

}  // namespace

std::string journal_reach_path(const std::string& data_directory) { return data_directory + "/journal-end"; }

std::optional<journal::Position> journal_reached(storage::FileSystem& files, const std::string& data_directory) {
  const auto text = storage::read_whole(files, journal_reach_path(data_directory));
  if (!text || !*text || !(*text)->starts_with(kReachHead) || (*text)->size() < kReachHead.size() + kReachDigits)
    return std::nullopt;
  journal::Position end;
  const char* const digits = (*text)->data() + kReachHead.size();
  std::from_chars(digits, digits + kReachDigits, end.value, 16);
  return **text == reach_line(end) ? std::optional(end) : std::nullopt;
}

void JournalReach::begin() {
  {
    const std::lock_guard lock(mutex_);
    begun_ = true;
  }
  save();
}

// What cannot be written costs at most that an older copy of the journal is not noticed.
void JournalReach::save() {
  const std::lock_guard lock(mutex_);
  const journal::Position end = journal_.end();
  if (!begun_ || saved_ == end) return;
  if (!file_) {
    auto file = files_.open(path_, true);
    if (!file) return;
    file_ = std::move(*file);
  }
  if (const auto written = file_->write_at(0, reach_line(end)); !written) {
    log_warn("journal.end_not_written", {{"reason", written.error().message}});
    file_.reset();
    return;
  }
  saved_ = end;
}

}  // namespace sluice::exporting
