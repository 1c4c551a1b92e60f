#include "destinations/webhook/batch.h"

#include <gtest/gtest.h>
#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "framing/outbound_fake.h"

namespace sluice::webhook {
namespace {

using framing::Compressor;
using framing::outbound_events;

std::vector<exporting::OutboundEvent> numbered(std::size_t count, std::size_t padding = 0) {
  std::vector<std::string> jsons;
  for (std::size_t i = 0; i < count; ++i)
    jsons.push_back(R"({"id":)" + std::to_string(i) + R"(,"pad":")" + std::string(padding, 'x') + R"("})");
  return outbound_events(jsons);
}

void put_all(BatchBuilder& builder, const std::vector<exporting::OutboundEvent>& events) {
  for (const exporting::OutboundEvent& event : events) builder.put(event);
}

std::vector<std::uint64_t> tickets(const Batch& batch) {
  std::vector<std::uint64_t> all;
  for (const exporting::OutboundEvent& event : batch.events) all.push_back(event.ticket);
  return all;
}

std::vector<int> ids_of_records(const nlohmann::json& records) {
  std::vector<int> ids;
  for (const auto& record : records) ids.push_back(record.at("event").at("id"));
  return ids;
}

std::vector<int> ids_in_lines(const std::string& body) {
  EXPECT_TRUE(body.ends_with('\n'));
  nlohmann::json records = nlohmann::json::array();
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) records.push_back(nlohmann::json::parse(line));
  return ids_of_records(records);
}

std::string inflated(const std::string& body, std::size_t plain_bytes) {
  std::string out(plain_bytes, '\0');
  inflate_state state;
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  state.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(body.data()));
  state.avail_in = static_cast<std::uint32_t>(body.size());
  state.next_out = reinterpret_cast<std::uint8_t*>(out.data());
  state.avail_out = static_cast<std::uint32_t>(out.size());
  EXPECT_EQ(isal_inflate(&state), ISAL_DECOMP_OK);
  return out;
}

Batch whole(BatchOptions options, const std::vector<exporting::OutboundEvent>& events) {
  BatchBuilder builder(std::move(options));
  put_all(builder, events);
  return builder.take(0, true).value();
}

TEST(Batch, is_lines_or_an_array_of_whole_records_in_order) {
  const auto events = numbered(3);
  const Batch lines = whole({}, events);
  EXPECT_EQ(ids_in_lines(lines.body), (std::vector{0, 1, 2}));
  EXPECT_EQ(tickets(lines), (std::vector<std::uint64_t>{0, 1, 2}));
  BatchOptions options;
  options.format = BodyFormat::json_array;
  const Batch array = whole(options, events);
  EXPECT_EQ(ids_of_records(nlohmann::json::parse(array.body)), (std::vector{0, 1, 2}));
  EXPECT_EQ(array.body.find('\n'), std::string::npos);
}

TEST(Batch, compressed_is_the_same_under_the_same_id) {
  const auto events = numbered(50);
  const Batch plain = whole({}, events);
  for (const auto format : {Compressor::Format::gzip, Compressor::Format::zstd}) {
    BatchOptions options;
    options.compression = format;
    const Batch batch = whole(options, events);
    EXPECT_LT(batch.body.size(), plain.body.size() / 4);
    EXPECT_EQ(batch.plain_bytes, plain.body.size());
    EXPECT_EQ(batch.id, plain.id);
    std::string back(batch.plain_bytes, '\0');
    if (format == Compressor::Format::zstd) {
      EXPECT_EQ(ZSTD_decompress(back.data(), back.size(), batch.body.data(), batch.body.size()), back.size());
    } else {
      back = inflated(batch.body, batch.plain_bytes);
    }
    EXPECT_EQ(back, plain.body);
  }
}

