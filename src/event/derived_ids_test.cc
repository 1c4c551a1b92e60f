// Ids that a payload's events have wherever and whenever it arrives.
#include "event/derived_ids.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "event/payload_reader.h"

namespace sluice::event {
namespace {

EventIdSecret id_secret_of(std::uint8_t first) {
  EventIdSecret secret;
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::uint8_t>(first + 7 * i);
  return secret;
}
const EventIdSecret kIdSecret = id_secret_of(1), kOtherIdSecret = id_secret_of(2);
const ObjectId kIdPlace = *ObjectId::parse("578d1e02d2943862c52b9686");
constexpr std::string_view kIdPayload = "123e4567-e89b-12d3-a456-426614174000";
constexpr std::string_view kIdBody =
    R"([{"kind":"custom","creationDate":1700000001999,"key":"a"},{"kind":"custom","creationDate":1700000000000,"key":"b"},7,{"kind":"custom","key":"c"}])";

struct ReadIds {
  std::vector<std::string> ids;
  std::vector<std::string> keys;
};
// Of all events, in parts if `part_bytes` says so.
ReadIds read_ids(std::string_view body, const PayloadIdentity& identity, std::int64_t received_ms = 1,
                 std::size_t part_bytes = 1 << 20, EvaluationFilter* flags = nullptr) {
  PayloadReader reader(ObjectIdMinter(static_cast<std::uint64_t>(received_ms)));
  const std::string padded = std::string(body) + std::string(kPayloadPadding, ' ');
  std::vector<EntryWriter> writers(1);
  EntryWriter writer;
  const auto begin = [&] { writer.begin(kIdPlace, kIdPlace, received_ms, {}); };
  begin();
  std::vector<EntryWriter> parts;
  const PayloadParts in_parts{part_bytes, [&] {
                                parts.push_back(std::exchange(writer, EntryWriter()));
                                begin();
                              }};
  EXPECT_TRUE(reader.read(std::string_view(padded).substr(0, body.size()), 4, received_ms, writer, flags, nullptr,
                          &in_parts, &identity));
  parts.push_back(std::move(writer));
  ReadIds all;
  for (EntryWriter& part : parts) {
    part.stamp_ids(reader.newest_creation_s());
    std::string entry;
    part.finish(entry);
    const auto view = EntryView::open(entry);
    EXPECT_TRUE(view.has_value());
    EntryView::Walk walk;
    EventSlot slot;
    while (view && view->next(walk, slot)) {
      if (slot.kind == EventKind::unusable) continue;
      constexpr std::string_view kBefore = R"("id":")";
      const std::size_t at = slot.json.find(kBefore) + kBefore.size();
      all.ids.emplace_back(slot.json.substr(at, ObjectId::kHexDigits));
      all.keys.emplace_back(slot.key);
    }
  }
  return all;
}

TEST(DerivedIds, are_the_same_for_the_same_payload_and_begin_with_its_newest_time) {
  const PayloadIdentity identity{kIdSecret, kIdPlace, CredentialKind::sdk_key, kIdPayload};
  const ReadIds first = read_ids(kIdBody, identity, 1'700'000'100'000);
  ASSERT_EQ(first.ids.size(), 3u);
  EXPECT_EQ(read_ids(kIdBody, identity, 1'800'000'000'000).ids, first.ids) << "whenever it comes";
  for (const std::string& id : first.ids) EXPECT_EQ(id.substr(0, 8), fmt::format("{:08x}", 1'700'000'001));
  EXPECT_EQ(std::set<std::string>(first.ids.begin(), first.ids.end()).size(), 3u);
  EXPECT_EQ(
      read_ids(kIdBody, {kIdSecret, kIdPlace, CredentialKind::sdk_key, "123E4567-E89B-12D3-A456-426614174000"}).ids,
      first.ids);
}

TEST(DerivedIds, differ_with_everything_that_makes_it_another_payload) {
  const std::string other_body = std::string(kIdBody.substr(0, kIdBody.size() - 1)) + " ]";
  const ObjectId elsewhere = *ObjectId::parse("578d1e02d2943862c52b9687");
  std::set<std::string> ids;
  std::size_t all = 0;
  const auto add = [&](std::string_view body, const PayloadIdentity& identity) {
    for (const std::string& id : read_ids(body, identity).ids) {
      ids.insert(id.substr(8));
      ++all;
    }
  };
  add(kIdBody, {kIdSecret, kIdPlace, CredentialKind::sdk_key, kIdPayload});
  add(kIdBody, {kOtherIdSecret, kIdPlace, CredentialKind::sdk_key, kIdPayload});
  add(kIdBody, {kIdSecret, elsewhere, CredentialKind::sdk_key, kIdPayload});
  add(kIdBody, {kIdSecret, kIdPlace, CredentialKind::client_side_id, kIdPayload});
  add(kIdBody, {kIdSecret, kIdPlace, CredentialKind::sdk_key, "another"});
  add(other_body, {kIdSecret, kIdPlace, CredentialKind::sdk_key, kIdPayload});
  EXPECT_EQ(ids.size(), all);
}

TEST(DerivedIds, count_places_in_the_payload_and_not_what_is_exported_or_how_it_is_stored) {
  struct LeavesOutF final : EvaluationFilter {
    FlagVerdict verdict(const FlagEvaluation& evaluation) override {
      FlagVerdict verdict;
      verdict.exported = evaluation.key != "f";
      return verdict;
    }
    void summarized(std::string_view, std::uint64_t) override {}
  } leaves_out_f;
  std::string body = "[";
  for (int i = 0; i < 50; ++i)
    body += fmt::format(R"({}{{"kind":"feature","key":"{}","creationDate":{},"value":1,"contextKeys":{{"user":"u"}}}})",
                        i > 0 ? "," : "", i % 3 == 0 ? "f" : "g", 1'700'000'000'000 + 1000 * i);
  body += "]";
  const PayloadIdentity identity{kIdSecret, kIdPlace, CredentialKind::sdk_key, kIdPayload};
  const ReadIds whole = read_ids(body, identity), in_parts = read_ids(body, identity, 1, 300);
  const ReadIds some = read_ids(body, identity, 1, 300, &leaves_out_f);
  EXPECT_EQ(whole.ids.size(), 50u);
  EXPECT_EQ(in_parts.ids, whole.ids);
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < whole.ids.size(); ++i)
    if (whole.keys[i] != "f") expected.push_back(whole.ids[i]);
  EXPECT_EQ(some.ids, expected);
}

TEST(DerivedIds, times_that_are_none_or_beyond_are_clamped) {
  const PayloadIdentity identity{kIdSecret, kIdPlace, CredentialKind::sdk_key, kIdPayload};
  for (const auto& [date, digits] : {std::pair{"-5", "00000000"},
                                     {"\"x\"", "00000000"},
                                     {"null", "00000000"},
                                     {"{}", "00000000"},
                                     {"1e300", "ffffffff"},
                                     {"1.7e12", "6553f100"}}) {
    const auto ids = read_ids(fmt::format(R"([{{"kind":"custom","creationDate":{},"key":"a"}}])", date), identity).ids;
    ASSERT_EQ(ids.size(), 1u) << date;
    EXPECT_EQ(ids[0].substr(0, 8), digits) << date;
  }
}

}  // namespace
}  // namespace sluice::event
