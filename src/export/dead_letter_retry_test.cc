#include "export/dead_letter_retry.h"

#include <gtest/gtest.h>

#include <array>

#include <algorithm>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/rounds_fake.h"
#include "export/limits.h"
#include "storage/file_system_fake.h"

namespace sluice::exporting {
namespace {

constexpr const char* kPath = "/data/dead-letters/610addeadbeefaa86ec9a7d4.ndjson";

// Takes what it is given, refuses what holds `refused`, and stops taking after `at_most`.
struct Stream {
  std::vector<std::string> delivered;
  std::string refused = "-none-";
  std::size_t at_most = SIZE_MAX;
};

class StreamSink final : public Sink {
 public:
  StreamSink(Stream& stream, DeadLetterStore& letters) : stream_(stream), letters_(letters) {}
  bool has_room() const override { return inside_.size() < 100; }
  void put(OutboundEvent event) override { inside_.push_back(std::move(event)); }
  std::int64_t step(std::int64_t, std::vector<FinishedEvent>& finished) override {
    for (; !inside_.empty() && stream_.delivered.size() < stream_.at_most; inside_.pop_front()) {
      const OutboundEvent& event = inside_.front();
      std::string record;
      event.entry->envelope.append(record, event.slot);
      const bool taken = record.find(stream_.refused) == std::string::npos;
      if (!taken && !keep({event, {"ValidationException", "says \"no\",\"record\":", record}})) break;
      if (taken) stream_.delivered.push_back(record);
      finished.push_back({event.ticket, taken, 0});
    }
    return INT64_MAX;
  }
  std::optional<Problem> problem() const override {
    if (stream_.delivered.size() < stream_.at_most) return std::nullopt;
    Problem problem;
    problem.weight = Problem::Weight::setup;
    problem.message = "may not put";
    return problem;
  }
  std::vector<Problem> notes() const override { return {}; }
  SinkStats stats() const override { return {}; }
  void stop() override {}

 private:
  bool keep(const RejectedEvent& rejected) { return letters_.keep({&rejected, 1}).has_value(); }
  Stream& stream_;
  DeadLetterStore& letters_;
  std::deque<OutboundEvent> inside_;
};

std::string id_of(int number) {
  std::string id = std::to_string(number);
  return std::string(ObjectId::kHexDigits - id.size(), '0') + id;
}
std::string record_of(int number) {
  return R"({"project":"1","environment":"2","event":{"kind":"custom","id":")" + id_of(number) +
         R"(","key":"a\",\"record\":"},"version":2})";
}
std::string letter_of(int number) {
  return R"({"time":"2026-11-23T10:00:00.000Z","destination":"610addeadbeefaa86ec9a7d4","code":"x","reason":"says \"no\",\"record\":","position":"7/1","record":)" +
         record_of(number) + "}\n";
}

class DeadLetterRetryTest : public testing::Test {
 protected:
  DeadLetterRetryTest() { destination_.id = *ObjectId::parse("610addeadbeefaa86ec9a7d4"); }
  std::unique_ptr<DeadLetterFile> letters(storage::FileSystem& files) {
    return std::make_unique<DeadLetterFile>(kPath, destination_.id, files, clock_);
  }
  void write(const std::string& text) { ASSERT_TRUE(letters(files_)->put_back(CredentialKind::sdk_key, text)); }
  Result<DeadLetterRetry> retry() {
    const auto file = letters(files_);
    return retry_dead_letters(
        destination_, *file, files_,
        [this](const catalog::Destination&, Notifier&, DeadLetterStore& store, const SinkUse&) {
          return std::make_unique<StreamSink>(stream_, store);
        },
        clock_, stopping_, worker_threads());
  }
  static std::set<std::string> ids_in(const std::string& text) {
    std::set<std::string> ids;
    for (std::size_t at = 0; (at = text.find("\"id\":\"", at)) != std::string::npos; ++at)
      ids.insert(std::to_string(std::stoull(text.substr(at + 6, text.find('"', at + 6) - at - 6))));
    return ids;
  }

  storage::FakeFileSystem files_{1};
  SystemClock clock_;
  catalog::Destination destination_;
  Stream stream_;
  std::atomic<bool> stopping_{false};
};

TEST_F(DeadLetterRetryTest, sends_the_records_as_they_were_kept) {
  destination_.ends_lines = false;
  write(letter_of(1) + letter_of(2));
  const auto outcome = retry();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->delivered, 2u);
  EXPECT_FALSE(outcome->left);
  EXPECT_EQ(stream_.delivered, (std::vector<std::string>{record_of(1), record_of(2)}));
  for (const std::string& path : files_.paths()) EXPECT_EQ(path.find("dead-letters/"), std::string::npos) << path;
}

TEST_F(DeadLetterRetryTest, keeps_again_what_is_refused_again_and_what_is_no_letter) {
  write(letter_of(1) + "a person's note\n" + letter_of(2));
  stream_.refused = id_of(1);
  const auto outcome = retry();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->delivered, 1u);
  EXPECT_EQ(outcome->kept, 2u);
  const std::string kept = files_.bytes(kPath);
  EXPECT_EQ(ids_in(kept), std::set<std::string>{"1"});
  EXPECT_NE(kept.find("a person's note\n"), std::string::npos);
  EXPECT_EQ(std::count(kept.begin(), kept.end(), '\n'), 2);
}