TEST(Batch, ends_with_its_events_its_bytes_or_its_time) {
  BatchOptions options;
  options.max_events = 10;
  options.max_bytes = 4000;
  options.linger_us = 1000;
  BatchBuilder builder(options);
  EXPECT_EQ(builder.due_us(), INT64_MAX);
  put_all(builder, numbered(25));
  EXPECT_EQ(builder.due_us(), 0);
  EXPECT_EQ(builder.take(50, false)->events.size(), 10u);
  EXPECT_EQ(builder.take(50, false)->events.size(), 10u);
  EXPECT_FALSE(builder.take(50, false));
  EXPECT_EQ(builder.due_us(), 1050);
  EXPECT_FALSE(builder.take(1049, false));
  EXPECT_EQ(builder.take(1050, false)->events.size(), 5u);
  EXPECT_EQ(builder.events(), 0u);
  EXPECT_EQ(builder.bytes(), 0u);

  put_all(builder, numbered(4, 1500));
  EXPECT_EQ(builder.take(0, false)->events.size(), 2u) << "a third would be too many bytes";
  EXPECT_EQ(builder.take(0, true)->events.size(), 2u);
  put_all(builder, numbered(1, 10'000));
  put_all(builder, numbered(1));
  const auto large = builder.take(0, false);
  ASSERT_TRUE(large);
  EXPECT_EQ(large->events.size(), 1u) << "an event that is larger than a batch is alone in its own";
  EXPECT_GT(large->body.size(), 10'000u);
  EXPECT_EQ(builder.take(0, true)->events.size(), 1u);
}

TEST(Batch, has_an_id_that_follows_from_what_is_in_it_and_whom_it_is_for) {
  const auto events = numbered(4);
  BatchOptions options;
  options.recipient = "610addeadbeefaa86ec9a7d4";
  const Batch batch = whole(options, events);
  EXPECT_EQ(batch.id.size(), 36u);
  EXPECT_TRUE(batch.id.starts_with("msg_"));
  EXPECT_EQ(batch.id.find('.'), std::string::npos) << "the signature's separator";
  EXPECT_EQ(whole(options, numbered(4)).id, batch.id) << "after a restart, from the same events in another entry";
  std::set<std::string> ids = {batch.id};
  EXPECT_TRUE(ids.insert(whole(options, numbered(3)).id).second);
  EXPECT_TRUE(ids.insert(whole(options, numbered(4, 1)).id).second);
  options.recipient += " replay 1";
  EXPECT_TRUE(ids.insert(whole(options, events).id).second);
  options.recipient = "x";
  EXPECT_TRUE(ids.insert(whole(options, events).id).second);
}

TEST(Batch, is_halved_down_to_single_events_under_ids_that_stay) {
  BatchBuilder builder({});
  const auto events = numbered(7);
  const auto halves_of = [&](const std::vector<exporting::OutboundEvent>& all) {
    std::vector<Batch> open, single;
    put_all(builder, all);
    open.push_back(*builder.take(0, true));
    while (!open.empty()) {
      Batch batch = std::move(open.back());
      open.pop_back();
      if (batch.events.size() == 1) {
        single.push_back(std::move(batch));
        continue;
      }
      const std::size_t count = batch.events.size();
      auto [first, second] = builder.halve(std::move(batch));
      EXPECT_EQ(first.events.size() + second.events.size(), count);
      open.push_back(std::move(second));
      open.push_back(std::move(first));
    }
    return single;
  };
  const std::vector<Batch> once = halves_of(events), again = halves_of(events);
  ASSERT_EQ(once.size(), 7u);
  std::set<std::string> ids;
  for (std::size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(tickets(once[i]), std::vector<std::uint64_t>{i});
    EXPECT_EQ(ids_in_lines(once[i].body), std::vector<int>{static_cast<int>(i)});
    EXPECT_EQ(once[i].id, again[i].id);
    ids.insert(once[i].id);
  }
  EXPECT_EQ(ids.size(), 7u);
}

TEST(Batch, says_in_headers_what_its_body_is) {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  BatchOptions options;
  EXPECT_EQ(BatchBuilder(options).content_headers(), (Headers{{"content-type", "application/x-ndjson"}}));
  options.format = BodyFormat::json_array;
  options.compression = Compressor::Format::zstd;
  EXPECT_EQ(BatchBuilder(options).content_headers(),
            (Headers{{"content-type", "application/json"}, {"content-encoding", "zstd"}}));
}

}  // namespace
}  // namespace sluice::webhook
