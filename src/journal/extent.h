// Which sequence numbers the journal should have: from that of the oldest entry it keeps up to the last durable one. A
// start that finds fewer knows that segments were removed or cut, and how many entries are gone.
// Format: docs/journal-format.md, "Extent".
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "storage/file_system.h"

namespace sluice::journal {

struct Extent {
  std::uint64_t first_sequence = 0;   // of the oldest segment
  std::uint64_t next_sequence = 0;    // behind the last durable entry; may lag by kExtentIntervalUs of a killed process
  std::uint64_t missing_entries = 0;  // found missing at its two ends by starts before
  bool operator==(const Extent&) const = default;
};

// How late next_sequence may be in the file while the journal is written: what a kill and a cut end together can hide.
inline constexpr std::int64_t kExtentIntervalUs = 5'000'000;

std::string encode_extent(const Extent& extent);
std::optional<Extent> decode_extent(std::string_view bytes);

// Any thread.
class ExtentFile {
 public:
  ExtentFile(std::string directory, storage::FileSystem& files);
  // Reads `directory`/extent. At start, before the others; an error: it is there and cannot be read. One that is not
  // there, or damaged, is none.
  storage::FileResult<void> load();
  const std::optional<Extent>& loaded() const { return loaded_; }
  bool damaged() const { return damaged_; }
  // At start, once what is there is known. Durable.
  void begin(const Extent& extent);
  // Before segments that begin before `first_sequence` go. Durable when it returns.
  void give_up_before(std::uint64_t first_sequence);
  // Written, not synced: a power cut may take it back, never forward.
  void reach(std::uint64_t next_sequence);

 private:
  void write(bool sync);  // under mutex_
  const std::string path_;
  storage::FileSystem& files_;
  std::mutex mutex_;
  std::unique_ptr<storage::File> file_;
  std::optional<Extent> loaded_;
  bool damaged_ = false;
  Extent extent_;
};

}  // namespace sluice::journal
