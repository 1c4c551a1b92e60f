// Segments that were removed, zeroed or cut are noticed, at start and while it runs, and told with how many entries.
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <utility>
#include <vector>

#include "base/worker_fake.h"
#include "journal/extent.h"
#include "journal/journal.h"
#include "journal/segment_format.h"
#include "storage/file_system_fake.h"

namespace sluice::journal {
namespace {

const ObjectId kMine = *ObjectId::parse("578d1e02d2943862c52b9686");
constexpr const char* kSegments = "/journal/segments/";

class MissingEntries : public testing::Test {
 protected:
  MissingEntries() {
    limits_.segment_bytes = 64 << 10;
    limits_.min_free_bytes = 0;
    open();
    for (std::size_t i = 0; i < kEntries; ++i) append();
    EXPECT_EQ(journal_->stats().missing_entries, 0u);
  }
  void open(Position remembered = {}) {
    auto opened = Journal::open("/journal", limits_, files_, clock_, worker_threads(), remembered);
    ASSERT_TRUE(opened) << opened.error().message;
    journal_ = std::move(*opened);
  }
  void reopen() {
    close();
    open();
  }
  void close() { journal_.reset(); }
  void append() {
    AppendRequest request;
    request.environment = kMine;
    request.received_ms = clock_.wall_ms();
    request.counts[2] = 1;
    request.entry = std::string(2'000, 'e');
    std::promise<AppendOutcome> outcome;
    request.done = [&](AppendOutcome result) { outcome.set_value(result); };
    journal_->append(std::move(request));
    ASSERT_EQ(outcome.get_future().get(), AppendOutcome::durable);
  }
  std::vector<std::string> segments() const {
    std::vector<std::string> found;
    for (const std::string& path : files_.paths())
      if (path.starts_with(kSegments) && path.ends_with(".segment")) found.push_back(path);
    return found;
  }
  static std::string index_of(std::string path) { return path.replace(path.rfind('.'), std::string::npos, ".index"); }
  std::uint64_t readable() {
    std::uint64_t entries = 0;
    const auto reader = journal_->reader(kMine, journal_->oldest());
    while (true) {
      const auto chunk = reader->read(1 << 20);
      EXPECT_FALSE(reader->failure());
      if (!chunk && !reader->more()) return entries;
      if (chunk) entries += chunk->entries.size();
    }
  }
  // Of the entries in order, those in front of which something is gone; and how many are known to be gone there.
  struct Gap {
    std::size_t at;
    std::uint64_t entries;
    bool operator==(const Gap&) const = default;
  };
  std::vector<Gap> gaps() {
    std::vector<Gap> found;
    std::size_t at = 0;
    const auto reader = journal_->reader(kMine, journal_->oldest());
    Position read_to = journal_->oldest();
    while (true) {
      const auto chunk = reader->read(10'000);
      if (!chunk && !reader->more()) return found;
      if (!chunk) continue;
      for (const JournalEntry& entry : chunk->entries) {
        if (entry.behind_loss) found.push_back({at, journal_->count(kMine, read_to, entry.position)->entries});
        read_to = entry.next;
        ++at;
      }
    }
  }
  std::uint64_t counted() const { return journal_->count(kMine, journal_->oldest(), journal_->end())->entries; }
  std::uint64_t missing() const { return journal_->stats().missing_entries; }
  // All that is not there is told, and no more, unless the marker of a clean shutdown is among it.
  void expect_told(std::uint64_t at_most_more = 0) {
    const std::uint64_t there = readable();
    EXPECT_LT(there, kEntries);
    EXPECT_GE(missing(), kEntries - there);
    EXPECT_LE(missing(), kEntries - there + at_most_more);
  }

  static constexpr std::size_t kEntries = 100;
  storage::FakeFileSystem files_{1};
  SystemClock clock_;
  JournalLimits limits_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(MissingEntries, none_is_told_over_restarts_and_retention) {
  for (int i = 0; i < 3; ++i) {
    reopen();
    EXPECT_EQ(missing(), 0u);
    EXPECT_TRUE(journal_->start_losses().empty());
    EXPECT_EQ(readable(), kEntries);
  }
  limits_.retention_ms = 0;
  limits_.max_bytes = 3 * limits_.segment_bytes;
  reopen();
  journal_->drop_hold(kStartingHold);
  for (int i = 0; i < 200; ++i) append();
  EXPECT_LT(readable(), kEntries + 200);
  reopen();
  EXPECT_EQ(missing(), 0u);
}

// An attacker's scripts s3min and lost4: an older journal is put back, and files of destinations know the newer one.
TEST_F(MissingEntries, a_place_that_is_remembered_beyond_the_end_is_not_used_again_and_what_was_there_is_told) {
  const Position remembered{journal_->end().value + (std::uint64_t{5} << 32)};
  close();
  open(remembered);
  EXPECT_GT(journal_->end(), remembered);
  const auto losses = journal_->start_losses();
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_GT(losses[0].behind, remembered);
  EXPECT_EQ(losses[0].entries, 0u) << "how many is not known";
  append();
  EXPECT_EQ(readable(), kEntries + 1);
  const std::size_t segments_then = segments().size();
  for (int i = 0; i < 2; ++i) {
    close();
    open(remembered);
    EXPECT_TRUE(journal_->start_losses().empty()) << "it was told";
    EXPECT_EQ(missing(), 0u);
    EXPECT_EQ(readable(), kEntries + 1);
  }
  EXPECT_EQ(segments().size(), segments_then) << "what is remembered is before the end now";
  close();
  open({UINT64_MAX});
  EXPECT_EQ(segments().size(), segments_then) << "no journal has got so far: the file that says so is damaged";
}

// Seed 30002327 of the simulation: the start takes a new segment before anybody has said what he still needs.
TEST_F(MissingEntries, a_start_that_begins_a_segment_in_a_full_journal_gives_none_up) {
  const Position remembered{journal_->end().value + 1};
  close();
  limits_.max_bytes = segments().size() * limits_.segment_bytes;
  open(remembered);
  EXPECT_EQ(readable(), kEntries);
}

TEST_F(MissingEntries, a_new_journal_begins_behind_what_is_remembered_of_the_one_before_whatever_the_clock_says) {
  const Position remembered{journal_->end().value + (std::uint64_t{1'000'000} << 32)};
  close();
  for (const std::string& path : files_.paths()) ASSERT_TRUE(files_.remove(path));
  open(remembered);
  EXPECT_GT(journal_->end(), remembered);
  append();
  EXPECT_EQ(readable(), 1u);
}

TEST_F(MissingEntries, of_a_segment_that_was_removed_are_told_first_middle_or_last_with_or_without_its_index) {
  for (const bool with_index : {true, false}) {
    for (const int which : {0, 1, 2}) {
      SCOPED_TRACE(testing::Message() << which << with_index);
      close();
      const auto image = files_.after_crash(storage::FakeFileSystem::Crash::keep_all, 1);
      open();
      const auto all = segments();
      ASSERT_GE(all.size(), 4u);
      const std::string path = which == 0 ? all.front() : which == 1 ? all.at(1) : all.back();
      ASSERT_TRUE(image->remove(path));
      if (!with_index) (void)image->remove(index_of(path));
      auto opened = Journal::open("/journal", limits_, *image, clock_);
      ASSERT_TRUE(opened) << opened.error().message;
      std::swap(journal_, *opened);
      expect_told();
      EXPECT_EQ(counted(), with_index && which < 2 ? kEntries : readable()) << "its destinations count what is missing";
      const std::uint64_t told = missing();
      // Of those that no destination's count has: up to where they lay.
      const auto losses = journal_->start_losses();
      ASSERT_EQ(losses.size(), with_index && which < 2 ? 0u : 1u);
      for (const StartLoss& loss : losses) {
        EXPECT_EQ(loss.entries, told);
        EXPECT_GT(loss.behind, which == 0 ? Position{} : journal_->oldest());
      }
      journal_.reset();
      journal_ = *Journal::open("/journal", limits_, *image, clock_);
      EXPECT_EQ(missing(), told) << "also at the next start";
      append();
      EXPECT_EQ(missing(), told);
      journal_ = std::move(*opened);
    }
  }
}

// Who reads on tells what its environment lost by it, before all of the journal is read.
TEST_F(MissingEntries, the_reader_marks_the_entry_behind_them_and_the_count_between_tells_how_many) {
  EXPECT_TRUE(gaps().empty());
  close();
  const auto all = segments();
  ASSERT_GE(all.size(), 4u);
  open();
  const std::uint64_t of_second = journal_->count(kMine, make_position(0, 0), journal_->end())->entries;
  EXPECT_EQ(of_second, kEntries);
  std::uint64_t per_segment = 0;
  for (const auto reader = journal_->reader(kMine, journal_->oldest());;) {
    const auto chunk = reader->read(10'000);
    ASSERT_TRUE(chunk);
    const Position first = journal_->oldest();
    for (const JournalEntry& entry : chunk->entries) per_segment += segment_of(entry.position) == segment_of(first);
    if (segment_of(chunk->entries.back().position) != segment_of(first)) break;
  }
  // The payload of the fourth entry of the third segment, and the header of the one after the next.
  files_.flip(all.at(2), kSegmentHeaderBytes + 3 * 2'100, 1);
  files_.flip(all.at(2), kSegmentHeaderBytes + 5 * 2'072, 0xFF);
  const auto in_third = gaps();
  ASSERT_EQ(in_third.size(), 2u);
  EXPECT_EQ(in_third[0].entries, 2u) << "in one block the first one tells of all, so that none is told twice";
  EXPECT_EQ(in_third[1].entries, 0u);
  EXPECT_EQ(in_third[0].at, 2 * per_segment + 3);
  close();
  ASSERT_TRUE(files_.remove(all.at(1)));
  open();
  const auto found = gaps();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0], (Gap{per_segment, per_segment}));
  EXPECT_EQ(found[1].entries + found[2].entries, 2u);
}

TEST_F(MissingEntries, of_a_segment_that_was_zeroed_or_cut_are_told) {
  close();
  const auto all = segments();
  for (const std::string& path : {all.front(), all.at(1), all.back()}) {
    for (const std::size_t left : {std::size_t{0}, std::size_t{10'000}}) {
      SCOPED_TRACE(testing::Message() << path << " " << left);
      const auto image = files_.after_crash(storage::FakeFileSystem::Crash::keep_all, 1);
      image->set_bytes(path, image->bytes(path).substr(0, left));
      journal_ = *Journal::open("/journal", limits_, *image, clock_);
      expect_told();
      journal_.reset();
    }
    SCOPED_TRACE(path);
    const auto image = files_.after_crash(storage::FakeFileSystem::Crash::keep_all, 1);
    image->set_bytes(path, std::string(limits_.segment_bytes, '\0'));
    for (int starts = 0; starts < 3; ++starts) {
      journal_ = *Journal::open("/journal", limits_, *image, clock_);
      expect_told();
      journal_.reset();
    }
  }
}

// Found by the simulation (seed 50097059): the file ended within the padding of its last frame. Each start took that
// for somebody who cuts the file that is written to, and ended itself.
TEST_F(MissingEntries, a_last_segment_that_was_cut_stops_no_start_and_nothing_is_appended_to_it) {
  close();
  const std::string path = segments().back(), whole = files_.bytes(path);
  const std::size_t end = whole.find_last_not_of('\0') + 1;
  std::vector<std::size_t> lengths;
  for (std::size_t left = 0; left + 200 < end; left += 1'500) lengths.push_back(left);
  for (std::size_t left = end - 200; left < std::min(end + 100, whole.size()); ++left) lengths.push_back(left);
  for (const std::size_t left : lengths) {
    SCOPED_TRACE(left);
    const auto image = files_.after_crash(storage::FakeFileSystem::Crash::keep_all, 1);
    image->set_bytes(path, whole.substr(0, left));
    ManualClock clock(clock_.wall_ms());
    ManualWorkers workers(clock);
    for (int starts = 0; starts < 2; ++starts) {
      auto opened = Journal::open("/journal", limits_, *image, clock, workers);
      ASSERT_TRUE(opened) << opened.error().message;
      journal_ = std::move(*opened);
      workers.run_for_us(11'000'000);  // the helper looks at the file
      AppendRequest request;
      request.environment = kMine;
      request.entry = "next";
      bool durable = false;
      request.done = [&](AppendOutcome outcome) { durable = outcome == AppendOutcome::durable; };
      journal_->append(std::move(request));
      workers.run_for_us(11'000'000);
      ASSERT_TRUE(durable);
      EXPECT_EQ(image->exists(path) ? image->bytes(path).size() : left, left);
      journal_.reset();
    }
  }
}

TEST_F(MissingEntries, of_a_segment_that_is_removed_while_it_runs_are_told_and_stepped_over) {
  ASSERT_TRUE(files_.remove(segments().at(1)));
  expect_told();
  EXPECT_EQ(counted(), kEntries);
}

TEST_F(MissingEntries, a_folder_that_is_gone_as_a_whole_may_come_back_and_nothing_is_stepped_over) {
  for (const std::string& path : segments()) ASSERT_TRUE(files_.remove(path));
  const auto reader = journal_->reader(kMine, journal_->oldest());
  EXPECT_FALSE(reader->read(1 << 20));
  EXPECT_TRUE(reader->failure());
  EXPECT_EQ(missing(), 0u);
}

TEST_F(MissingEntries, an_extent_that_is_damaged_or_gone_stops_nothing) {
  close();
  files_.set_bytes("/journal/extent", "damaged");
  open();
  EXPECT_EQ(missing(), 0u);
  close();
  ASSERT_TRUE(decode_extent(files_.bytes("/journal/extent")));
  ASSERT_TRUE(files_.remove("/journal/extent"));
  open();
  EXPECT_EQ(readable(), kEntries);
}

TEST_F(MissingEntries, an_extent_that_cannot_be_read_hides_no_lost_segment) {
  close();
  const std::string first = segments().front();
  ASSERT_TRUE(files_.remove(first));
  files_.fail_read("/extent", 0);
  EXPECT_FALSE(Journal::open("/journal", limits_, files_, clock_)) << "what was not read may be whole";
  files_.heal_reads();
  open();
  expect_told();
}

TEST_F(MissingEntries, a_damaged_extent_hides_no_segment_whose_index_is_there) {
  close();
  const std::string first = segments().front();
  ASSERT_TRUE(files_.remove(first));
  files_.set_bytes("/journal/extent", "damaged");
  open();
  expect_told();
}

TEST(Extent, is_read_as_it_was_written_and_a_bad_byte_is_noticed) {
  const Extent extent{7, 1'000, 3};
  const std::string bytes = encode_extent(extent);
  EXPECT_EQ(decode_extent(bytes), extent);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_FALSE(decode_extent(bad)) << at;
  }
  EXPECT_FALSE(decode_extent(bytes.substr(0, 39)));
}

// Found by the simulation (seed 120002191): whoever stood inside a segment was told that nothing had been behind it.
TEST_F(MissingEntries, of_a_segment_that_was_cut_are_counted_behind_every_place_in_it) {
  std::vector<Position> places;
  const auto reader = journal_->reader(kMine, journal_->oldest());
  while (places.size() < kEntries) {
    const auto chunk = reader->read(1 << 20);
    ASSERT_TRUE(chunk);
    for (const auto& entry : chunk->entries) places.push_back(entry.position);
  }
  for (std::size_t i = 0; i < kEntries; ++i)
    ASSERT_EQ(journal_->count(kMine, places[i], journal_->end())->entries, kEntries - i);
  const std::string cut = segments().at(1);
  close();
  constexpr std::size_t kLeft = 20'000;
  files_.set_bytes(cut, files_.bytes(cut).substr(0, kLeft));
  open();
  for (std::size_t i = 0; i < kEntries; ++i) {
    const std::uint64_t behind = journal_->count(kMine, places[i], journal_->end())->entries;
    const bool lost = segment_of(places[i]) == segment_of(places[0]) + 1 && offset_of(places[i]) > kLeft;
    if (lost)
      EXPECT_GE(behind, kEntries - i) << "told is too much rather than too little";
    else
      EXPECT_EQ(behind, kEntries - i) << i;
  }
}

}  // namespace
}  // namespace sluice::journal
