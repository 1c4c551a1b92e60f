#include "destinations/kinesis/settings.h"

#include <gtest/gtest.h>

namespace sluice::kinesis {
namespace {

TEST(KinesisSettings, a_destination_without_an_encoding_has_one_event_a_record_and_every_encoding_has_its_linger_time) {
  struct Row {
    const char* lines;
    framing::Encoding encoding;
    std::int64_t linger_ms;
    std::uint64_t record_bytes;
    bool ends_lines;
  };
  for (const Row& row :
       {Row{"newline = false", framing::Encoding::json, 50, 0, false},
        Row{"encoding = \"json\"", framing::Encoding::json, 50, 0, true},
        Row{"encoding = \"ndjson+zstd\"\nrecord_bytes = \"50 KiB\"\nnewline = false", framing::Encoding::ndjson_zstd,
            1'000, 51'200, true},
        Row{"encoding = \"ndjson+gzip\"\nlinger = \"50 ms\"", framing::Encoding::ndjson_gzip, 50, 0, true},
        Row{"encoding = \"kpl\"\nnewline = false", framing::Encoding::kpl, 1'000, 0, false}}) {
    config::ConfigFaults faults;
    config::TomlTable table = config::TomlTable::parse(
        "region = \"eu-west-1\"\nstream_name = \"flags\"\n" + std::string(row.lines), "test.toml", faults);
    const KinesisSettings settings = read_kinesis_settings(table);
    table.refuse_unknown();
    ASSERT_TRUE(faults.empty()) << faults.text();
    EXPECT_EQ(settings.encoding, row.encoding) << row.lines;
    EXPECT_EQ(settings.linger_ms, row.linger_ms) << row.lines;
    EXPECT_EQ(settings.record_bytes, row.record_bytes) << row.lines;
    EXPECT_EQ(ends_lines(settings), row.ends_lines) << row.lines;
  }
}

TEST(KinesisSettings, tells_every_fault) {
  config::ConfigFaults faults;
  config::TomlTable table = config::TomlTable::parse(R"(
linger = "2 h"
encoding = "avro"
record_bytes = 1000
max_calls_in_flight = 0
strem_name = "flags"
)",
                                                     "test.toml", faults);
  read_kinesis_settings(table);
  table.refuse_unknown();
  const std::string text = faults.text();
  for (const char* part : {"\"2 h\" is not valid", "\"avro\" is not an encoding; expected one of json, ndjson,",
                           "\"1000\" is not valid; expected a size from 25 KiB to 1 MiB", "\"0\" is not valid",
                           "region:\n    It is missing", "Did you mean stream_name?"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

}  // namespace
}  // namespace sluice::kinesis
