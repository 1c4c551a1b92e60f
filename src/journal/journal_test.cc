// The journal on the machine's own file system: what journal.h promises while nothing fails. What it promises when
// things do is in journal_crash_test.cc.
#include "journal/journal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <map>
#include <thread>

#include "base/clock_fake.h"

namespace sluice::journal {
namespace {

const ObjectId kFirst = *ObjectId::parse("578d1e02d2943862c52b9681");
const ObjectId kTwo = *ObjectId::parse("578d1e02d2943862c52b9682");

class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    std::filesystem::remove_all(directory_);
    limits_.segment_bytes = 64 << 10;
    limits_.max_bytes = 64 << 20;
    limits_.min_free_bytes = 0;
    open();
  }
  ~JournalTest() override {
    journal_.reset();
    std::filesystem::remove_all(directory_);
  }

  void open() {
    journal_.reset();
    auto journal = Journal::open(directory_, limits_, *files_, clock_);
    ASSERT_TRUE(journal) << journal.error().message;
    journal_ = std::move(*journal);
  }

  AppendRequest request(const ObjectId& environment, std::string entry, std::uint8_t key = 0,
                        std::uint64_t features = 1) const {
    AppendRequest made;
    made.environment = environment;
    made.dedupe_key[0] = key;
    made.received_ms = clock_.wall_ms();
    made.counts[static_cast<std::size_t>(event::EventKind::feature)] = features;
    made.entry = std::move(entry);
    return made;
  }
  AppendOutcome append(AppendRequest made) {
    std::promise<AppendOutcome> outcome;
    made.done = [&](AppendOutcome told) { outcome.set_value(told); };
    journal_->append(std::move(made));
    return outcome.get_future().get();
  }
  std::vector<std::string> read_all(const ObjectId& environment, Position from = {},
                                    std::uint64_t max_bytes = 1 << 20) {
    std::vector<std::string> entries;
    const auto reader = journal_->reader(environment, from);
    while (const auto chunk = reader->read(max_bytes)) {
      EXPECT_FALSE(chunk->entries.empty());
      for (const JournalEntry& entry : chunk->entries) entries.emplace_back(entry.entry);
    }
    EXPECT_EQ(reader->position(), journal_->end());
    return entries;
  }

