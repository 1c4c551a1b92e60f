#include "export/dead_letter_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json_string.h"
#include "base/log.h"
#include "base/text.h"
#include "export/limits.h"
#include "storage/whole_file.h"

namespace sluice::exporting {

namespace {

// The bytes up to the end of the last whole line.
storage::FileResult<std::uint64_t> whole_lines(const storage::File& file, std::uint64_t size) {
  std::string piece;
  for (std::uint64_t end = size; end > 0;) {
    const std::uint64_t from = end - std::min<std::uint64_t>(end, kDeadLetterPieceBytes);
    piece.resize(end - from);
    const auto read = file.read_at(from, piece.data(), piece.size());
    if (!read) return tl::unexpected(read.error());
    piece.resize(*read);
    if (const std::size_t at = piece.rfind('\n'); at != std::string::npos) return from + at + 1;
    end = from;
  }
  return std::uint64_t{0};
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace

DeadLetterFile::DeadLetterFile(std::string path, ObjectId destination, storage::FileSystem& files, const Clock& clock)
    : path_(std::move(path)),
      stem_(path_.substr(0, path_.rfind('.'))),
      directory_(path_.substr(0, path_.rfind('/'))),
      destination_(destination),
      files_(files),
      clock_(clock) {}

Result<void> DeadLetterFile::open() {
  if (file_) return {};
  const auto explain = [this](const storage::FileError& error) {
    return fail(
        fmt::format("The dead-letter file {} cannot be opened: {}. Events that the destination refuses stay in the "
                    "journal until it can.",
                    path_, error.message));
  };
  if (const auto made = files_.make_directory(directory_); !made) return explain(made.error());
  auto file = files_.open(path_, true);
  if (!file) return explain(file.error());
  const auto size = (*file)->size();
  if (!size) return explain(size.error());
  if (const auto synced = files_.sync_directory(directory_); !synced) return explain(synced.error());
  const auto whole = whole_lines(**file, *size);
  if (!whole) return explain(whole.error());
  // Its event was not finished, and comes again.
  if (*whole < *size) {
    if (const auto cut = (*file)->allocate(*whole); !cut) return explain(cut.error());
    if (const auto synced = (*file)->sync_data(); !synced) return explain(synced.error());
    log_warn("export.dead_letter_cut", {{"path", path_}, {"bytes", *size - *whole}});
  }
  file_ = std::move(*file);
  size_ = *whole;
  return {};
}

Result<void> DeadLetterFile::keep(std::span<const RejectedEvent> rejected) {
  std::string lines;
  for (const RejectedEvent& each : rejected) lines += line_of(each);
  const std::lock_guard lock(mutex_);
  if (auto opened = open(); !opened) return opened;
  if (size_ + lines.size() > kMaxDeadLetterBytes) {
    return fail(
        fmt::format("The dead-letter file {} has reached its limit of {}. Look at what it holds, move it away, and "
                    "delivery goes on.",
                    path_, human_bytes(kMaxDeadLetterBytes)));
  }
  return append(lines);
}

std::string DeadLetterFile::line_of(const RejectedEvent& rejected) const {
  std::string_view record = rejected.letter.record;
  if (!record.empty() && record.back() == '\n') record.remove_suffix(1);
  std::string position = "unknown";
  const OutboundEvent& event = rejected.event;
  if (event.entry && event.entry->position.value > 0)
    position = fmt::format("{}/{}", event.entry->position.value >> 32, event.entry->position.value & 0xFFFF'FFFFu);
  return fmt::format(R"({{"time":"{}","destination":"{}","code":{},"reason":{},"position":"{}","record":{}}})"
                     "\n",
                     iso_time_ms(clock_.wall_ms()), destination_.hex(), json_string(rejected.letter.code),
                     json_string(rejected.letter.reason), position, record);
}

Result<void> DeadLetterFile::append(std::string_view text) {
  const auto failed = [this](const storage::FileError& error) {
    file_.reset();  // opened afresh next time: the file may have been moved away
    return fail(fmt::format("The dead-letter file {} cannot be written: {}.", path_, error.message));
  };
  if (const auto written = file_->write_at(size_, text); !written) return failed(written.error());
  if (const auto synced = file_->sync_data(); !synced) return failed(synced.error());
  size_ += text.size();
  return {};
}

Result<bool> DeadLetterFile::put_aside() {
  const std::lock_guard lock(mutex_);
  const auto explain = [this](const storage::FileError& error) {
    return fail(fmt::format("The dead-letter file {} cannot be put aside: {}.", path_, error.message));
  };
  file_.reset();
  if (const auto there = files_.open(path_, false); there) {
    if (auto opened = open(); !opened) return tl::unexpected(opened.error());  // cuts half a line
    file_.reset();
  }
  // What was done of an earlier one must not count for this one, whatever a crash brought back.
  if (auto removed = files_.remove(done_path()); !removed && removed.error().fault != storage::FileFault::not_found)
    return explain(removed.error());
  if (auto synced = files_.sync_directory(directory_); !synced) {
    if (synced.error().fault == storage::FileFault::not_found) return false;
    return explain(synced.error());
  }
  if (auto moved = files_.rename(path_, aside_path()); !moved) {
    if (moved.error().fault == storage::FileFault::not_found) return false;
    return explain(moved.error());
  }
  if (auto synced = files_.sync_directory(directory_); !synced) return explain(synced.error());
  return true;
}

Result<void> DeadLetterFile::note_done(std::uint64_t bytes) {
  const auto written = storage::replace_whole(files_, done_path(), std::to_string(bytes));
  if (!written) return fail(fmt::format("The file {} cannot be written: {}.", done_path(), written.error().message));
  return {};
}

Result<std::uint64_t> DeadLetterFile::done_bytes() const {
  const auto text = storage::read_whole(files_, done_path());
  if (!text) return fail(text.error().message);
  std::uint64_t bytes = 0;
  if (*text) std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), bytes);
  return bytes;
}

Result<void> DeadLetterFile::put_back(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (auto opened = open(); !opened) return opened;
  return append(line);
}

Result<void> DeadLetterFile::bring_back() {
  const auto explain = [this](const storage::FileError& error) {
    return fail(fmt::format("The dead letters in {} cannot be read: {}.", aside_path(), error.message));
  };
  const auto aside = files_.open(aside_path(), false);
  if (!aside && aside.error().fault == storage::FileFault::not_found) return {};
  const auto size = aside ? (*aside)->size() : tl::unexpected(aside.error());
  if (!size) return explain(size.error());
  auto done = done_bytes();
  if (!done) return tl::unexpected(done.error());
  const auto whole = whole_lines(**aside, *size);  // half a line behind them was never a letter
  if (!whole) return explain(whole.error());
  std::string piece;
  while (*done < *whole) {
    piece.resize(std::min<std::uint64_t>(kDeadLetterPieceBytes, *whole - *done));
    const auto read = (*aside)->read_at(*done, piece.data(), piece.size());
    if (!read) return explain(read.error());
    if (auto back = put_back(piece); !back) return back;
    *done += piece.size();
  }
  if (auto removed = files_.remove(aside_path()); !removed) return explain(removed.error());
  (void)files_.remove(done_path());
  if (auto synced = files_.sync_directory(directory_); !synced) return explain(synced.error());
  return {};
}

}  // namespace sluice::exporting
