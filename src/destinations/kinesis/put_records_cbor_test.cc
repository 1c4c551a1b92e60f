// The CBOR body of PutRecords.

#include "destinations/kinesis/put_records_cbor.h"

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/random.h"

namespace sluice::kinesis {
namespace {

using Json = nlohmann::json;

struct Given {
  std::string data;
  std::string key;
  std::optional<HashKey> hash_key;
};

std::string body_of(PutRecordsCbor& body, const std::vector<Given>& records, std::string buffer = {}) {
  body.begin(std::move(buffer), records.size(), 0);
  for (const Given& record : records) {
    const auto write = [&](char* out) {
      std::memcpy(out, record.data.data(), record.data.size());
      return out + record.data.size();
    };
    body.add(record.data.size(), write, record.key, record.hash_key);
  }
  return body.finish();
}

std::string data_of(const Json& record) {
  const auto& bytes = record.at("Data").get_binary();
  return {bytes.begin(), bytes.end()};
}

TEST(PutRecordsCbor, is_these_bytes) {
  PutRecordsCbor body("", "s");
  EXPECT_EQ(body_of(body, {{"hi", "k", std::nullopt}, {"", "key", HashKey{7}}}),
            std::string("\xA2\x6AStreamName\x61s\x67Records\x82"
                        "\xA2\x64"
                        "Data\x42hi\x6CPartitionKey\x61k"
                        "\xA3\x64"
                        "Data\x40\x6CPartitionKey\x63key\x6F"
                        "ExplicitHashKey\x61"
                        "7"));
}

TEST(PutRecordsCbor, holds_each_record_whole_whatever_its_length_and_the_buffers_history) {
  const std::uint64_t seed = Random::from_system().next();
  SCOPED_TRACE(seed);
  Random random(seed);
  PutRecordsCbor body("", "flag-events");
  std::string buffer;
  for (const std::size_t count : {500u, 1u, 23u, 24u, 255u, 256u, 3u}) {
    std::vector<Given> records(count);
    for (Given& record : records) {
      constexpr std::size_t kEdges[] = {0, 1, 23, 24, 255, 256, 600, 65'535, 65'536};
      record.data.resize(kEdges[random.below(std::size(kEdges))]);
      for (char& c : record.data) c = static_cast<char>(random.next());
      record.key.assign(1 + random.below(256), 'k');
      if (random.below(2) == 0) record.hash_key = ~HashKey{0} >> random.below(128);
    }
    buffer = body_of(body, records, std::move(buffer));
    const Json json = Json::from_cbor(buffer);
    EXPECT_EQ(json["StreamName"], "flag-events");
    ASSERT_EQ(json["Records"].size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      const Json& record = json["Records"][i];
      EXPECT_EQ(data_of(record), records[i].data);
      EXPECT_EQ(record["PartitionKey"], records[i].key);
      ASSERT_EQ(record.contains("ExplicitHashKey"), records[i].hash_key.has_value());
      if (records[i].hash_key) {
        EXPECT_EQ(record["ExplicitHashKey"], hash_key_text(*records[i].hash_key));
      }
    }
  }
}

TEST(PutRecordsCbor, takes_a_record_of_ten_mebibytes) {
  PutRecordsCbor body("", "s");
  const std::string data(10u << 20, 'x');
  const Json json = Json::from_cbor(body_of(body, {{data, "k", std::nullopt}}));
  EXPECT_EQ(data_of(json["Records"][0]), data);
}

TEST(PutRecordsCbor, names_the_stream_by_its_arn_where_there_is_one) {
  PutRecordsCbor body("arn:aws:kinesis:eu-west-1:123456789012:stream/s", "s");
  const Json json = Json::from_cbor(body_of(body, {}));
  EXPECT_EQ(json, (Json{{"StreamARN", "arn:aws:kinesis:eu-west-1:123456789012:stream/s"}, {"Records", Json::array()}}));
}

}  // namespace
}  // namespace sluice::kinesis
