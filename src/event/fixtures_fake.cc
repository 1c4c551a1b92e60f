#include "event/fixtures_fake.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/base64.h"
#include "base/check.h"
#include "base/text.h"

namespace sluice::event {
namespace {

std::string gunzipped(std::string compressed) {
  constexpr std::size_t kLargest = 4 << 20;
  std::string text(kLargest, '\0');
  inflate_state state;
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  state.next_in = reinterpret_cast<std::uint8_t*>(compressed.data());
  state.avail_in = static_cast<std::uint32_t>(compressed.size());
  state.next_out = reinterpret_cast<std::uint8_t*>(text.data());
  state.avail_out = static_cast<std::uint32_t>(text.size());
  SLUICE_CHECK(isal_inflate(&state) == ISAL_DECOMP_OK, "a recorded body inflates");
  text.resize(state.total_out);
  return text;
}

RecordedRequest load_request(const std::filesystem::path& file, const std::string& name) {
  const auto json = nlohmann::json::parse(read_file(file));
  RecordedRequest request;
  request.name = name;
  request.path = json.at("path");
  for (const auto& [header, value] : json.at("headers").items()) {
    if (equals_ignoring_case(header, "x-launchdarkly-event-schema")) request.schema = std::stoi(std::string(value));
    if (equals_ignoring_case(header, "x-launchdarkly-unsummarized")) request.unsummarized = true;
  }
  if (json.contains("bodyText")) {
    request.body = json.at("bodyText");
  } else {
    const auto compressed = base64_decode(std::string(json.at("bodyBase64")));
    SLUICE_CHECK(compressed.has_value(), "a recorded body is base64");
    request.body = gunzipped(*compressed);
  }
  return request;
}

}  // namespace

std::filesystem::path source_directory() { return SLUICE_SOURCE_DIR; }

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool updating_goldens() { return std::getenv("SLUICE_UPDATE_GOLDEN") != nullptr; }

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::vector<RecordedRequest> recorded_event_requests() {
  const auto fixtures = source_directory() / "tests" / "fixtures";
  std::vector<RecordedRequest> requests;
  for (const char* folder : {"sdk-requests", "written-requests"}) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(fixtures / folder)) {
      const std::string stem = file.path().stem().string();
      const bool events = folder == std::string("written-requests") || stem.ends_with("-events");
      if (file.path().extension() != ".json" || !events) continue;
      const auto parent = file.path().parent_path().filename().string();
      requests.push_back(load_request(file.path(), parent + "/" + stem));
    }
  }
  std::sort(requests.begin(), requests.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return requests;
}

}  // namespace sluice::event