TEST_F(DeadLetterRetryTest, tries_the_letters_of_every_credential_and_keeps_each_in_its_share) {
  write(letter_of(1));
  ASSERT_TRUE(letters(files_)->put_back(CredentialKind::client_side_id, letter_of(2) + letter_of(3)));
  ASSERT_TRUE(letters(files_)->put_back(CredentialKind::mobile_key, letter_of(4)));
  stream_.refused = id_of(3);
  const auto outcome = retry();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->delivered, 3u);
  EXPECT_EQ(outcome->kept, 1u);
  EXPECT_EQ(ids_in(files_.bytes("/data/dead-letters/610addeadbeefaa86ec9a7d4-client.ndjson")),
            std::set<std::string>{"3"});
  EXPECT_FALSE(files_.exists(kPath));
}

TEST_F(DeadLetterRetryTest, leaves_kept_what_a_person_must_mend_first) {
  write(letter_of(1) + letter_of(2) + letter_of(3));
  stream_.at_most = 1;
  const auto outcome = retry();
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->left);
  EXPECT_EQ(outcome->problem->message, "may not put");
  EXPECT_EQ(ids_in(files_.bytes(kPath)), (std::set<std::string>{"1", "2", "3"}));  // its piece was not done
  stopping_ = true;
  stream_.at_most = SIZE_MAX;
  EXPECT_TRUE(retry()->left);
  EXPECT_EQ(ids_in(files_.bytes(kPath)), (std::set<std::string>{"1", "2", "3"}));
}

TEST_F(DeadLetterRetryTest, takes_a_letter_that_is_larger_than_a_piece) {
  std::string large = letter_of(1);
  large.insert(large.find("\"key\""), "\"pad\":\"" + std::string(3 * kDeadLetterPieceBytes, 'x') + "\",");
  write(large + letter_of(2));
  EXPECT_EQ(retry()->delivered, 2u);
  EXPECT_GT(stream_.delivered.at(0).size(), 3 * kDeadLetterPieceBytes);
}

TEST_F(DeadLetterRetryTest, a_crash_at_any_moment_loses_no_letter) {
  std::string text;
  std::set<std::string> all;
  for (int i = 0; i < 40; ++i) {
    std::string letter = letter_of(i);
    letter.insert(letter.find("\"key\""), "\"pad\":\"" + std::string(100'000, 'x') + "\",");
    text += letter;
    all.insert(std::to_string(i));
  }
  write(text);
  stream_.refused = id_of(7);
  struct Image {
    std::unique_ptr<storage::FakeFileSystem> files;
    std::vector<std::string> delivered;
  };
  std::vector<Image> images;
  files_.before_each_change([&] {
    using Crash = storage::FakeFileSystem::Crash;
    for (const Crash crash : {Crash::lose_all, Crash::keep_all, Crash::keep_some, Crash::loose})
      images.push_back({files_.after_crash(crash, images.size()), stream_.delivered});
  });
  ASSERT_EQ(retry()->delivered, 39u);
  EXPECT_GT(images.size(), 20u);
  Random choice = Random::from_system();
  for (const Image& image : images) {
    if (!is_tried(choice)) continue;
    const auto after = letters(*image.files);
    ASSERT_TRUE(after->bring_back());
    // Also when the next one begins: what was done of the first does not count for it.
    ASSERT_TRUE(after->put_aside());
    ASSERT_TRUE(after->bring_back());
    std::set<std::string> there;
    if (image.files->exists(kPath)) there = ids_in(image.files->bytes(kPath));
    for (const std::string& record : image.delivered) there.merge(ids_in(record));
    EXPECT_EQ(there, all);
  }
}

// A write that failed in the middle left half a line; the next letter was written behind it and could not be read.
TEST_F(DeadLetterRetryTest, half_a_line_is_cut_and_does_not_take_the_next_letter_with_it) {
  for (const std::string& before : {std::string(), letter_of(1), letter_of(1) + std::string(3 << 20, 'x') + "\n"}) {
    files_.set_bytes(kPath, before + R"({"time":"x","destin)");
    const OutboundEvent event;
    ASSERT_TRUE(letters(files_)->keep(std::array{RejectedEvent{event, {"Code", "reason", R"({"id":"a"})"}}}));
    const std::string kept = files_.bytes(kPath);
    EXPECT_TRUE(kept.starts_with(before + R"({"time":)")) << kept.substr(before.size(), 80);
    EXPECT_EQ(kept.find("destin\n"), std::string::npos);
    EXPECT_TRUE(kept.ends_with("}\n"));
  }
}

TEST_F(DeadLetterRetryTest, half_a_line_at_the_end_is_not_sent_and_not_brought_back) {
  files_.set_bytes(kPath, letter_of(1) + letter_of(2).substr(0, 150));
  EXPECT_EQ(retry()->delivered, 1u);
  EXPECT_EQ(stream_.delivered.size(), 1u);
  EXPECT_FALSE(files_.exists(kPath));
}

TEST_F(DeadLetterRetryTest, sends_only_what_is_an_exported_event_with_its_id) {
  std::string no_json = letter_of(1), no_id = letter_of(2), zeroed = letter_of(3);
  no_json.insert(no_json.find("\"kind\""), "oops ");
  no_id.replace(no_id.find(id_of(2)), ObjectId::kHexDigits, "not an id");
  std::fill(zeroed.begin() + 200, zeroed.begin() + 230, '\0');
  write(no_json + no_id + zeroed + letter_of(4));
  const auto outcome = retry();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->delivered, 1u);
  EXPECT_EQ(outcome->kept, 3u);
  EXPECT_EQ(files_.bytes(kPath), no_json + no_id + zeroed);
}

}  // namespace
}  // namespace sluice::exporting
