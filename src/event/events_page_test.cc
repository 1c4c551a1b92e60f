// docs/events.md shows records; each must be one that the goldens hold. SLUICE_UPDATE_GOLDEN=1 writes them anew.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "event/fixtures_fake.h"
#include "event/kind.h"

namespace sluice::event {
namespace {

// The line of a golden file, counted from 1, broken into lines for people.
std::string golden_record(const std::string& name, int line) {
  std::istringstream text(read_file(source_directory() / "tests/fixtures/golden" / (name + ".ndjson")));
  std::string record;
  for (int i = 0; i < line; ++i) std::getline(text, record);
  return nlohmann::ordered_json::parse(record).dump(2);
}

TEST(EventsPage, shows_what_the_goldens_hold_for_every_kind) {
  const std::string marker = "<!-- example: ";
  const std::string open = "```json\n";
  const auto page = source_directory() / "docs" / "events.md";
  std::string text = read_file(page);
  std::string shown_kinds;
  for (auto at = text.find(marker); at != std::string::npos; at = text.find(marker, at + 1)) {
    const auto name_end = text.find(':', at + marker.size());
    const std::string name = text.substr(at + marker.size(), name_end - at - marker.size());
    const std::string record = golden_record(name, std::stoi(text.substr(name_end + 1)));
    const auto begin = text.find(open, at) + open.size();
    const auto end = text.find("```\n", begin);
    if (updating_goldens()) text.replace(begin, end - begin, record + "\n");
    EXPECT_EQ(text.substr(begin, text.find("```\n", begin) - begin), record + "\n") << name;
    shown_kinds += std::string(nlohmann::json::parse(record).at("event").at("kind")) + " ";
  }
  if (updating_goldens()) write_file(page, text);
  for (const EventKindRow& row : kEventKinds)
    EXPECT_TRUE(row.name.front() == '(' || shown_kinds.find(std::string(row.name) + " ") != std::string::npos)
        << row.name;
}

}  // namespace
}  // namespace sluice::event