  const std::string directory_ =
      testing::TempDir() + "journal_test_" + testing::UnitTest::GetInstance()->current_test_info()->name();
  std::unique_ptr<storage::FileSystem> files_ = storage::make_posix_file_system();
  SharedClock clock_;
  JournalLimits limits_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalTest, reads_back_what_it_confirmed_in_order_and_by_environment) {
  EXPECT_EQ(append(request(kFirst, "first")), AppendOutcome::durable);
  EXPECT_EQ(append(request(kTwo, "of another environment")), AppendOutcome::durable);
  EXPECT_EQ(append(request(kFirst, "second")), AppendOutcome::durable);
  EXPECT_EQ(read_all(kFirst), (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(read_all(kTwo), (std::vector<std::string>{"of another environment"}));
  open();
  EXPECT_EQ(read_all(kFirst), (std::vector<std::string>{"first", "second"}));
}

TEST_F(JournalTest, goes_from_segment_to_segment_and_over_restarts) {
  std::vector<std::string> expected;
  for (int i = 0; i < 600; ++i) {
    if (i % 150 == 149) open();
    expected.push_back(std::string(static_cast<std::size_t>(i) * 7 % 5000, static_cast<char>('a' + i % 26)));
    ASSERT_EQ(append(request(kFirst, expected.back())), AppendOutcome::durable);
  }
  EXPECT_GT(journal_->stats().segments, 10u);
  EXPECT_EQ(read_all(kFirst), expected);
  EXPECT_EQ(read_all(kFirst, {}, 1), expected) << "a reader with small blocks";
  open();
  EXPECT_EQ(read_all(kFirst), expected);
  EXPECT_EQ(journal_->stats().damaged_regions, 0u);
  EXPECT_EQ(journal_->stats().torn_bytes, 0u);
}

TEST_F(JournalTest, takes_an_entry_of_the_largest_size_and_refuses_one_above) {
  const auto largest = static_cast<std::size_t>(journal_->max_entry_bytes());
  EXPECT_EQ(append(request(kFirst, std::string(largest, 'x'))), AppendOutcome::durable);
  EXPECT_EQ(append(request(kFirst, std::string(largest, 'y'))), AppendOutcome::durable);
  EXPECT_EQ(append(request(kFirst, std::string(largest + 1, 'z'))), AppendOutcome::full);
  EXPECT_EQ(read_all(kFirst).size(), 2u);
}

TEST_F(JournalTest, stores_a_payload_that_is_sent_twice_once_also_across_a_restart) {
  EXPECT_EQ(append(request(kFirst, "payload", 7)), AppendOutcome::durable);
  EXPECT_EQ(append(request(kFirst, "payload", 7)), AppendOutcome::deduplicated);
  EXPECT_EQ(append(request(kTwo, "payload", 7)), AppendOutcome::durable) << "another environment's";
  open();
  EXPECT_EQ(append(request(kFirst, "payload", 7)), AppendOutcome::deduplicated);
  EXPECT_EQ(append(request(kFirst, "no key")), AppendOutcome::durable);
  EXPECT_EQ(append(request(kFirst, "no key")), AppendOutcome::durable);
  EXPECT_EQ(journal_->stats().deduplicated_entries, 1u);
  clock_.advance_ms(limits_.dedupe_window_ms + 1);
  EXPECT_EQ(append(request(kFirst, "payload", 7)), AppendOutcome::durable) << "after the window";
  EXPECT_EQ(read_all(kFirst).size(), 4u);
  open();
  EXPECT_EQ(append(request(kFirst, "payload", 7)), AppendOutcome::deduplicated) << "the one within the window counts";
}

TEST_F(JournalTest, counts_no_event_for_a_payload_as_sent) {
  for (int times = 0; times < 2; ++times) {
    AppendRequest made = request(kFirst, "payload", 7, 3);
    made.counts[static_cast<std::size_t>(event::EventKind::original)] = 1;
    append(std::move(made));
  }
  EXPECT_EQ(journal_->stats().appended_events, 3u);
  EXPECT_EQ(journal_->stats().deduplicated_events, 3u);
  const EnvironmentMark mark = journal_->mark(kFirst);
  EXPECT_EQ(mark.appended[static_cast<std::size_t>(event::EventKind::original)], 1u);
  EXPECT_EQ(journal_->count(kFirst, {}, mark.end)->events, mark.appended) << "on disk, too";
}

TEST_F(JournalTest, remembers_keys_of_sealed_segments_with_and_without_their_index) {
  for (std::uint8_t key = 1; key < 100; ++key)
    ASSERT_EQ(append(request(kFirst, std::string(3000, 'k'), key)), AppendOutcome::durable);
  ASSERT_GT(journal_->stats().segments, 3u);
  open();
  EXPECT_EQ(append(request(kFirst, "again", 1)), AppendOutcome::deduplicated);
  journal_.reset();
  for (const auto& file : std::filesystem::directory_iterator(directory_ + "/segments"))
    if (file.path().extension() == ".index") std::filesystem::remove(file);
  open();
  for (std::uint8_t key = 1; key < 100; ++key)
    ASSERT_EQ(append(request(kFirst, "again", key)), AppendOutcome::deduplicated);
}

TEST_F(JournalTest, counts_exactly_between_any_two_positions) {
  std::vector<Position> positions = {journal_->end()};
  for (int i = 0; i < 200; ++i) {
    append(request(i % 3 == 0 ? kTwo : kFirst, std::string(static_cast<std::size_t>(i) * 13 % 2000, 'c'), 0,
                   static_cast<std::uint64_t>(i % 5)));
    positions.push_back(journal_->end());
  }
  for (std::size_t from = 0; from <= 200; from += 17) {
    for (std::size_t to = from; to <= 200; to += 13) {
      JournalCount expected;
      for (std::size_t i = from; i < to; ++i) {
        if (i % 3 == 0) continue;
        ++expected.entries;
        expected.bytes += i * 13 % 2000;
        expected.events[static_cast<std::size_t>(event::EventKind::feature)] += i % 5;
      }
      const JournalCount count = *journal_->count(kFirst, positions[from], positions[to]);
      ASSERT_EQ(count.entries, expected.entries) << from << " to " << to;
      ASSERT_EQ(count.bytes, expected.bytes);
      ASSERT_EQ(count.events, expected.events);
    }
  }
}

// A quiet environment beside a busy one: sealed segments by their index, the last one from memory, and again after a
// restart.
TEST_F(JournalTest, finds_and_counts_a_quiet_environments_entries_among_anothers) {
  limits_.segment_bytes = 1 << 20;
  open();
  std::vector<Position> positions = {journal_->end()};
  std::vector<std::string> expected;
  for (int i = 0; i < 3000; ++i) {
    const bool quiet = i % 97 == 0;
    const std::string text = fmt::format("{}:", i) + std::string(static_cast<std::size_t>(i) * 31 % 1900, 'q');
    ASSERT_EQ(append(request(quiet ? kTwo : kFirst, text, 0, static_cast<std::uint64_t>(i % 7))),
              AppendOutcome::durable);
    if (quiet) expected.push_back(text);
    positions.push_back(journal_->end());
  }
  ASSERT_GT(journal_->stats().segments, 2u);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(read_all(kTwo), expected);
    EXPECT_EQ(read_all(kTwo, {}, 1), expected);
    EXPECT_EQ(read_all(kFirst).size(), 3000 - expected.size());
    for (std::size_t from = 0; from <= 3000; from += 211) {
      for (const std::size_t to : {from, (from + 3000) / 2, std::size_t{3000}}) {
        JournalCount count;
        for (std::size_t i = from; i < to; ++i) {
          if (i % 97 != 0) continue;
          ++count.entries;
          count.bytes += fmt::format("{}:", i).size() + i * 31 % 1900;
          count.events[static_cast<std::size_t>(event::EventKind::feature)] += i % 7;
        }
        const JournalCount found = *journal_->count(kTwo, positions[from], positions[to]);
        ASSERT_EQ(found.entries, count.entries) << from << " to " << to;
        ASSERT_EQ(found.bytes, count.bytes);
        ASSERT_EQ(found.events, count.events);
      }
    }
    open();
  }
  EXPECT_EQ(journal_->stats().damaged_regions, 0u);
}

// Of a payload that a worker reads, parts are stored after what came while it was read.
TEST_F(JournalTest, finds_what_was_received_in_a_span_though_it_is_stored_in_another_order) {
  constexpr std::size_t kBytes = 40'000;  // one of these fills most of a segment
  constexpr std::int64_t kBeginMs = 1'700'000'000'000;
  const auto receive = [&](char name, std::int64_t at_ms) {
    AppendRequest made = request(kFirst, std::string(kBytes, name));
    made.received_ms = kBeginMs + at_ms;
    ASSERT_EQ(append(std::move(made)), AppendOutcome::durable);
  };
  receive('a', 10);
  receive('b', 54);  // before the next part of what came earlier
  receive('c', 10);
  receive('d', 90);
  for (int start = 0; start < 2; ++start) {
    const PositionRange span = journal_->received_between(kBeginMs + 40, kBeginMs + 60);
    const auto reader = journal_->reader(kFirst, span.from);
    std::string found;
    while (const auto chunk = reader->read(1))
      for (const JournalEntry& entry : chunk->entries) found += entry.entry[0];
    EXPECT_NE(found.find('b'), std::string::npos) << found;
    EXPECT_EQ(journal_->received_between(kBeginMs + 10, kBeginMs + 10).from, journal_->oldest());
    open();
  }
}

TEST_F(JournalTest, marks_the_end_and_the_totals_at_one_instant) {
  std::atomic<bool> stop{false};
  std::thread appender([&] {
    while (!stop) append(request(kFirst, std::string(500, 'm'), 0, 3));
  });
  for (int i = 0; i < 200; ++i) {
    const EnvironmentMark mark = journal_->mark(kFirst);
    const JournalCount count = *journal_->count(kFirst, {}, mark.end);
    ASSERT_EQ(count.events, mark.appended);
    ASSERT_EQ(count.bytes, mark.appended_bytes);
  }
  stop = true;
  appender.join();
}

TEST_F(JournalTest, signals_an_environments_subscribers_after_each_commit_of_its_entries) {
  constexpr std::int64_t kLongUs = 30'000'000;
  Notifier notifier, of_another;
  EntrySignal signal(notifier), another(of_another);
  journal_->subscribe(&signal, kFirst);
  journal_->subscribe(&another, kTwo);
  append(request(kFirst, "ring"));
  EXPECT_TRUE(notifier.wait_us(kLongUs));
  append(request(kTwo, "another's"));
  EXPECT_TRUE(of_another.wait_us(kLongUs));
  EXPECT_FALSE(notifier.take());
  signal.begin_reading();
  EXPECT_TRUE(signal.notify_at(20));
  append(request(kFirst, "ten bytes."));
  append(request(kTwo, "another's"));
  EXPECT_TRUE(of_another.wait_us(kLongUs));
  EXPECT_FALSE(notifier.take()) << "it rests";
  append(request(kFirst, "ten bytes."));
  EXPECT_TRUE(notifier.wait_us(kLongUs));
  journal_->unsubscribe(&signal);
  append(request(kFirst, "silence"));
  append(request(kTwo, "another's"));
  EXPECT_TRUE(of_another.wait_us(kLongUs));
  EXPECT_FALSE(notifier.take());
}

TEST_F(JournalTest, refuses_a_second_process_and_names_the_first) {
  const auto second = Journal::open(directory_, limits_, *files_, clock_);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos) << second.error().message;
}

