#include "export/dead_letter_file.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "export/limits.h"

namespace sluice {

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out += '"';
}

DeadLetterFile::DeadLetterFile(std::string path, ObjectId destination, FileSystem& files, const Clock& clock)
    : path_(std::move(path)),
      directory_(path_.substr(0, path_.rfind('/'))),
      destination_(destination),
      files_(files),
      clock_(clock) {}

Result<void> DeadLetterFile::open() {
  if (file_) return {};
  const auto explain = [this](const FileError& error) {
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
  file_ = std::move(*file);
  size_ = *size;
  return {};
}

Result<void> DeadLetterFile::keep(const OutboundEvent& event, const DeadLetter& letter) {
  if (auto opened = open(); !opened) return opened;
  std::string_view record = letter.record;
  if (!record.empty() && record.back() == '\n') record.remove_suffix(1);
  std::string position = "unknown";
  if (event.entry && event.entry->chunk && !event.entry->chunk->entries.empty()) {
    for (const JournalEntry& entry : event.entry->chunk->entries)
      if (entry.position == event.entry->position)
        position = fmt::format("{}/{}", entry.position.value >> 32, entry.position.value & 0xFFFF'FFFFu);
  }
  const std::string line =
      fmt::format(R"({{"time":"{}","destination":"{}","code":{},"reason":{},"position":"{}","record":{}}})"
                  "\n",
                  iso_time_ms(clock_.wall_ms()), destination_.hex(), json_string(letter.code),
                  json_string(letter.reason), position, record);
  if (size_ + line.size() > kMaxDeadLetterBytes) {
    return fail(
        fmt::format("The dead-letter file {} has reached its limit of {}. Look at what it holds, move it away, and "
                    "delivery goes on.",
                    path_, human_bytes(kMaxDeadLetterBytes)));
  }
  const auto failed = [this](const FileError& error) {
    file_.reset();  // opened afresh next time: the file may have been moved away
    return fail(fmt::format("The dead-letter file {} cannot be written: {}.", path_, error.message));
  };
  if (const auto written = file_->write_at(size_, line); !written) return failed(written.error());
  if (const auto synced = file_->sync_data(); !synced) return failed(synced.error());
  size_ += line.size();
  return {};
}

}  // namespace sluice
