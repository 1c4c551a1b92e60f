// The requests in tests/fixtures, and the files that tests compare with and, when SLUICE_UPDATE_GOLDEN is set, write
// anew.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sluice::event {

struct RecordedRequest {
  std::string name;  // "launchdarkly-node-server-sdk-9.13.7/main-02-events"
  std::string path;
  int schema = 1;
  bool unsummarized = false;
  std::string body;  // decompressed
};

// All requests of SDKs that carry events: recorded and written by hand, sorted by name.
std::vector<RecordedRequest> recorded_event_requests();

std::filesystem::path source_directory();
std::string read_file(const std::filesystem::path& path);
bool updating_goldens();
void write_file(const std::filesystem::path& path, const std::string& text);

}  // namespace sluice::event
