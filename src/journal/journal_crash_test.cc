// What the journal promises when power, disk and space fail: on a file system that knows what was synced.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <set>

#include "base/clock_fake.h"
#include "base/random.h"
#include "base/rounds_fake.h"
#include "journal/fatal.h"
#include "journal/journal.h"
#include "journal/segment_format.h"
#include "storage/file_system_fake.h"

namespace sluice::journal {
namespace {

using Crash = storage::FakeFileSystem::Crash;
constexpr Crash kCrashes[] = {Crash::lose_all, Crash::keep_all, Crash::keep_some, Crash::loose};
const ObjectId kOne = *ObjectId::parse("578d1e02d2943862c52b9681");

JournalLimits small_limits() {
  JournalLimits limits;
  limits.segment_bytes = 64 << 10;
  limits.max_bytes = 64 << 20;
  limits.min_free_bytes = 0;
  return limits;
}

// Entry number n is told by its text; its length and key come from n.
std::string entry_text(int n) {
  return fmt::format("{}:", n) +
         std::string(static_cast<std::size_t>(n) * 7919 % 9000, static_cast<char>('a' + n % 26));
}
AppendRequest entry_request(int n) {
  AppendRequest request;
  request.environment = kOne;
  request.dedupe_key[0] = static_cast<std::uint8_t>(n);
  request.dedupe_key[1] = static_cast<std::uint8_t>(n >> 8);
  request.dedupe_key[15] = 1;
  request.received_ms = 1'700'000'000'000;
  request.counts[static_cast<std::size_t>(event::EventKind::feature)] = static_cast<std::uint64_t>(n) + 1;
  request.entry = entry_text(n);
  return request;
}

std::unique_ptr<Journal> open_on(storage::FakeFileSystem& files, const JournalLimits& limits, const Clock& clock) {
  auto journal = Journal::open("/journal", limits, files, clock);
  EXPECT_TRUE(journal) << journal.error().message;
  return journal ? std::move(*journal) : nullptr;
}

AppendOutcome append(Journal& journal, AppendRequest request) {
  std::promise<AppendOutcome> outcome;
  request.done = [&](AppendOutcome told) { outcome.set_value(told); };
  journal.append(std::move(request));
  return outcome.get_future().get();
}

// The numbers of the entries, in order; fails on any that was not appended as it is.
std::vector<int> read_numbers(Journal& journal, Position from = {}) {
  std::vector<int> numbers;
  const auto reader = journal.reader(kOne, from);
  while (const auto chunk = reader->read(30'000)) {
    for (const JournalEntry& entry : chunk->entries) {
      const int number = std::stoi(std::string(entry.entry.substr(0, 10)));
      EXPECT_EQ(entry.entry, entry_text(number));
      EXPECT_EQ(entry.counts, entry_request(number).counts);
      numbers.push_back(number);
    }
  }
  EXPECT_EQ(reader->position(), journal.end());
  return numbers;
}

void expect_recovers(storage::FakeFileSystem& files, const std::set<int>& acknowledged, int appended,
                     std::uint64_t seed, int depth) {
  const SharedClock clock;
  if (depth > 0) {
    // A crash while recovering from the crash.
    files.before_each_change([&files, &acknowledged, appended, seed, depth] {
      const auto image = files.after_crash(kCrashes[seed % 4], seed + 1);
      expect_recovers(*image, acknowledged, appended, seed / 4 + 77, depth - 1);
    });
  }
  auto journal = open_on(files, small_limits(), clock);
  ASSERT_TRUE(journal);
  files.before_each_change(nullptr);
  const std::vector<int> numbers = read_numbers(*journal);
  const std::set<int> distinct(numbers.begin(), numbers.end());
  EXPECT_EQ(distinct.size(), numbers.size()) << "an entry came twice";
  EXPECT_TRUE(numbers.empty() || (numbers.front() >= 0 && *distinct.rbegin() < appended))
      << "one that was never appended";
  for (const int number : acknowledged) ASSERT_TRUE(distinct.contains(number)) << "lost " << number;
  EXPECT_EQ(journal->stats().damaged_regions, 0u) << "a torn write taken for damage";
  EXPECT_EQ(journal->count(kOne, {}, journal->end())->entries, numbers.size());
  {
    // What a journal shows once must stay, for destinations have it now: also when power fails right after a kill -9.
    const auto image = files.after_crash(Crash::lose_all, seed);
    EXPECT_EQ(read_numbers(*open_on(*image, small_limits(), clock)), numbers);
  }
  if (!acknowledged.empty()) {
    EXPECT_EQ(append(*journal, entry_request(*acknowledged.rbegin())), AppendOutcome::deduplicated);
    EXPECT_EQ(append(*journal, entry_request(*acknowledged.begin())), AppendOutcome::deduplicated);
  }
  EXPECT_EQ(append(*journal, entry_request(appended + 1)), AppendOutcome::durable);
  std::vector<int> expected = numbers;
  expected.push_back(appended + 1);
  {
    const auto image = files.after_crash(Crash::lose_all, seed);
    EXPECT_EQ(read_numbers(*open_on(*image, small_limits(), clock)), expected);
  }
  journal.reset();
  journal = open_on(files, small_limits(), clock);
  ASSERT_TRUE(journal);
  EXPECT_EQ(read_numbers(*journal), expected);
  EXPECT_EQ(journal->stats().torn_bytes, 0u) << "after a stop in order";
  EXPECT_EQ(journal->stats().damaged_regions, 0u);
}

// Appends in groups, so that writes have several frames, and looks at the disk before each change to it.
void crash_at_every_change(std::uint64_t seed, int depth) {
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Random random(seed);
  const SharedClock clock;
  storage::FakeFileSystem files(seed);
  std::mutex mutex;
  std::set<int> acknowledged;
  std::atomic<int> appended{0};
  std::atomic<std::uint64_t> crashes{seed * 1000};
  files.before_each_change([&] {
    std::set<int> promised;
    {
      const std::lock_guard lock(mutex);
      promised = acknowledged;
    }
    const std::uint64_t crash = ++crashes;
    const auto image = files.after_crash(kCrashes[crash % 4], crash);
    SCOPED_TRACE(fmt::format("crash {}", crash));
    expect_recovers(*image, promised, appended, crash, depth);
  });
  auto journal = open_on(files, small_limits(), clock);
  ASSERT_TRUE(journal);
  while (appended < 60) {
    std::vector<std::future<void>> outcomes;
    for (std::uint64_t i = 1 + random.below(6); i > 0; --i) {
      const int number = appended++;
      auto told = std::make_shared<std::promise<void>>();
      outcomes.push_back(told->get_future());
      AppendRequest request = entry_request(number);
      request.done = [&, number, told](AppendOutcome outcome) {
        EXPECT_EQ(outcome, AppendOutcome::durable);
        {
          const std::lock_guard lock(mutex);
          acknowledged.insert(number);
        }
        told->set_value();
      };
      journal->append(std::move(request));
    }
    for (auto& outcome : outcomes) outcome.get();
    if (random.below(12) == 0) {
      journal.reset();
      journal = open_on(files, small_limits(), clock);
    }
  }
  journal.reset();
  EXPECT_GT(crashes - seed * 1000, 60u);
}

TEST(JournalCrash, at_every_change_of_the_disk_loses_nothing_acknowledged_and_invents_nothing) {
  for (std::uint64_t seed = 1; seed <= rounds(12); ++seed) crash_at_every_change(seed, 0);
}

TEST(JournalCrash, while_recovering_from_a_crash_loses_nothing_either) {
  for (std::uint64_t seed = 100; seed < 100 + rounds(3); ++seed) crash_at_every_change(seed, 1);
}

TEST(JournalCrash, with_retention_at_work_keeps_everything_behind_the_hold) {
  for (std::uint64_t seed = 1; seed <= rounds(6); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const SharedClock clock;
    storage::FakeFileSystem files(seed);
    JournalLimits limits = small_limits();
    limits.max_bytes = 5 * limits.segment_bytes;
    limits.retention_ms = 0;
    std::atomic<int> acknowledged{0};
    std::atomic<int> held_number{0};
    std::atomic<std::uint64_t> crashes{seed * 1000};
    files.before_each_change([&] {
      const int needed_from = held_number;
      const int until = acknowledged;
      const std::uint64_t crash = ++crashes;
      const auto image = files.after_crash(kCrashes[crash % 4], crash);
      SCOPED_TRACE(fmt::format("crash {}", crash));
      auto journal = open_on(*image, limits, clock);
      ASSERT_TRUE(journal);
      const std::vector<int> numbers = read_numbers(*journal);
      const std::set<int> distinct(numbers.begin(), numbers.end());
      for (int number = needed_from; number < until; ++number) ASSERT_TRUE(distinct.contains(number)) << number;
      EXPECT_EQ(journal->stats().damaged_regions, 0u);
    });
    auto journal = open_on(files, limits, clock);
    journal->hold("destination", {});
    journal->drop_hold(kStartingHold);
    std::vector<Position> ends;
    for (int number = 0; number < 200; ++number) {
      ASSERT_EQ(append(*journal, entry_request(number)), AppendOutcome::durable);
      acknowledged = number + 1;
      ends.push_back(journal->end());
      if (number >= 20) {
        held_number = number - 19;  // before the hold itself: the journal may act on it at once
        journal->hold("destination", ends[static_cast<std::size_t>(number - 20)]);
      }
    }
    EXPECT_LE(journal->stats().segments + journal->stats().spare_segments, 5u);
    journal.reset();
    files.before_each_change(nullptr);
  }
}

// A journal of a few segments, stopped in order (or not), as files to be damaged.
std::unique_ptr<storage::FakeFileSystem> small_journal(int entries, bool in_order) {
  const SharedClock clock;
  auto files = std::make_unique<storage::FakeFileSystem>(1);
  auto journal = open_on(*files, small_limits(), clock);
  for (int number = 0; number < entries; ++number)
    EXPECT_EQ(append(*journal, entry_request(number)), AppendOutcome::durable);
  if (!in_order) return files->after_crash(Crash::keep_all, 1);
  journal.reset();
  return files;
}

std::vector<std::uint64_t> interesting_offsets(const std::string& path, const std::string& bytes) {
  std::vector<std::uint64_t> offsets;
  if (path.ends_with(".segment")) {
    for (std::uint64_t at = 0; at < 60; at += 7) offsets.push_back(at);
    for (std::size_t at = find_frame_magic(bytes, 4096); at < bytes.size(); at = find_frame_magic(bytes, at + 8)) {
      for (std::uint64_t i = 0; i < 80; i += 3) offsets.push_back(at + i);
      offsets.push_back(at - 1);
    }
    for (std::uint64_t at = 4096; at < bytes.size(); at += 1009) offsets.push_back(at);
  } else {
    const std::uint64_t step = path.ends_with(".spare") ? 4099 : 5;
    for (std::uint64_t at = 0; at < bytes.size(); at += step) offsets.push_back(at);
  }
  return offsets;
}

void flip_each_byte(bool in_order) {
  const int entries = 30;
  const auto files = small_journal(entries, in_order);
  const SharedClock clock;
  Random random(5), choice = Random::from_system();
  int flips = 0;
  int losses = 0;
  for (const std::string& path : files->paths()) {
    if (path.ends_with("lock")) continue;
    for (const std::uint64_t offset : interesting_offsets(path, files->bytes(path))) {
      if (!is_tried(choice)) continue;
      SCOPED_TRACE(fmt::format("{} byte {}", path, offset));
      const auto copy = files->after_crash(Crash::keep_all, 1);
      copy->flip(path, offset, static_cast<unsigned char>(1u << random.below(8)));
      auto journal = open_on(*copy, small_limits(), clock);
      ASSERT_TRUE(journal);
      const std::vector<int> numbers = read_numbers(*journal);
      ASSERT_GE(numbers.size(), static_cast<std::size_t>(entries - 1)) << "more than the entry that holds it is lost";
      ++flips;
      if (numbers.size() == entries) continue;
      ++losses;
      const JournalStats stats = journal->stats();
      const bool in_last_write = std::find(numbers.begin(), numbers.end(), entries - 1) == numbers.end();
      if (in_order || !in_last_write) {
        ASSERT_EQ(stats.damaged_regions, 1u);
      }
      ASSERT_EQ(append(*journal, entry_request(entries)), AppendOutcome::durable);
    }
  }
  EXPECT_GT(flips, static_cast<int>(rounds(1000)) / 2);
  EXPECT_GT(losses, static_cast<int>(rounds(100)) / 3);
}

TEST(JournalDamage, one_bad_byte_costs_at_most_its_entry_and_is_counted) { flip_each_byte(true); }
TEST(JournalDamage, one_bad_byte_after_a_crash_costs_at_most_its_entry) { flip_each_byte(false); }

TEST(JournalDamage, a_segment_without_a_readable_header_is_set_aside_and_the_rest_is_read) {
  const auto files = small_journal(40, true);
  const SharedClock clock;
  std::vector<std::string> segments;
  for (const std::string& path : files->paths())
    if (path.ends_with(".segment")) segments.push_back(path);
  ASSERT_GE(segments.size(), 3u);
  for (const std::string& lost : segments) {
    const auto copy = files->after_crash(Crash::keep_all, 1);
    copy->flip(lost, 3, 1);
    copy->flip(lost, 2048 + 3, 1);
    auto journal = open_on(*copy, small_limits(), clock);
    EXPECT_EQ(journal->stats().damaged_regions, 1u);
    EXPECT_TRUE(copy->exists(lost + ".damaged"));
    EXPECT_EQ(append(*journal, entry_request(99)), AppendOutcome::durable);
    EXPECT_EQ(read_numbers(*journal).back(), 99);
    EXPECT_GT(read_numbers(*journal).size(), 15u);
    journal.reset();
    EXPECT_EQ(read_numbers(*open_on(*copy, small_limits(), clock)).back(), 99);
  }
}

TEST(JournalFull, a_write_or_sync_refused_for_space_stores_nothing_and_the_next_one_works) {
  for (const bool at_sync : {false, true}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const SharedClock clock;
      storage::FakeFileSystem files(seed);
      auto journal = open_on(files, small_limits(), clock);
      EXPECT_EQ(append(*journal, entry_request(1)), AppendOutcome::durable);
      at_sync ? files.fail_sync(0, storage::FileFault::no_space) : files.fail_write(0, storage::FileFault::no_space);
      EXPECT_EQ(append(*journal, entry_request(2)), AppendOutcome::full);
      EXPECT_EQ(read_numbers(*journal), std::vector<int>{1});
      EXPECT_EQ(append(*journal, entry_request(3)), AppendOutcome::durable);
      EXPECT_EQ(append(*journal, entry_request(2)), AppendOutcome::durable) << "its key must not be remembered";
      EXPECT_EQ(journal->stats().refused_full, 1u);
      for (const Crash crash : kCrashes) {
        const auto image = files.after_crash(crash, seed);
        EXPECT_EQ(read_numbers(*open_on(*image, small_limits(), clock)), (std::vector<int>{1, 3, 2}));
      }
    }
  }
}

TEST(JournalFull, a_full_disk_is_answered_and_space_that_comes_back_is_used) {
  SharedClock clock;
  storage::FakeFileSystem files(1, 5 * (64 << 10) + 1000);
  auto journal = open_on(files, small_limits(), clock);
  int number = 0;
  while (append(*journal, entry_request(number)) == AppendOutcome::durable) ++number;
  EXPECT_GT(number, 20);
  EXPECT_EQ(read_numbers(*journal).size(), static_cast<std::size_t>(number));
  EXPECT_LE(files.used_bytes(), 5u * (64 << 10) + 1000);
  files.set_capacity(1 << 30);
  clock.advance_ms(200);
  EXPECT_EQ(append(*journal, entry_request(number)), AppendOutcome::durable);
  EXPECT_EQ(read_numbers(*journal).size(), static_cast<std::size_t>(number) + 1);
}

TEST(JournalFull, leaves_min_free_bytes_on_the_disk) {
  const SharedClock clock;
  storage::FakeFileSystem files(1, 1 << 20);
  JournalLimits limits = small_limits();
  limits.min_free_bytes = 512 << 10;
  auto journal = open_on(files, limits, clock);
  int number = 0;
  while (append(*journal, entry_request(number)) == AppendOutcome::durable) ++number;
  EXPECT_LE(files.used_bytes(), 512u << 10);
  EXPECT_EQ(journal->stats().free_bytes / 10'000, 0u);
}

TEST(JournalDeathTest, a_failed_write_or_sync_ends_the_process) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const bool at_sync : {false, true}) {
    EXPECT_EXIT(
        {
          const SharedClock clock;
          storage::FakeFileSystem files(1);
          auto journal = open_on(files, small_limits(), clock);
          at_sync ? files.fail_sync(0, storage::FileFault::other) : files.fail_write(0, storage::FileFault::other);
          (void)append(*journal, entry_request(1));
        },
        testing::ExitedWithCode(kJournalFatalExitCode), "journal.fatal");
  }
}

}  // namespace
}  // namespace sluice::journal
