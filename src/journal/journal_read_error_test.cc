// An I/O error while reading is never taken for bytes: not for zeros, not for the journal's end, not for damage.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>

#include "base/clock_fake.h"
#include "journal/journal.h"
#include "journal/segment_format.h"
#include "journal/segment_summary.h"
#include "storage/file_system_fake.h"

namespace sluice::journal {
namespace {

using Crash = storage::FakeFileSystem::Crash;
const ObjectId kReadEnvironment = *ObjectId::parse("578d1e02d2943862c52b9681");

JournalLimits read_error_limits() {
  JournalLimits limits;
  limits.segment_bytes = 64 << 10;
  limits.max_bytes = 64 << 20;
  limits.min_free_bytes = 0;
  return limits;
}

// From 100 on they are small.
std::string read_error_entry(int n) {
  return fmt::format("{}:", n) + std::string(n < 100 ? 3000 : 50, static_cast<char>('a' + n % 26));
}

AppendOutcome append(Journal& journal, int n) {
  AppendRequest request;
  request.environment = kReadEnvironment;
  request.received_ms = 1'700'000'000'000;
  request.counts[2] = 1;
  request.entry = read_error_entry(n);
  std::promise<AppendOutcome> outcome;
  request.done = [&](AppendOutcome told) { outcome.set_value(told); };
  journal.append(std::move(request));
  return outcome.get_future().get();
}

// Threads, but a pause passes at once and does what the test wants.
class PausingWorkers final : public Workers {
 public:
  explicit PausingWorkers(std::function<void()> on_pause = [] {}) : on_pause_(std::move(on_pause)) {}
  void pause_us(std::int64_t) override {
    ++pauses;
    on_pause_();
  }
  int pauses = 0;

 private:
  std::unique_ptr<Worker> start_worker(const char* name, Notifier& notifier, std::function<std::int64_t()> step,
                                       Priority priority) override {
    return worker_threads().start(name, notifier, std::move(step), priority);
  }
  const std::function<void()> on_pause_;
};

class JournalReadErrors : public testing::Test {
 protected:
  JournalReadErrors() {
    open();
    for (int n = 0; n < kEntries; ++n) EXPECT_EQ(append(*journal_, n), AppendOutcome::durable);
    // As a process that was killed: the indexes of sealed segments are there, since the helper is done.
    journal_.reset();
    for (const std::string& path : files_->paths())
      if (path.ends_with(".segment")) segments_.push_back(path);
  }

