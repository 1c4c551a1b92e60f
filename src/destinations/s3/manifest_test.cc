#include "destinations/s3/manifest.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/text_file.h"

namespace sluice::s3 {
namespace {

Manifest example() {
  Manifest out;
  out.key =
      "flags/project=default/environment=production/date=2026-11-27/hour=08/"
      "node-1-6b03dfc000001000-6b03dfc0000a2000.000011.ndjson.gz";
  out.first = {{0x6b03dfc000001000}, 0};
  out.last = {{0x6b03dfc0000a2000}, 11};
  out.size_bytes = 9120;
  out.sha256_hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  out.events = 1042;
  out.uncompressed_bytes = 712'340;
  out.content_type = "application/gzip";
  out.sealed_ms = 1'795'768'500'000;
  out.settings_revision = "17";
  return out;
}

TEST(Manifest, is_what_the_format_page_shows) {
  const auto page = read_text_file(SLUICE_SOURCE_DIR "/docs/s3-spool-format.md");
  ASSERT_TRUE(page) << page.error().message;
  const std::string fence = "```json manifest\n";
  const auto from = page->find(fence) + fence.size();
  const std::string text = page->substr(from, page->find("```", from) - from);
  const auto manifest = parse_manifest(text);
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(*manifest, example());
  EXPECT_EQ(nlohmann::json::parse(text), nlohmann::json::parse(manifest_text(example())));
}

TEST(Manifest, comes_back_as_it_was_written) {
  Manifest manifest = example();
  manifest.first = {{0}, 4'000'000'000u};
  manifest.last = {{UINT64_MAX}, UINT32_MAX};
  manifest.earlier_sha256_hex = {std::string(64, 'a'), std::string(64, '0')};
  const auto read = parse_manifest(manifest_text(manifest));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, manifest);
}

TEST(Manifest, a_bit_that_rotted_is_found_wherever_it_is) {
  const std::string text = manifest_text(example());
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string rotten = text;
    rotten[bit / 8] = static_cast<char>(rotten[bit / 8] ^ (1 << bit % 8));
    const auto read = parse_manifest(rotten);
    if (read) {
      EXPECT_EQ(*read, example()) << rotten;
    }
  }
}

TEST(Manifest, without_a_checksum_is_of_an_earlier_version) {
  auto json = nlohmann::json::parse(manifest_text(example()));
  json.erase("crc32c");
  const auto read = parse_manifest(json.dump());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, example());
}

TEST(Manifest, that_is_damaged_is_refused_and_names_the_member) {
  const auto without = [](const char* name) {
    auto json = nlohmann::json::parse(manifest_text(example()));
    json.erase(name);
    return json.dump();
  };
  for (const char* name : {"format", "key", "first", "last", "size_bytes", "sha256", "events", "uncompressed_bytes",
                           "content_type", "sealed_ms", "settings_revision", "earlier_sha256"}) {
    const auto read = parse_manifest(without(name));
    ASSERT_FALSE(read) << name;
    EXPECT_NE(read.error().message.find(name), std::string::npos) << read.error().message;
  }
  const auto with = [](const char* name, const nlohmann::json& value) {
    auto json = nlohmann::json::parse(manifest_text(example()));
    json[name] = value;
    return json.dump();
  };
  for (const std::string& text :
       {with("format", 2), with("sha256", "abc"), with("sha256", std::string(64, 'g')), with("events", -1),
        with("first", {{"entry", "123"}, {"event", 0}}), with("first", {{"entry", "ffffffffffffffff"}, {"event", 0}}),
        with("first", {{"entry", "6b03dfc000001000"}, {"event", 4'294'967'296}}), with("earlier_sha256", {1}),
        with("key", ""), std::string("{"), std::string("[]"), std::string()})
    EXPECT_FALSE(parse_manifest(text)) << text;
  EXPECT_TRUE(parse_manifest(with("of_a_later_version", 1)));
}

}  // namespace
}  // namespace sluice::s3
