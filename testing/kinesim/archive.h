// Streams and records in a folder, so that a demonstration goes on after a restart: streams.json, rewritten at every
// change, and one file of JSON lines per stream. Not synced: this is a simulator. Any thread.
#pragma once

#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "base/result.h"
#include "kinesim/stream.h"

namespace kinesim {

class Simulator;

class Archive {
 public:
  // Makes the folder.
  static sluice::Result<std::unique_ptr<Archive>> open(const std::string& folder);
  // Puts the folder's streams and records into the simulator, and writes the records that are still retained anew.
  sluice::Result<void> load(Simulator& simulator);

  void save_streams(const Simulator& simulator);
  // The accepted ones among the entries.
  void append(const std::string& stream, std::span<const PutEntry> entries, std::span<const PutOutcome> outcomes,
              std::int64_t now_ms);
  void forget(const std::string& stream);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  explicit Archive(std::string folder) : folder_(std::move(folder)) {}
  std::string records_path(const std::string& stream) const { return folder_ + "/" + stream + ".records.jsonl"; }
  sluice::Result<void> load_records(Stream& stream);

  const std::string folder_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<std::FILE, Close>> files_;
};

}  // namespace kinesim
