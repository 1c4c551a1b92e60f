#include "export/dead_letter_share.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "export/limits.h"
#include "storage/whole_file.h"

namespace sluice::exporting {
namespace {

std::uint64_t lines_in(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

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

bool missing(const storage::FileError& error) { return error.fault == storage::FileFault::not_found; }

}  // namespace

DeadLetterShare::DeadLetterShare(std::string stem, CredentialKind credential, std::uint64_t limit_bytes,
                                 storage::FileSystem& files, const Clock& clock)
    : stem_(std::move(stem)),
      directory_(stem_.substr(0, stem_.rfind('/'))),
      credential_(credential),
      limit_bytes_(limit_bytes),
      files_(files),
      clock_(clock) {}

Result<void> DeadLetterShare::open() {
  if (file_) return {};
  const auto explain = [this](const storage::FileError& error) {
    return fail(
        fmt::format("The dead-letter file {} cannot be opened: {}. Events that the destination refuses stay in the "
                    "journal until it can.",
                    path(), error.message));
  };
  if (const auto made = files_.make_directory(directory_); !made) return explain(made.error());
  auto file = files_.open(path(), true);
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
    log_warn("export.dead_letter_cut", {{"path", path()}, {"bytes", *size - *whole}});
  }
  file_ = std::move(*file);
  size_ = *whole;
  letters_ = size_ == 0 ? std::optional<std::uint64_t>(0) : std::nullopt;
  return {};
}

Result<void> DeadLetterShare::append(std::string_view lines) {
  const std::lock_guard lock(mutex_);
  if (auto opened = open(); !opened) return opened;
  if (size_ > 0 && size_ + lines.size() > limit_bytes_ / 2)
    if (auto rotated = rotate(); !rotated) return rotated;
  const auto failed = [this](const storage::FileError& error) {
    file_.reset();  // opened afresh next time: the file may have been moved away
    return fail(
        fmt::format("The dead-letter file {} cannot be written: {}. Events that the destination refuses stay "
                    "in the journal until it can.",
                    path(), error.message));
  };
  if (const auto written = file_->write_at(size_, lines); !written) return failed(written.error());
  if (const auto synced = file_->sync_data(); !synced) return failed(synced.error());
  size_ += lines.size();
  if (letters_) *letters_ += lines_in(lines);
  return {};
}

// The rename takes the older file away and puts the newer in its place, in one step that no crash halves.
Result<void> DeadLetterShare::rotate() {
  std::uint64_t bytes = 0;
  if (const auto older = files_.open(older_path(), false))
    if (const auto size = (*older)->size()) bytes = *size;
  const std::uint64_t letters = bytes == 0 ? 0 : older_letters_ ? *older_letters_ : letters_in(older_path());
  file_.reset();
  const auto explain = [this](const storage::FileError& error) {
    return fail(
        fmt::format("The dead-letter file {} cannot be renamed to {}: {}. Events that the destination refuses "
                    "stay in the journal until it can.",
                    path(), older_path(), error.message));
  };
  const auto moved = files_.rename(path(), older_path());
  if (!moved && !missing(moved.error())) return explain(moved.error());
  if (const auto synced = files_.sync_directory(directory_); !synced) return explain(synced.error());
  if (moved) {
    older_letters_ = letters_;
    rotated_letters_ += letters;
    rotated_bytes_ += bytes;
  }
  const std::int64_t now_ms = clock_.wall_ms();
  if (const std::uint64_t told = rotated_letters_ - logged_letters_;
      told > 0 && (logged_ms_ == 0 || now_ms - logged_ms_ >= kRotatedLogIntervalMs)) {
    log_warn("export.dead_letters_rotated",
             {{"file", older_path()},
              {"credential", credential_kind_name(credential_)},
              {"letters_removed", told},
              {"limit", human_bytes(limit_bytes_)},
              {"message",
               "The oldest dead letters made room for newer ones. Find out who sends events that the "
               "destination refuses, or raise the stream's maximum record size."}});
    logged_ms_ = now_ms;
    logged_letters_ += told;
  }
  return open();
}

std::uint64_t DeadLetterShare::letters_in(const std::string& path) const {
  const auto file = files_.open(path, false);
  const auto size = file ? (*file)->size() : tl::unexpected(file.error());
  std::uint64_t letters = 0;
  std::string piece(kDeadLetterPieceBytes, '\0');
  for (std::uint64_t at = 0; size && at < *size;) {
    const auto read = (*file)->read_at(at, piece.data(), std::min<std::uint64_t>(piece.size(), *size - at));
    if (!read || *read == 0) break;
    letters += lines_in(std::string_view(piece).substr(0, *read));
    at += *read;
  }
  return letters;
}

std::vector<AsideLetters> DeadLetterShare::aside() const {
  std::vector<AsideLetters> all;
  for (const char* age : {".1", ""}) all.push_back({stem_ + age + ".retrying", stem_ + age + ".retried", credential_});
  return all;
}

Result<std::vector<AsideLetters>> DeadLetterShare::put_aside() {
  const std::lock_guard lock(mutex_);
  file_.reset();
  older_letters_.reset();
  std::vector<AsideLetters> put;
  const std::vector<AsideLetters> names = aside();
  for (const AsideLetters& each : names) {
    const auto done = put_aside(each, &each == &names.front() ? older_path() : path());
    if (!done) return tl::unexpected(done.error());
    if (*done) put.push_back(each);
  }
  return put;
}

// False: there is none.
Result<bool> DeadLetterShare::put_aside(const AsideLetters& aside, const std::string& from) {
  const auto explain = [&from](const storage::FileError& error) {
    return fail(fmt::format("The dead-letter file {} cannot be put aside: {}.", from, error.message));
  };
  // What was done of an earlier one must not count for this one, whatever a crash brought back.
  if (auto removed = files_.remove(aside.done_path); !removed && !missing(removed.error()))
    return explain(removed.error());
  if (auto synced = files_.sync_directory(directory_); !synced) {
    if (missing(synced.error())) return false;
    return explain(synced.error());
  }
  if (from == path())
    if (const auto there = files_.open(from, false); there) {
      if (auto opened = open(); !opened) return tl::unexpected(opened.error());  // cuts half a line
      file_.reset();
    }
  if (auto moved = files_.rename(from, aside.path); !moved) {
    if (missing(moved.error())) return false;
    return explain(moved.error());
  }
  if (auto synced = files_.sync_directory(directory_); !synced) return explain(synced.error());
  return true;
}

Result<void> DeadLetterShare::bring_back() {
  for (const AsideLetters& each : aside())
    if (auto back = bring_back(each); !back) return back;
  return {};
}

Result<void> DeadLetterShare::bring_back(const AsideLetters& aside) {
  const auto explain = [&aside](const storage::FileError& error) {
    return fail(fmt::format("The dead letters in {} cannot be read: {}.", aside.path, error.message));
  };
  const auto file = files_.open(aside.path, false);
  if (!file && missing(file.error())) return {};
  const auto size = file ? (*file)->size() : tl::unexpected(file.error());
  if (!size) return explain(size.error());
  const auto text = storage::read_whole(files_, aside.done_path);
  if (!text) return explain(text.error());
  std::uint64_t done = 0;
  if (*text) std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), done);
  // Whole lines at a time: live delivery writes its letters between them.
  while (done < *size) {
    const auto lines = next_letters(**file, done, *size);
    if (!lines) return tl::unexpected(lines.error());
    if (lines->empty()) break;
    if (auto back = append(*lines); !back) return back;
    done += lines->size();
  }
  if (auto removed = files_.remove(aside.path); !removed) return explain(removed.error());
  (void)files_.remove(aside.done_path);
  if (auto synced = files_.sync_directory(directory_); !synced) return explain(synced.error());
  return {};
}

Result<std::string> next_letters(const storage::File& file, std::uint64_t from, std::uint64_t size) {
  std::string text;
  for (std::uint64_t want = kDeadLetterPieceBytes;; want *= 2) {
    text.resize(std::min(want, size - from));
    const auto read = file.read_at(from, text.data(), text.size());
    if (!read) return fail(fmt::format("The dead letters cannot be read: {}.", read.error().message));
    text.resize(*read);
    if (const std::size_t end = text.rfind('\n'); end != std::string::npos) {
      text.resize(end + 1);
      return text;
    }
    if (from + text.size() >= size || *read < std::min(want, size - from)) return text;
    if (text.size() >= kMaxDeadLetterLineBytes)
      return fail(
          fmt::format("At byte {} the dead letters have a line of more than {} bytes, which is no letter. Take it "
                      "out of the file, and try again.",
                      from, kMaxDeadLetterLineBytes));
  }
}

}  // namespace sluice::exporting
