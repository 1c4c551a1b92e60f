// How far the journal had come: kept outside of its folder, so that a start whose journal is an older copy knows it.
// DATA_DIR/journal-end, one line:
//   sluice journal end 1 POSITION CRC32C\n    (16 and 8 hex digits; the checksum is of what stands before it)
// Written once a second and when the process ends, not synced: a kill can hide the last second, a power cut what the
// system had not written. It never says more than was durable.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "journal/journal.h"
#include "storage/file_system.h"

namespace sluice::exporting {

std::string journal_reach_path(const std::string& data_directory);
// Of the process before; before begin(). Nothing: it is not known.
std::optional<journal::Position> journal_reached(storage::FileSystem& files, const std::string& data_directory);

// Any thread.
class JournalReach {
 public:
  JournalReach(const journal::Journal& journal, storage::FileSystem& files, const std::string& data_directory)
      : journal_(journal), files_(files), path_(journal_reach_path(data_directory)) {}
  // What is missing was told: from now on save() replaces it.
  void begin();
  void save();  // nothing before begin()

 private:
  const journal::Journal& journal_;
  storage::FileSystem& files_;
  const std::string path_;
  std::mutex mutex_;  // guards what follows
  bool begun_ = false;
  std::unique_ptr<storage::File> file_;
  std::optional<journal::Position> saved_;
};

}  // namespace sluice::exporting