TEST_F(JournalTest, answers_stopping_after_close_and_makes_durable_what_it_took) {
  std::vector<std::future<AppendOutcome>> outcomes;
  for (int i = 0; i < 100; ++i) {
    auto outcome = std::make_shared<std::promise<AppendOutcome>>();
    outcomes.push_back(outcome->get_future());
    AppendRequest made = request(kFirst, "late");
    made.done = [outcome](AppendOutcome told) { outcome->set_value(told); };
    journal_->append(std::move(made));
  }
  journal_->close();
  for (auto& outcome : outcomes) EXPECT_EQ(outcome.get(), AppendOutcome::durable);
  EXPECT_EQ(append(request(kFirst, "too late")), AppendOutcome::stopping);
  open();
  EXPECT_EQ(read_all(kFirst).size(), 100u);
}

TEST_F(JournalTest, refuses_when_everything_held_fills_max_bytes_and_goes_on_when_a_hold_moves) {
  limits_.max_bytes = 4 * limits_.segment_bytes;
  open();
  std::vector<Position> ends;
  AppendOutcome outcome = AppendOutcome::durable;
  while ((outcome = append(request(kFirst, std::string(6000, 'f')))) == AppendOutcome::durable)
    ends.push_back(journal_->end());
  EXPECT_EQ(outcome, AppendOutcome::full);
  EXPECT_GT(ends.size(), 36u);
  EXPECT_LT(journal_->stats().free_bytes, 6200u);
  EXPECT_EQ(read_all(kFirst).size(), ends.size());
  journal_->hold("destination", ends.back());
  EXPECT_EQ(append(request(kFirst, std::string(6000, 'f'))), AppendOutcome::full) << "still held by the start";
  journal_->drop_hold(kStartingHold);
  EXPECT_GT(journal_->stats().free_bytes, 3 * 60'000u);
  EXPECT_EQ(append(request(kFirst, std::string(6000, 'g'))), AppendOutcome::durable);
  EXPECT_EQ(read_all(kFirst, ends.back()), std::vector<std::string>{std::string(6000, 'g')});
  EXPECT_LE(journal_->stats().segments + journal_->stats().spare_segments, 4u);
}

TEST_F(JournalTest, with_max_bytes_below_what_waits_loses_nothing_and_shrinks_as_it_is_delivered) {
  std::vector<Position> ends;
  const auto append_one = [&] { return append(request(kFirst, std::string(6000, 'f'))); };
  while (journal_->stats().segments < 8) {
    ASSERT_EQ(append_one(), AppendOutcome::durable);
    ends.push_back(journal_->end());
  }
  limits_.max_bytes = 3 * limits_.segment_bytes;
  open();
  journal_->hold("destination", {});
  journal_->drop_hold(kStartingHold);
  EXPECT_EQ(journal_->stats().over_max_bytes, 5 * limits_.segment_bytes);
  AppendOutcome outcome = AppendOutcome::durable;
  while ((outcome = append_one()) == AppendOutcome::durable) ends.push_back(journal_->end());
  EXPECT_EQ(outcome, AppendOutcome::full);
  EXPECT_EQ(journal_->stats().segments, 8u) << "it grows no more";
  EXPECT_EQ(read_all(kFirst).size(), ends.size());

  journal_->hold("destination", ends[ends.size() / 2]);
  while (journal_->stats().over_max_bytes > 2 * limits_.segment_bytes) std::this_thread::yield();
  EXPECT_EQ(append_one(), AppendOutcome::full) << "the files of what is delivered go, and serve no new entries";
  EXPECT_EQ(read_all(kFirst, ends[ends.size() / 2]).size(), ends.size() - ends.size() / 2 - 1);
  journal_->hold("destination", ends.back());
  while (journal_->stats().over_max_bytes > 0) std::this_thread::yield();
  EXPECT_EQ(append_one(), AppendOutcome::durable);
  EXPECT_LE(journal_->stats().segments + journal_->stats().spare_segments, 3u);
}

TEST_F(JournalTest, never_gives_up_what_a_hold_needs_however_old) {
  const Position start = journal_->end();
  for (int i = 0; i < 100; ++i) append(request(kFirst, std::string(3000, 'h')));
  journal_->hold("destination", start);
  journal_->drop_hold(kStartingHold);
  clock_.advance_ms(limits_.retention_ms * 2);
  open();
  journal_->hold("destination", start);
  journal_->drop_hold(kStartingHold);
  for (int i = 0; i < 100; ++i) append(request(kFirst, std::string(3000, 'h')));
  EXPECT_EQ(read_all(kFirst, start).size(), 200u);
}

TEST_F(JournalTest, keeps_delivered_entries_for_their_time_and_gives_them_up_after_it) {
  for (int i = 0; i < 100; ++i) append(request(kFirst, std::string(3000, 'r')));
  const Position end = journal_->end();
  journal_->hold("destination", end);
  journal_->drop_hold(kStartingHold);
  EXPECT_EQ(read_all(kFirst).size(), 100u) << "for replay";
  const auto overtaken = journal_->reader(kFirst, {});
  clock_.advance_ms(limits_.retention_ms + 1000);
  journal_->hold("destination", end);
  while (journal_->stats().segments > 1) std::this_thread::yield();
  EXPECT_LE(journal_->stats().spare_segments, 2u);
  std::uint64_t left = 0;
  while (const auto chunk = overtaken->read(1 << 20)) left += chunk->entries.size();
  EXPECT_EQ(left, journal_->count(kFirst, {}, journal_->end())->entries);
  EXPECT_LT(left, 100u);
}

TEST_F(JournalTest, a_position_of_another_journal_reads_everything_and_lets_nothing_go) {
  append(request(kFirst, "kept"));
  const Position beyond{journal_->end().value + (1ull << 40)};
  EXPECT_EQ(read_all(kFirst, beyond).size(), 1u);
}

TEST_F(JournalTest, many_writers_and_readers_at_once_see_every_entry_once) {
  constexpr int kWriters = 4;
  constexpr int kEach = 300;
  std::vector<std::thread> threads;
  std::atomic<int> confirmed{0};
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < kEach; ++i) {
        AppendRequest made = request(i % 2 ? kFirst : kTwo,
                                     fmt::format("{}/{}/{}", writer, i, std::string(static_cast<std::size_t>(i), 'p')));
        made.done = [&](AppendOutcome outcome) { confirmed += outcome == AppendOutcome::durable; };
        journal_->append(std::move(made));
      }
    });
  }
  for (const ObjectId& environment : {kFirst, kTwo}) {
    threads.emplace_back([&, environment] {
      Notifier notifier;
      EntrySignal signal(notifier);
      journal_->subscribe(&signal, environment);
      std::map<std::string, int> seen;
      const auto reader = journal_->reader(environment, {});
      while (seen.size() < kWriters * kEach / 2) {
        const auto chunk = reader->read(8192);
        if (!chunk) {
          notifier.wait_us(1'000'000);
          continue;
        }
        for (const JournalEntry& entry : chunk->entries) EXPECT_EQ(++seen[std::string(entry.entry)], 1);
      }
      journal_->unsubscribe(&signal);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(confirmed, kWriters * kEach);
  EXPECT_EQ(journal_->stats().damaged_regions, 0u);
}

}  // namespace
}  // namespace sluice::journal