  Result<void> try_open(Workers& workers) {
    journal_.reset();
    auto journal = Journal::open("/journal", read_error_limits(), *files_, clock_, workers);
    if (!journal) return tl::unexpected(journal.error());
    journal_ = std::move(*journal);
    return {};
  }
  void open() {
    PausingWorkers workers;
    const auto opened = try_open(workers);
    ASSERT_TRUE(opened) << opened.error().message;
  }
  void remove_indexes() {
    for (const std::string& path : files_->paths())
      if (path.ends_with(".index")) (void)files_->remove(path);
  }
  static std::vector<int> take(JournalReader& reader) {
    std::vector<int> numbers;
    while (const auto chunk = reader.read(20'000))
      for (const JournalEntry& entry : chunk->entries) {
        numbers.push_back(std::stoi(std::string(entry.entry.substr(0, 10))));
        EXPECT_EQ(entry.entry, read_error_entry(numbers.back()));
      }
    return numbers;
  }
  std::vector<int> read_all() { return take(*journal_->reader(kReadEnvironment, {})); }
  static std::vector<int> upto(int n) {
    std::vector<int> numbers;
    for (int i = 0; i < n; ++i) numbers.push_back(i);
    return numbers;
  }
  void refuses_to_start_and_names(const std::string& path) {
    PausingWorkers workers;
    const auto opened = try_open(workers);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find(path), std::string::npos) << opened.error().message;
    EXPECT_NE(opened.error().message.find("Check the disk"), std::string::npos) << opened.error().message;
    EXPECT_GT(workers.pauses, 1) << "it is tried more than once";
    for (const std::string& each : files_->paths()) EXPECT_FALSE(each.ends_with(".damaged")) << each;
    files_->heal_reads();
    open();
    EXPECT_EQ(read_all(), upto(kEntries));
    EXPECT_EQ(journal_->stats().damaged_regions, 0u);
    EXPECT_EQ(journal_->stats().torn_bytes, 0u);
  }

  static constexpr int kEntries = 60;
  std::unique_ptr<storage::FakeFileSystem> files_ = std::make_unique<storage::FakeFileSystem>(1);
  SharedClock clock_;
  std::unique_ptr<Journal> journal_;
  std::vector<std::string> segments_;
};

TEST_F(JournalReadErrors, in_the_last_segment_refuse_the_start_and_cost_nothing) {
  files_->fail_read(segments_.back(), kSegmentHeaderBytes + 5000);
  refuses_to_start_and_names(segments_.back());
}

TEST_F(JournalReadErrors, in_a_segments_header_refuse_the_start_and_set_nothing_aside) {
  files_->fail_read(segments_[1], 10);
  refuses_to_start_and_names(segments_[1]);
}

TEST_F(JournalReadErrors, in_a_sealed_segment_without_an_index_refuse_the_start_and_cost_nothing) {
  remove_indexes();
  files_->fail_read(segments_[1], 30'000);
  refuses_to_start_and_names(segments_[1]);
}

TEST_F(JournalReadErrors, in_an_index_cost_nothing_for_it_is_made_anew) {
  std::string index = segments_[0];
  index.replace(index.rfind('.'), std::string::npos, ".index");
  ASSERT_TRUE(files_->exists(index));
  files_->fail_read(index, 20);
  open();
  EXPECT_EQ(read_all(), upto(kEntries));
  EXPECT_EQ(journal_->stats().damaged_regions, 0u);
}

TEST_F(JournalReadErrors, that_pass_while_it_starts_are_waited_out) {
  files_->fail_read(segments_.back(), kSegmentHeaderBytes + 5000);
  int left = 2;
  PausingWorkers workers([&] {
    if (--left == 0) files_->heal_reads();
  });
  const auto opened = try_open(workers);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(read_all(), upto(kEntries));
  EXPECT_EQ(journal_->stats().damaged_regions, 0u);
  EXPECT_EQ(journal_->stats().torn_bytes, 0u);
}

TEST_F(JournalReadErrors, hold_a_reader_where_it_is_until_it_reads) {
  open();
  const auto reader = journal_->reader(kReadEnvironment, {});
  files_->fail_read(segments_[1], kSegmentHeaderBytes + 10'000);
  const std::vector<int> before = take(*reader);
  ASSERT_GT(before.size(), 20u) << "what lies before it is read";
  ASSERT_LT(before.size(), 25u) << "nothing that lies behind it is";
  EXPECT_EQ(before, upto(static_cast<int>(before.size())));
  EXPECT_LT(reader->position(), journal_->end());
  EXPECT_TRUE(take(*reader).empty());
  EXPECT_EQ(journal_->stats().damaged_regions, 0u);
  files_->heal_reads();
  const std::vector<int> after = take(*reader);
  EXPECT_EQ(before.size() + after.size(), static_cast<std::size_t>(kEntries));
  EXPECT_EQ(after.front(), static_cast<int>(before.size()));
  EXPECT_EQ(reader->position(), journal_->end());
  EXPECT_EQ(journal_->stats().damaged_regions, 0u);
}

// What is believed of a sealed segment is what its index says: what is appended to it later is in no index.
TEST_F(JournalReadErrors, nothing_is_appended_to_a_sealed_segment_once_the_newest_was_set_aside) {
  for (const std::uint64_t offset : {3u, 2048u + 3u}) files_->flip(segments_.back(), offset, 1);
  std::string index = segments_[segments_.size() - 2];
  index.replace(index.rfind('.'), std::string::npos, ".index");
  const std::string index_before = files_->bytes(index);
  open();
  EXPECT_TRUE(files_->exists(segments_.back() + ".damaged"));
  std::vector<int> expected = read_all();
  const auto append_more = [&](int from, int to) {
    for (int n = from; n < to; ++n) ASSERT_EQ(append(*journal_, n), AppendOutcome::durable);
    for (int n = from; n < to; ++n) expected.push_back(n);
  };
  append_more(100, 110);
  append_more(0, 40);
  EXPECT_EQ(read_all(), expected);
  // Killed before the helper wrote an index.
  auto image = files_->after_crash(Crash::keep_all, 1);
  image->set_bytes(index, index_before);
  journal_.reset();
  files_ = std::move(image);
  open();
  EXPECT_EQ(read_all(), expected);
  EXPECT_EQ(journal_->stats().damaged_regions, 0u);
}

TEST_F(JournalReadErrors, an_index_that_does_not_lead_to_the_next_segment_is_made_anew) {
  // As an earlier Sluice left it: an index from before the last entries of its segment.
  const auto header = decode_segment_header(files_->bytes(segments_[0]).substr(0, kSegmentHeaderBytes));
  ASSERT_TRUE(header);
  std::string index = segments_[0];
  index.replace(index.rfind('.'), std::string::npos, ".index");
  auto summary = decode_index(files_->bytes(index), *header);
  ASSERT_TRUE(summary);
  summary->end -= 3088;
  summary->next_sequence -= 1;
  files_->set_bytes(index, encode_index(*header, *summary));
  open();
  EXPECT_EQ(read_all(), upto(kEntries));
}

}  // namespace
}  // namespace sluice::journal
